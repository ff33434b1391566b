"""``protector drill next`` and ``history``."""

from __future__ import annotations

import argparse
import pathlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.durations import span
from protectorclient.osc import columns, command, options
from protectorclient.osc.v1.drill import history_page
from protectorclient.osc.v1.drill import run as runs
from protectorclient.osc.v1.plan import options as plan_options

if TYPE_CHECKING:
    from protectorclient.drill.history import PastDrill
    from protectorclient.plan.execution.events import Event

HEADERS = (
    "Group",
    "Started At",
    "Status",
    "RTO",
    "RPO",
    "Clean",
    "Result",
    "Operation",
)


class NextDrill(command.Lister):
    """Drill the group of a plan whose drill is most due

    For a timer. The command chooses by age, by what has changed since the
    last drill, and by what is critical, and drills one group. It does
    nothing, and ends with 0, while any group of the pair is not active, an
    operation is unfinished, a site is silent, the window is closed, or
    another timer is at work. A test that an earlier drill has left is
    removed first. Production is never stopped. The exit status of a drill
    is that of drill run.
    """

    nouns = "drills"
    #: Whether nothing was done: then one line is all that is written.
    _is_idle = False

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Any,
    ) -> int:
        if self._is_idle and parsed_args.formatter == "table":
            return 0
        return super().produce_output(parsed_args, column_names, data)

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--plan",
            metavar="<file>",
            required=True,
            help="Plan whose groups are drilled (a file of YAML)",
        )
        parser.add_argument(
            "--every",
            metavar="<duration>",
            type=options.duration,
            help="Greatest age of the last drill of a group (default: that "
            "of the plan, else 90d)",
        )
        parser.add_argument(
            "--window",
            metavar="<hours>",
            help="Begin drills in these hours, such as 22:00-05:00 or "
            "'Mon-Fri 22:00-05:00, Sat 00:00-24:00' (default: that of the "
            "plan, else always)",
        )
        parser.add_argument(
            "--time-zone",
            metavar="<zone>",
            help="Time zone of the window, such as Europe/Berlin (default: "
            "that of the plan, else UTC)",
        )
        parser.add_argument(
            "--max-duration",
            metavar="<duration>",
            type=options.duration,
            help="Remove the test of an earlier drill that is older "
            "(default: that of the plan, else 4h)",
        )
        parser.add_argument(
            "--journal-dir",
            metavar="<dir>",
            help="Keep the journals here (default: a folder of the plan in "
            "the user's state folder)",
        )
        runs.add_examination(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient.drill.schedule import next_drill as timer
        from protectorclient.drill.schedule.both_sites import TimerOptions
        from protectorclient.drill.schedule.folder import JournalFolder

        plan = plan_options.load(self, parsed_args.plan)
        chosen = runs.wanted(parsed_args)
        if parsed_args.reason is not None:
            raise exceptions.UsageProblem(
                "--reason goes with drill run: a timer names the plan"
            )
        file = pathlib.Path(parsed_args.plan).resolve()
        folder = JournalFolder(
            pathlib.Path(parsed_args.journal_dir)
            if parsed_args.journal_dir
            else timer.default_folder(plan)
        )
        follower = runs.Follower(self, parsed_args)
        happening = timer.take(
            self.pair,
            plan,
            TimerOptions(
                parsed_args.every or plan.drills.every or timer.EVERY,
                chosen,
            ),
            window=timer.window_of(
                plan, parsed_args.window, parsed_args.time_zone
            ),
            max_duration=(
                parsed_args.max_duration
                or plan.drills.max_duration
                or timer.MAX_DURATION
            ),
            folder=folder,
            tools=lambda: follower.tools(None, file.parent),
        )
        return follower.follow(self._said(happening, follower))

    def _said(
        self, happening: Iterator[Event], follower: runs.Follower
    ) -> Iterator[Event]:
        """Write what was chosen; yield the events of the drill."""
        from protectorclient.drill.schedule import step

        for event in happening:
            if isinstance(event, step.Idle):
                self.report(f"nothing to do: {event.fields['why']}")
                self._is_idle = True
            elif isinstance(event, step.JournalOpened):
                follower.path = pathlib.Path(event.fields["path"])
            elif isinstance(event, step.Choice):
                self.info(f"{event.fields['group']}: {event.fields['why']}")
            else:
                yield event


class ListDrillHistory(command.Lister):
    """List the drills that were made

    A drill is a test failover, with the clean-up behind it. Both sites are
    asked.
    """

    nouns = "drills"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "protection_group",
            metavar="<protection-group>",
            nargs="*",
            help="Only drills of these groups (names or IDs)",
        )
        parser.add_argument(
            "--limit",
            metavar="<count>",
            type=options.positive,
            help="Show at most this many drills",
        )
        parser.add_argument(
            "--html",
            metavar="<file>",
            help="Write a page, too, with a plot of recovery times and "
            "recovery points for each group; an older page is replaced",
        )

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient.drill import history

        if parsed_args.html is not None:
            history_page.prepare(parsed_args.html)
        groups = self.pair.reads.groups()
        for warning in groups.warnings:
            self.warn(warning)
        names = {one.id: one.name for one in groups.value}
        wanted = [self._id(one, names) for one in parsed_args.protection_group]
        found = history.look(self.pair, list(dict.fromkeys(wanted)))
        for name, error in found.errors.items():
            if not groups.warnings:
                self.warn(f"the drills of {name} are missing: {error}")
        drills = found.drills[: parsed_args.limit]
        if parsed_args.html is not None:
            from protectorclient.drill import trend

            points = trend.points(self.pair, drills, names)
            history_page.write(parsed_args.html, points)
            self.info(f"the page is {parsed_args.html}")
        if parsed_args.formatter == "table":
            return HEADERS, [_row(one, names) for one in drills]
        rows = [one.to_dict(names) for one in drills]
        fields = tuple(rows[0]) if rows else FIELDS
        return fields, [tuple(row.values()) for row in rows]

    def _id(self, name: str, names: dict[str, str]) -> str:
        fitting = [
            identity
            for identity, known in names.items()
            if name in (identity, known)
        ]
        if not fitting:
            raise exceptions.NotFound(
                f"no protection group has the name or id '{name}'"
            )
        if len(fitting) > 1:
            raise exceptions.NotUnique(
                f"{len(fitting)} groups are named '{name}':"
                f" {', '.join(fitting)}"
            )
        return fitting[0]


#: What a program gets where there is none.
FIELDS = (
    "protection_group",
    "protection_group_id",
    "operation_id",
    "site",
    "run_id",
    "status",
    "started_at",
    "completed_at",
    "rto_seconds",
    "rpo_seconds",
    "isolated",
    "clean_up_id",
    "is_clean",
    "result",
)


def _row(one: PastDrill, names: dict[str, str]) -> tuple[Any, ...]:
    data = one.to_dict(names)
    clean = {True: "yes", False: "no", None: ""}[one.is_clean]
    return (
        data["protection_group"],
        columns.Text(data["started_at"]),
        one.operation.status,
        columns.Text(_span(one.rto_seconds)),
        columns.Text(_span(one.rpo_seconds)),
        clean,
        columns.Text(one.result),
        columns.Text(one.operation.id),
    )


def _span(seconds: float | None) -> str | None:
    return None if seconds is None else span(seconds)
