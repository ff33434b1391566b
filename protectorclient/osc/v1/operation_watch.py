"""``protector operation watch``: look on while operations run."""

from __future__ import annotations

import argparse
import contextlib
import datetime
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.escape import (
    ShellCommand,
    escaped,
    protector,
    shell_word,
)
from protectorclient.osc import command, options
from protectorclient.osc.v1 import _followed, _waiting

if TYPE_CHECKING:
    from protectorclient.osc.live.tracker import Tracker
    from protectorclient.pair.site import SiteHandle
    from protectorclient.polling import events
    from protectorclient.records.operation import Operation

UNFINISHED = ("running", "rolling_back", "pending")


class WatchOperation(_waiting.Waiting, command.Command):
    """Watch operations until they have ended

    On a terminal the phases and steps are drawn in place, with the time
    that earlier operations took; elsewhere each change is a line, or with
    --events a JSON object. The exit status tells how the operations ended.
    """

    prefixes = {"operation": "operation", "protection_group": "group"}

    verb = "watch"
    _asked: argparse.Namespace | None = None

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
            help="What runs for this group (name or ID)",
        )
        parser.add_argument(
            "--all",
            action="store_true",
            help="Whatever runs at either site, and what begins meanwhile; "
            "it ends when nothing runs any more",
        )
        parser.add_argument(
            "--events",
            action="store_true",
            help="Write each event as one line of JSON",
        )
        options.add_timeout(parser)

    def complete(self, parsed_args: argparse.Namespace) -> None:
        from protectorclient.osc.v1 import _typed_ids

        parsed_args.operation = _typed_ids.from_stdin(
            parsed_args.operation, self.verb
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
        self._asked = parsed_args
        followed = self.followed = _followed.Followed(
            events.Key("", identity)
            for identity in dict.fromkeys(parsed_args.operation)
        )
        handles = self.handles()
        if not parsed_args.operation:
            begun = self._running(parsed_args, handles)
            followed = _followed.Followed(
                (
                    events.Key(site, identity)
                    for identity, (_, site) in begun.items()
                ),
                begun,
            )
        if not followed.keys:
            self.say("nothing runs")
            return
        self.follow_keys(
            followed,
            handles,
            timeout=parsed_args.timeout,
            display=lambda tracked: self._shown(parsed_args, tracked),
            names={} if parsed_args.events else self.known_names(handles),
            begun=(lambda: self._begun(followed, handles))
            if parsed_args.all
            else None,
        )
        self.settle(followed)

    def broken_off(self) -> KeyboardInterrupt:
        """Before it was known what there is to watch, what was asked."""
        if self._asked is None or (self.followed and self.followed.keys):
            return super().broken_off()
        words = "--all"
        if self._asked.protection_group is not None:
            group = shell_word(self._asked.protection_group)
            words = f"--protection-group {group}"
        return _waiting.Interrupted(
            f"no longer {self.verb}ing",
            protector(f"operation {self.verb} {words}"),
        )

    def resume(self, ids: Sequence[str]) -> ShellCommand:
        if self._asked is not None and self._asked.all:
            return protector(f"operation {self.verb} --all")
        return super().resume(ids)

    def _begun(
        self, followed: _followed.Followed, handles: dict[str, SiteHandle]
    ) -> list[events.Key]:
        """What runs by now at the sites that say so."""
        from protectorclient.pair.reads.groups import Reads
        from protectorclient.polling import events

        found: list[events.Key] = []
        for record, site in Reads(tuple(handles.values())).unfinished().items:
            key = events.Key(site.name, record.id)
            followed.add(key, record)
            found.append(key)
        return found

    def _running(
        self,
        parsed_args: argparse.Namespace,
        handles: dict[str, SiteHandle],
    ) -> dict[str, tuple[Operation, str]]:
        """What has not ended, at either site: records, and whose."""
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
        self, parsed_args: argparse.Namespace, tracked: Tracker
    ) -> Iterator[_waiting.Display]:
        """What is watched is the result: it goes to stdout."""
        from protectorclient.osc.live import lines

        if parsed_args.events:
            yield lines.Journal(self._write)
        elif self.may_draw(self.app.stdout):
            with self.drawn(tracked, self.app.stdout) as display:
                yield display
        else:
            yield lines.Reporter(
                lambda text: self._write(f"{_stamp()} {escaped(text)}"),
                label=_waiting.labels(tracked, several=parsed_args.all),
                every=True,
            )

    def _write(self, line: str) -> None:
        self.app.stdout.write(f"{line}\n")
        self.app.stdout.flush()


def _stamp() -> str:
    now = datetime.datetime.now(datetime.UTC)
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")
