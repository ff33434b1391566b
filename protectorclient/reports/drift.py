"""What differs between the protected groups and what is at both sites."""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from protectorclient import exceptions
from protectorclient.mapping.forecast import Forecast
from protectorclient.pair.both_sites import BothSites
from protectorclient.pair.location import rank
from protectorclient.pair.site_facts import SiteFacts
from protectorclient.polling.silence import NO_ANSWER
from protectorclient.preflight.drift import neighbours
from protectorclient.preflight.drift.difference import (
    Difference as Difference,
)
from protectorclient.preflight.drift.looks import LOOKS, Look
from protectorclient.preflight.drift.subject import Subject
from protectorclient.preflight.findings import Skip
from protectorclient.preflight.resources import Resources
from protectorclient.records.protection_group import Group, ProtectionGroup
from protectorclient.v1 import _manager

Document = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class GroupDrift:
    """The differences of one group."""

    id: str
    name: str
    #: The cloud's name of the site where it runs.
    primary: str
    differences: tuple[Difference, ...] = ()
    #: Why something was not compared, by the id of the check.
    unknown: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As data."""
        return {
            "id": self.id,
            "name": self.name,
            "primary": self.primary,
            "differences": [one.to_dict() for one in self.differences],
            "unknown": dict(self.unknown),
        }


@dataclasses.dataclass(frozen=True)
class DriftReport:
    """The differences of several groups, by their names."""

    groups: tuple[GroupDrift, ...]
    #: Why a site gave no answer, by its cloud's name.
    errors: Mapping[str, exceptions.ProtectorError]

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Return the differences of all groups."""
        return tuple(one for group in self.groups for one in group.differences)

    @property
    def is_complete(self) -> bool:
        """Return whether both sites have answered."""
        return not self.errors


def look(asked: BothSites, groups: Iterable[Group] = ()) -> DriftReport:
    """Compare groups with what is at both sites.

    Each site is asked for its groups, and for one list of each kind of
    resource, however many groups there are.

    :param asked: the sites to ask.
    :param groups: names, ids or records; without any, all.
    :raises NotFound: a group is at no site that answers.
    :raises SiteUnreachable: neither site answers.
    """
    wanted = [_manager.id_of(group) for group in groups]
    asked.forget_lists()
    answers, errors = asked.ask(_groups)
    if not answers:
        raise _silence(errors)
    scene = Scene(asked, answers, errors)
    chosen = scene.chosen(wanted)
    asked.ahead(scene.lists(chosen))
    return DriftReport(tuple(asked.about(chosen, scene.compare)), scene.errors)


def _groups(side: SiteFacts) -> dict[str, ProtectionGroup]:
    if side.barred is not None:
        raise side.barred
    groups = {group.id: group for group in side.documented_groups()}
    _ = side.local
    return groups


def _silence(
    errors: Mapping[str, exceptions.ProtectorError],
) -> exceptions.ProtectorError:
    """Return the error where no site answers."""
    for error in errors.values():
        if not isinstance(error, NO_ANSWER):
            return error
    told = "; ".join(str(error) for error in errors.values())
    return exceptions.SiteUnreachable(f"neither site answers: {told}")


