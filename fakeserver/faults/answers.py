"""What the instances of a sandbox answer: rules, kept on disk.

Nothing runs in an emulated instance. A rule says which members answer at
which port, or what their consoles show; instances without a rule refuse every
connection. The file outlives a killed process, as the faults do.
"""

import dataclasses
import fcntl
import fnmatch
import os
import pathlib
from collections.abc import Iterator
from typing import Any

from fakeserver.base import json_file

#: the file of the sandbox that holds the rules
NAME = "answers.json"


@dataclasses.dataclass(frozen=True)
class Answer:
    """What some instances answer."""

    id: str
    #: the instances, as a shell pattern of their names
    instances: str
    #: where; None is both sites
    site: str | None = None
    #: the port that is open; None for a console
    port: int | None = None
    #: ``tcp``, ``http``, ``https`` or ``console``
    kind: str = "tcp"
    #: the status of an answer to HTTP
    status: int = 200
    #: its body, or what the console shows
    text: str = ""

    def fits(self, site: str, name: str) -> bool:
        return self.site in (None, site) and fnmatch.fnmatchcase(
            name, self.instances
        )


class AnswerFile:
    """The rules on disk; the last one that fits counts."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._path = folder / NAME

    def all(self) -> list[Answer]:
        try:
            held = json_file.read(self._path)
            return [Answer(**entry) for entry in held["answers"]]
        except FileNotFoundError:
            return []
        except (KeyError, TypeError):
            raise json_file.broken(
                self._path, "the list of answers is missing"
            ) from None

    def add(self, **fields: Any) -> Answer:
        with self._locked():
            held = self.all()
            last = max((int(one.id.split("-")[1]) for one in held), default=0)
            made = Answer(id=f"answer-{last + 1}", **fields)
            self._write([*held, made])
        return made

    def clear(self, answer_id: str | None = None) -> list[Answer]:
        """Remove one rule, or all; return the removed ones."""
        with self._locked():
            held = self.all()
            gone = [one for one in held if answer_id in (None, one.id)]
            self._write([one for one in held if one not in gone])
        return gone

    def at(self, site: str, name: str, port: int) -> Answer | None:
        """Return what an instance answers at a port; None if it is closed."""
        return self._last(
            one
            for one in self.all()
            if one.port == port and one.fits(site, name)
        )

    def console(self, site: str, name: str) -> str:
        """Return what the console of an instance shows."""
        shown = [
            f"{one.text}\n"
            for one in self.all()
            if one.kind == "console" and one.fits(site, name)
        ]
        return "".join(shown)

    def _last(self, found: Iterator[Answer]) -> Answer | None:
        last = None
        for last in found:  # noqa: B007 - the last one is wanted
            pass
        return last

    def _write(self, answers: list[Answer]) -> None:
        json_file.write(
            self._path,
            {"answers": [dataclasses.asdict(one) for one in answers]},
        )

    def _locked(self) -> "_Lock":
        return _Lock(self._path.with_name(f"{NAME}.lock"))


class _Lock:
    """One change at a time over all processes."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._handle, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)
