"""List records of both sites as one list."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.escape import ShellCommand
from protectorclient.pair.both_sites import BothSites, need_excuse
from protectorclient.pair.location import History, rank
from protectorclient.pair.reads import answer as reading
from protectorclient.pair.reads.answer import Answer
from protectorclient.polling.silence import NO_ANSWER
from protectorclient.records.operation import UNFINISHED, Operation
from protectorclient.v1 import _manager

if TYPE_CHECKING:
    from protectorclient.pair.reads.behind_marker import Marker
    from protectorclient.pair.site_facts import SiteFacts
    from protectorclient.records.health import GroupHealth
    from protectorclient.records.protection_group import Group, ProtectionGroup

#: How both sites order their groups.
_Place = tuple[str, str]


def _nowhere(
    wanted: str, errors: Mapping[str, exceptions.ProtectorError]
) -> exceptions.ProtectorError:
    from protectorclient.pair import locate

    return locate.nowhere(wanted, errors)


class ListReads(BothSites):
    """The reads of several groups, and of operations."""

    # Groups

    def groups(
        self,
        *,
        name: str | None = None,
        status: str | None = None,
        limit: int | None = None,
        marker: str | None = None,
    ) -> Answer[list[ProtectionGroup]]:
        """Fetch all groups, each as the site has it that is ahead with it.

        :param name: only the group of exactly this name.
        :param status: only groups in this status, at the site that is
            ahead.
        :param limit: at most so many.
        :param marker: begin after the group of this id.
        :returns: the groups, by name; `Answer.facts` are of one of the
            sites that answered.
        :raises SiteUnreachable: neither site answers.
        """
        # a stale record may be in another status, so that all are asked
        asked = None if status else limit

        def ask(facts: SiteFacts) -> list[ProtectionGroup]:
            found = list(
                facts.client.protection_groups.list(
                    name=name, limit=asked, marker=marker
                )
            )
            self.learn_names(facts)
            return found

        found, errors = self.ask(ask)
        self._need_answers(found, errors, marker)
        if name is not None:
            self._complete(found)
        lists = _Lists(found, asked)
        chosen = [
            group
            for group in lists.ahead()
            if name in (None, group.name) and status in (None, group.status)
        ][:limit]
        speaker = next(one for one in self.every if one.name in found)
        instead = f"these are {speaker.name}'s records"
        return Answer(
            value=chosen,
            facts=speaker,
            warnings=(
                *lists.warnings(chosen),
                *reading.silence(errors, instead),
                *self.only(instead),
            ),
            next=lists.next_commands(chosen),
            errors=errors,
        )

    def _complete(self, found: dict[str, list[ProtectionGroup]]) -> None:
        """Ask by the id where a site has a group under an older name."""
        ids = {one.id for groups in found.values() for one in groups}
        lacking = {
            name: ids - {one.id for one in groups}
            for name, groups in found.items()
        }

        def ask(facts: SiteFacts) -> list[ProtectionGroup]:
            return [facts.get(identity) for identity in lacking[facts.name]]

        wanting = [name for name, missing in lacking.items() if missing]
        more, _ = self.put(ask, wanting)
        for name, groups in more.items():
            found[name] += groups

    def _need_answers(
        self,
        found: Mapping[str, Any],
        errors: Mapping[str, exceptions.ProtectorError],
        marker: str | None = None,
    ) -> None:
        """Raise what there is to raise of lists.

        :param marker: one of the sites may not know it.
        """
        if not found:
            lonely = self.lonely(errors)
            if lonely is not None:
                raise lonely
            for error in errors.values():
                if not isinstance(error, NO_ANSWER):
                    raise error
            raise _nowhere("", errors)
        if marker is None:
            need_excuse(errors)

    # Health

    def health(
        self, *, limit: int | None = None, marker: str | None = None
    ) -> Answer[list[GroupHealth]]:
        """Fetch the health of all groups, each from the site that is ahead.

        The sites are asked for their groups too where not all of them are
        in sync.

        :param limit: at most so many.
        :param marker: begin after the group of this id.
        :returns: one report a group.
        :raises VersionNotSupported: the sites are older than *1.2*.
        :raises SiteUnreachable: neither site answers.
        """
        found, errors = self.ask(
            lambda facts: list(
                facts.client.health.list(limit=limit, marker=marker)
            )
        )
        self._need_answers(found, errors, marker)
        speaker = next(one for one in self.every if one.name in found)
        reports = {one.protection_group_id: one for one in found[speaker.name]}
        warnings: list[str] = []
        lines: tuple[ShellCommand, ...] = ()
        both = len(found) > 1
        if both and not all(map(_is_in_sync, found.values())):
            known, _ = self.put(
                lambda facts: facts.groups,
                found,
            )
            lists = _Lists(known, None)
            warnings = lists.warnings(lists.ahead())
            lines = lists.next_commands(lists.ahead())
            for group in lists.ahead():
                site = lists.site_of(group)
                for one in found[site]:
                    if one.protection_group_id == group.id:
                        reports[group.id] = one
        instead = f"these are {speaker.name}'s reports"
        return Answer(
            value=list(reports.values()),
            facts=speaker,
            warnings=(
                *warnings,
                *reading.silence(errors, instead),
                *self.only(instead),
            ),
            next=lines,
            errors=errors,
        )

    # Operations

    def operations(
        self,
        *,
        group: Group | None = None,
        protection_group_id: str | None = None,
        operation_type: str | None = None,
        status: str | None = None,
        limit: int | None = None,
        marker: str | None = None,
    ) -> History:
        """Fetch the operations of both sites, newest first.

        :param group: only those of this group; its name or id.
        :param protection_group_id: only those of the group of this id.
        :param operation_type: only those of this type.
        :param status: only those in this status.
        :param limit: at most so many.
        :param marker: begin after the operation of this id.
        :returns: operations and where they are known, and why a site
            said nothing.
        :raises NotFound: no site has the group, or the operation that is
            the marker.
        :raises SiteUnreachable: neither site answers.
        """
        from protectorclient.pair.reads.behind_marker import not_newer
        from protectorclient.records import newest_first

        behind = None if marker is None else self._marker(marker)

        def asks(facts: SiteFacts) -> Callable[..., Iterable[Operation]]:
            group_id = protection_group_id
            if group is not None:
                group_id = facts.find(_manager.id_of(group)).id
            return functools.partial(
                facts.client.operations.list,
                protection_group_id=group_id,
                operation_type=operation_type,
                status=status,
            )

        def ask(facts: SiteFacts) -> list[Operation]:
            listed = asks(facts)
            if behind is None:
                return list(listed(limit=limit))
            if facts.name == behind.site:
                return list(listed(limit=limit, marker=marker))
            return list(not_newer(listed(), behind.operation, limit))

        def same_second(facts: SiteFacts) -> list[Operation]:
            assert behind is not None
            return list(not_newer(asks(facts)(), behind.operation, 0))

        found, errors = self.ask(ask)
        if not found and group is not None:
            raise self.lonely(errors) or _nowhere(
                _manager.id_of(group), errors
            )
        self._need_answers(found, errors)
        if behind is not None and behind.is_tied(found):
            more, lost = self.put(same_second, [behind.site])
            errors.update(lost)
            found = behind.with_newer(found, more.get(behind.site, []))
        merged = newest_first.merged(
            [(one, found.get(one.name, ())) for one in self.handles]
        )
        if behind is not None:
            merged = behind.cut(merged)
        return History(tuple(merged[:limit]), errors)

    def unfinished(self, group: str | None = None) -> History:
        """Fetch the operations of both sites that have not ended, asked anew.

        Each site is asked for one list for each status of theirs.

        :param group: only those of the group of this id.
        :returns: operations and where they are known, and why a site
            said nothing.
        """

        def ask(facts: SiteFacts) -> list[Operation]:
            listed = facts.client.operations.list
            return [
                operation
                for status in sorted(UNFINISHED)
                for operation in listed(
                    protection_group_id=group, status=status
                )
            ]

        found, errors = self.put(ask)
        items = tuple(
            (operation, handle)
            for handle in self.handles
            for operation in found.get(handle.name, ())
        )
        return History(items, errors)

    def silence(
        self, errors: Mapping[str, exceptions.ProtectorError], shown: str
    ) -> list[str]:
        """Return the warnings that go with operations of one site alone.

        :param errors: why a site said nothing, by its cloud's name.
        :param shown: the name of the site that answered.
        """
        instead = f"these are {shown}'s operations"
        return [*reading.silence(errors, instead), *self.only(instead)]

    def _marker(self, marker: str) -> Marker:
        """Return the marker, and the name of the site that knows it."""
        from protectorclient.pair.reads.behind_marker import Marker

        found, errors = self.ask(lambda facts: facts.operation(marker))
        if not found:
            raise self.unknown(marker, errors)
        (name, operation), *_ = found.items()
        return Marker(name, operation)


def _is_in_sync(reports: Iterable[GroupHealth]) -> bool:
    return all(one.sync_status == "IN_SYNC" for one in reports)


class _Lists:
    """The groups of each site that has answered."""

    def __init__(
        self, found: Mapping[str, list[ProtectionGroup]], limit: int | None
    ) -> None:
        self._copies: dict[str, dict[str, ProtectionGroup]] = {}
        for name, groups in found.items():
            for group in groups:
                self._copies.setdefault(group.id, {})[name] = group
        #: How far each list goes; None where it goes to its end.
        self._ends = {
            name: _place(groups[-1])
            if limit is not None and len(groups) >= limit
            else None
            for name, groups in found.items()
        }

    def ahead(self) -> list[ProtectionGroup]:
        """Each group as the site has it that is ahead, by name."""
        found = [
            copies[self._ahead(copies)] for copies in self._copies.values()
        ]
        return sorted(found, key=_place)

    def site_of(self, group: ProtectionGroup) -> str:
        """Return the site that is ahead with a group."""
        return self._ahead(self._copies[group.id])

    @staticmethod
    def _ahead(copies: Mapping[str, ProtectionGroup]) -> str:
        return max(copies, key=lambda name: rank(copies[name]))

    def warnings(self, shown: Iterable[ProtectionGroup]) -> list[str]:
        """Return where the sites differ in what is shown."""
        apart: dict[str, list[str]] = {}
        unknown: dict[str, list[str]] = {}
        for group in shown:
            copies = self._copies[group.id]
            if reading.differ(copies.values()):
                apart.setdefault(self._ahead(copies), []).append(group.name)
            for name, end in self._ends.items():
                if name not in copies and (end is None or _place(group) < end):
                    unknown.setdefault(name, []).append(group.name)
        return [
            *(
                f"the sites hold different records of {reading.listed(names)};"
                f" {site} is ahead; shown is what {site} holds"
                for site, names in apart.items()
            ),
            *(
                f"{site} does not know {reading.listed(names)}"
                for site, names in unknown.items()
            ),
        ]

    def next_commands(
        self, shown: Iterable[ProtectionGroup]
    ) -> tuple[ShellCommand, ...]:
        """Make a command for each group in which the sites differ."""
        return reading.reconcile(
            group.name
            for group in shown
            if reading.differ(self._copies[group.id].values())
        )


def _place(group: ProtectionGroup) -> _Place:
    return group.name, group.id
