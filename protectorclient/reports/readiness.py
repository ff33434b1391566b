"""What would come back at the other site if one site died now."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from protectorclient import exceptions
from protectorclient.pair.both_sites import BothSites
from protectorclient.pair.site_facts import SiteFacts
from protectorclient.preflight import failover_ready
from protectorclient.preflight.drift import addresses, losses, power
from protectorclient.preflight.drift.subject import Subject
from protectorclient.preflight.findings import Skip
from protectorclient.preflight.resources import KINDS
from protectorclient.records.operation import Operation
from protectorclient.records.protection_group import Group, ProtectionGroup
from protectorclient.reports import drift, overview_answer, own_history
from protectorclient.reports.readiness_row import (
    GroupReadiness as GroupReadiness,
)
from protectorclient.reports.readiness_row import Readiness as Readiness
from protectorclient.reports.readiness_row import Verdict as Verdict
from protectorclient.reports.room import Room
from protectorclient.v1 import _manager

#: In the order of a failover: the worst last.
_RANK = {
    Verdict.COMES: 0,
    Verdict.PARTLY: 1,
    Verdict.UNKNOWN: 2,
    Verdict.BLOCKED: 3,
    Verdict.RUNS_ON: 4,
}


def look(
    asked: BothSites, if_dead: str, groups: Iterable[Group] = ()
) -> Readiness:
    """Find what would come back at one site if the other one died now.

    The questions are those of `overview.look`, and of the survivor one list
    for each kind of resource, however many groups there are.

    :param asked: the sites to ask.
    :param if_dead: the site that dies, by its cloud's name or its own.
    :param groups: names, ids or records; without any, all.
    :raises BadArgument: it is neither of the two sites.
    :raises NotFound: a group is at no site that answers.
    :raises SiteUnreachable: the survivor does not answer.
    """
    asked.forget_lists()
    told, errors = asked.ask(overview_answer.ask)
    answers = {}
    for name, partial in told.items():
        try:
            answers[name] = partial.answer(asked.grace)
        except exceptions.ProtectorError as error:
            errors[name] = error
    dead = _named(asked, if_dead)
    survivor = next(one.name for one in asked.every if one.name != dead)
    if survivor in errors:
        raise errors[survivor]
    held = {name: answer.groups for name, answer in answers.items()}
    scene = drift.Scene(asked, held, errors)
    chosen = scene.chosen([_manager.id_of(group) for group in groups])
    side = asked.facts(survivor)
    asked.ahead(_questions(side))
    board = _Board(scene, answers, dead, side)
    return board.made(chosen, errors.get(dead))


#: What is asked of the survivor, beside the questions of ``status``.
_LISTS = (
    "networks",
    "subnets",
    "ports",
    "flavors",
    "volume_types",
    "availability_zones",
    "compute_limits",
    "volume_limits",
    "network_quota",
)


def _questions(side: SiteFacts) -> list[Any]:
    return [lambda what=what: getattr(side, what) for what in _LISTS]


def _named(asked: BothSites, wanted: str) -> str:
    """Return the cloud's name of a site, which may be its own name."""
    names = [side.name for side in asked.every]
    if wanted in names:
        return wanted
    for side in asked.every:
        if side.barred is None:
            local = side.local
            if wanted in (local.name, local.id):
                return side.name
            others = [one for one in side.sites.values() if one is not local]
            if wanted in {
                word for one in others for word in (one.name, one.id)
            }:
                return next(name for name in names if name != side.name)
    raise exceptions.BadArgument(
        f"'{wanted}' is neither of the two sites; they are"
        f" {' and '.join(names)}"
    )