class Scene:
    """The groups of both sites, to be compared one by one.

    :param groups: of each site that answers, by the cloud's name, then by
        the groups' ids.
    :param errors: why a site does not, by the cloud's name.
    """

    def __init__(
        self,
        asked: BothSites,
        groups: Mapping[str, Mapping[str, ProtectionGroup]],
        errors: Mapping[str, exceptions.ProtectorError],
    ) -> None:
        self.asked = asked
        self.groups = groups
        self.errors = errors
        self._sides = {side.name: side for side in asked.every}
        self._sites = {self._sides[name].local.id: name for name in groups}

    def chosen(self, wanted: Sequence[str]) -> list[str]:
        """Return the ids of the groups that are asked for, by their names.

        :param wanted: names or ids; without any, all.
        :raises NotFound: no site that answers has one of them.
        """
        known: dict[str, ProtectionGroup] = {}
        for found in self.groups.values():
            for identity, group in found.items():
                known.setdefault(identity, group)
        if not wanted:
            return sorted(known, key=lambda one: (known[one].name, one))
        chosen: list[str] = []
        for name in wanted:
            ids = [
                identity
                for identity, group in known.items()
                if name in (identity, group.name)
            ]
            if not ids:
                raise exceptions.NotFound(
                    f"no protection group has the name or id '{name}'"
                )
            chosen += ids
        return list(dict.fromkeys(chosen))

    def ahead(self, identity: str) -> tuple[ProtectionGroup, SiteFacts]:
        """Return a group as the site has it that is ahead, and that site."""
        records = {
            name: found[identity]
            for name, found in self.groups.items()
            if identity in found
        }
        name = max(records, key=lambda one: rank(records[one]))
        return records[name], self._sides[name]

    def site(self, site_id: str | None) -> str:
        """Return the cloud's name; of a silent site that is the one left."""
        if site_id in self._sites:
            return self._sites[site_id]
        left = [name for name in self._sides if name not in self.groups]
        return left[0] if len(left) == 1 else str(site_id)

    def lists(self, chosen: Iterable[str]) -> list[Callable[[], object]]:
        """Return the questions for which several groups have one answer."""
        places = [self._places(self.ahead(one)[0]) for one in chosen]
        sources = {source for source, _ in places}
        targets = {target for _, target in places}
        questions: list[Callable[[], object]] = []
        for names, of in ((sources, _AT_SOURCE), (targets, _AT_TARGET)):
            for name in names & set(self.groups):
                side = self._sides[name]
                questions += [
                    functools.partial(getattr, side, what) for what in of
                ]
        return questions

    def _places(self, group: ProtectionGroup) -> tuple[str, str]:
        """Return the clouds' names of source and target of a group."""
        source = self.site(group.current_primary_site_id)
        others = [name for name in self._sides if name != source]
        return source, others[0] if len(others) == 1 else ""

    def subject(
        self,
        identity: str,
        *,
        survivor: str | None = None,
        recovery_point: datetime.datetime | None = None,
    ) -> tuple[ProtectionGroup, Subject]:
        """Return a group, to be compared.

        :param survivor: the cloud's name of the only site that is asked,
            which knows what its own record of the group holds.
        :param recovery_point: when the point was made from which a failover
            to the survivor starts.
        """
        unplanned = survivor is not None
        if survivor is not None:
            speaker = self._sides[survivor]
            group = self.groups[survivor][identity]
        else:
            group, speaker = self.ahead(identity)
        source, target = self._places(group)
        document = speaker.document(identity)
        primary = str(group.current_primary_site_id)
        forecast = Forecast(document, primary, _other(document, primary))
        there = self._open(target)
        here = None if unplanned else self._open(source)
        records = self.groups.get(source) or {}
        record = records.get(identity)

        @functools.cache
        def match() -> Resources:
            if there is None:
                raise Skip(f"{target} does not answer")
            return Resources(forecast, there)

        silent = [name for name in (source, target) if name in self.errors]
        return group, Subject(
            group=group.name,
            status=group.status,
            forecast=forecast,
            source=here,
            target=there,
            match=match,
            consistency_group=record.consistency_group_id
            if record is not None
            else None,
            protected=lambda: speaker.ask(
                "protected", lambda: neighbours.named(self._documents(speaker))
            ),
            unplanned=unplanned,
            recovery_point=recovery_point,
            unasked=f"{' and '.join(silent) or source} cannot be asked",
        )

    def _open(self, name: str) -> SiteFacts | None:
        return self._sides[name] if name in self.groups else None

    def _documents(self, speaker: SiteFacts) -> Sequence[Document]:
        groups = self.groups[speaker.name].values()
        return speaker.documents(groups)

    def compare(self, identity: str) -> GroupDrift:
        """Compare one group with what is at both sites."""
        group, subject = self.subject(identity)
        found, unknown = differences(subject, LOOKS)
        return GroupDrift(
            id=identity,
            name=group.name,
            primary=self.site(group.current_primary_site_id),
            differences=tuple(found),
            unknown=unknown,
        )


def differences(
    subject: Subject, looks: Iterable[Look]
) -> tuple[list[Difference], dict[str, str]]:
    """Compare one group, row by row.

    :returns: the differences, and why a row was not looked at, by the id
        of its check.
    """
    found: list[Difference] = []
    unknown: dict[str, str] = {}
    for one in looks:
        try:
            found += one.compare(subject)
        except Skip as skip:
            unknown[one.check] = str(skip)
        except exceptions.ProtectorError as error:
            unknown[one.check] = str(error)
    return found, unknown


def _other(document: Document, site_id: str) -> str:
    """Return the id of the other site of a group's two."""
    ids = [document.get(f"{one}_site_id") for one in ("primary", "secondary")]
    return str(next((one for one in ids if one != site_id), None))


#: What is asked of a site where groups run.
_AT_SOURCE = ("servers", "volumes", "ports")
#: What is asked of a site where groups go.
_AT_TARGET = (
    "networks",
    "subnets",
    "ports",
    "servers",
    "flavors",
    "volume_types",
    "availability_zones",
    "compute_limits",
    "volume_limits",
    "network_quota",
)
