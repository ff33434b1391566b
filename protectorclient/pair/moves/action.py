"""An action made ready: where it goes and what it will say.

Made ready and sent are two steps, so that what would be sent can be
looked at, checked and printed before anything is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from protectorclient._http import adapter as http
from protectorclient._http import dry_run, microversions, urls
from protectorclient.mapping.model import Resolved
from protectorclient.records.operation import Operation
from protectorclient.records.protection_group import ProtectionGroup
from protectorclient.v1._acting import action_body

if TYPE_CHECKING:
    from protectorclient.pair.audit_log import Journal
    from protectorclient.pair.located import Located
    from protectorclient.pair.site import SiteHandle


@dataclasses.dataclass(frozen=True)
class Outgoing:
    """A request as it would be sent, its token masked."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    #: The body, as it goes over the wire.
    content: str = ""


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
    #: Why, for the journal, where the service does not keep it too.
    reason: str | None = None
    networks: Resolved | None = None
    flavors: Resolved | None = None
    #: Sentences for people, such as a mapping that was left out.
    warnings: tuple[str, ...] = ()
    request_id: str = dataclasses.field(default_factory=http.new_request_id)
    #: Where what is sent, and what came of it, is written down.
    journal: Journal | None = None

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
        body = action_body(self.action, self.parameters)
        request = dry_run.rehearse(
            adapter, "POST", path, body=body, request_id=self.request_id
        )
        content = request.body or ""
        return Outgoing(
            method=str(request.method),
            url=str(request.url),
            headers={
                name: "***" if name == "X-Auth-Token" else value
                for name, value in request.headers.items()
            },
            body=body,
            content=(
                content.decode() if isinstance(content, bytes) else content
            ),
        )

    def send(self) -> Started:
        """Send it: one operation, never two."""
        if self.journal is None:
            return self._send()
        self.journal.asked(self)
        try:
            started = self._send()
        except BaseException as error:
            self.journal.refused(self, error)
            raise
        self.journal.begun(started)
        return started

    def _send(self) -> Started:
        earlier: list[Operation] = []
        operation = self.site.client.protection_groups.act(
            self.group.id,
            self.action,
            self.parameters,
            request_id=self.request_id,
            earlier=earlier.append,
        )
        return Started(operation, self.site, self, is_new=not earlier)


@dataclasses.dataclass(frozen=True)
class Started:
    """An operation and the site that knows it."""

    operation: Operation
    site: SiteHandle
    prepared: Prepared
    #: False where the service answers with an operation that was there
    #: before: the same request has started it earlier.
    is_new: bool = True

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences for people."""
        return self.prepared.warnings

    @property
    def audit_log(self) -> str | None:
        """``written`` or ``failed``; None where none is kept."""
        log = self.prepared.journal
        return None if log is None else log.state
