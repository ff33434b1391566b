"""``protector operation diagnose``: what went wrong, and what to do."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from protectorclient.exitcodes import ExitCode
from protectorclient.osc import columns, command
from protectorclient.osc.v1 import _waiting

if TYPE_CHECKING:
    from protectorclient.diagnosis import Diagnosis, Facts, Seen


class DiagnoseOperation(_waiting.Waiting, command.ShowOne):
    """Find out what is wrong with an operation

    Both sites are asked for the operation and for its group. Shown are
    the likely cause, what helps, what was left behind and the commands to
    type next, in order. Ends with 3 where something has to be done, and
    with 12 where nobody who knows the operation answers.
    """

    prefixes = {"operation": "operation"}

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "operation",
            metavar="<operation>",
            help="Operation (ID)",
        )

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient import diagnosis

        handles = self.handles()
        facts = diagnosis.examine(parsed_args.operation, handles)
        found = diagnosis.diagnose(facts)
        if facts.operation is None:
            self.outcome = ExitCode.UNKNOWN
        elif not found.healthy:
            self.outcome = ExitCode.PROBLEM
        return _shown(facts, found)

    def explain(self, error: BaseException) -> int:
        """It is not a wait that ended."""
        return command.Base.explain(self, error)


class _Commands(columns.Cell):
    """Commands as they are typed, one after the other."""

    def human_readable(self) -> str:
        return "\n".join(
            line for text in self._value for line in _folded(text)
        )


class _Numbered(columns.Cell):
    """Sentences in order."""

    def human_readable(self) -> str:
        return "\n".join(
            f"{number}. {columns.one_line(text)}"
            for number, text in enumerate(self._value, 1)
        )


def _folded(text: str) -> Iterator[str]:
    """A command on as many lines as it takes, and still one command.

    A comment is on lines of its own: none joins those.
    """
    text, _, comment = f" {text}".partition(" # ")
    yield from _continued(text.strip())
    for line in textwrap.wrap(
        comment, columns.CELL_WIDTH, break_on_hyphens=False
    ):
        yield f"# {line}"


def _continued(text: str) -> Iterator[str]:
    line = ""
    for word in text.split(" ") if text else ():
        if len(word) > columns.CELL_WIDTH and "=" in word:
            # the shell joins what a backslash parts
            source, _, target = word.partition("=")
            yield f"{line} \\"
            yield f"  {source}=\\"
            line = target
            continue
        if line and len(line) + 1 + len(word) > columns.CELL_WIDTH:
            yield f"{line} \\"
            line = f"  {word}"
        else:
            line = f"{line} {word}" if line else word
    if line:
        yield line


def _shown(facts: Facts, found: Diagnosis) -> columns.Output:
    operation, row = facts.operation, found.advice
    home = facts.home
    told = (facts.witness and facts.witness.told) or {}
    group = facts.group
    fields: dict[str, Any] = {
        "id": facts.operation_id,
        "verdict": columns.Prose(found.verdict),
        "operation_type": operation.operation_type
        if operation
        else told.get("type"),
        "protection_group": group.name if group else None,
        "status": operation and operation.status,
        "failed_step": ", ".join(operation.steps_failed) or None
        if operation
        else None,
        "error_message": columns.Prose(
            operation.error_message if operation else None
        ),
        "unchanged_for": _Age(home.unchanged_for if home else None),
        "site": home.site if home else None,
        "sites": columns.Items(
            [_site(one) for one in facts.seen.values()], _one_site
        ),
        "symptom": columns.Prose(row.symptom if row else None),
        "cause": columns.Prose(row.cause if row else None),
        "fix": _Numbered(list(row.fix) if row else []),
        "leftovers": columns.Items(
            list(operation.leftovers) if operation else [], columns.leftover
        ),
        "next_commands": _Commands(list(found.commands)),
    }
    return tuple(fields), tuple(
        columns.Text(value) if value is None else value
        for value in fields.values()
    )


class _Age(columns.Cell):
    """Seconds, for people as they say it."""

    def human_readable(self) -> str:
        return "" if self._value is None else columns.span(self._value)


def _site(seen: Seen) -> dict[str, Any]:
    return {
        "site": seen.site,
        "answers": seen.error is None,
        "group_status": seen.group and seen.group.status,
        "metadata_version": seen.group and seen.group.metadata_version,
        "sync_status": seen.sync and seen.sync.status,
        "message": seen.error.message if seen.error else None,
    }


def _one_site(item: Mapping[str, Any]) -> str:
    if not item["answers"]:
        return columns.one_line(f"{item['site']}: {item['message']}")
    if item["group_status"] is None:
        return f"{item['site']}: answers"
    sync = str(item["sync_status"] or "").replace("_", " ")
    return (
        f"{item['site']}: {item['group_status']}, metadata "
        f"{item['metadata_version']}, {sync}"
    )
