"""What is known of one group: its operation, checks, steps and probes."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping

from protectorclient.evidence.states import CheckState, ProbeState, StepState

Moment = datetime.datetime


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
