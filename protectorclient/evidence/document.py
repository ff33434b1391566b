"""The record as data, and `drill.json`.

``drill.schema.json`` beside this file is its JSON Schema; it is made of
`protectorclient.evidence.record` by ``tools/evidence_schema.py``.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import importlib.resources
import json
import math
from collections.abc import Mapping
from typing import Any

from protectorclient.evidence import record as records
from protectorclient.evidence.record import FORMAT, Record

#: What follows from the fields of a class and stands beside them, so that a
#: reader need not compute it.
DERIVED: Mapping[str, tuple[str, ...]] = {
    "Record": ("test_date", "verdict", "rto", "rpo"),
    "Group": ("verdict",),
    "Step": ("seconds",),
    "Objective": ("is_met",),
    "RecoveryTime": ("achieved_seconds", "is_met"),
    "RecoveryPoint": ("achieved_seconds", "is_met"),
}
#: What a reader looks for first stands first.
_FIRST = (
    "kind",
    "id",
    "name",
    "scenario_type",
    "test_date",
    "began_at",
    "ended_at",
    "verdict",
    "rto",
    "rpo",
    "gaps",
    "failures",
    "attestation",
)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of `drill.json`."""
    package = importlib.resources.files("protectorclient.evidence")
    text = (package / "drill.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def to_dict(record: Record) -> dict[str, Any]:
    """Return a record as data, with what follows from it."""
    fields = _plain(record)
    first = {name: fields.pop(name) for name in _FIRST}
    return {"format": FORMAT, **first, **fields}


def text(record: Record) -> str:
    """Return `drill.json`: ASCII, so that no name steers a terminal."""
    return json.dumps(to_dict(record), indent=2, allow_nan=False) + "\n"


def without_values(record: Record) -> Record:
    """Leave out the values of attributes, and what may repeat them."""
    return dataclasses.replace(
        record,
        without_values=True,
        groups=tuple(_without_values(one) for one in record.groups),
    )


def _without_values(group: records.Group) -> records.Group:
    fidelity = group.fidelity
    if fidelity is not None:
        fidelity = dataclasses.replace(
            fidelity,
            differences=tuple(
                dataclasses.replace(one, source=None, target=None, reason=None)
                for one in fidelity.differences
            ),
        )
    return dataclasses.replace(
        group,
        fidelity=fidelity,
        not_kept=tuple(
            dataclasses.replace(one, value=None, reason=None)
            for one in group.not_kept
        ),
        verify=tuple(
            dataclasses.replace(one, output="") for one in group.verify
        ),
        failures=tuple(
            dataclasses.replace(one, message="it differs from the source")
            if one.part is records.Part.FIDELITY
            else one
            for one in group.failures
        ),
    )


def moment(when: datetime.datetime) -> str:
    """Write a moment in UTC, to the millisecond where it has any."""
    if when.tzinfo is None:
        when = when.replace(tzinfo=datetime.UTC)
    when = when.astimezone(datetime.UTC)
    spec = "milliseconds" if when.microsecond else "seconds"
    return when.isoformat(timespec=spec).replace("+00:00", "Z")


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [one.name for one in dataclasses.fields(value)]
        names += DERIVED.get(type(value).__name__, ())
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, enum.Enum):
        return str(value.value)
    if isinstance(value, datetime.datetime):
        return moment(value)
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int | bool):
        return value
    return str(value)
