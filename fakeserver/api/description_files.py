"""The files of the OpenAPI description, joined into one.

The description is written in YAML. To load the parser and to read it takes
60 ms and 2 of a site's megabytes, so that a site reads ``description.json``,
unless a file has changed since. A test holds it against the files; ``python
tools/description.py`` writes it anew.
"""

import hashlib
import importlib.resources
import json
from importlib.resources.abc import Traversable
from typing import Any

_FOLDER = importlib.resources.files("fakeserver.api").joinpath("openapi")
#: the key of the joined file that says of which files it is
_DIGEST = "x-digest"
FILE: Traversable = _FOLDER.joinpath("description.json")


def known() -> dict[str, Any]:
    """Return the whole description."""
    try:
        found = json.loads(FILE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # not written yet, or in the middle of a merge
        return joined()
    if isinstance(found, dict) and found.pop(_DIGEST, None) == _digest():
        return found
    return joined()


def joined() -> dict[str, Any]:
    """Join all files; refuse a second definition of a name."""
    # for who writes the description
    import yaml  # type: ignore[import-untyped]

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[str, Any] = {}
    for file in _files():
        text = file.read_text(encoding="utf-8")
        _join(found, yaml.load(text, loader), file.name)
    return found


def _files() -> list[Traversable]:
    found = [one for one in _FOLDER.iterdir() if one.name.endswith(".yaml")]
    return sorted(found, key=lambda entry: entry.name)


def _digest() -> str:
    made = hashlib.sha256()
    for file in _files():
        content = file.read_bytes()
        made.update(f"{file.name} {len(content)}\n".encode() + content)
    return made.hexdigest()


def _join(into: dict[str, Any], more: dict[str, Any], where: str) -> None:
    for key, value in more.items():
        if key not in into:
            into[key] = dict(value) if isinstance(value, dict) else value
        elif key in ("paths", "components") or where.endswith("components"):
            _join(into[key], value, f"{where}/{key}")
        else:
            raise ValueError(f"{where} defines {key} a second time")


def document() -> str:
    """Return the text of the joined file: a line for each path, and for each
    component."""
    return f"{_lines({_DIGEST: _digest(), **joined()}, depth=1)}\n"


#: what is too long for a line
_LONG = ("paths", "components", *("schemas", "responses", "parameters"))


def _lines(node: dict[str, Any], depth: int) -> str:
    made = []
    for key, value in node.items():
        text = json.dumps(value, ensure_ascii=False)
        if key in _LONG and isinstance(value, dict):
            text = _lines(value, depth + 1)
        made.append(f"{' ' * depth}{json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(made) + "\n" + " " * (depth - 1) + "}"
