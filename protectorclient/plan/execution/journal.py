"""The journal of a run: each act is on disk before it is done.

A journal is lines of JSON that are only ever added. Its first line holds
the plan, so that a copy of the journal is all that a colleague needs.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import fcntl
import functools
import json
import os
import pathlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self

from protectorclient import exceptions
from protectorclient.plan.file import load, model
from protectorclient.plan.file.problem import PlanProblem
from protectorclient.user_paths import who as who

#: The version of the journal's lines.
FORMAT = 1
#: How often a lock is tried before another runner has it.
_LOCK_TRIALS = 5

Entry = dict[str, Any]
Now = Callable[[], datetime.datetime]


def utc_now() -> datetime.datetime:
    """Return the time."""
    return datetime.datetime.now(datetime.UTC)


class JournalNotWritten(exceptions.ProtectorError):
    """The journal cannot be written: nothing is begun any more."""


class Journal:
    """A journal that this process adds to; it holds the lock meanwhile.

    :param path: the file.
    :param now: returns the time of a line.
    """

    def __init__(
        self,
        path: pathlib.Path,
        *,
        now: Now = utc_now,
    ) -> None:
        self.path = path
        #: Returns the time, as lines have it.
        self.now = now
        #: Who writes.
        self.by = who()
        self._file: int | None = None
        self._lock: int | None = None
        self._number = 0

    @classmethod
    def create(cls, path: pathlib.Path, **more: Any) -> Self:
        """Make a new journal, and take its lock.

        :raises PlanProblem: the file is there already, or cannot be made.
        """
        journal = cls(path, **more)
        try:
            journal._take_lock()
            journal._file = os.open(
                path,
                os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND,
                0o600,
            )
            _sync_folder(path)
        except FileExistsError as error:
            journal.close()
            raise PlanProblem(
                f"the journal {path} is there already; resume it, or name"
                " another one"
            ) from error
        except OSError as error:
            journal.close()
            raise PlanProblem(
                f"cannot write the journal {path}: {error.strerror}; nothing"
                " was begun"
            ) from error
        return journal

    @classmethod
    def reopen(cls, path: pathlib.Path, **more: Any) -> Self:
        """Take the lock of a journal, to go on with it.

        :raises PlanProblem: it cannot be opened.
        :raises GuardRefused: another runner on this machine has it.
        """
        journal = cls(path, **more)
        try:
            journal._take_lock()
            journal._file = os.open(path, os.O_RDWR | os.O_APPEND)
            journal._number = sum(1 for _ in read(path))
            journal._end_cut_line()
        except OSError as error:
            journal.close()
            raise PlanProblem(
                f"cannot write the journal {path}: {error.strerror}; copy it,"
                " and resume the copy"
            ) from error
        except BaseException:
            journal.close()
            raise
        return journal

    def add(self, event: str, **fields: Any) -> Entry:
        """Add a line, and return when it is on disk.

        :returns: the line.
        :raises JournalNotWritten: it is not on disk.
        """
        entry = {
            "n": self._number + 1,
            "at": self.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "event": event,
            **fields,
        }
        text = json.dumps(entry, ensure_ascii=False, default=str) + "\n"
        line = text.encode("utf-8", "backslashreplace")
        try:
            if self._file is None:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            size = os.fstat(self._file).st_size
            try:
                written = os.write(self._file, line)
                if written < len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(self._file)
            except OSError:
                # the next line must not become part of this one
                with contextlib.suppress(OSError):
                    os.ftruncate(self._file, size)
                raise
        except OSError as error:
            raise JournalNotWritten(
                f"the journal {self.path} cannot be written:"
                f" {error.strerror}; nothing more is begun"
            ) from error
        self._number += 1
        return entry

    def close(self) -> None:
        """Close the file, and let go of the lock."""
        for handle in (self._file, self._lock):
            if handle is not None:
                with contextlib.suppress(OSError):
                    os.close(handle)
        self._file = self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _end_cut_line(self) -> None:
        """End a line that a full disk or a kill has cut."""
        assert self._file is not None
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            os.write(self._file, b"\n")

    def _take_lock(self) -> None:
        lock = os.open(
            lock_path(self.path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            _lock(lock)
        except OSError as error:
            with contextlib.suppress(OSError):
                owner = os.pread(lock, 200, 0).decode("utf-8", "replace")
            os.close(lock)
            raise exceptions.GuardRefused(
                f"another runner has the journal {self.path}:"
                f" {owner.strip() or 'an unknown process'}"
            ) from error
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"pid {os.getpid()} of {who()}\n".encode(), 0)
        self._lock = lock


def _lock(handle: int) -> None:
    for left in reversed(range(_LOCK_TRIALS)):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # who watches the run holds it for a moment, to look
            if not left:
                raise
            time.sleep(0.01)
        else:
            return


def lock_path(path: pathlib.Path) -> pathlib.Path:
    """Return the file of a journal's lock."""
    return path.with_name(f"{path.name}.lock")


def is_running(path: pathlib.Path) -> bool:
    """Return whether a runner on this machine has the journal."""
    try:
        lock = os.open(lock_path(path), os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False


def read(path: pathlib.Path) -> Iterator[Entry]:
    """Read a journal; skip a line that was cut.

    :raises PlanProblem: it cannot be read, others may write it, or a line
        of it is missing.
    """
    number = 0
    try:
        with load.open_own(path) as stream:
            for line in stream:
                try:
                    entry = json.loads(line)
                except (ValueError, RecursionError):
                    continue
                if not isinstance(entry, dict) or "event" not in entry:
                    continue
                number += 1
                if entry.get("n") != number:
                    raise PlanProblem(
                        f"{path}: line {number} of the journal is missing or"
                        f" altered; the next one is {entry.get('n')!r}"
                    )
                yield entry
    except OSError as error:
        raise PlanProblem(
            f"cannot read the journal {path}: {error.strerror}"
        ) from error


@functools.cache
def boot_id() -> str:
    """Return what names this run of the machine; empty where nothing
    does."""
    with contextlib.suppress(OSError):
        path = pathlib.Path("/proc/sys/kernel/random/boot_id")
        return path.read_text().strip()
    return ""


def _sync_folder(path: pathlib.Path) -> None:
    """Put the name of a new file on disk, too."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def started_by(first: Mapping[str, Any]) -> str:
    """Return who began a run, from its first line."""
    return f"{first.get('by', 'unknown')} at {first.get('at', 'unknown')}"


def first_line(
    plan: model.Plan,
    run_id: str,
    action: str,
    unplanned: bool,
    options: Mapping[str, Any],
    groups: Iterable[tuple[str, str, str, int]],
    **more: Any,
) -> dict[str, Any]:
    """Return the fields of the first line of a journal.

    :param groups: id, name, wave and index of the entry of each.
    """
    return {
        "format": FORMAT,
        "run_id": run_id,
        "plan": plan.text,
        "mapping_files": dict(plan.files),
        "hashes": plan.hashes(),
        "action": action,
        "unplanned": unplanned,
        "options": dict(options),
        "groups": [list(one) for one in groups],
        **more,
    }
