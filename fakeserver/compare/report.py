"""The report of a comparison, for people and for programs."""

import dataclasses
import json
from collections.abc import Iterator

from fakeserver.compare.walk import Report


def as_json(report: Report) -> str:
    """Return the whole report as one JSON object."""
    return json.dumps(dataclasses.asdict(report), indent=2)


def as_text(report: Report) -> Iterator[str]:
    """Lines: a paragraph a deviation, and the sums below."""
    for found in report.deviations:
        yield f"{found.rule}: {_safe(found.detail)}"
        times = "" if found.count == 1 else f" ({found.count} times)"
        yield f"    GET {_safe(found.address)}{times}"
        if found.commands:
            yield f"    concerns: {', '.join(found.commands)}"
    yield (
        f"{report.reads} reads at {', '.join(report.versions)}: "
        f"{report.groups} groups, {report.operations} operations, "
        f"{len(report.deviations)} deviations"
    )


def _safe(text: str) -> str:
    """Return what a deployment wrote, without control characters."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode()
        for c in text
    )
