"""Prepare an action: its site is found and its names are looked up.

Made ready and sent are two steps, so that what would be sent can be
looked at, checked and printed before anything is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from protectorclient._http import conversation as http
from protectorclient.mapping.model import ResolvedMapping
from protectorclient.pair.audit_log import FAILED, WRITTEN, AuditLog
from protectorclient.records.operation import Operation
from protectorclient.records.protection_group import ProtectionGroup

if TYPE_CHECKING:
    from protectorclient._http.dry_run import OutgoingRequest
    from protectorclient.pair.location import Location
    from protectorclient.pair.site import SiteHandle


@dataclasses.dataclass(frozen=True)
class PreparedAction:
    """An action with its site found and its names looked up."""

    #: ``failover``, ``failback``, ``test_failover``, ``test_cleanup``,
    #: ``sync_volumes``.
    action: str
    #: The site that is asked.
    site: SiteHandle
    located: Location
    #: What is sent beside the mappings.
    options: Mapping[str, Any]
    #: Why, for the audit log, where the service does not keep it too.
    reason: str | None = None
    networks: ResolvedMapping | None = None
    flavors: ResolvedMapping | None = None
    #: Sentences for people, such as a mapping that was left out.
    warnings: tuple[str, ...] = ()
    request_id: str = dataclasses.field(default_factory=http.new_request_id)
    #: Where the action and its result are written; None for nowhere.
    audit_log: AuditLog | None = None

    @property
    def group(self) -> ProtectionGroup:
        """Return the group that is acted on."""
        return self.located.group

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the action; None for what is not given."""
        return {
            "network_mapping": self.networks and self.networks.ids(),
            "flavor_mapping": self.flavors and self.flavors.ids(),
            **self.options,
        }

    def outgoing(self) -> OutgoingRequest:
        """Return the request that `send` will send; nothing is sent.

        It is byte for byte the same, but for the token.

        :raises VersionNotSupported: the site is too old for a reason.
        :raises SiteUnreachable: no token, or no version, is to be had.
        """
        return self.site.client.protection_groups.dry_run(
            self.group.id,
            self.action,
            self.parameters,
            request_id=self.request_id,
        )

    def send(self) -> StartedOperation:
        """Send the action: start one operation, never two.

        :raises OutcomeUnknown: it may have begun; see `posting`.
        """
        written = self._log(
            "asked",
            {
                "from": self.located.current.name,
                "to": self.located.other.name,
                "metadata_version": self.group.metadata_version,
                "parameters": {
                    key: value
                    for key, value in self.parameters.items()
                    if value is not None
                },
            },
        )
        try:
            started = self._send()
        except BaseException as error:
            said = str(error) or type(error).__name__
            self._log("not begun", {"error": said})
            raise
        written &= self._log(
            "begun" if started.is_new else "not begun",
            {"operation_id": started.operation.id},
        )
        if self.audit_log is None:
            return started
        state = WRITTEN if written else FAILED
        return dataclasses.replace(started, audit_log=state)

    def _log(self, event: str, fields: Mapping[str, Any]) -> bool:
        """Add an event to the audit log, where there is one."""
        if self.audit_log is None:
            return False
        return self.audit_log.add(
            event,
            {
                "action": self.action,
                "protection_group": self.group.name,
                "protection_group_id": self.group.id,
                "site": self.site.name,
                "request_id": self.request_id,
                "reason": self.reason or self.options.get("reason"),
                **fields,
            },
        )

    def _send(self) -> StartedOperation:
        earlier: list[Operation] = []
        operation = self.site.client.protection_groups.act(
            self.group.id,
            self.action,
            self.parameters,
            request_id=self.request_id,
            earlier=earlier.append,
        )
        return StartedOperation(operation, self.site, self, is_new=not earlier)


@dataclasses.dataclass(frozen=True)
class StartedOperation:
    """An operation and the site that knows it."""

    operation: Operation
    site: SiteHandle
    prepared: PreparedAction
    #: False where the service answers with an operation that was there
    #: before: the same request has started it earlier.
    is_new: bool = True

    #: ``written`` or ``failed``; None where no audit log is kept.
    audit_log: str | None = None
    #: The sync that ran before it, where one was asked for.
    synced: Operation | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return the warnings, as sentences for people."""
        return self.prepared.warnings
