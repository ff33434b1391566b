"""Keep the times that steps took, in the user's cache.

The service keeps the times of operations, not of their steps. A command that
polls an operation sees them, and keeps them in the user's cache, so that a
slow step is noticed the next time. The cache can be deleted.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import pathlib
import tempfile
from typing import Any

from protectorclient import user_paths

#: The number of times that are kept of each step.
KEPT = 100


def default_path() -> pathlib.Path | None:
    """Return the file in the user's cache; None where there is no cache."""
    with contextlib.suppress(OSError):
        return user_paths.cache() / "steps.json"
    return None


class StepTimes:
    """The seconds that steps took, by site, type of operation and step."""

    def __init__(self, path: pathlib.Path | None = None) -> None:
        self._path = path or default_path()
        self._known = {} if self._path is None else _read(self._path)
        self._new: dict[str, list[float]] = {}

    def taken(self, site: str, kind: str, step: str) -> tuple[float, ...]:
        """Return the seconds noted before this run."""
        return tuple(self._known.get(_key(site, kind, step), ()))

    def note(self, site: str, kind: str, step: str, seconds: float) -> None:
        """Note a step whose beginning and end were both seen."""
        seconds_of_step = self._new.setdefault(_key(site, kind, step), [])
        seconds_of_step.append(round(seconds, 1))

    def save(self) -> None:
        """Write what is new; an error of the file system is ignored."""
        path = self._path
        if not self._new or path is None:
            return
        # a cache is never a reason for a command to fail
        with contextlib.suppress(Exception):
            pages = _read(path)
            for name, new in self._new.items():
                pages[name] = [*pages.get(name, ()), *new][-KEPT:]
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, made = tempfile.mkstemp(dir=path.parent)
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as out:
                    json.dump(pages, out, indent=1, sort_keys=True)
                os.replace(made, path)
            except OSError:
                os.unlink(made)
        self._new = {}


def _key(site: str, kind: str, step: str) -> str:
    return f"{site} {kind} {step}"


def _read(path: pathlib.Path) -> dict[str, list[float]]:
    try:
        held: Any = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(held, dict):
            return {}
        return {
            str(name): [float(value) for value in values]
            for name, values in held.items()
            if isinstance(values, list)
            and all(isinstance(value, int | float) for value in values)
            and all(map(math.isfinite, values))
        }
    except (OSError, ValueError, OverflowError, RecursionError):
        return {}
