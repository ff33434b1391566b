"""The impact of an action: what it moves, and which data is lost."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.advice import actions, commands
from protectorclient.durations import stamp
from protectorclient.escape import ShellCommand, fill
from protectorclient.mapping import move_command
from protectorclient.mapping.forecast import MISSING, SEVERAL, Forecast, Match
from protectorclient.preflight.drift import kept
from protectorclient.preflight.drift.kept import MemberLosses
from protectorclient.preflight.drift.subject import Subject
from protectorclient.preflight.resources import KINDS, Resources

if TYPE_CHECKING:
    from protectorclient.pair.moves.action import PreparedAction

#: How many names are told before they are only counted.
_NAMED = 6


@dataclasses.dataclass(frozen=True)
class Impact:
    """The impact of one action; None stands for what no site answered."""

    source: str
    target: str
    unplanned: bool
    forecast: Forecast | None = None
    networks: Sequence[Match] | None = None
    flavors: Sequence[Match] | None = None
    recovery_point: datetime.datetime | None = None
    #: Seconds.
    age: float | None = None
    #: There is none at the target.
    no_recovery_point: bool = False
    #: The command that has what is not matched mapped.
    fix: ShellCommand | None = None
    #: No replication to the target has ever completed.
    never_replicated: bool = False
    #: The group is home after it, and is not replicated.
    unprotected: bool = False
    #: A test failover; the group stays where it is.
    drill: bool = False
    #: The test leaves the primary's instances running.
    retains: bool = False
    #: What the members keep; None where the metadata are not known.
    kept: MemberLosses | None = None

    @property
    def names(self) -> list[str]:
        """Return the instances that are moved or tested, as far as known."""
        if self.forecast is None:
            return []
        return [instance.name for instance in self.forecast.instances]

    @property
    def unmatched(self) -> list[str]:
        """Return what has no counterpart at the target, as the service says
        it."""
        return sorted(
            f"{what} {match.source.name}"
            for what, matches in (
                ("network", self.networks),
                ("flavor", self.flavors),
            )
            for match in matches or ()
            if match.ground in (MISSING, SEVERAL)
        )

    def lines(self, span: Callable[[float], str]) -> Iterator[str]:
        """For people.

        :param span: says a number of seconds.
        """
        forecast = self.forecast
        if forecast is None:
            yield "instances: not known"
        else:
            sizes = [int(v.get("size") or 0) for v in forecast.volumes]
            yield (
                f"instances: {listed(self.names)}; {len(sizes)} volumes,"
                f" {sum(sizes)} GiB"
            )
        yield f"recovery point: {self._point(span)}"
        yield f"networks: {_matches(self.networks)}"
        yield f"flavors: {_matches(self.flavors)}"
        if self.kept is not None:
            yield from self.kept.lines()
        if self.drill:
            yield f"instances at {self.source}: " + (
                "keep running"
                if self.retains
                else "are stopped until test-cleanup;"
                " --retain-primary leaves them running"
            )
        if self.unprotected:
            yield (
                "replication: stays stopped after it;"
                " --reverse-replication starts it"
            )

    def _point(self, span: Callable[[float], str]) -> str:
        if self.no_recovery_point and self.drill:
            return "none; the test has nothing to start from"
        if self.no_recovery_point:
            if self.unplanned or (self.never_replicated and not self.home):
                return "none; nothing can be recovered"
            return f"one is made first, {self._kept()}"
        if self.recovery_point is None or self.age is None:
            return "not known"
        when = stamp(self.recovery_point)
        told = f"{when}, {span(self.age)} old"
        if self.drill:
            return f"{told}; the test starts from it"
        if self.unplanned:
            return f"{told}; what was written since is lost"
        return f"{told}; one more is made first, {self._kept()}"

    @property
    def home(self) -> bool:
        """Return whether the group goes back, for which nothing has to be
        there."""
        return self.forecast is not None and self.forecast.is_failback

    def _kept(self) -> str:
        """Return whether a planned move loses data.

        A forced failover left instances behind, with writes of their own.
        """
        if self.forecast is None or not self.forecast.stale:
            return "so no data is lost"
        return (
            f"so no data of {self.source} is lost; what {self.target} wrote"
            " and never replicated goes, and a snapshot of it stays there"
        )


def listed(names: Sequence[str]) -> str:
    """Names in a sentence; of many the first, and how many more."""
    if not names:
        return "none"
    if len(names) > _NAMED:
        shown = ", ".join(names[:_NAMED])
        return f"{shown} and {len(names) - _NAMED} more"
    return ", ".join(names)


def _matches(matches: Sequence[Match] | None) -> str:
    if matches is None:
        return "not known"
    return "; ".join(map(str, matches)) or "none"


def of(prepared: PreparedAction) -> Impact:
    """Find the impact of an action; what no site answers stays open."""
    located = prepared.located
    facts = located.facts(prepared.site)
    found: dict[str, Any] = {}
    with contextlib.suppress(exceptions.ProtectorError):
        document = facts.document(located.group.id)
        found["forecast"] = forecast = Forecast(
            document,
            located.site_ids[located.current.name],
            located.site_ids[located.other.name],
        )
        resources = _resources(prepared, forecast)
        found.update(_matches_of(prepared, resources))
    with contextlib.suppress(exceptions.ProtectorError):
        found.update(_point_of(prepared))
    if "forecast" in found:
        point = found.get("recovery_point")
        subject = _subject(prepared, forecast, resources, point)
        found["kept"] = kept.find(
            subject, located.other.name, prepared.options
        )
    return Impact(
        source=located.current.name,
        target=located.other.name,
        unplanned=bool(prepared.options.get("force")),
        unprotected=prepared.action == "failback"
        and not prepared.options.get("reverse_replication"),
        drill=prepared.action == "test_failover",
        retains=bool(prepared.options.get("retain_primary")),
        **found,
    )


def _subject(
    prepared: PreparedAction,
    forecast: Forecast,
    resources: Resources,
    point: datetime.datetime | None,
) -> Subject:
    """Return the group, to be compared with what is at both sites."""
    located = prepared.located
    unplanned = bool(prepared.options.get("force"))
    source = located.facts(located.current)
    target = located.facts(located.other)
    return Subject(
        group=located.group.name,
        status=located.group.status,
        forecast=forecast,
        # what a dead site has cannot be asked
        source=None if unplanned or source.barred else source,
        target=None if target.barred else target,
        match=lambda: resources,
        unplanned=unplanned,
        drill=prepared.action == "test_failover",
        recovery_point=point,
        alone=True,
    )


def _resources(prepared: PreparedAction, forecast: Forecast) -> Resources:
    given = {"network": prepared.networks, "flavor": prepared.flavors}
    located = prepared.located
    return Resources(
        forecast,
        located.facts(located.other),
        lambda kind: mapped.ids() if (mapped := given[kind]) else {},
        isolated=bool(prepared.options.get("isolated")),
    )


def _matches_of(
    prepared: PreparedAction, resources: Resources
) -> Mapping[str, Any]:
    try:
        found: dict[str, Any] = {
            "networks": resources.networks,
            "flavors": resources.flavors,
        }
        if any(resources.unmatched(kind) for kind in KINDS):
            found["fix"] = _fix(prepared, resources)
    except exceptions.ProtectorError:
        return {}
    return found


def _fix(prepared: PreparedAction, resources: Resources) -> ShellCommand:
    """Make the command that has what is unmatched mapped."""
    name = prepared.group.name
    mapped = [resources.options(kind, resources.of(kind)) for kind in KINDS]
    if None in mapped:
        return fill(commands.SUGGEST, group=name)
    purpose = actions.PLANNED[prepared.action]
    if prepared.options.get("force"):
        purpose = "unplanned"
    flags = [
        "--" + option.replace("_", "-")
        for option in ("retain_primary", "reverse_replication")
        if prepared.options.get(option)
    ]
    return move_command.move(purpose, name, mapped, more=flags)


def _point_of(prepared: PreparedAction) -> Mapping[str, Any]:
    located = prepared.located
    facts = located.facts(prepared.site)
    target = located.site_ids[located.other.name]
    points = facts.storage(prepared.group.id)
    point = points.latest_at(target)
    if point is None and "recovery_points" not in points.to_dict():
        # a service that does not list them may have one
        return {}
    if point is None:
        never = not points.complete_at(target)
        return {"no_recovery_point": True, "never_replicated": never}
    if point.created_at is None:
        return {}
    age = (facts.client.http.server_time() - point.created_at).total_seconds()
    return {"recovery_point": point.created_at, "age": max(0.0, age)}
