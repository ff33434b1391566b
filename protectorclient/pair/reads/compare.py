"""How the metadata of both sites compare, as both see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.pair.both_sites import BothSites
from protectorclient.pair.located import SyncReport, together
from protectorclient.pair.site import SILENT
from protectorclient.records.protection_group import Group

if TYPE_CHECKING:
    from protectorclient.pair.site_pair import SitePair


def compare(pair: SitePair, group: Group, grace: float | None) -> SyncReport:
    """Ask both sites; where one is silent, the other for itself alone.

    :param grace: seconds that a site has when the other one has answered;
        None for as long as its own timeouts are.
    """
    located = pair.locate(group, grace=grace)
    errors = dict(located.errors)
    # its service would wait for the silent one too
    alone = located.dead is not None and grace is not None
    sites = BothSites(
        [one for one in pair.handles if one.name not in errors],
        grace=grace,
    )
    sides, failed = sites.each(
        lambda handle: handle.client.protection_groups.sync_status(
            located.group.id, local=alone
        )
    )
    errors.update(failed)
    for error in errors.values():
        if not isinstance(error, excused(grace is not None)):
            raise error
    return SyncReport(
        status=together(sides, errors),
        sides=sides,
        errors=errors,
        located=located,
    )


def excused(alone: bool) -> tuple[type[exceptions.ProtectorError], ...]:
    """What a site may say that is no reason to raise.

    :param alone: the answer of the other one will do.
    """
    refusals: tuple[type[exceptions.ProtectorError], ...] = ()
    if alone:
        refusals = (exceptions.AuthenticationFailed,)
    return (*SILENT, exceptions.NotFound, *refusals)
