"""The body of a request: bounded, read whole, strict JSON."""

import json
import re
from typing import IO, Any

from fakeserver.base.errors import RequestRefused

LIMIT = 1 << 20
#: of the body that holds the metadata of a whole group, user data included
LARGE = 64 << 20
#: deeper than anything the API takes, far from what a parser cannot take
DEPTH = 32
_CHUNK = 1 << 16
_HALVES = re.compile(rb"\\u[dD][89a-fA-F]")


def read(stream: IO[bytes], limit: int = LIMIT) -> bytes | None:
    """Read the body; return None when it is over the limit.

    A body that is too large is read to its end all the same: a client that
    is still sending would otherwise see its connection reset instead of
    the answer.
    """
    kept = bytearray()
    over = False
    while chunk := stream.read(_CHUNK):
        over = over or len(kept) + len(chunk) > limit
        if not over:
            kept += chunk
    return None if over else bytes(kept)


def parse(raw: bytes) -> Any:
    """Parse a body as JSON; refuse what JSON leaves undefined."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise _bad("The body is not UTF-8") from None
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_number,
        )
    except RecursionError:
        raise _bad("The body is nested too deeply") from None
    except ValueError:
        # not a word of the parser's: it may quote what was sent
        raise _bad("The body is not JSON") from None
    _check_depth(value)
    # only an escape can stand for half of a pair: UTF-8 has none
    if _HALVES.search(raw):
        _check_texts(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _bad(f"{_quoted(key)} is given twice", field=key)
            seen.add(key)
    return found


def _constant(name: str) -> Any:
    raise _bad(f"The body is not JSON: {name} is no number of it")


def _number(text: str) -> float | int:
    """Convert a number; ``300.0`` is an integer, as JSON Schema reads it."""
    value = float(text)
    if value in (float("inf"), -float("inf")):
        raise _bad("The body holds a number that is too large")
    return int(value) if value.is_integer() else value


def _check_depth(value: Any) -> None:
    """Refuse what is nested too deeply, level by level: a body may be that of
    a group with hundreds of members."""
    level = [value]
    for _ in range(DEPTH):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
            if child.__class__ is dict or child.__class__ is list
        ]
        if not level:
            return
    raise _bad("The body is nested too deeply")


def _check_texts(value: Any) -> None:
    """Refuse texts that no database and no answer can carry."""
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            _text(item)
        elif isinstance(item, dict):
            todo += (*item, *item.values())
        elif isinstance(item, list):
            todo += item


def _text(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise _bad("The body holds half of a surrogate pair") from None


def _quoted(key: str) -> str:
    shown = key if len(key) <= 64 else f"{key[:61]}..."
    return shown.encode("utf-8", "replace").decode("utf-8")


def _bad(message: str, **details: Any) -> RequestRefused:
    return RequestRefused("bad-request", message, **details)
