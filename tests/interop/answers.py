"""What of an answer of Keystone is compared: its status and its shape."""

import re
from typing import Any

import requests

_ID = re.compile(r"\b(req-)?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\b")
_URL = re.compile(r"http://[^\s\"']+")


def summary(answer: requests.Response) -> str:
    """One line: the status, then an error's words or the keys of a body.

    A list is the union of its entries: how many users or endpoints there
    are is a matter of the seed.
    """
    try:
        body = answer.json()
    except ValueError:
        kind = answer.headers.get("Content-Type", "nothing")
        return f"{answer.status_code} {kind if answer.content else 'empty'}"
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        error = dict(body["error"])
        message = _ID.sub("ID", _URL.sub("URL", str(error.get("message"))))
        # below the first line Keystone quotes its schema
        message = message.partition("\n")[0]
        keys = ",".join(sorted(error))
        return f"{answer.status_code} {keys}: {message[:200]}"
    return f"{answer.status_code} {shape(body)}"


def shape(value: Any) -> str:
    if isinstance(value, dict):
        # what is named by its id has as many keys as there are ids
        inner = ", ".join(
            f"{key}: {shape(value[key])}" for key in sorted(value, key=str)
        )
        return f"{{{inner}}}"
    if isinstance(value, list):
        return f"[{' | '.join(sorted({shape(one) for one in value}))}]"
    if value is None:
        return "null"
    return {bool: "bool", int: "int", float: "float", str: "str"}[type(value)]
