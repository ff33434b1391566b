"""The folder of a report: its name, and how it gets on disk, or not at all.

A report is written into a folder of another name, which gets its own when
all is on disk. An existing folder is never written to.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import os
import pathlib
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping

from protectorclient.evidence.problem import EvidenceProblem

#: Of one part of the name, in bytes of UTF-8; a file system takes 255.
_LONGEST = 80
#: How the name of a report's folder begins.
DATED = re.compile(r"\d{8}T\d{6}Z-")
#: The beginning of the name of a folder that is not whole.
UNFINISHED = ".unfinished-"
#: The file that is locked while a report is written.
LOCK = ".lock"


def name_of(began_at: datetime.datetime, name: str, identity: str) -> str:
    """Return the name of a report's folder: time, group or plan, and id."""
    when = began_at.astimezone(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
    return f"{when}-{_part(name)}-{_part(identity)}"


def _part(text: str) -> str:
    """Return a text as part of a file's name: letters, digits and few
    signs."""
    kept = "".join(
        sign if sign.isalnum() or sign in "._" else "-" for sign in text
    )
    data = kept.encode("utf-8", "replace")[:_LONGEST]
    return data.decode("utf-8", "ignore").strip("-.") or "x"


def prepare(directory: pathlib.Path) -> None:
    """Make the directory of reports, and see that it can be written.

    :raises EvidenceProblem: it cannot.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe = directory / f"{UNFINISHED}{secrets.token_hex(4)}"
        probe.mkdir()
        probe.rmdir()
    except (OSError, ValueError) as error:
        raise _unwritten(directory, error) from error


@contextlib.contextmanager
def locked(directory: pathlib.Path) -> Iterator[None]:
    """Hold the lock of a directory: one report is written after the other.

    :raises EvidenceProblem: it cannot be written.
    """
    try:
        handle = os.open(
            directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666
        )
    except (OSError, ValueError) as error:
        raise _unwritten(directory, error, "nothing") from error
    try:
        # a file system without locks: two at once are unlikely there
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def free_name(directory: pathlib.Path, name: str) -> str:
    """Return the name, with a number behind it where it is taken."""
    found, number = name, 2
    while os.path.lexists(directory / found):
        found, number = f"{name}-{number}", number + 1
    return found


def place(
    directory: pathlib.Path, name: str, files: Mapping[str, bytes]
) -> pathlib.Path:
    """Write a report; it is there whole, or not at all.

    :param name: of its folder; nothing of that name may be there.
    :raises EvidenceProblem: it cannot be written.
    """
    made = directory / f"{UNFINISHED}{secrets.token_hex(8)}"
    try:
        made.mkdir()
        for file, data in files.items():
            write(made / file, data)
        _sync(made)
        made.rename(directory / name)
        _sync(directory)
    except OSError as error:
        shutil.rmtree(made, ignore_errors=True)
        raise _unwritten(directory, error) from error
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    return directory / name


def write(path: pathlib.Path, data: bytes) -> None:
    """Write a new file, and return when it is on disk."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    handle = os.open(path, flags, 0o666)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _sync(folder: pathlib.Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unwritten(
    directory: pathlib.Path, error: Exception, what: str = "no report"
) -> EvidenceProblem:
    why = getattr(error, "strerror", None) or str(error)
    return EvidenceProblem(f"{what} can be written in {directory}: {why}")
