"""What is wrong with an operation, and what to type next.

First everything is asked that anybody can tell: the record, and at both
sites the group and its metadata. What follows from that is decided without
asking any more.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from protectorclient import advice, exceptions, remedies
from protectorclient.sitehandle import SILENT, SiteHandle

if TYPE_CHECKING:
    from protectorclient.v1.operations import Operation
    from protectorclient.v1.protection_groups import (
        ProtectionGroup,
        SyncStatus,
    )
    from protectorclient.v1.sites import Site

_DRILLS = ("test_failover", "test_cleanup")
#: So many of the newest operations of a group are looked at.
_LOOK_BACK = 50
#: So many groups are listed, and of so many the metadata are read, to find
#: one that an operation of a silent site belongs to.
_GROUPS, _DOCUMENTS = 1000, 25
_MOVING = ("failing_over", "failing_back")


@dataclasses.dataclass(frozen=True)
class Seen:
    """What one site says."""

    #: The cloud's name.
    site: str
    #: Why it says nothing.
    error: exceptions.ProtectorError | None = None
    operation: Operation | None = None
    #: Seconds since the operation's record last changed.
    unchanged_for: float | None = None
    group: ProtectionGroup | None = None
    sync: SyncStatus | None = None
    #: The id of this very site, and both sites' records by id.
    site_id: str | None = None
    sites: Mapping[str, Site] = dataclasses.field(default_factory=dict)
    #: Test failovers of the group and their clean-ups that were started
    #: here, newest first.
    drills: tuple[Operation, ...] = ()
    #: What its metadata say of an operation that is not its own.
    told: Mapping[str, Any] | None = None

    @property
    def silent(self) -> bool:
        """Whether it does not answer, as against: not allow."""
        return isinstance(self.error, SILENT)


@dataclasses.dataclass(frozen=True)
class Facts:
    """What both sites say of one operation."""

    operation_id: str
    #: By the clouds' names.
    seen: Mapping[str, Seen]

    @property
    def home(self) -> Seen | None:
        """The site that knows the operation."""
        found = (one for one in self.seen.values() if one.operation)
        return next(found, None)

    @property
    def operation(self) -> Operation | None:
        """The record, where a site that knows it answers."""
        return self.home.operation if self.home else None

    @property
    def witness(self) -> Seen | None:
        """A site that does not know it, but was told of it by the other."""
        found = (one for one in self.seen.values() if one.told)
        return next(found, None)

    @property
    def group(self) -> ProtectionGroup | None:
        """The group, as the site has it that is ahead."""
        found = [one.group for one in self.seen.values() if one.group]
        return max(
            found,
            key=lambda one: (one.failover_count, one.metadata_version),
            default=None,
        )

    @property
    def drill(self) -> Operation | None:
        """The test failover that a clean-up was to clear away."""
        if self.home is None or self.operation is None:
            return None
        drills = iter(self.home.drills)
        for one in drills:
            if one.id == self.operation.id:
                break
        return next(
            (one for one in drills if one.operation_type == "test_failover"),
            None,
        )

    @property
    def silent(self) -> list[Seen]:
        """The sites that do not answer."""
        return [one for one in self.seen.values() if one.silent]

    @property
    def dead_primary(self) -> bool:
        """Whether the site where the group runs does not answer."""
        if self.group is None or not self.silent:
            return False
        alive = [one.site_id for one in self.seen.values() if not one.silent]
        return self.group.current_primary_site_id not in alive

    @property
    def out_of_sync(self) -> bool:
        """Whether a site that sees both says that they differ."""
        return any(
            one.sync is not None and one.sync.status in _DIFFERS
            for one in self.seen.values()
        )


_DIFFERS = ("OUT_OF_SYNC", "FAILED")


@dataclasses.dataclass(frozen=True)
class Diagnosis:
    """What follows from the facts."""

    #: One sentence: how it stands.
    verdict: str
    #: Whether anything has to be done.
    healthy: bool
    advice: advice.Advice | None
    #: What to type, in this order.
    commands: tuple[str, ...]


def examine(operation_id: str, handles: Mapping[str, SiteHandle]) -> Facts:
    """Ask both sites for what they know.

    :raises NotFound: all answer, and none knows the operation.
    """
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        first = dict(
            zip(
                handles,
                pool.map(
                    lambda handle: _find(handle, operation_id),
                    handles.values(),
                ),
                strict=True,
            )
        )
        facts = Facts(operation_id, first)
        if facts.operation is None:
            for one in first.values():
                if one.error is not None and not one.silent:
                    raise one.error
            if not facts.silent:
                raise exceptions.NotFound(
                    f"no site knows an operation '{operation_id}'"
                )
            return Facts(
                operation_id,
                {
                    name: _overhear(handles[name], one, operation_id)
                    for name, one in first.items()
                },
            )
        group = facts.operation.protection_group_id
        if group is None:
            return facts
        asked = pool.map(
            lambda name: _ask(handles[name], first[name], group), handles
        )
        return Facts(operation_id, dict(zip(handles, asked, strict=True)))


def _find(handle: SiteHandle, operation_id: str) -> Seen:
    try:
        found = handle.client.operations.get(operation_id)
    except exceptions.NotFound:
        return Seen(handle.name)
    except exceptions.ProtectorError as error:
        return Seen(handle.name, error)
    age = None
    if found.updated_at is not None:
        now = handle.client.http.server_time()
        age = max(0.0, (now - found.updated_at).total_seconds())
    return Seen(handle.name, operation=found, unchanged_for=age)


def _overhear(handle: SiteHandle, seen: Seen, operation_id: str) -> Seen:
    """What a site was told of an operation: it stands in the metadata."""
    if seen.error is not None:
        return seen
    client = handle.client
    try:
        groups = list(client.protection_groups.list(limit=_GROUPS))
        # those that move first: it is most likely one of theirs
        groups.sort(key=lambda one: one.status not in _MOVING)
        for group in groups[:_DOCUMENTS]:
            told = client.metadata.get(group.id).get("operation")
            if isinstance(told, Mapping) and told.get("id") == operation_id:
                asked = _ask(handle, seen, group.id)
                return dataclasses.replace(asked, told=told)
    except exceptions.ProtectorError as error:
        return dataclasses.replace(seen, error=error)
    return seen


def _ask(handle: SiteHandle, seen: Seen, group: str) -> Seen:
    if seen.error is not None:
        return seen
    client = handle.client
    told: dict[str, Any] = {}
    try:
        told["site_id"] = handle.local.id
        told["sites"] = handle.sites
        with contextlib.suppress(exceptions.NotFound):
            told["group"] = client.protection_groups.get(group)
            told["sync"] = client.protection_groups.sync_status(group)
        told["drills"] = tuple(
            one
            for one in client.operations.list(
                protection_group_id=group, limit=_LOOK_BACK
            )
            if one.operation_type in _DRILLS
        )
    except exceptions.ProtectorError as error:
        told["error"] = error
    return dataclasses.replace(seen, **told)


def diagnose(facts: Facts) -> Diagnosis:
    """What the facts mean."""
    operation = facts.operation
    if operation is None:
        return _nobody_knows(facts)
    verdict, row = _judge(facts, operation)
    group = facts.group
    name = (group.name if group else None) or operation.protection_group_id
    filled = row and row.filled(
        group=name or "GROUP",
        operation=operation.id,
        site=facts.home.site if facts.home else "SITE",
    )
    commands = remedies.commands(facts, operation, name or "GROUP", filled)
    return Diagnosis(
        verdict, row is None, filled, tuple(dict.fromkeys(commands))
    )


def _nobody_knows(facts: Facts) -> Diagnosis:
    names = " and ".join(one.site for one in facts.silent)
    verdict = f"not known: {names} may know it, and cannot be asked"
    group, witness = facts.group, facts.witness
    if witness and witness.told and group:
        kind = witness.told.get("type") or "operation"
        verdict += (
            f"; {witness.site} was told of a {kind} of {group.name}, which"
            f" is {group.status} there"
        )
    row = advice.PEER_UNREACHABLE.filled(
        group=(group and group.name) or "GROUP", operation=facts.operation_id
    )
    commands = remedies.unknown(facts)
    return Diagnosis(verdict, False, row, tuple(commands))


def _judge(
    facts: Facts, operation: Operation
) -> tuple[str, advice.Advice | None]:
    """How it stands, and the row that fits; none where all is well."""
    kind = operation.operation_type
    if not operation.is_finished:
        assert facts.home is not None
        row = advice.for_operation(
            operation, unchanged_for=facts.home.unchanged_for
        )
        if row is not None:
            return f"the {kind} does not move", row
        if facts.silent:
            return f"the {kind} goes on without the other site", (
                advice.PEER_UNREACHABLE
            )
        return f"the {kind} goes on", None
    group = facts.group
    if operation.status == "failed":
        if operation.leftovers or (group and group.status == "error"):
            return f"the {kind} failed and left something behind", (
                _with_leftovers(operation)
            )
        return f"the {kind} failed and was rolled back", (
            advice.for_operation(operation)
        )
    if _is_partial(operation, group):
        return f"the {kind} completed in part", advice.PARTIAL
    if operation.leftovers:
        return f"the {kind} completed and left something behind", (
            advice.LEFT_BEHIND
        )
    if facts.out_of_sync:
        return f"the {kind} completed, the sites differ", advice.OUT_OF_SYNC
    if facts.silent:
        if operation.parameters.get("force"):
            return f"the {kind} completed, the other site is still away", (
                advice.OUT_OF_SYNC
            )
        return f"the {kind} completed, a site does not answer now", (
            advice.PEER_UNREACHABLE
        )
    uncleaned = _uncleaned(facts, operation)
    if uncleaned is not None:
        return f"the {kind} completed, its test is not cleaned up", uncleaned
    return f"the {kind} completed", None


def _with_leftovers(operation: Operation) -> advice.Advice:
    row = advice.for_operation(operation)
    if row is None or row is advice.ROLLED_BACK:
        return advice.LEFT_BEHIND
    return row


def _is_partial(operation: Operation, group: ProtectionGroup | None) -> bool:
    return bool(
        operation.parameters.get("force")
        and group
        and group.status == "failed_over_partial"
    )


def _uncleaned(facts: Facts, operation: Operation) -> advice.Advice | None:
    """What is wrong with a test failover that completed, if anything."""
    if operation.operation_type != "test_failover":
        return None
    home = facts.home.drills if facts.home else ()
    if operation.id not in [one.id for one in home]:
        # too long ago to tell
        return None
    since = [
        one
        for seen in facts.seen.values()
        for one in _later(seen.drills, operation)
        if one.operation_type == "test_cleanup"
    ]
    if any(one.status == "completed" for one in since):
        return None
    return advice.TEST_LEFT if since else advice.NEVER_CLEANED


def _later(
    newest_first: Iterable[Operation], operation: Operation
) -> Iterator[Operation]:
    """Those of one site that were started after an operation."""
    began = operation.started_at
    for one in newest_first:
        if one.id == operation.id:
            return
        if began and one.started_at and one.started_at < began:
            return
        yield one
