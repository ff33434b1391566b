"""The client's own journal: what was asked for, when, by whom and why.

A service keeps its records, and may be what burns down. Each action leaves
lines in a file here as well: one before it is sent, one with what came of
it.
"""

from __future__ import annotations

import contextlib
import datetime
import getpass
import json
import os
import pathlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from protectorclient.actions import Prepared, Started

#: Names the file, where it is not to be in its usual place.
VARIABLE = "PROTECTOR_JOURNAL"


def default_path() -> pathlib.Path:
    """Where the journal is: state of a user, as XDG has it."""
    named = os.environ.get(VARIABLE)
    if named:
        return pathlib.Path(named)
    state = os.environ.get("XDG_STATE_HOME")
    base = pathlib.Path(state) if state else pathlib.Path.home() / ".local"
    if not state:
        base = base / "state"
    return base / "protectorclient" / "journal.jsonl"


class Journal:
    """One line of JSON for each event, in a file that only grows."""

    def __init__(self, path: pathlib.Path | None = None) -> None:
        self.path = path or default_path()

    def asked(self, prepared: Prepared) -> None:
        """An action is about to be sent.

        :raises OSError: it cannot be written.
        """
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
            for line in self.path.read_text(encoding="utf-8").splitlines():
                with contextlib.suppress(ValueError):
                    yield json.loads(line)

    def _note(
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
        line = json.dumps(entry, ensure_ascii=False) + "\n"
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        handle = os.open(self.path, flags, 0o600)
        try:
            # in one piece, so that two commands do not mix their lines
            os.write(handle, line.encode("utf-8"))
        finally:
            os.close(handle)


def _user() -> str | None:
    with contextlib.suppress(OSError, KeyError, ImportError):
        return getpass.getuser()
    return None
