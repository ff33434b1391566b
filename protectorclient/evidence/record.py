"""The record of a drill, of a move or of a plan: what its report shows.

Who runs or reads a drill fills this record, and `protectorclient.evidence`
writes it. It holds facts; whether they make a drill pass is decided in one
place, `protectorclient.evidence.judge`.

All times are in UTC. What the client measures, it measures by its monotonic
clock, and adds it to the moment at which it began; a moment that a service
has noted is by that service's clock.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping

from protectorclient.evidence.facts import Check as Check
from protectorclient.evidence.facts import CleanUp as CleanUp
from protectorclient.evidence.facts import Difference as Difference
from protectorclient.evidence.facts import Fidelity as Fidelity
from protectorclient.evidence.facts import Instance as Instance
from protectorclient.evidence.facts import Moment as Moment
from protectorclient.evidence.facts import NotKept as NotKept
from protectorclient.evidence.facts import Operation as Operation
from protectorclient.evidence.facts import Probe as Probe
from protectorclient.evidence.facts import Replacement as Replacement
from protectorclient.evidence.facts import Step as Step
from protectorclient.evidence.facts import Verify as Verify
from protectorclient.evidence.states import CheckState as CheckState
from protectorclient.evidence.states import Clock as Clock
from protectorclient.evidence.states import Kind as Kind
from protectorclient.evidence.states import Part as Part
from protectorclient.evidence.states import ProbeState as ProbeState
from protectorclient.evidence.states import Scenario as Scenario
from protectorclient.evidence.states import StepState as StepState
from protectorclient.evidence.states import Verdict as Verdict

#: The version of the record, as `drill.json` has it.
FORMAT = 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class Site:
    """One of the two sites."""

    #: The name of its cloud here.
    name: str
    id: str | None = None
    region: str | None = None
    #: The version of the service's API that was used.
    api_version: str | None = None
    #: Why it did not answer; None where it did.
    error: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Failure:
    """Something for which a group, or the whole, did not pass."""

    part: Part
    #: What failed: the name of a check, a step, a probe, an attribute.
    subject: str
    message: str
    #: What to do, a line each: sentences, and commands to type.
    advice: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Gap:
    """Something that the drill has not shown, or an objective missed."""

    message: str
    #: The name of a group; None for the whole.
    group: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Objective:
    """A length of time that was aimed at, and the one achieved."""

    objective_seconds: float | None = None
    achieved_seconds: float | None = None

    @property
    def is_met(self) -> bool | None:
        """Return whether it was achieved, where both are known."""
        if self.objective_seconds is None or self.achieved_seconds is None:
            return None
        return self.achieved_seconds <= self.objective_seconds


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecoveryTime:
    """How long a group took to be back, from the command on.

    Each is None where it was not seen or not asked for.
    """

    #: What was aimed at, where anybody has said it.
    objective_seconds: float | None = None
    #: Until the operation had ended.
    operation_seconds: float | None = None
    #: Until the last instance was ``ACTIVE``.
    active_seconds: float | None = None
    #: Until the application answered the last probe.
    answered_seconds: float | None = None
    #: Whether every probe was answered; None where none was made.
    all_answer: bool | None = None
    measured_by: Clock = Clock.CLIENT

    @property
    def achieved_seconds(self) -> float | None:
        """Return the one that says most: the answer, else what precedes.

        A group whose application was asked and does not answer is not back.
        """
        if self.all_answer is False:
            return None
        for one in (
            self.answered_seconds,
            self.active_seconds,
            self.operation_seconds,
        ):
            if one is not None:
                return one
        return None

    @property
    def is_met(self) -> bool | None:
        """Return whether the objective was achieved, where both are known."""
        return Objective(
            objective_seconds=self.objective_seconds,
            achieved_seconds=self.achieved_seconds,
        ).is_met


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecoveryPoint:
    """How old the data were from which a group was rebuilt."""

    id: str | None = None
    #: By the service's clock.
    created_at: Moment | None = None
    #: Its age when the operation started, by the same clock.
    age_seconds: float | None = None
    #: ``rpo_minutes`` of the group's policy, in seconds.
    objective_seconds: float | None = None

    @property
    def achieved_seconds(self) -> float | None:
        """Return the age, under the name that an objective has for it."""
        return self.age_seconds

    @property
    def is_met(self) -> bool | None:
        """Return whether the objective was achieved, where both are known."""
        return Objective(
            objective_seconds=self.objective_seconds,
            achieved_seconds=self.achieved_seconds,
        ).is_met


@dataclasses.dataclass(frozen=True, kw_only=True)
class Group:
    """What happened to one protection group."""

    name: str
    id: str
    #: The names of the sites that it went from, and to.
    source: str | None = None
    target: str | None = None
    #: The wave of its plan.
    wave: str | None = None
    #: When the command for it began and was over, by the client's clock.
    began_at: Moment | None = None
    ended_at: Moment | None = None
    operations: tuple[Operation, ...] = ()
    instances: tuple[Instance, ...] = ()
    checks: tuple[Check, ...] = ()
    #: In order, of all operations.
    steps: tuple[Step, ...] = ()
    probes: tuple[Probe, ...] = ()
    verify: tuple[Verify, ...] = ()
    #: None where nothing was to be compared.
    fidelity: Fidelity | None = None
    mapped: tuple[Replacement, ...] = ()
    not_kept: tuple[NotKept, ...] = ()
    rto: RecoveryTime = RecoveryTime()
    rpo: RecoveryPoint = RecoveryPoint()
    #: None for a move that needs none.
    clean_up: CleanUp | None = None
    #: What failed and no other field shows; the judge adds the rest.
    failures: tuple[Failure, ...] = ()
    #: Why it was left out, where it was.
    skipped: str | None = None
    #: Why its end is not known; None where it is.
    not_known: str | None = None

    @property
    def verdict(self) -> Verdict:
        """Return what its failures amount to; see `evidence.judge`."""
        if self.failures:
            return Verdict.FAILED
        if self.not_known is not None:
            return Verdict.NOT_KNOWN
        if self.skipped is not None:
            return Verdict.SKIPPED
        return Verdict.PASSED


#: What an attestation says.
RESULTS = ("pass", "fail")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Attestation:
    """What a person says of the drill."""

    #: ``pass`` or ``fail``.
    result: str
    by: str
    at: Moment
    note: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """The plan that was run."""

    name: str
    run_id: str | None = None
    #: The path of the journal, as it was typed.
    journal: str | None = None
    #: SHA-256 of the plan and of its mapping files, by name.
    hashes: Mapping[str, str] = dataclasses.field(default_factory=dict)
    #: In order.
    waves: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Decision:
    """What a person, or a limit of time, has decided while a plan ran."""

    at: Moment
    #: ``gate approved``, ``rollback not approved``, ``skip``, ``resumed``...
    what: str
    #: The name of a wave or a group.
    subject: str | None = None
    by: str | None = None
    reason: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Record:
    """A drill, a move or the run of a plan, whole."""

    kind: Kind
    #: Of the run of the drill or the plan, or of the operation.
    id: str
    #: The name of the group or plan.
    name: str
    scenario_type: Scenario
    began_at: Moment
    #: None while it runs.
    ended_at: Moment | None = None
    groups: tuple[Group, ...] = ()
    plan: Plan | None = None
    #: In order.
    decisions: tuple[Decision, ...] = ()
    #: What was aimed at for the whole, where anybody has said it.
    rto_objective_seconds: float | None = None
    sites: tuple[Site, ...] = ()
    #: Who ran it: user and machine.
    operator: str | None = None
    #: Why, as ``--reason`` has it.
    reason: str | None = None
    #: Of this tool and what it stands on, by name.
    versions: Mapping[str, str] = dataclasses.field(default_factory=dict)
    #: By how much the clocks of the two sites differ.
    clock_skew_seconds: float | None = None
    #: What failed for the whole, and no group shows.
    failures: tuple[Failure, ...] = ()
    #: What was not shown; the judge adds the rest.
    gaps: tuple[Gap, ...] = ()
    attestation: Attestation | None = None
    #: Whether values of attributes were left out.
    without_values: bool = False

    @property
    def verdict(self) -> Verdict:
        """Return what the groups amount to; see `evidence.judge`."""
        found = {one.verdict for one in self.groups}
        if self.failures or Verdict.FAILED in found:
            return Verdict.FAILED
        if Verdict.PASSED not in found or Verdict.NOT_KNOWN in found:
            return Verdict.NOT_KNOWN
        return Verdict.PASSED

    @property
    def rto(self) -> Objective:
        """Return the recovery time of the whole.

        It ends with the last group; a group that did not come back leaves
        it unknown.
        """
        moved = [one for one in self.groups if one.skipped is None]
        ends = []
        for one in moved:
            took = one.rto.achieved_seconds
            if took is None:
                return Objective(objective_seconds=self.rto_objective_seconds)
            began = one.began_at or self.began_at
            ends.append((began - self.began_at).total_seconds() + took)
        return Objective(
            objective_seconds=self.rto_objective_seconds,
            achieved_seconds=round(max(ends), 3) if ends else None,
        )

    @property
    def rpo(self) -> Objective:
        """Return the recovery point of the group that is worst off.

        That is the one farthest above its own target; without targets, the
        one whose recovery point is oldest.
        """
        known = [
            Objective(
                objective_seconds=one.rpo.objective_seconds,
                achieved_seconds=one.rpo.age_seconds,
            )
            for one in self.groups
            if one.rpo.age_seconds is not None
        ]
        return max(known, key=_excess, default=Objective())

    @property
    def test_date(self) -> datetime.date:
        """Return the day, in UTC."""
        return self.began_at.astimezone(datetime.UTC).date()


def _excess(one: Objective) -> tuple[bool, float]:
    age, target = one.achieved_seconds or 0.0, one.objective_seconds
    return (target is not None, age - target if target is not None else age)
