"""Collect what both sites say of one operation and of its group."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from protectorclient import exceptions
from protectorclient.pair.both_sites import BothSites
from protectorclient.pair.site_facts import SiteFacts
from protectorclient.polling.silence import NO_ANSWER, is_dead
from protectorclient.preflight import copies

if TYPE_CHECKING:
    from protectorclient.records.operation import Operation
    from protectorclient.records.protection_group import (
        ProtectionGroup,
        SyncStatus,
    )
    from protectorclient.records.site import Site

T = TypeVar("T")

_DRILLS = ("test_failover", "test_cleanup")
#: So many of the newest operations of a group are looked at.
_LOOK_BACK = 50
#: So many groups are listed, and of so many the metadata are read, to find
#: one that an operation of a silent site belongs to.
_GROUPS, _DOCUMENTS = 1000, 25
_MOVING = ("failing_over", "failing_back")
_DIFFERS = ("OUT_OF_SYNC", "FAILED")


@dataclasses.dataclass(frozen=True)
class SiteAnswer:
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
    #: The group's newest operations that were started here, newest first.
    history: tuple[Operation, ...] = ()
    #: What its metadata say of an operation that is not its own.
    told: Mapping[str, Any] | None = None
    #: The group's metadata, and all instances of the project here.
    document: Mapping[str, Any] | None = None
    instances: tuple[Mapping[str, Any], ...] | None = None

    @property
    def silent(self) -> bool:
        """Return whether it does not answer, as against: not allow."""
        return isinstance(self.error, NO_ANSWER)


@dataclasses.dataclass(frozen=True)
class Facts:
    """What both sites say of one operation."""

    operation_id: str
    #: By the clouds' names.
    seen: Mapping[str, SiteAnswer]

    @property
    def home(self) -> SiteAnswer | None:
        """Return the site that knows the operation."""
        found = (one for one in self.seen.values() if one.operation)
        return next(found, None)

    @property
    def operation(self) -> Operation | None:
        """Return the record, where a site that knows it answers."""
        return self.home.operation if self.home else None

    @property
    def witness(self) -> SiteAnswer | None:
        """Return a site whose metadata name the operation of the other one."""
        found = (one for one in self.seen.values() if one.told)
        return next(found, None)

    @property
    def group(self) -> ProtectionGroup | None:
        """Return the group, as the site has it that is ahead."""
        found = [one.group for one in self.seen.values() if one.group]
        return max(
            found,
            key=lambda one: (one.failover_count, one.metadata_version),
            default=None,
        )

    @property
    def drill(self) -> Operation | None:
        """Return the test failover that a clean-up was to clear away."""
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
    def silent(self) -> list[SiteAnswer]:
        """Return the sites that do not answer."""
        return [one for one in self.seen.values() if one.silent]

    @property
    def dead_primary(self) -> bool:
        """Return whether the site where the group runs does not answer."""
        if self.group is None or not any(
            is_dead(one.error) for one in self.silent
        ):
            return False
        alive = [one.site_id for one in self.seen.values() if not one.silent]
        return self.group.current_primary_site_id not in alive

    @property
    def live_copies(self) -> tuple[copies.Copy, ...]:
        """Return the instances that run beside the group, where a site
        answers."""
        group = self.group
        told = sorted(
            (one for one in self.seen.values() if one.document),
            key=lambda one: one.group is not group,
        )
        documents = [one.document for one in told if one.document]
        if group is None or not documents or documents[0].get("operation"):
            return ()
        return copies.live(
            copy
            for one in self.seen.values()
            if one.site_id is not None and one.instances is not None
            for copy in copies.find(
                documents,
                group.current_primary_site_id,
                one.site_id,
                one.site,
                one.instances,
            )
        )

    @property
    def primary(self) -> str:
        """Return the cloud's name of the site where the group runs."""
        group = self.group
        for one in self.seen.values():
            if group and one.site_id == group.current_primary_site_id:
                return one.site
        left = [one.site for one in self.seen.values() if one.site_id is None]
        return left[0] if len(left) == 1 else "its primary"

    @property
    def out_of_sync(self) -> bool:
        """Return whether a site that sees both says that they differ."""
        return any(
            one.sync is not None and one.sync.status in _DIFFERS
            for one in self.seen.values()
        )


