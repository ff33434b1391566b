"""What a check of reports has found."""

from __future__ import annotations

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class Finding:
    """Something that is not as it was written."""

    #: The name of the report's folder; empty for the directory.
    report: str
    #: The name of the file; empty for the report whole.
    file: str
    #: A word for programs: ``altered``, ``inserted``, ``missing``, ...
    kind: str
    #: A sentence for people.
    message: str

    def __str__(self) -> str:
        place = "/".join(filter(None, (self.report, self.file)))
        return f"{place}: {self.message}" if place else self.message


@dataclasses.dataclass(frozen=True)
class Result:
    """What a check of a directory, or of one report, has found."""

    findings: tuple[Finding, ...]
    #: How many reports were looked at.
    reports: int
    #: The hash of the newest manifest, to be kept elsewhere.
    head: str | None
    #: The fingerprints of the keys that have signed, and how often each.
    keys: dict[str, int] = dataclasses.field(default_factory=dict)
    #: What was not looked at, a sentence each.
    notes: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Return whether nothing was found."""
        return not self.findings

    def to_dict(self) -> dict[str, Any]:
        """As data."""
        return dataclasses.asdict(self)
