"""The kinds, verdicts and states that a record has words for."""

from __future__ import annotations

import enum


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
