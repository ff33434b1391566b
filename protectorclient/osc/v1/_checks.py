"""How findings look: rows on stdout, and one line that counts them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from protectorclient.checkup import Finding, Severity, summary
from protectorclient.osc import columns

#: What fits beside the rest in a terminal that is not too narrow.
WIDTH = 44
HEADERS = ("Check", "Site", "Result", "Blocks", "Detail", "Fix")
#: A word of a command, as it is written: what is quoted stays so.
_WORD = re.compile(r"""(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\])+""")
#: What a program gets.
FIELDS = (
    "id",
    "severity",
    "blocks",
    "site",
    "message",
    "cause",
    "impact",
    "fix",
    "affected",
)


class Blocks(columns.Cell):
    """Whether the action is refused for it."""

    def human_readable(self) -> str:
        return "yes" if self._value else ""


class Wrapped(columns.Cell):
    """A text that is broken into lines for people."""

    def human_readable(self) -> str:
        lines = (self._value or "").splitlines()
        return "\n".join(part for line in lines for part in broken(line))


def broken(line: str) -> list[str]:
    """A line that fits; a command still can be typed as it stands."""
    if not line.startswith("openstack "):
        return textwrap.wrap(line, WIDTH, break_on_hyphens=False)
    return list(_continued(line))


def _continued(command: str) -> Iterator[str]:
    words = _WORD.findall(command)
    comment = ""
    if "#" in words:
        place = words.index("#")
        words, comment = words[:place], " ".join(words[place + 1 :])
    room = WIDTH - 2
    current = ""
    for word in words:
        if current and len(current) + 1 + len(word) > room:
            yield f"{current} \\"
            current = f"  {word}"
        else:
            current = f"{current} {word}" if current else word
    if comment:
        yield from (current, f"# {comment}")
    else:
        yield current


def rows(findings: Iterable[Finding], *before: str) -> columns.Output:
    """The table of findings, for people."""
    return HEADERS, [
        (
            *before,
            finding.id,
            finding.site,
            str(finding.severity),
            Blocks(finding.blocks),
            Wrapped(finding.message),
            Wrapped(finding.fix or ""),
        )
        for finding in findings
    ]


def data(findings: Iterable[Finding]) -> columns.Output:
    """All that is known of each finding, for programs."""
    return FIELDS, [
        tuple(finding.to_dict()[field] for field in FIELDS)
        for finding in findings
    ]


def output(findings: Sequence[Finding], formatter: str) -> columns.Output:
    """Programs get all that is known; a table is for people."""
    return rows(findings) if formatter == "table" else data(findings)


def lines(findings: Iterable[Finding]) -> Iterator[str]:
    """What is wrong, for stderr, where stdout holds something else."""
    found = list(findings)
    for finding in found:
        if finding.severity in (Severity.PROBLEM, Severity.WARNING):
            yield (
                f"{finding.severity}: {finding.id} ({finding.site}):"
                f" {finding.message}"
            )
            for line in (finding.fix or "").splitlines():
                yield f"  fix: {line}"
    yield summary(found)
