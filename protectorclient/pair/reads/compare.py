"""Compare the metadata of both sites, as each of them sees it."""

from __future__ import annotations

from protectorclient.pair.both_sites import BothSites
from protectorclient.pair.locate import excused, locate
from protectorclient.pair.location import SyncReport, together
from protectorclient.records.protection_group import Group


def compare(asked: BothSites, group: Group) -> SyncReport:
    """Ask both sites; where one is silent, the other for itself alone.

    :param asked: the sites; one that answers is enough with a grace.
    """
    located = locate(asked, group)
    errors = dict(located.errors)
    # its service would wait for the silent one too
    alone = located.dead is not None and asked.grace is not None
    sides, failed = asked.ask(
        lambda facts: facts.sync(located.group.id, local=alone),
        [one.name for one in asked.handles if one.name not in errors],
    )
    errors.update(failed)
    for error in errors.values():
        if not isinstance(error, excused(asked.grace is not None)):
            raise error
    return SyncReport(
        status=together(sides, errors),
        sides=sides,
        errors=errors,
        located=located,
    )
