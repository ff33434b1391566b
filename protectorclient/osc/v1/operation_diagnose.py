"""``protector operation diagnose``: explain a failure and its fix."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from protectorclient.exit_codes import ExitCode
from protectorclient.osc import columns, command
from protectorclient.osc.v1 import _wait

if TYPE_CHECKING:
    from protectorclient.reports.diagnosis import Diagnosis, Facts, SiteAnswer


class DiagnoseOperation(command.ShowOne):
    """Find out what is wrong with an operation

    The command asks both sites for the operation and its group. It shows
    the likely cause, the fix, the leftovers and the commands to type next,
    in order. The exit status is 3 if there is something to do, and 12 if no
    site that knows the operation answers.
    """

    prefixes = {"operation": "operation"}

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "operation",
            metavar="<operation>",
            help="Operation (ID)",
        )

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient.pair.both_sites import BothSites
        from protectorclient.reports import diagnosis

        asked = BothSites(tuple(_wait.sites(self).values()))
        facts = diagnosis.examine(parsed_args.operation, asked)
        found = diagnosis.diagnose(facts)
        if facts.operation is None:
            self.outcome = ExitCode.UNKNOWN
        elif not found.healthy:
            self.outcome = ExitCode.PROBLEM
        if parsed_args.formatter == "table":
            # a command in a table cannot be copied: it stands below
            self.afterwards.append(
                lambda: self.next(*found.lines, *found.instead)
            )
        people = parsed_args.formatter == "table" and not parsed_args.columns
        return _shown(facts, found, people)


class _NumberedList(columns.Cell):
    """Sentences, numbered."""

    def human_readable(self) -> str:
        return "\n".join(
            f"{number}. {columns.one_line(text)}"
            for number, text in enumerate(self._value, 1)
        )


def _shown(facts: Facts, found: Diagnosis, people: bool) -> columns.Output:
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
        "fix": _NumberedList(list(row.fix) if row else []),
        "leftovers": columns.Items(
            list(operation.leftovers) if operation else [], columns.leftover
        ),
    }
    if not people:
        fields["next_commands"] = list(found.commands)
        fields["notes"] = list(found.notes)
    return tuple(fields), tuple(
        columns.Text(value) if value is None else value
        for value in fields.values()
    )


class _Age(columns.Cell):
    """A time in seconds, for people in words."""

    def human_readable(self) -> str:
        return "" if self._value is None else columns.span(self._value)


def _site(seen: SiteAnswer) -> dict[str, Any]:
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
    told = [
        f"{item['site']}: {item['group_status']}",
        f"metadata {item['metadata_version']}",
    ]
    if item["sync_status"]:
        told.append(str(item["sync_status"]).replace("_", " "))
    return ", ".join(told)
