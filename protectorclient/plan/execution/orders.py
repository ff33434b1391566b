"""Orders to a runner: approve a gate, skip a group, retry one.

An order is a line in ``JOURNAL.orders``. The runner reads new lines at each
look; without a runner, the next resume does.
"""

from __future__ import annotations

import dataclasses
import datetime
import fcntl
import json
import os
import pathlib
from collections.abc import Iterator
from typing import Any

from protectorclient import exceptions
from protectorclient.durations import stamp
from protectorclient.plan.execution import journal
from protectorclient.plan.execution.state import (
    GroupState,
    GroupStatus,
    RunState,
)
from protectorclient.plan.file import load
from protectorclient.plan.file.problem import PlanProblem

#: The orders that there are.
VERBS = ("approve", "skip", "retry")


@dataclasses.dataclass(frozen=True)
class Order:
    """One order."""

    verb: str
    #: The wave of a gate, or the id of a group.
    subject: str
    #: The attempt that is to be repeated; 0 where there is none.
    attempt: int
    reason: str
    by: str
    at: str

    @property
    def key(self) -> tuple[str, str, int]:
        """Return what two orders for the same thing share."""
        return self.verb, self.subject, self.attempt

    def to_dict(self) -> dict[str, Any]:
        """As data."""
        return dataclasses.asdict(self)


_FIELDS = [
    (one, int if one.name == "attempt" else str)
    for one in dataclasses.fields(Order)
]


def path_of(journal_path: pathlib.Path) -> pathlib.Path:
    """Return the file of the orders to a journal's runner."""
    return journal_path.with_name(f"{journal_path.name}.orders")


def read(journal_path: pathlib.Path) -> Iterator[Order]:
    """Read the orders, oldest first; skip a line that was cut."""
    try:
        with load.open_own(path_of(journal_path)) as stream:
            data = stream.read()
    except FileNotFoundError:
        return
    except OSError as error:
        raise PlanProblem(
            f"cannot read {path_of(journal_path)}: {error.strerror}"
        ) from error
    for line in data.split(b"\n"):
        try:
            order = Order(**json.loads(line))
        except (ValueError, TypeError, RecursionError):
            continue
        if all(
            isinstance(getattr(order, one.name), kind) for one, kind in _FIELDS
        ):
            yield order


def give(
    journal_path: pathlib.Path,
    verb: str,
    subject: str,
    *,
    reason: str,
    attempt: int = 0,
) -> tuple[Order, bool]:
    """Add an order, once.

    :param attempt: the attempt that is to be repeated.
    :returns: the order, and whether it is new; where somebody has given the
        same one before, it is theirs.
    :raises PlanProblem: it cannot be written.
    """
    now = datetime.datetime.now(datetime.UTC)
    order = Order(
        verb,
        subject,
        attempt,
        reason,
        journal.who(),
        stamp(now),
    )
    path = path_of(journal_path)
    try:
        handle = os.open(
            path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            for earlier in read(journal_path):
                if earlier.key == order.key:
                    return earlier, False
            line = json.dumps(order.to_dict(), ensure_ascii=False) + "\n"
            size = os.fstat(handle).st_size
            if size and os.pread(handle, 1, size - 1) != b"\n":
                line = "\n" + line
            os.write(handle, line.encode("utf-8", "backslashreplace"))
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise PlanProblem(f"cannot write {path}: {error.strerror}") from error
    return order, True


@dataclasses.dataclass(frozen=True)
class Subject:
    """What an order is about."""

    #: The wave of a gate, or the id of a group.
    id: str
    #: The attempt that it is for.
    attempt: int = 0
    #: Where there is nothing left to order: who was first, a sentence.
    done: str | None = None


def subject(run: RunState, verb: str, group: str | None) -> Subject:
    """Find what an order is about, and the attempt that it is for.

    :param group: name or id, of an order for a group.
    :raises PlanProblem: the run has no such group.
    :raises GuardRefused: it cannot be ordered now.
    """
    if verb == "approve":
        return _open_gate(run)
    found = [one for one in run.groups.values() if group in (one.id, one.name)]
    if not found:
        raise PlanProblem(f"the run has no group '{group}'")
    one = found[0]
    if verb == "retry" and run.drill is not None:
        raise exceptions.GuardRefused(
            "a drill is not repeated for one group: its tests are removed;"
            " drill the group anew"
        )
    if verb == "retry":
        return _retried(run, one)
    if one.status is GroupStatus.SKIPPED:
        return Subject(
            one.id, one.attempt, f"group {one.name} is skipped: {one.why}"
        )
    if one.status.is_under_way or one.status is GroupStatus.DONE:
        raise exceptions.GuardRefused(
            f"group {one.name} is {one.status}; it cannot be skipped"
        )
    return Subject(one.id, one.attempt)


def _retried(run: RunState, one: GroupState) -> Subject:
    if one.status.can_be_retried:
        return Subject(one.id, one.attempt)
    if ("retry", one.id, one.attempt - 1) in run.orders_done:
        # somebody was faster, and the runner has begun already
        return Subject(one.id, one.attempt - 1)
    raise exceptions.GuardRefused(
        f"group {one.name} is {one.status}; only one that failed or was"
        " skipped can be moved again"
    )


def _open_gate(run: RunState) -> Subject:
    for wave in run.waves.values():
        if wave.back_gate is not None and wave.back_gate not in ("yes", "no"):
            return Subject(wave.name, 1)
        if wave.gate_opened_at is not None and wave.gate is None:
            return Subject(wave.name)
    for wave in run.waves.values():
        if ("approve", wave.name, 1) in run.orders_done:
            # the second order for a rollback is told who was first
            return Subject(wave.name, 1)
    answered = [one for one in run.waves.values() if one.gate is not None]
    if not answered:
        raise exceptions.GuardRefused("the run waits at no gate")
    last = max(answered, key=lambda one: one.gate_answered_at or "")
    if last.gate == "yes":
        return Subject(
            last.name,
            done=f"{last.gate_by} has approved the gate of wave"
            f" '{last.name}' at {(last.gate_answered_at or '')[:19]}Z; the run"
            " waits at no gate",
        )
    # the next resume takes it for the answer
    return Subject(last.name)
