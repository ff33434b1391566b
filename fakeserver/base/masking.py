"""Masks secrets in what the request log keeps."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

HIDDEN = "***"
#: headers that are worth keeping, in small letters
HEADERS = (
    "content-type",
    "openstack-api-version",
    "x-openstack-request-id",
    "user-agent",
    "retry-after",
)
#: headers of which only the presence is kept
SECRET_HEADERS = (
    "x-auth-token",
    "x-subject-token",
    "authorization",
    "cookie",
    "x-sandbox-secret",
)
#: all of them: what stands for the value, or nothing
_KEPT = dict.fromkeys(HEADERS, "") | dict.fromkeys(SECRET_HEADERS, HIDDEN)
#: the same as a WSGI server calls them
_ASKED = tuple(
    (f"HTTP_{key.upper().replace('-', '_')}", key, hidden)
    for key, hidden in _KEPT.items()
)
#: what Keystone speaks of: there is more in it than a secret
_NOUNS = frozenset(
    ("token", "application_credential", "application_credentials")
)
#: words in a key, whose value is taken for a secret: whoever mistypes the
#: key of one has sent it all the same
_SUSPECT = r"pass|secret|sealed|token|credential|user_data"
_SUSPECT_KEY = re.compile(_SUSPECT)
_SUSPECT_QUERY = re.compile(
    rf"([^=&]*(?:{_SUSPECT})[^=&]*=)[^&]*", re.IGNORECASE
)
#: words in the key of a property whose value is taken for a secret
SECRET_PROPERTIES = ("pass", "secret", "token", "key", "cred")
#: nouns under which services send the properties of a resource
_PROPERTIES = ("metadata", "properties")
#: the marks of the engine, among the properties of what it builds
_MARK = "protector_"
#: a Fernet token, wherever it stands
_FERNET = re.compile(r"gAAAA[\w=-]{16,}")


def is_secret_property(key: str) -> bool:
    """Return whether the value of a property is taken for a secret."""
    small = key.lower()
    return any(word in small for word in SECRET_PROPERTIES)


def mask_properties(found: dict[str, Any]) -> dict[str, Any]:
    """Copy properties with the values of secret ones masked."""
    return {
        key: HIDDEN
        if isinstance(value, str)
        and is_secret_property(key)
        and not key.startswith(_MARK)
        else value
        for key, value in found.items()
    }


def mask(value: Any, key: str = "") -> Any:
    """Copy a JSON value with every secret in it masked."""
    if key == "password" and isinstance(value, dict):
        # the method "password" of Keystone, which holds a user
        return {
            name: mask(held) if name == "user" else HIDDEN
            for name, held in value.items()
        }
    if _suspect(key, value):
        return HIDDEN
    if isinstance(value, dict):
        if key == "token" and "id" in value:
            return {**value, "id": HIDDEN}
        if key in _PROPERTIES:
            value = mask_properties(value)
        return {name: mask(held, name.lower()) for name, held in value.items()}
    if isinstance(value, list):
        return [mask(held, key) for held in value]
    if isinstance(value, str):
        return mask_text(value)
    return value


def _suspect(key: str, value: Any) -> bool:
    if value is None or isinstance(value, bool):
        return False
    if key in _NOUNS and isinstance(value, dict | list):
        return False
    return _SUSPECT_KEY.search(key) is not None


def headers(found: Iterable[tuple[str, str]], limit: int) -> dict[str, str]:
    """Return the headers to keep; mask those that hold secrets."""
    kept = {}
    for name, value in found:
        key = name.lower()
        if key in _KEPT:
            kept[key] = _KEPT[key] or mask_text(value[:limit])
    return kept


def asked_headers(environ: Mapping[str, Any], limit: int) -> dict[str, str]:
    """Return the headers of a request that are kept, as :func:`headers`
    does."""
    return {
        key: hidden or mask_text(environ[name][:limit])
        for name, key, hidden in _ASKED
        if name in environ
    }


def mask_text(text: str) -> str:
    # to look for a word is quicker than the expression
    return _FERNET.sub(HIDDEN, text) if "gAAAA" in text else text


def mask_query(text: str) -> str:
    text = mask_text(text)
    # the time of the expression grows with the square of an id's length: for
    # a page by its marker it was an eighth of the request
    if _SUSPECT_KEY.search(text.casefold()) is None:
        return text
    return _SUSPECT_QUERY.sub(rf"\1{HIDDEN}", text)


#: Properties that `mask` leaves as they are, whatever else a body holds: flat,
#: without an escape, and no key of them has a word of a secret in it.
_OPEN_KEY = rf'"(?:{_MARK}|(?![^"]*(?:{"|".join(SECRET_PROPERTIES)})))[^"\\]*"'
_PLAIN_VALUE = r'(?:"[^"\\]*"|[-+.\w]+)'
_OPEN_PROPERTIES = (
    rf"\s*:\s*(?:null|\{{(?:\s*{_OPEN_KEY}\s*:\s*{_PLAIN_VALUE}\s*,?)*\s*\}})"
)
#: What a body of JSON has in it, in small letters, where `mask` may change
#: it, and the escapes and line ends with which it cannot be kept as it is.
#: One search for each is ten times as quick as one expression for all.
_NEEDS_MASK = tuple(
    word.encode()
    for word in (*_SUSPECT.split("|"), "gaaaa", r"\u", "\r", "\n")
)
_QUOTED_NOUNS = tuple(f'"{noun}"'.encode() for noun in _PROPERTIES)
_OPEN = re.compile(_OPEN_PROPERTIES.encode())


def _needs_mask(body: bytes) -> bool:
    small = body.lower()
    return any(word in small for word in _NEEDS_MASK) or any(
        _OPEN.match(small, at + len(noun)) is None
        for noun in _QUOTED_NOUNS
        for at in _places(noun, small)
    )


def _places(word: bytes, text: bytes) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + 1)


def readable(body: bytes, limit: int, written: bool = False) -> str | None:
    """Return a body for the request log: masked JSON, or its length, as the
    text of one JSON value; None for an empty body.

    What cannot be read whole as JSON may hide a secret anywhere, so nothing
    of it is kept. A body without anything to mask is kept as it came:
    masking each was a quarter of the time of a GET.

    :param written: it is known to be JSON: this server has written it so.
    """
    if not body:
        return None
    if len(body) <= limit:
        try:
            found = None if written else json.loads(body)
            # what follows it, such as the line end that Flask writes
            kept = body.strip()
            if not _needs_mask(kept):
                return kept.decode()
            found = json.loads(body) if written else found
            return json.dumps(mask(found), separators=(",", ":"))
        except (ValueError, RecursionError):
            pass
    return unread(len(body))


def unread(size: int) -> str:
    """Return what stands for a body of which nothing is kept, as the text of
    a JSON value."""
    return f'"({size} bytes)"'
