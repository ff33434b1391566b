"""``protector operation watch``: show operations while they run."""

from __future__ import annotations

import argparse
import contextlib
import datetime
from collections.abc import Iterator
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.advice import commands
from protectorclient.durations import stamp
from protectorclient.escape import escaped, fill
from protectorclient.osc import command, options
from protectorclient.osc.live import display
from protectorclient.osc.v1 import _wait

if TYPE_CHECKING:
    from protectorclient.pair.site import SiteHandle
    from protectorclient.polling import events
    from protectorclient.polling.progress_state import ProgressState
    from protectorclient.records.operation import Operation


class WatchOperation(command.Command):
    """Watch operations until they have ended

    On a terminal the command draws phases and steps in place, with an
    estimate from earlier operations; elsewhere it writes a line for each
    change, or with --events a JSON object. The exit status is that of the
    outcome.
    """

    prefixes = {"operation": "operation", "protection_group": "group"}

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "operation",
            metavar="<operation>",
            nargs="*",
            help="Operation (ID, or 8 or more of its first digits; - reads "
            "IDs from standard input)",
        )
        parser.add_argument(
            "--protection-group",
            metavar="<protection-group>",
            help="Watch the operations of this group (name or ID)",
        )
        parser.add_argument(
            "--all",
            action="store_true",
            help="Watch all operations at both sites, also those that begin "
            "meanwhile, until none runs",
        )
        parser.add_argument(
            "--events",
            action="store_true",
            help="Write each event as one line of JSON",
        )
        options.add_timeout(parser)

    def complete(self, parsed_args: argparse.Namespace) -> None:
        from protectorclient.osc import typed_ids

        parsed_args.operation = typed_ids.from_stdin(
            parsed_args.operation, "watch"
        )
        super().complete(parsed_args)

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        from protectorclient.polling import events

        ways = (
            parsed_args.operation,
            parsed_args.protection_group,
            parsed_args.all,
        )
        if sum(map(bool, ways)) != 1:
            raise exceptions.UsageProblem(
                "name operations, or give --protection-group or --all"
            )
        again = commands.WATCH_ALL
        if parsed_args.protection_group is not None:
            group = parsed_args.protection_group
            again = fill(commands.WATCH_GROUP, group=group)
        wait = _wait.Wait(
            self,
            [
                events.Key("", identity)
                for identity in dict.fromkeys(parsed_args.operation)
            ],
            verb="watch",
            resume=again if parsed_args.all else None,
            nothing=lambda: _wait.WaitInterrupted("no longer watching", again),
        )
        self.wait = wait
        handles = _wait.sites(self)
        if not parsed_args.operation:
            running = self._running(parsed_args, handles)
            if not running:
                self.info("nothing runs")
                return
            wait.begin(
                [events.Key(site, one) for one, (_, site) in running.items()],
                running,
            )
        state = wait.state
        wait.follow(
            handles,
            timeout=parsed_args.timeout,
            display=self._shown(parsed_args, state),
            names={} if parsed_args.events else _wait.names_of(handles),
            find_new=(lambda: _begun(state, handles))
            if parsed_args.all
            else None,
        )

    def _running(
        self,
        parsed_args: argparse.Namespace,
        handles: dict[str, SiteHandle],
    ) -> dict[str, tuple[Operation, str]]:
        """Find the operations that run: records by id, with their sites."""
        from protectorclient.pair.reads.groups import Reads

        wanted: str | None = parsed_args.protection_group
        group: str | None = None
        if wanted is not None:
            if len(handles) > 1:
                group = self.pair.locate(wanted).group.id
            else:
                group = self.client.protection_groups.find(wanted).id
        running = Reads(tuple(handles.values())).unfinished(group)
        found = [(record, site.name) for record, site in running.items]
        silent = list(running.errors.values())
        if silent and not found:
            raise exceptions.OutcomeUnknown(
                "whether anything runs is not known: "
                + "; ".join(str(error) for error in silent)
            )
        for problem in silent:
            self.warn(f"what runs there is not known: {problem}")
        return {record.id: (record, name) for record, name in found}

    @contextlib.contextmanager
    def _shown(
        self, parsed_args: argparse.Namespace, state: ProgressState
    ) -> Iterator[display.Display]:
        """Show events on stdout: what is watched is the result."""
        from protectorclient.osc.live import lines

        if parsed_args.events:
            state.estimates = False
            yield lines.EventLog(self._write)
        elif display.may_draw(self, self.app.stdout):
            with display.drawn(self, state, self.app.stdout) as show:
                yield show
        else:
            state.estimates = False
            yield lines.Reporter(
                lambda text: self._write(f"{_stamp()} {escaped(text)}"),
                label=display.labels(state, several=parsed_args.all),
                every=True,
            )

    def _write(self, line: str) -> None:
        self.app.stdout.write(f"{line}\n")
        self.app.stdout.flush()


def _begun(
    state: ProgressState, handles: dict[str, SiteHandle]
) -> list[events.Key]:
    """Find what runs by now, at the sites that answer."""
    from protectorclient.pair.reads.groups import Reads
    from protectorclient.polling import events

    found: list[events.Key] = []
    for record, site in Reads(tuple(handles.values())).unfinished().items:
        key = events.Key(site.name, record.id)
        state.add(key, record)
        found.append(key)
    return found


def _stamp() -> str:
    return stamp(datetime.datetime.now(datetime.UTC))
