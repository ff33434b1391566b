"""The page of ``drill history --html``, and the file that it is in."""

from __future__ import annotations

import os
import pathlib
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING

from protectorclient.evidence.problem import EvidenceProblem, ExtraMissing

if TYPE_CHECKING:
    from protectorclient.evidence.html.trend import Point

#: A page of ours has it near its beginning.
_MARK = b"<title>Drills: "
_HEAD = 4096


def prepare(path: str) -> None:
    """See that the page can be written, before anything is asked.

    :raises ExtraMissing: Jinja2 is not installed.
    :raises EvidenceProblem: the file is there, and is no page of ours.
    """
    try:
        import protectorclient.evidence.html.trend  # noqa: F401
    except ImportError as error:
        raise ExtraMissing("--html", "Jinja2") from error
    try:
        with open(path, "rb") as stream:
            head = stream.read(_HEAD)
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise _unwritten(path, error) from error
    if _MARK not in head:
        raise EvidenceProblem(
            f"{path} is there, and is not a page of drill history: name"
            " another file"
        )


def write(path: str, points: Iterable[Point]) -> None:
    """Write the page; the old one stays until the new one is whole.

    :raises EvidenceProblem: it cannot be written.
    """
    from protectorclient.evidence.html import trend

    file = pathlib.Path(path)
    made = file.with_name(f".{file.name[:100]}.{secrets.token_hex(4)}")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        handle = os.open(made, flags, 0o666)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(trend.text(points))
        made.replace(file)
    except (OSError, ValueError) as error:
        made.unlink(missing_ok=True)
        raise _unwritten(path, error) from error
    except BaseException:
        made.unlink(missing_ok=True)
        raise


def _unwritten(path: str, error: Exception) -> EvidenceProblem:
    why = getattr(error, "strerror", None) or str(error)
    return EvidenceProblem(f"{path} cannot be written: {why}")
