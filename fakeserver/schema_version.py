"""Which version of this package wrote a sandbox, and with which schema."""

import contextlib
import functools
import os
import sys

#: what this version writes. Raise it, and add a step, for every change that
#: ``CREATE ... IF NOT EXISTS`` does not make: of columns, or of documents
NUMBER = 7
DISTRIBUTION = "python-protectorclient"


class SchemaProblem(Exception):
    """This version cannot open a database."""


@functools.cache
def version() -> str:
    """Return the version of this package."""
    return _installed() or _described() or "unknown"


def newer(what: str, number: int, wrote: str) -> SchemaProblem:
    """Return the refusal of a database that a newer version has written."""
    return SchemaProblem(
        f"{what} was written by {DISTRIBUTION} {wrote} (schema {number}), "
        f"and this is {version()}, which reads schemas up to {NUMBER}: "
        "install that version, or give another folder with --dir."
    )


def _installed() -> str | None:
    """Return the version in the name of the folder in which an installer
    keeps what it knows of this package."""
    before, behind = f"{DISTRIBUTION.replace('-', '_')}-", ".dist-info"
    for place in sys.path:
        with contextlib.suppress(OSError):
            for name in os.listdir(place or os.curdir):
                if name.startswith(before) and name.endswith(behind):
                    return name.removeprefix(before).removesuffix(behind)
    return None


def _described() -> str | None:
    """Return the version as a description of the package has it, which
    takes a tenth of a start of both sites to read."""
    import importlib.metadata

    try:
        return importlib.metadata.version(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return None
