"""Find the newest operation, where no id is given."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.pair import locate
from protectorclient.pair.both_sites import need_excuse
from protectorclient.pair.location import History
from protectorclient.polling.silence import NO_ANSWER
from protectorclient.records import newest_first
from protectorclient.records.operation import UNFINISHED, Operation
from protectorclient.v1 import _manager

if TYPE_CHECKING:
    from protectorclient.pair.reads.groups import Reads
    from protectorclient.pair.site import SiteHandle
    from protectorclient.pair.site_facts import SiteFacts
    from protectorclient.records.protection_group import Group

#: The clocks of two sites differ, and each starts operations of its own: so
#: near to each other, it is not known which of two is meant.
NEAR = datetime.timedelta(minutes=5)

Item = tuple[Operation, "SiteHandle"]


def latest(reads: Reads, group: Group | None = None) -> History:
    """Fetch the last operation: one that is not finished, else the newest.

    Each site is asked at once, with four requests: one a status in which
    an operation goes on, and one for the newest.

    :param reads: the sites.
    :param group: only those of this group; its name or id.
    :returns: one, or two of different sites that were started within five
        minutes of each other; and why a site said nothing.
    :raises NotFound: no site has the group, or none has an operation.
    :raises SiteUnreachable: no site answers.
    """

    def ask(facts: SiteFacts) -> list[Operation]:
        wanted = None
        if group is not None:
            wanted = facts.find(_manager.id_of(group)).id
        reads.learn_names(facts)
        found: list[Operation] = []
        for status in (None, *sorted(UNFINISHED)):
            found += facts.client.operations.list(
                protection_group_id=wanted, status=status, limit=1
            )
        return list({one.id: one for one in found}.values())

    found, errors = reads.ask(ask)
    if not found:
        raise _nobody(reads, group, errors)
    need_excuse(errors)
    items = [
        (operation, handle)
        for handle in reads.handles
        for operation in found.get(handle.name, ())
    ]
    if not items:
        of = f" of {_manager.id_of(group)}" if group is not None else ""
        raise exceptions.NotFound(
            f"there is no operation{of} yet", hint=_silent(errors)
        )
    return History(tuple(_meant(items)), errors)


def _nobody(
    reads: Reads,
    group: Group | None,
    errors: Mapping[str, exceptions.ProtectorError],
) -> exceptions.ProtectorError:
    """Make the error where no site answers, or none has the group."""
    lonely = reads.lonely(errors)
    if lonely is not None:
        return lonely
    for error in errors.values():
        if not isinstance(error, (*NO_ANSWER, exceptions.NotFound)):
            return error
    return locate.nowhere(_manager.id_of(group or ""), errors)


def _silent(
    errors: Mapping[str, exceptions.ProtectorError],
) -> str | None:
    for error in errors.values():
        if not isinstance(error, exceptions.NotFound):
            return f"a site was not asked: {error}"
    return None


def _meant(items: list[Item]) -> list[Item]:
    """Return the one that is meant, and the other site's that is near to
    it."""
    items = sorted(
        items, key=lambda item: newest_first.moment(item[0]), reverse=True
    )
    # stable: of those that go on the newest, then of those that have ended
    items.sort(key=lambda item: item[0].is_finished)
    first = items[0]
    others = [
        item
        for item in items
        if item[1] is not first[1]
        and abs(_begun(item) - _begun(first)) <= NEAR
    ]
    return [first, *others[:1]]


def _begun(item: Item) -> datetime.datetime:
    return newest_first.begun(item[0])
