"""The differences of a group that somebody has accepted, kept on disk.

One file a group, in the user's folder of states, for its owner alone: it
names what instances have, with secrets masked.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import os
import pathlib
import re
from collections.abc import Iterable
from typing import Any

from protectorclient import exceptions, user_paths
from protectorclient.durations import stamp
from protectorclient.escape import ShellCommand, fill
from protectorclient.fidelity.comparison import (
    EQUAL,
    NOT_COMPARABLE,
    Comparison,
)

#: The version of the file: a difference that was written in another form is
#: not compared with one in this.
VERSION = 1
#: What is the same in each drill.
_KEY = ("member", "attribute", "verdict", "source", "target")
_REMOVE = ShellCommand("rm {path}")


def path_of(group_id: str) -> pathlib.Path:
    """Return the file of a group.

    :raises OSError: the user has no home directory.
    """
    name = re.sub(r"[^A-Za-z0-9-]", "_", group_id)
    return user_paths.state() / "fidelity" / f"{name}.json"


def read(group_id: str) -> frozenset[str]:
    """Return what was accepted, each as a key.

    :raises ProtectorError: the file cannot be read, or is of another group
        or version.
    """
    try:
        path = path_of(group_id)
        held = json.loads(path.read_text(encoding="utf-8"))
        of, version = held["protection_group_id"], held.get("version", 0)
        if of != group_id:
            raise _unusable(
                path, f"is that of protection group {of}, not of {group_id}"
            )
        if version != VERSION:
            raise _unusable(
                path, f"has version {version}; this client reads {VERSION}"
            )
        return frozenset(_key(one) for one in held["accepted"])
    except FileNotFoundError:
        return frozenset()
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        why = getattr(error, "strerror", None) or "it is no baseline"
        raise _unusable(path, f"cannot be read: {why}") from error


def _unusable(path: pathlib.Path, why: str) -> exceptions.ProtectorError:
    return exceptions.ProtectorError(f"the baseline {path} {why}").then(
        "without the file there is no baseline:",
        fill(_REMOVE, path=str(path)),
    )


def write(
    group_id: str, operation_id: str, found: Iterable[Comparison]
) -> pathlib.Path:
    """Replace the baseline of a group by what was found now.

    :returns: the file.
    :raises ProtectorError: it cannot be written.
    """
    now = datetime.datetime.now(datetime.UTC)
    accepted = [
        {key: value for key, value in one.to_dict().items() if key in _KEY}
        for one in found
        if one.verdict not in (EQUAL, NOT_COMPARABLE)
    ]
    text = json.dumps(
        {
            "version": VERSION,
            "protection_group_id": group_id,
            "operation_id": operation_id,
            "accepted_at": stamp(now),
            "accepted": accepted,
        },
        indent=1,
    )
    try:
        path = path_of(group_id)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _replace(path, text + "\n")
    except OSError as error:
        raise exceptions.ProtectorError(
            f"the baseline cannot be written: {error.strerror or error}"
        ) from error
    return path


def _replace(path: pathlib.Path, text: str) -> None:
    """Write a file as a whole, for its owner alone."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


def marked(
    found: Iterable[Comparison], accepted: frozenset[str]
) -> tuple[Comparison, ...]:
    """Mark what the baseline has."""
    return tuple(
        dataclasses.replace(one, is_accepted=_key(one.to_dict()) in accepted)
        for one in found
    )


def _key(one: dict[str, Any]) -> str:
    return json.dumps([one[key] for key in _KEY], sort_keys=True, default=str)
