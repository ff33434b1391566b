"""The finding of one check, and the report of all of them."""

from __future__ import annotations

import contextlib
import dataclasses
import enum
from collections.abc import Callable, Iterable
from typing import Any


class Severity(enum.StrEnum):
    """How much a finding matters."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    #: It could not be asked.
    SKIPPED = "skipped"


@dataclasses.dataclass(frozen=True)
class Finding:
    """One row: a check, at one site or of both."""

    id: str
    severity: Severity
    #: The cloud's name; both names where it is about the pair.
    site: str
    message: str
    cause: str | None = None
    impact: str | None = None
    #: What clears it: a `ShellCommand` or a sentence a line.
    steps: tuple[str, ...] = ()
    #: What it is about: ids and names of instances, networks, operations.
    affected: tuple[str, ...] = ()
    #: Whether the action is refused as long as this stands.
    blocks: bool = False

    @property
    def fix(self) -> str | None:
        """Return what clears it, as one text."""
        return "\n".join(self.steps) or None

    def to_dict(self) -> dict[str, Any]:
        """As data."""
        found = dataclasses.asdict(self)
        del found["steps"]
        found["fix"] = self.fix
        found["severity"] = str(self.severity)
        found["affected"] = list(self.affected)
        return found


@dataclasses.dataclass(frozen=True)
class Report:
    """All findings on one group, for one purpose."""

    group: str
    purpose: str
    findings: tuple[Finding, ...]
    #: What was left out of the mappings, as sentences.
    warnings: tuple[str, ...] = ()

    def of(self, *severities: Severity) -> tuple[Finding, ...]:
        """Return the findings of some severities."""
        return tuple(f for f in self.findings if f.severity in severities)

    @property
    def bad(self) -> tuple[Finding, ...]:
        """Return the problems and the warnings."""
        return self.of(Severity.PROBLEM, Severity.WARNING)


def summary(findings: Iterable[Finding]) -> str:
    """Return how many of each: ``17 ok, 1 warning, 0 problems``."""
    found = [finding.severity for finding in findings]
    ok, warnings, problems, skipped = (
        found.count(severity)
        for severity in (
            Severity.OK,
            Severity.WARNING,
            Severity.PROBLEM,
            Severity.SKIPPED,
        )
    )
    text = (
        f"{ok} ok, {_counted(warnings, 'warning')},"
        f" {_counted(problems, 'problem')}"
    )
    return f"{text}, {skipped} skipped" if skipped else text


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


class Skip(Exception):
    """A check that cannot be made, and why."""


def unless_skipped(question: Callable[[], object]) -> Callable[[], None]:
    """Return a question that does nothing where its check is skipped."""

    def ask() -> None:
        with contextlib.suppress(Skip):
            question()

    return ask


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What a check's function says."""

    message: str
    good: bool = True
    #: Ids and names.
    affected: tuple[str, ...] = ()
    #: Instead of the table's.
    cause: str | None = None
    #: Instead of the table's, if there are any.
    steps: tuple[str, ...] = ()
    #: The row is about this site after all.
    site: str | None = None
    #: Instead of the table's.
    severity: Severity | None = None
    #: Instead of the table's.
    blocks: bool | None = None


def ok(message: str, *affected: str, site: str | None = None) -> Verdict:
    """Make a verdict that nothing is wrong."""
    return Verdict(message, affected=affected, site=site)


def bad(
    message: str,
    *affected: str,
    cause: str | None = None,
    fix: str | Iterable[str] | None = None,
    site: str | None = None,
    severity: Severity | None = None,
    blocks: bool | None = None,
) -> Verdict:
    """Make a verdict that something is wrong; the table has its severity."""
    return Verdict(
        message, False, affected, cause, lines(fix), site, severity, blocks
    )


def lines(fix: str | Iterable[str] | None) -> tuple[str, ...]:
    """Make a line, or several, as several."""
    if fix is None:
        return ()
    return (fix,) if isinstance(fix, str) else tuple(fix)
