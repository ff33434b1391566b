"""A small file of the sandbox that holds one JSON object."""

import contextlib
import json
import os
import pathlib
import tempfile
from typing import Any


class BrokenFile(Exception):
    """A file that holds something else, in one sentence."""


def read(path: pathlib.Path) -> dict[str, Any]:
    """What it holds.

    Raises FileNotFoundError where there is none, BrokenFile where it is
    no JSON object.
    """
    try:
        held = json.loads(path.read_text())
    except (ValueError, RecursionError) as error:
        raise broken(path, str(error)) from None
    if not isinstance(held, dict):
        raise broken(path, "it is no JSON object")
    return held


def broken(path: pathlib.Path, why: str) -> BrokenFile:
    """The refusal of a file that somebody has cut off, or written."""
    return BrokenFile(
        f"{path} cannot be read: {why.rstrip('.')}; put a good one in its "
        "place, or remove it."
    )


def write(path: pathlib.Path, held: dict[str, Any]) -> None:
    """Exchange it whole, or not at all; for its owner alone."""
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "w") as out:
            json.dump(held, out)
        os.replace(name, path)
    except BaseException:
        # a full disk shall not be made fuller
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
