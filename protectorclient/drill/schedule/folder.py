"""The journals of the drills that a timer has begun, in a folder."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import fcntl
import os
import pathlib
import re
from collections.abc import Iterator

from protectorclient.plan.execution import fold, orders
from protectorclient.plan.execution import journal as journals
from protectorclient.plan.execution.state import RunState
from protectorclient.plan.file.problem import PlanProblem

_FORM = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(
    r"(?P<at>\d{8}T\d{6}Z)-(?P<group>.+)-(?P<run>[0-9a-f]{12})\.jsonl"
)
#: So many journals of a group are kept.
KEPT = 5


@dataclasses.dataclass(frozen=True)
class Entry:
    """A journal in the folder."""

    path: pathlib.Path
    at: datetime.datetime
    group_id: str
    run_id: str


class JournalFolder:
    """The journals of the drills of a timer.

    :param path: the folder; it is made where it is not there.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path

    @contextlib.contextmanager
    def locked(self) -> Iterator[bool]:
        """Hold the folder; whether nobody else on this machine has it.

        :raises PlanProblem: it cannot be written.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(
                self.path / "lock",
                os.O_RDWR | os.O_CREAT | os.O_CLOEXEC,
                0o600,
            )
        except OSError as error:
            raise PlanProblem(
                f"cannot write the folder {self.path}: {error.strerror}"
            ) from error
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
                return
            yield True
        finally:
            os.close(lock)

    def new(
        self, group_id: str, run_id: str, now: datetime.datetime
    ) -> pathlib.Path:
        """Return the path of a new journal."""
        stamp = now.astimezone(datetime.UTC).strftime(_FORM)
        return self.path / f"{stamp}-{group_id}-{run_id}.jsonl"

    def entries(self) -> list[Entry]:
        """Return the journals, the newest first."""
        found = []
        with contextlib.suppress(FileNotFoundError):
            for path in self.path.iterdir():
                named = _NAME.fullmatch(path.name)
                if named is None:
                    continue
                at = datetime.datetime.strptime(named["at"], _FORM)
                found.append(
                    Entry(
                        path,
                        at.replace(tzinfo=datetime.UTC),
                        named["group"],
                        named["run"],
                    )
                )
        return sorted(found, key=lambda one: one.at, reverse=True)

    def unfinished(self) -> Iterator[tuple[Entry, RunState]]:
        """Yield the drills that were cut, and have something to remove."""
        for one in self.entries():
            try:
                state = fold.read(one.path)
            except PlanProblem:
                # it was cut before its first line was whole
                continue
            if state.ended_at is None or any(
                group.drill.result == "failed"
                for group in state.groups.values()
            ):
                yield one, state

    def prune(self) -> None:
        """Delete old journals: of each group the newest are kept."""
        count: dict[str, int] = {}
        for one in self.entries():
            count[one.group_id] = count.get(one.group_id, 0) + 1
            if count[one.group_id] <= KEPT:
                continue
            for path in (
                one.path,
                journals.lock_path(one.path),
                orders.path_of(one.path),
            ):
                with contextlib.suppress(OSError):
                    path.unlink()
