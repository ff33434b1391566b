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
import enum
from collections.abc import Mapping

#: The version of the record, as `drill.json` has it.
FORMAT = 1

Moment = datetime.datetime


class Kind(enum.StrEnum):
    """What a report is of."""

    DRILL = "drill"
    #: A single operation.
    OPERATION = "operation"
    #: The run of a plan.
    PLAN = "plan"


class Scenario(enum.StrEnum):
    """What was rehearsed, or has happened."""

    #: A test failover in networks without a router.
    ISOLATED_TEST = "isolated_test_failover"
    #: A test failover; the primary's instances went on.
    TEST = "test_failover"
    #: A test failover with the primary's instances stopped.
    QUIESCED_TEST = "quiesced_test_failover"
    PLANNED = "planned_failover"
    UNPLANNED = "unplanned_failover"
    FAILBACK = "failback"
    TEST_CLEANUP = "test_cleanup"
    SYNC = "sync_volumes"
    OTHER = "other"


class Verdict(enum.StrEnum):
    """What a group, or the whole, amounts to."""

    PASSED = "passed"
    FAILED = "failed"
    #: Nobody who could know the outcome answered.
    NOT_KNOWN = "not_known"
    #: It was left out on purpose, and nothing was tried.
    SKIPPED = "skipped"


class Part(enum.StrEnum):
    """The part of a drill that a failure belongs to."""

    CHECK = "check"
    #: The request was refused, and nothing was begun.
    REFUSAL = "refusal"
    OPERATION = "operation"
    STEP = "step"
    PROBE = "probe"
    VERIFY = "verify"
    FIDELITY = "fidelity"
    HOOK = "hook"
    CLEAN_UP = "clean_up"
    #: The run itself: an interrupt, a limit of time.
    RUN = "run"


class CheckState(enum.StrEnum):
    """How a check has ended."""

    OK = "ok"
    WARNING = "warning"
    #: The move would fail, or would be refused.
    PROBLEM = "problem"
    #: It could not be made.
    NOT_KNOWN = "not_known"


class StepState(enum.StrEnum):
    """How a step of an operation has ended."""

    DONE = "done"
    FAILED = "failed"
    #: It had begun when the record was made, or its end is not known.
    RUNNING = "running"
    #: The operation ended before it.
    NOT_REACHED = "not_reached"


class ProbeState(enum.StrEnum):
    """How a probe has ended."""

    ANSWERS = "answers"
    FAILS = "fails"
    NOT_KNOWN = "not_known"


class Clock(enum.StrEnum):
    """By whose clock a length of time was measured."""

    #: The client's monotonic one.
    CLIENT = "client"
    #: The stamps of the service that ran the operation.
    SERVICE = "service"


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
class Operation:
    """An operation of the service that belongs to the report."""

    #: As the service names it: ``test_failover``, ``test_cleanup``, ...
    type: str
    id: str | None = None
    #: Of the request that started it; both sites' logs have it.
    request_id: str | None = None
    #: The name of the site that ran it.
    site: str | None = None
    source: str | None = None
    target: str | None = None
    status: str | None = None
    #: By the service's clock.
    started_at: Moment | None = None
    completed_at: Moment | None = None
    error_message: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Check:
    """A check that was made before the move."""

    name: str
    state: CheckState
    site: str | None = None
    message: str = ""
    #: What to do, a line each.
    advice: tuple[str, ...] = ()
    #: Whether the move was not begun because of it.
    blocks: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Step:
    """A step of an operation."""

    name: str
    state: StepState
    operation_id: str | None = None
    #: The name of the site that ran it.
    site: str | None = None
    #: None where nobody saw it begin, or end.
    began_at: Moment | None = None
    ended_at: Moment | None = None
    message: str | None = None

    @property
    def seconds(self) -> float | None:
        """Return how long it took, where both ends were seen."""
        if self.began_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.began_at).total_seconds()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Probe:
    """A question to the application of a rebuilt instance."""

    member: str
    #: As it was written: ``tcp:443``, ``console=login:``.
    probe: str
    state: ProbeState
    detail: str = ""
    #: From the command to the answer, by the client's clock.
    seconds: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verify:
    """The verdict of the user's own command on a group."""

    #: The program and its arguments.
    command: tuple[str, ...]
    passed: bool
    #: Its exit status; None where it did not end by itself.
    status: int | None = None
    #: Why it has none: it was not found, or took too long.
    error: str | None = None
    #: The end of what it wrote.
    output: str = ""
    seconds: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Difference:
    """An attribute of a rebuilt instance beside its source's."""

    member: str
    attribute: str
    #: Who shows it: ``Nova``, ``Neutron``, ``Cinder``.
    service: str
    #: ``differs``, ``differs_as_mapped`` or ``not_comparable``.
    verdict: str
    source: object = None
    target: object = None
    reason: str | None = None
    #: Whether the baseline of the group has it.
    is_accepted: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fidelity:
    """What the comparison of the rebuilt instances found."""

    #: How many attributes have each verdict, ``equal`` too.
    counts: Mapping[str, int] = dataclasses.field(default_factory=dict)
    #: All that are not equal.
    differences: tuple[Difference, ...] = ()
    #: Why nothing was compared.
    error: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Replacement:
    """What took the place of a network or flavor."""

    #: ``network`` or ``flavor``.
    kind: str
    source: str
    target: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class NotKept:
    """What a rebuilt instance did not get of its source."""

    member: str
    attribute: str
    value: object = None
    reason: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Instance:
    """A member of the group, and what was built of it."""

    member: str
    #: Ids in Nova.
    source_id: str | None = None
    target_id: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class CleanUp:
    """How what a test had built was removed."""

    #: Whether nothing of the test is there any more.
    is_clean: bool
    operation_id: str | None = None
    at: Moment | None = None
    #: What is still there, a line each.
    left: tuple[str, ...] = ()
    #: Networks that were made for the test and are removed.
    networks: tuple[str, ...] = ()
    error: str | None = None
    #: What to type to remove the rest.
    advice: tuple[str, ...] = ()


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
        """Return whether it was achieved; None where one is not known."""
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
    measured_by: Clock = Clock.CLIENT

    @property
    def achieved_seconds(self) -> float | None:
        """Return the one that says most: the answer, else what precedes."""
        for one in (
            self.answered_seconds,
            self.active_seconds,
            self.operation_seconds,
        ):
            if one is not None:
                return one
        return None


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
    #: Why nobody knows how it ended, where that is so.
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
    def test_date(self) -> datetime.date:
        """Return the day, in UTC."""
        return self.began_at.astimezone(datetime.UTC).date()
