"""The actions of a pair: one method each, sent to the right site."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Mapping
from typing import Any

from protectorclient.mapping.files import MappingFile
from protectorclient.pair import guards
from protectorclient.pair.located import Located
from protectorclient.pair.moves import prepare
from protectorclient.pair.moves.action import Prepared, Started
from protectorclient.records.protection_group import Group


class PairActions(abc.ABC):
    """What both sites together can be told to do with a group."""

    #: Why the second cloud is taken for the other site, where nobody has
    #: named it.
    choice: str | None = None

    @abc.abstractmethod
    def locate(self, group: Group, *, unplanned: bool = False) -> Located:
        """Find a group and who is primary for it."""

    def failover(self, group: Group, **options: Any) -> Started:
        """Move a group to the other site; see `prepare`.

        With ``unplanned``, without the primary, which is dead.

        :param group: its name or id, or a record of it.
        :param options: as for `prepare`, which also tells what is raised.
        :returns: the operation begun, and the site that runs it.
        :raises OutcomeUnknown: it may have begun; see `posting`.
        """
        return self.prepare("failover", group, **options).send()

    def failback(self, group: Group, **options: Any) -> Started:
        """Move a group home; see `prepare`.

        :param group: its name or id, or a record of it.
        :param options: as for `prepare`, which also tells what is raised.
        :returns: the operation begun, and the site that runs it.
        :raises OutcomeUnknown: it may have begun; see `posting`.
        """
        return self.prepare("failback", group, **options).send()

    def test_failover(self, group: Group, **options: Any) -> Started:
        """Build test instances at the other site; see `prepare`.

        :param group: its name or id, or a record of it.
        :param options: as for `prepare`, which also tells what is raised.
        :returns: the operation begun, and the site that runs it.
        :raises OutcomeUnknown: it may have begun; see `posting`.
        """
        return self.prepare("test_failover", group, **options).send()

    def test_cleanup(self, group: Group, **options: Any) -> Started:
        """Remove what a test failover built; see `prepare`.

        :param group: its name or id, or a record of it.
        :param options: as for `prepare`, which also tells what is raised.
        :returns: the operation begun, and the site that runs it.
        :raises OutcomeUnknown: it may have begun; see `posting`.
        """
        return self.prepare("test_cleanup", group, **options).send()

    def sync_volumes(self, group: Group, **options: Any) -> Started:
        """Replicate once, now; see `prepare`.

        :param group: its name or id, or a record of it.
        :param options: as for `prepare`, which also tells what is raised.
        :returns: the operation begun, and the site that runs it.
        :raises OutcomeUnknown: it may have begun; see `posting`.
        """
        return self.prepare("sync_volumes", group, **options).send()

    def prepare(
        self,
        action: str,
        group: Group,
        *,
        network_mapping: Mapping[str, str] | None = None,
        flavor_mapping: Mapping[str, str] | None = None,
        unplanned: bool = False,
        accept_divergence: bool = False,
        retain_primary: bool = False,
        reverse_replication: bool = False,
        reason: str | None = None,
        mapping_file: MappingFile | None = None,
        expect: guards.Expect | None = None,
    ) -> Prepared:
        """Make an action ready to be sent to the right site.

        :param action: as the service calls it.
        :param group: its name or id, or a record of it.
        :param network_mapping: names or ids, source to target.
        :param flavor_mapping: names or ids, source to target.
        :param unplanned: a failover without the primary, which must not
            answer.
        :param accept_divergence: unplanned even if it does.
        :param retain_primary: of a test failover.
        :param reverse_replication: of a failback.
        :param reason: kept with the operation. *1.2*
        :param mapping_file: mappings below those given by themselves.
        :param expect: conditions to be looked at first.
        :returns: the request; nothing is sent before its `send`.
        :raises SiteUnreachable: a site that is needed does not answer.
        :raises PrimaryAnswers: unplanned, and the primary lives.
        :raises GuardRefused: the world is not as expected.
        :raises NotFound: a name in a mapping, or the group.
        :raises NotUnique: a name in a mapping that several share.
        :raises VersionNotSupported: the site is too old for a reason.
        """
        located = self.locate(group, unplanned=unplanned)
        prepared = prepare.prepare(
            located,
            action,
            network_mapping=network_mapping,
            flavor_mapping=flavor_mapping,
            unplanned=unplanned,
            accept_divergence=accept_divergence,
            retain_primary=retain_primary,
            reverse_replication=reverse_replication,
            reason=reason,
            mapping_file=mapping_file,
            expect=expect,
        )
        if self.choice is None or located.dead is None:
            return prepared
        # a dead site cannot say whether it is the right one
        return dataclasses.replace(
            prepared, warnings=(self.choice, *prepared.warnings)
        )
