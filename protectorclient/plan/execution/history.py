"""Which operations of both sites are a run's own, and which are not."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.durations import stamp
from protectorclient.plan.execution.state import RunState

if TYPE_CHECKING:
    from protectorclient.pair.reads.groups import Reads
    from protectorclient.pair.site_pair import SitePair
    from protectorclient.records.operation import Operation

#: How many of the newest operations of a site are looked at.
_NEWEST = 1000
#: Actions that move a group or build something for it.
_ACTIONS = ("failover", "failback", "test_failover", "test_cleanup")


@dataclasses.dataclass(frozen=True)
class SiteOperation:
    """An operation, and the site that knows it."""

    operation: Operation
    #: The id of the site.
    site: str


@dataclasses.dataclass(frozen=True)
class NewestOperations:
    """The newest operations of the sites that answer."""

    found: tuple[SiteOperation, ...]
    #: Why a site said nothing, by its id.
    errors: Mapping[str, Exception]
    #: Seconds that a site's clock is ahead of this machine's, by the id of
    #: each site that answered.
    skews: Mapping[str, float]

    def horizon(self) -> dict[str, Any]:
        """Return what is the newest at each site, for a journal. A site
        that has no operations has a mark, too."""
        marks: dict[str, Any] = {
            site: {"newest": "", "ids": []} for site in self.skews
        }
        for one in self.found:
            at = _stamp(one.operation)
            mark = marks[one.site]
            if at > mark["newest"]:
                mark["newest"], mark["ids"] = at, []
            if at == mark["newest"]:
                mark["ids"].append(one.operation.id)
        return marks

    def own(self, state: RunState) -> dict[tuple[str, str], SiteOperation]:
        """Return the run's own operations, by group and request id."""
        sites = sites_of(state)
        return {
            (group, one.operation.request_id or ""): one
            for one in self.found
            if (group := one.operation.protection_group_id or "")
            in state.groups
            and state.is_own(one.operation.request_id, group, sites)
        }

    def strange(self, state: RunState) -> list[SiteOperation]:
        """Return operations on the run's groups that began after it, and
        that it has not begun."""
        sites = sites_of(state)
        known = {one.operation_id for one in state.groups.values()}
        known |= state.adopted
        return [
            one
            for one in self.found
            if one.operation.operation_type in _ACTIONS
            and (group := one.operation.protection_group_id or "")
            in state.groups
            and one.operation.id not in known
            and not state.is_own(one.operation.request_id, group, sites)
            and self._is_after(one, state)
        ]

    def _is_after(self, one: SiteOperation, state: RunState) -> bool:
        at = _stamp(one.operation)
        mark = state.horizon.get(one.site)
        if mark is None:
            # the site did not answer when the run began, which the journal
            # says by the clock of a machine of ours
            began = datetime.datetime.fromisoformat(state.began_at)
            skew = datetime.timedelta(seconds=self.skews[one.site])
            return at >= stamp(began + skew)
        return at > mark["newest"] or (
            at == mark["newest"] and one.operation.id not in mark["ids"]
        )


def look(
    pair: SitePair, site_ids: Mapping[str, str], *, unplanned: bool
) -> NewestOperations:
    """List the newest operations of both sites; a request for each.

    :param site_ids: of the sites, by the names of their clouds here.
    :param unplanned: the primary is taken for dead, and is not waited for.

    ``GET operations``. *1.0*

    :raises SiteUnreachable: neither site answers.
    """
    history = _reads(pair, unplanned).operations(limit=_NEWEST)

    def id_of(name: str) -> str:
        return site_ids.get(name, name)

    return NewestOperations(
        tuple(
            SiteOperation(operation, id_of(handle.name))
            for operation, handle in history.items
        ),
        {id_of(name): error for name, error in history.errors.items()},
        {
            id_of(one.name): one.clock_skew or 0.0
            for one in pair.handles
            if one.name not in history.errors
        },
    )


def find(
    pair: SitePair,
    site_id: Callable[[str], str],
    group_id: str,
    wanted: Collection[str],
    *,
    unplanned: bool = False,
) -> SiteOperation | None:
    """Return the operation of a group that has one of the request ids.

    :param site_id: returns the id of a site, by its cloud's name here.
    :param unplanned: the primary is taken for dead, and is not waited for.
    """
    reads = _reads(pair, unplanned)
    try:
        newest = reads.operations(protection_group_id=group_id, limit=50)
    except exceptions.NotFound:
        return None
    for operation, handle in newest.items:
        if operation.request_id in wanted:
            return SiteOperation(operation, site_id(handle.name))
    return None


def _reads(pair: SitePair, unplanned: bool) -> Reads:
    """Return reads that wait for a slow site as long as its timeouts are:
    what they do not find is begun."""
    from protectorclient.pair.reads.groups import Reads

    return pair.reads if unplanned else Reads(pair.handles, grace=None)


def sites_of(state: RunState) -> tuple[str, ...]:
    """Return the ids of the sites of a run."""
    return tuple(state.options.get("sites", ()))


def _stamp(operation: Operation) -> str:
    when = operation.started_at
    return stamp(when) if when else ""