class _Board:
    """The answers of both sites, to be read group by group."""

    def __init__(
        self,
        scene: drift.Scene,
        answers: Mapping[str, overview_answer.Answer],
        dead: str,
        side: SiteFacts,
    ) -> None:
        self._scene = scene
        self._answers = answers
        self._dead = dead
        self._side = side
        self._here = answers[side.name]
        oldest = datetime.datetime.min.replace(tzinfo=datetime.UTC)
        every = {
            one.id: one
            for answer in answers.values()
            for one in answer.operations
        }
        #: Newest first.
        self._operations: list[Operation] = sorted(
            every.values(),
            key=lambda one: one.started_at or oldest,
            reverse=True,
        )
        self._now = side.client.http.server_time()
        self._locked = list(failover_ready.cinder(side))

    def made(
        self, chosen: list[str], error: exceptions.ProtectorError | None
    ) -> Readiness:
        """Judge the groups alone, order them, and put them one by one into
        the room that there is."""
        judged = [self._group(one) for one in chosen]
        ordered = sorted(judged, key=lambda pair: _order(pair[0]))
        room = Room(self._side)
        available = dict(room.left)
        found, place = [], 0
        for row, subject in ordered:
            if row.verdict is not Verdict.RUNS_ON:
                place += 1
                row = dataclasses.replace(row, order=place)
            if subject is not None and row.verdict in _ROOMY:
                row = _fitted(row, subject, room)
            found.append(row)
        return Readiness(
            dead=self._dead,
            survivor=self._side.name,
            groups=tuple(found),
            needed=dict(room.needed),
            available=available,
            error=error,
        )

    def _group(self, identity: str) -> tuple[GroupReadiness, Subject | None]:
        ahead, _ = self._scene.ahead(identity)
        primary = self._scene.site(ahead.current_primary_site_id)
        row = GroupReadiness(
            id=identity,
            name=ahead.name,
            primary=primary,
            verdict=Verdict.COMES,
        )
        if primary != self._dead:
            return dataclasses.replace(row, verdict=Verdict.RUNS_ON), None
        own = self._here.groups.get(identity)
        if own is None:
            why = f"{self._side.name} does not know the group"
            return _blocked(row, why), None
        return self._judged(row, own)

    def _judged(
        self, row: GroupReadiness, own: ProtectionGroup
    ) -> tuple[GroupReadiness, Subject | None]:
        """Judge a group by what the survivor knows of it."""
        lag = self._lag(own)
        point = None
        if lag is not None:
            point = self._now - datetime.timedelta(seconds=lag)
        try:
            _, subject = self._scene.subject(
                row.id, survivor=self._side.name, recovery_point=point
            )
        except exceptions.ProtectorError as error:
            return _unknown(row, str(error)), None
        row = dataclasses.replace(
            row,
            recovery_point=point,
            loss=lag,
            duration=own_history.band(self._operations, row.id),
            members=len(subject.forecast.instances),
            stopped=tuple(one.member for one in power.as_kept(subject)),
        )
        reasons = [*self._refused(own, subject), *self._fails(lag, subject)]
        if reasons:
            return _blocked(row, *reasons), subject
        try:
            row = dataclasses.replace(
                row,
                losses=tuple(losses.find(subject)),
                addresses=tuple(
                    one for one in addresses.forecast(subject) if not one.kept
                ),
            )
        except (exceptions.ProtectorError, Skip) as error:
            return _unknown(row, str(error)), subject
        missing = self._not_sent(row.id, subject)
        if missing:
            return _partly(row, *missing), subject
        return row, subject

    def _lag(self, own: ProtectionGroup) -> float | None:
        """Return the age of the newest recovery point at the survivor."""
        health = self._here.health.get(own.id)
        if health is not None:
            return health.replication_lag_seconds
        if self._here.unhealthy is None or own.last_replication_at is None:
            return None
        age = self._now - own.last_replication_at
        return max(0.0, age.total_seconds())

    def _refused(
        self, own: ProtectionGroup, subject: Subject
    ) -> Iterator[str]:
        """Say what the survivor would refuse an unplanned failover for."""
        document = subject.forecast.document
        site_id = self._side.local.id
        running = document.get("operation") or {}
        if own.current_primary_site_id == site_id:
            yield f"{self._side.name} takes itself for the primary"
        mine = [
            one.id
            for one in self._here.operations
            if one.protection_group_id == own.id and not one.is_finished
        ]
        if mine:
            yield f"operation {mine[0]} is not finished at {self._side.name}"
        elif own.status in _MOVING and (
            not running or running.get("site_id") == site_id
        ):
            yield f"the group is {own.status}"
        if not document.get("policy"):
            yield "there is no replication policy"
        try:
            resources = subject.match()
            for kind in KINDS:
                lost = [one.source.name for one in resources.unmatched(kind)]
                if lost:
                    yield (
                        f"no {kind} at {self._side.name} matches"
                        f" {', '.join(lost)}: map it with --{kind}-mapping"
                    )
        except exceptions.ProtectorError as error:
            yield str(error)

    def _fails(self, lag: float | None, subject: Subject) -> Iterator[str]:
        """Say at what an unplanned failover would fail."""
        if lag is None:
            yield f"{self._side.name} has no recovery point"
        if not subject.forecast.instances:
            yield "the group has no members"
        array = self._side.local.array_name
        health = self._here.health.get(str(subject.forecast.document["id"]))
        for reason in health.reasons if health is not None else ():
            if array is not None and reason.startswith(f"FlashArray {array} "):
                yield reason
        yield from self._locked

    def _not_sent(self, identity: str, subject: Subject) -> list[str]:
        """Name the members that only the site knows that dies."""
        answer = self._answers.get(self._dead)
        if answer is None or identity not in answer.groups:
            return []
        there = self._scene.asked.facts(self._dead)
        try:
            document = there.document(identity)
        except exceptions.ProtectorError:
            return []
        known = {
            one.get("id")
            for one in subject.forecast.document.get("members") or ()
        }
        count = sum(
            one.get("id") not in known for one in document.get("members") or ()
        )
        if not count:
            return []
        noun = "member" if count == 1 else "members"
        return [f"{self._side.name} does not know {count} {noun} of it"]


_MOVING = ("failing_over", "failing_back")
#: The verdicts of groups that would take room.
_ROOMY = (Verdict.COMES, Verdict.PARTLY)


def _blocked(row: GroupReadiness, *reasons: str) -> GroupReadiness:
    return dataclasses.replace(row, verdict=Verdict.BLOCKED, reasons=reasons)


def _unknown(row: GroupReadiness, *reasons: str) -> GroupReadiness:
    return dataclasses.replace(row, verdict=Verdict.UNKNOWN, reasons=reasons)


def _partly(row: GroupReadiness, *reasons: str) -> GroupReadiness:
    return dataclasses.replace(
        row,
        verdict=Verdict.PARTLY,
        reasons=(*row.reasons, *reasons),
    )


def _fitted(
    row: GroupReadiness, subject: Subject, room: Room
) -> GroupReadiness:
    """Put a group into the room that those before it have left."""
    fit = room.put(subject)
    if not fit.short:
        return row
    why = f"the quota of {' and '.join(fit.short)} is too small"
    if row.order is not None and row.order > 1:
        why += f" after the {row.order - 1} before it"
    if not fit.volumes_fit or not fit.fitting:
        return _blocked(row, why)
    return _partly(row, f"{why}: {fit.fitting} of {fit.members} members come")


def _order(row: GroupReadiness) -> tuple[int, float, float, str]:
    """Sort what comes whole first, then what takes the shortest.

    All groups wait for those before them: with the shortest first, they
    wait least together.
    """
    unknown = float("inf")
    length = row.duration.middle if row.duration else float(row.members)
    loss = unknown if row.loss is None else row.loss
    return _RANK[row.verdict], length, loss, row.name
