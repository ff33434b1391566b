"""Make the sites' metadata equal, in two ways."""

from __future__ import annotations

import abc

from protectorclient import exceptions
from protectorclient.advice import commands
from protectorclient.escape import fill
from protectorclient.pair import locate
from protectorclient.pair.location import Location, rank
from protectorclient.pair.moves import prepare
from protectorclient.pair.site import SiteHandle
from protectorclient.pair.sites import Sites
from protectorclient.records.operation import Operation
from protectorclient.records.protection_group import Group, SyncStatus


class MetadataActions(Sites, abc.ABC):
    """Copies the metadata of a group from one site to the other."""

    @abc.abstractmethod
    def locate(self, group: Group, *, unplanned: bool = False) -> Location:
        """Find a group and who is primary for it."""

    def sync_force(
        self, group: Group, *, winner: str | None = None
    ) -> SyncStatus:
        """Copy the metadata of the side that is ahead to the other one.

        :param group: its name or id, or a record of it.
        :param winner: the site whose metadata are kept, where both have
            changed; its cloud's or site's name.
        :returns: how both sides compare after that.
        :raises MetadataConflict: both have changed, and a winner is
            needed; or the other site has deleted the group.
        :raises WrongSite: the winner is behind, and there is no conflict:
            see `discard`.
        :raises PeerUnreachable: the other site does not answer.
        """
        located = self.locate(group)
        if winner is not None:
            start = self.handle(winner)
            prepare.need(located, start)
        else:
            start = self._ahead(located)
        groups = start.client.protection_groups
        try:
            return groups.sync_force(located.group.id)
        except exceptions.MetadataConflict as error:
            # force decides a conflict, and is sent where there is one: it
            # must not overwrite a side that is only ahead
            if winner is not None:
                return groups.sync_force(located.group.id, force=True)
            locate.explain_deletion(located, start, error)
            raise
        except exceptions.WrongSite as error:
            if winner is not None:
                error.then(
                    fill(
                        commands.RECONCILE_WINNER,
                        group=located.group.name,
                        site=winner,
                    )
                )
            raise

    def discard(
        self, group: Group, *, winner: str, version: int
    ) -> tuple[Operation, SiteHandle]:
        """Discard an unplanned failover: the site that is behind becomes the
        winner.

        What the other site runs of the group is stopped, a snapshot of each
        of its volumes is kept there and named in the operation's
        ``result_data["stale_removed"]``, and it is deleted; then both sites
        hold the winner's metadata.

        :param group: its name or id, or a record of it.
        :param winner: the site whose copy stays; its cloud's or site's
            name.
        :param version: what the other site holds, exactly, and what is
            thrown away.
        :returns: the operation, as a rule ended, and the site that runs it.
        :raises MetadataConflict: the other site holds another version, or
            an operation of the group is not finished.
        :raises InvalidState: the winner does not run the group by its own
            record.
        :raises NotFound: neither site is called so, or none has the group.
        :raises PeerUnreachable: the other site does not answer its peer;
            nothing is changed.
        :raises SiteUnreachable: the winner does not answer.
        :raises OutcomeUnknown: it may have begun; see `posting`.
        """
        located = self.locate(group)
        start = self.handle(winner)
        prepare.need(located, start)
        found = start.client.protection_groups.discard(
            located.group.id, version
        )
        return found, start

    def _ahead(self, located: Location) -> SiteHandle:
        """Return where a sync starts; the service compares equal versions."""
        best = max(rank(found) for found in located.groups.values())
        leading = [
            handle
            for handle in (located.current, located.other)
            if handle.name in located.groups
            and rank(located.groups[handle.name]) == best
        ]
        return leading[0]
