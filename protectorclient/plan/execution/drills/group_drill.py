"""What the drill of one group has found, from the lines of its journal."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

Line = Mapping[str, Any]


@dataclasses.dataclass
class GroupDrill:
    """The lines of a drill about one group, the newest of each kind."""

    #: What the last checks before it found, as data.
    findings: Sequence[Line] = ()
    #: The line of its request.
    posting: Line | None = None
    #: The line of the probes: results, and seconds from the request.
    probed: Line | None = None
    #: The line of the comparison of the instances with their sources.
    compared: Line | None = None
    #: A line for each command that has judged the group.
    verified: list[Line] = dataclasses.field(default_factory=list)
    #: The last records of its operations, by their ids.
    operations: dict[str, Line] = dataclasses.field(default_factory=dict)
    #: When each step was seen to be done, by operation and name.
    #: None where two ended between two looks, and this one was the first.
    steps: dict[tuple[str, str], str | None] = dataclasses.field(
        default_factory=dict
    )
    #: When its operation was seen to run.
    started_at: str | None = None
    #: The number of the clean-up that is, or was, the last one.
    attempt: int = 0
    #: Its operation, and the id of the site that runs it.
    operation_id: str | None = None
    site: str | None = None
    #: Why the last one did not end well.
    error: str | None = None
    #: ``removed``, ``nothing``, ``kept`` or ``failed``, once it is over.
    result: str | None = None
    cleaned_at: str | None = None
    #: Ids or names of what is still there.
    left: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Return whether nothing of the test is there any more."""
        return self.result in ("removed", "nothing")

    def posted_at(self, now: Line) -> float | None:
        """Return when its request was sent, by the clock of this machine.

        :param now: a mark of the run; None where the two cannot be
            compared.
        """
        line = self.posting or {}
        if line.get("clock") is None or line.get("boot") != now.get("boot"):
            return None
        return float(line["clock"])

    def apply(self, entry: Line) -> None:
        """Apply a line of the journal that is about the group."""
        match entry["event"]:
            case "posting":
                self.posting = entry
            case "findings":
                self.findings = entry["findings"]
            case "probed":
                self.probed = entry
            case "compared":
                self.compared = entry
            case "verified":
                self.verified.append(entry)
            case "operation":
                self.operations[entry["record"]["id"]] = entry
            case "step":
                key = entry["operation_id"], entry["step"]
                seen = entry["at"] if entry.get("is_seen") else None
                self.steps.setdefault(key, seen)
            case "started":
                self.started_at = entry["at"]
            case "clean-posting":
                self.attempt, self.error = entry["attempt"], None
                self.operation_id = self.result = None
            case "clean-started":
                self.operation_id = entry["operation_id"]
                self.site = entry["site"]
            case "clean-failed":
                self.error, self.operation_id = entry["why"], None
            case "cleaned":
                self.result, self.cleaned_at = entry["result"], entry["at"]
                self.error = entry.get("why")
                self.left = tuple(entry.get("left", ()))
            case "examining":
                # taken up again: what was found before is found anew
                self.probed = self.compared = None
                self.verified = []