def examine(operation_id: str, asked: BothSites) -> Facts:
    """Ask both sites for what they know of an operation and its group.

    :param asked: the sites, or the one that there is.
    :raises NotFound: all answer, and none knows the operation.
    """
    found, errors = asked.put(lambda facts: _find(facts, operation_id))
    first = {
        name: found[name] if name in found else _untold(name, errors[name])
        for name in (handle.name for handle in asked.handles)
    }
    facts = Facts(operation_id, first)
    if facts.operation is None:
        for one in first.values():
            if one.error is not None and not one.silent:
                raise one.error
        if not facts.silent:
            raise exceptions.NotFound(
                f"no site knows an operation '{operation_id}'"
            )
        heard, _ = asked.put(
            lambda site: _overhear(site, first[site.name], operation_id),
            [name for name, one in first.items() if one.error is None],
        )
        return Facts(operation_id, first | heard)
    group = facts.operation.protection_group_id
    if group is None:
        return facts
    alone = bool(facts.silent)
    told, failed = asked.put(
        lambda site: _ask(site, first[site.name], group, alone),
        [name for name, one in first.items() if one.error is None],
    )
    seen = first | told
    for name, error in failed.items():
        seen[name] = dataclasses.replace(first[name], error=error)
    return Facts(operation_id, seen)


def _untold(site: str, error: exceptions.ProtectorError) -> SiteAnswer:
    """Make the facts of a site that does not know the operation, or fails."""
    if isinstance(error, exceptions.NotFound):
        return SiteAnswer(site)
    return SiteAnswer(site, error)


def _find(facts: SiteFacts, operation_id: str) -> SiteAnswer:
    found = facts.operation(operation_id)
    age = None
    if found.updated_at is not None:
        now = facts.client.http.server_time()
        age = max(0.0, (now - found.updated_at).total_seconds())
    return SiteAnswer(facts.name, operation=found, unchanged_for=age)


def _overhear(
    facts: SiteFacts, seen: SiteAnswer, operation_id: str
) -> SiteAnswer:
    """Look in the metadata of a site for an operation of the other one."""
    try:
        groups = facts.documented_groups(_GROUPS)
        # those that move first: it is most likely one of theirs
        groups = sorted(groups, key=lambda one: one.status not in _MOVING)
        for group in groups[:_DOCUMENTS]:
            told = facts.document(group.id).get("operation")
            if isinstance(told, Mapping) and told.get("id") == operation_id:
                # the other one is silent: nobody waits for it once more
                asked = _ask(facts, seen, group.id, alone=True)
                return dataclasses.replace(asked, told=told)
    except exceptions.ProtectorError as error:
        return dataclasses.replace(seen, error=error)
    return seen


def _ask(
    facts: SiteFacts, seen: SiteAnswer, group: str, alone: bool
) -> SiteAnswer:
    """Return what a site says of the group; alone, of itself and no other."""
    told: dict[str, Any] = {}
    try:
        told["site_id"] = facts.local.id
        told["sites"] = facts.sites
        with contextlib.suppress(exceptions.NotFound):
            told["group"] = facts.get(group)
            if not alone:
                # its service would wait for the silent one too
                told["sync"] = facts.sync(group)
        told["document"] = _quietly(lambda: facts.document(group))
        told["instances"] = _quietly(lambda: tuple(facts.servers))
        told["history"] = tuple(facts.newest(group, _LOOK_BACK))
        told["drills"] = tuple(
            one for one in told["history"] if one.operation_type in _DRILLS
        )
    except exceptions.ProtectorError as error:
        told["error"] = error
    return dataclasses.replace(seen, **told)


def _quietly(question: Callable[[], T]) -> T | None:
    """Return an answer, or None instead of its error."""
    try:
        return question()
    except exceptions.ProtectorError:
        return None
