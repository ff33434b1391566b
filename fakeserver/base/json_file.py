"""A small file of the sandbox that holds one JSON object."""

import contextlib
import json
import os
import pathlib
from typing import Any


class BrokenFile(Exception):
    """A file does not hold one JSON object; the message is one sentence."""


def read(path: pathlib.Path) -> dict[str, Any]:
    """Read the JSON object of a file.

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
    """Return the error for a file that is cut off or wrongly written."""
    return BrokenFile(
        f"{path} cannot be read: {why.rstrip('.')}; put a good one in its "
        "place, or remove it."
    )


def write(path: pathlib.Path, held: dict[str, Any]) -> None:
    """Replace the file as a whole, readable for its owner alone."""
    # not before: most who read such a file write none
    import tempfile

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
