"""One read of a deployment: what was asked, and what came back."""

import dataclasses
import functools
import json
from collections.abc import Mapping
from typing import Any

#: What is shown of an answer that deviates.
SHOWN = 200
_NOT_JSON = object()


@dataclasses.dataclass(frozen=True)
class Read:
    """A GET: a route of the description, and what fills it."""

    #: As the description writes it, such as ``/v1/{tenant_id}/operations``.
    route: str
    path: Mapping[str, str] = dataclasses.field(default_factory=dict)
    query: Mapping[str, str] = dataclasses.field(default_factory=dict)
    #: The value of the microversion header; None sends no header.
    version: str | None = "protector latest"
    #: ``own``, ``none`` or ``wrong``.
    token: str = "own"

    @property
    def address(self) -> str:
        """Return the path and the query, as they are sent."""
        filled = self.route
        for name, value in self.path.items():
            filled = filled.replace(f"{{{name}}}", value)
        if self.query:
            filled += "?" + "&".join(f"{k}={v}" for k, v in self.query.items())
        return filled


@dataclasses.dataclass(frozen=True)
class Exchange:
    """A read and its answer."""

    read: Read
    status: int
    #: Names in lower case.
    headers: Mapping[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        """Return the JSON of the answer; None where it is not JSON."""
        return self._parsed if self.is_json else None

    @property
    def is_json(self) -> bool:
        """Return whether the body is JSON in the strict sense."""
        return self._parsed is not _NOT_JSON

    @property
    def error(self) -> dict[str, Any] | None:
        """Return what stands under ``error``, where that is an object."""
        found = self.body.get("error") if isinstance(self.body, dict) else None
        return found if isinstance(found, dict) else None

    @functools.cached_property
    def _parsed(self) -> Any:
        try:
            return json.loads(self.content, parse_constant=_refuse)
        except (ValueError, RecursionError):
            return _NOT_JSON

    def noun(self, name: str) -> Any:
        """Return what a success holds under its noun; None without one."""
        if self.status != 200 or not isinstance(self.body, dict):
            return None
        return self.body.get(name)

    def record(self, name: str) -> dict[str, Any] | None:
        """Return the record under a noun, where it is one."""
        found = self.noun(name)
        return found if isinstance(found, dict) else None

    def records(self, name: str) -> list[dict[str, Any]]:
        """Return the records under a plural; leave out what is not a
        record."""
        found = self.noun(name)
        if not isinstance(found, list):
            return []
        return [one for one in found if isinstance(one, dict)]


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


@dataclasses.dataclass(frozen=True)
class Deviation:
    """One way in which a deployment differs from the reference."""

    #: The rule, such as ``schema`` or ``operation-progress``.
    rule: str
    #: The route that it was seen at.
    route: str
    #: What was expected and what was found, in a sentence.
    detail: str
    #: The address that showed it first.
    address: str
    #: The commands that read this route.
    commands: tuple[str, ...] = ()
    #: How often it was seen.
    count: int = 1
