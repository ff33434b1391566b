"""The client's audit log: who asked for which action, when and why.

The services keep records of their own, and one of them may be lost with
its site. Each action therefore adds two lines to a file on this machine:
one before it is sent, one with its result. A log that cannot be written
never holds an action up: a warning says so, and the record of the action
has ``audit_log: failed``.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import getpass
import json
import logging
import os
import pathlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from protectorclient import user_paths
from protectorclient.durations import stamp

LOG = logging.getLogger(__name__)

#: The environment variable that names another file.
VARIABLE = "PROTECTOR_JOURNAL"
#: What the record of an action says of the log.
WRITTEN = "written"
FAILED = "failed"


def default_path() -> pathlib.Path:
    """Return where the log is: in the user's folder of states.

    :raises OSError: the user has no home directory.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return pathlib.Path(named)
    return user_paths.state() / "journal.jsonl"


class AuditLog:
    """One line of JSON for each event, in a file that only grows.

    :param path: the file, where it is not the user's own.
    :param warn: takes a sentence, once, when the file cannot be written;
        by default the sentence goes to the Python log.
    """

    def __init__(
        self,
        path: pathlib.Path | None = None,
        *,
        warn: Callable[[str], object] = LOG.warning,
    ) -> None:
        self._path = path
        self._warn = warn
        self._has_warned = False

    @property
    def path(self) -> pathlib.Path:
        """Return the file.

        :raises OSError: the user has no home directory.
        """
        return self._path or default_path()

    def entries(self) -> Iterator[dict[str, Any]]:
        """Read the log, oldest entry first; skip a line that was cut."""
        with contextlib.suppress(FileNotFoundError):
            text = self.path.read_text(encoding="utf-8", errors="replace")
            for line in text.split("\n"):
                with contextlib.suppress(ValueError, RecursionError):
                    yield json.loads(line)

    def add(self, event: str, fields: Mapping[str, Any]) -> bool:
        """Add the entry of an event, with the time and the user's name.

        :param event: ``asked``, ``begun`` or ``not begun``.
        :param fields: what the entry says of the action.
        :returns: whether it is written; no error is raised.
        """
        now = datetime.datetime.now(datetime.UTC)
        entry = {
            "at": stamp(now),
            "event": event,
            "user": _user(),
            **fields,
        }
        try:
            self.write(entry)
        except Exception as error:  # whatever it is, the action goes on
            if not self._has_warned:
                self._has_warned = True
                self._warn(self._why(error))
            return False
        return True

    def _why(self, error: Exception) -> str:
        where = "the audit log"
        with contextlib.suppress(OSError):
            where += f" {self.path}"
        reason = getattr(error, "strerror", None) or error
        return (
            f"{where} cannot be written: {reason};"
            f" {VARIABLE} names another file"
        )

    def write(self, entry: Mapping[str, Any]) -> None:
        """Add a line.

        :raises OSError: it cannot be written.
        """
        text = json.dumps(entry, ensure_ascii=False) + "\n"
        # what the command line had in no encoding is an escape of JSON
        line = text.encode("utf-8", "backslashreplace")
        path = self.path
        with contextlib.suppress(FileExistsError):
            # where it is a file, opening the log says so better
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
