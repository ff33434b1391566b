"""The body of a request: bounded, read whole, strict JSON."""

import json
from typing import IO, Any

from fakeserver.base.errors import RequestRefused

LIMIT = 1 << 20
#: of the body that holds the metadata of a whole group, user data included
LARGE = 64 << 20
#: deeper than anything the API takes, far from what a parser cannot take
DEPTH = 32
_CHUNK = 1 << 16


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
            text, object_pairs_hook=_object, parse_constant=_constant
        )
    except RecursionError:
        raise _bad("The body is nested too deeply") from None
    except ValueError:
        # not a word of the parser's: it may quote what was sent
        raise _bad("The body is not JSON") from None
    _walk(value)
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


def _walk(value: Any) -> None:
    """Refuse values that no database and no answer can carry."""
    todo = [(value, 1)]
    while todo:
        item, depth = todo.pop()
        if depth > DEPTH:
            raise _bad("The body is nested too deeply")
        if isinstance(item, str):
            _text(item)
        elif isinstance(item, float) and item in (float("inf"), -float("inf")):
            raise _bad("The body holds a number that is too large")
        elif isinstance(item, dict):
            for key, child in item.items():
                _text(key)
                todo.append((child, depth + 1))
        elif isinstance(item, list):
            todo.extend((child, depth + 1) for child in item)


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
