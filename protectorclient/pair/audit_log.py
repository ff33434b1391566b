"""The client's audit log: what was asked for, when, by whom and why.

A service keeps its records, and may be what burns down. Each action leaves
lines in a file here as well: one before it is sent, one with what came of
it. A log that cannot be written never holds an action up: it is told, and
the record of the action says so.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import getpass
import json
import os
import pathlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from protectorclient.pair.moves.action import Prepared, Started

#: Names the file, where it is not to be in its usual place.
VARIABLE = "PROTECTOR_JOURNAL"
#: What is said of the log in the record of an action.
WRITTEN = "written"
FAILED = "failed"


def default_path() -> pathlib.Path:
    """Where the log is: state of a user, as XDG has it.

    :raises OSError: nobody knows where the user's home is.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return pathlib.Path(named)
    state = os.environ.get("XDG_STATE_HOME")
    if state and os.path.isabs(state):
        base = pathlib.Path(state)
    else:
        try:
            base = pathlib.Path.home() / ".local" / "state"
        except RuntimeError as error:
            raise FileNotFoundError(
                errno.ENOENT, "this user has no home directory"
            ) from error
    return base / "protectorclient" / "journal.jsonl"


class Journal:
    """One line of JSON for each event, in a file that only grows.

    :param path: of the file, where it is not the user's own.
    :param warn: takes a sentence, once, when the file cannot be written.
    """

    def __init__(
        self,
        path: pathlib.Path | None = None,
        *,
        warn: Callable[[str], object] = lambda text: None,
    ) -> None:
        self._path = path
        self._warn = warn
        #: ``written``, or ``failed`` once a line could not be.
        self.state = WRITTEN

    @property
    def path(self) -> pathlib.Path:
        """The file.

        :raises OSError: nobody knows where the user's home is.
        """
        return self._path or default_path()

    def asked(self, prepared: Prepared) -> None:
        """An action is about to be sent."""
        located = prepared.located
        self._note(
            "asked",
            prepared,
            {
                "from": located.current.name,
                "to": located.other.name,
                "metadata_version": located.group.metadata_version,
                "parameters": {
                    key: value
                    for key, value in prepared.parameters.items()
                    if value is not None
                },
            },
        )

    def begun(self, started: Started) -> None:
        """It has begun, as the operation of this id; or it is there
        already."""
        self._note(
            "begun" if started.is_new else "not begun",
            started.prepared,
            {"operation_id": started.operation.id},
        )

    def refused(self, prepared: Prepared, error: BaseException) -> None:
        """It has not begun, or nobody knows."""
        said = str(error) or type(error).__name__
        self._note("not begun", prepared, {"error": said})

    def entries(self) -> Iterator[dict[str, Any]]:
        """What is in it, oldest first; a line that was cut is left out."""
        with contextlib.suppress(FileNotFoundError):
            text = self.path.read_text(encoding="utf-8", errors="replace")
            for line in text.split("\n"):
                with contextlib.suppress(ValueError, RecursionError):
                    yield json.loads(line)

    def _note(
        self, event: str, prepared: Prepared, more: Mapping[str, Any]
    ) -> None:
        try:
            self._write_event(event, prepared, more)
        except Exception as error:  # whatever it is, the action goes on
            if self.state != FAILED:
                self.state = FAILED
                self._warn(self._why(error))

    def _why(self, error: Exception) -> str:
        where = "the audit log"
        with contextlib.suppress(OSError):
            where += f" {self.path}"
        reason = getattr(error, "strerror", None) or error
        return (
            f"{where} cannot be written: {reason};"
            f" {VARIABLE} names another file"
        )

    def _write_event(
        self, event: str, prepared: Prepared, more: Mapping[str, Any]
    ) -> None:
        now = datetime.datetime.now(datetime.UTC)
        entry = {
            "at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "event": event,
            "user": _user(),
            "action": prepared.action,
            "protection_group": prepared.group.name,
            "protection_group_id": prepared.group.id,
            "site": prepared.site.name,
            "request_id": prepared.request_id,
            "reason": prepared.reason or prepared.options.get("reason"),
            **more,
        }
        self.write(entry)

    def write(self, entry: Mapping[str, Any]) -> None:
        """Add a line.

        :raises OSError: it cannot be written.
        """
        text = json.dumps(entry, ensure_ascii=False) + "\n"
        # what the command line had in no encoding is an escape of JSON
        line = text.encode("utf-8", "backslashreplace")
        path = self.path
        with contextlib.suppress(FileExistsError):
            # a file there: what opens it says so better
            path.parent.mkdir(mode=0o700, parents=True)
        # a pipe that nobody reads must not hold anybody up
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK
        handle = os.open(path, flags, 0o600)
        try:
            # in one piece, so that two commands do not mix their lines
            written = os.write(handle, line)
            if written < len(line):
                with contextlib.suppress(OSError):
                    # the next line must not become part of this one
                    os.write(handle, b"\n")
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(handle)


def _user() -> str | None:
    with contextlib.suppress(OSError, KeyError, ImportError):
        return getpass.getuser()
    return None
