"""An action made ready: where it goes and what it will say.

Made ready and sent are two steps, so that what would be sent can be
looked at, checked and printed before anything is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from protectorclient import http, microversions, urls
from protectorclient.mappings import Resolved
from protectorclient.v1._acting import action_body
from protectorclient.v1.operations import Operation
from protectorclient.v1.protection_groups import ProtectionGroup

if TYPE_CHECKING:
    from protectorclient.located import Located
    from protectorclient.sitehandle import SiteHandle


@dataclasses.dataclass(frozen=True)
class Outgoing:
    """A request as it would be sent, its token masked."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Prepared:
    """An action with its site found and its names looked up."""

    #: ``failover``, ``failback``, ``test_failover``, ``test_cleanup``,
    #: ``sync_volumes``.
    action: str
    #: The site that is asked.
    site: SiteHandle
    located: Located
    #: What is sent beside the mappings.
    options: Mapping[str, Any]
    networks: Resolved | None = None
    flavors: Resolved | None = None
    #: Sentences for people, such as a mapping that was left out.
    warnings: tuple[str, ...] = ()
    request_id: str = dataclasses.field(default_factory=http.new_request_id)

    @property
    def group(self) -> ProtectionGroup:
        """The group that is acted on."""
        return self.located.group

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of the action; None for what is not given."""
        return {
            "network_mapping": self.networks and self.networks.ids(),
            "flavor_mapping": self.flavors and self.flavors.ids(),
            **self.options,
        }

    def outgoing(self) -> Outgoing:
        """What `send` will send, byte for byte, but for the token."""
        adapter = self.site.client.http
        if self.options.get("reason") is not None:
            adapter.require(microversions.ACTION_REASON)
        path = adapter.tenant(
            "protection-groups",
            urls.segment(self.group.id, "protection group"),
            "action",
        )
        return Outgoing(
            method="POST",
            url=adapter.endpoint.root + path,
            headers={
                **adapter.headers(self.request_id),
                "Content-Type": "application/json",
                "X-Auth-Token": "***",
            },
            body=action_body(self.action, self.parameters),
        )

    def send(self) -> Started:
        """Send it: one operation, never two."""
        operation = self.site.client.protection_groups.act(
            self.group.id,
            self.action,
            self.parameters,
            request_id=self.request_id,
        )
        return Started(operation, self.site, self)


@dataclasses.dataclass(frozen=True)
class Started:
    """An operation and the site that knows it."""

    operation: Operation
    site: SiteHandle
    prepared: Prepared

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences for people."""
        return self.prepared.warnings
