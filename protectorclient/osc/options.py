"""Options that several commands share, and the values that they refuse.

Each refusal is argparse's own: one sentence on stderr, exit status 2, and
nothing has been sent.
"""

import argparse
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from protectorclient import durations
from protectorclient.durations import SITE_GRACE
from protectorclient.osc.private_parts import options_of

#: The word in place of ids that says where they come from.
STDIN = "-"
#: The whole id of an operation.
_OPERATION = re.compile(r"op-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_FAILOVER = "protection-group failover"
_CHECK = "protection-group check"
_TESTS = "protection-group test-failover"
_MAPPED = (_FAILOVER, "failback", "test-failover")
_STARTED = (*_MAPPED, "test-cleanup", "consistency-group sync")
_ACTIONS = (*_MAPPED, "test-cleanup")
_WAITING = (*_STARTED, "operation wait", "operation watch")
_READING = (
    "protection-group show",
    "protection-group list",
    "protection-group sync-status",
    "member list",
    "policy show",
    "consistency-group show",
    "operation show",
    "operation list",
    "mapping show",
    "health show",
    "status",
    "drill overdue",
)

#: Where an option belongs, for those who give it to another command.
OWNERS: Mapping[str, tuple[str, ...]] = {
    "--type": (_FAILOVER,),
    "--accept-divergence": (_FAILOVER,),
    "--reverse-replication": ("protection-group failback",),
    "--retain-primary": (_TESTS,),
    "--network-mapping": _MAPPED,
    "--flavor-mapping": _MAPPED,
    "--no-network-mapping": ("protection-group set",),
    "--no-flavor-mapping": ("protection-group set",),
    "--start-anyway": _MAPPED,
    "--fidelity": (_TESTS,),
    "--accept": ("drill verify",),
    "--probe": _MAPPED,
    "--probe-file": _MAPPED,
    "--probe-timeout": _MAPPED,
    "--sync-first": (_FAILOVER, "failback"),
    "--wait": _STARTED,
    "--timeout": _WAITING,
    "--reason": _STARTED,
    "--winner": (
        "protection-group sync-force",
        "protection-group reconcile",
    ),
    "--yes": (*_ACTIONS, "sync-force", "reconcile"),
    "--check": _STARTED,
    "--strict": (_CHECK,),
    "--for": (_CHECK, "mapping check"),
    "--exit-status": ("operation show", "status"),
    "--last": ("operation show",),
    "--all-sites": ("operation list",),
    "--site": _READING,
    "--site-grace": _READING,
    "--any": ("operation wait",),
    "--events": ("operation watch",),
    "--watch": ("status",),
    "--interval": ("status",),
    "--prometheus": ("status",),
    "--older-than": ("drill overdue",),
    "--mapping-file": (*_MAPPED, "check"),
    "--reverse-mapping": ("protection-group failback",),
    "--dry-run": _STARTED,
    "--expect-primary": _STARTED,
    "--expect-version": _STARTED,
    "--max-recovery-point-age": _STARTED,
}
#: Words of the API that are no options, and what says the same.
INSTEAD: Mapping[str, tuple[str, ...]] = {
    "--force": (f"{_FAILOVER} --type unplanned",),
}


def duration(text: str) -> float:
    """Seconds from ``90``, ``90s``, ``15m``, ``1h30m`` or ``2d``."""
    try:
        return durations.seconds(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def interval(text: str) -> float:
    """Parse a duration between two looks; a second at least."""
    return max(1.0, duration(text))


def positive(text: str) -> int:
    """Parse a whole number above zero."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a whole number above 0"
        )
    return int(text)


class Elsewhere(argparse.Action):
    """An option of another command: refuse it and name the right one."""

    def __init__(
        self, option_strings: Sequence[str], dest: str, owners: Sequence[str]
    ) -> None:
        super().__init__(
            option_strings,
            argparse.SUPPRESS,
            nargs="?",
            help=argparse.SUPPRESS,
        )
        self.owners = owners

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> NoReturn:
        words = parser.prog.split()
        if "protector" in words:
            words = words[: words.index("protector") + 1]
        else:
            words = ["openstack", "protector"]
        first, *others = self.owners
        where = f"'{' '.join((*words, first))}'"
        if others:
            *middle, last = (f"'{owner}'" for owner in others)
            where = f"{', '.join((where, *middle))} or {last}"
        if option_string in INSTEAD:
            parser.error(f"there is no {option_string}; see {where}")
        parser.error(f"{option_string} belongs to {where}")


#: What other tools call the option for the format.
_OUTPUT = ("-o", "--output")


class Output(argparse.Action):
    """The format as other tools have it: refuse it and say the right one."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(
            option_strings,
            argparse.SUPPRESS,
            nargs="?",
            help=argparse.SUPPRESS,
        )

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> NoReturn:
        told = f"there is no {option_string}"
        wanted = str(values or "")
        choice = options_of(parser).get("-f")
        known = tuple((choice and choice.choices) or ())
        events = options_of(parser).get("--events")
        if events is not None and not isinstance(events, Elsewhere):
            parser.error(f"{told}; --events writes JSON")
        if not known:
            parser.error(f"{told}: this command has one format")
        if wanted in known:
            parser.error(f"{told}; use -f {wanted}")
        if wanted == "wide" and "--long" in options_of(parser):
            parser.error(f"{told}; use --long for more columns")
        parser.error(f"{told}; use -f with one of {', '.join(known)}")


def refuse_foreign(parser: argparse.ArgumentParser) -> None:
    """Refuse, by name, what belongs to another command than this one."""
    for table in (OWNERS, INSTEAD):
        for option, owners in table.items():
            if option not in options_of(parser):
                parser.add_argument(option, action=Elsewhere, owners=owners)
    for option in _OUTPUT:
        if option not in options_of(parser):
            parser.add_argument(option, action=Output)


def add_group(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "protection_group",
        metavar="<protection-group>",
        help="Protection group (name or ID)",
    )


def add_sites(parser: argparse.ArgumentParser) -> None:
    """Add the options for which sites are asked, and for how long."""
    parser.add_argument(
        "--site",
        metavar="<site>",
        dest="only_site",
        help="Ask this site alone (cloud name, or name or ID of the site)",
    )
    parser.add_argument(
        "--site-grace",
        metavar="<duration>",
        type=duration,
        default=SITE_GRACE,
        help="Wait this long for the second site once the first one has "
        "answered (default: 2s)",
    )


def add_mappings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--network-mapping",
        metavar="<source>=<target>",
        action="append",
        default=[],
        help="Map a network at the source to one at the target "
        "(name or ID; repeat for several)",
    )
    parser.add_argument(
        "--flavor-mapping",
        metavar="<source>=<target>",
        action="append",
        default=[],
        help="Map a flavor at the source to one at the target "
        "(name or ID; repeat for several)",
    )


def add_power_on(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--power-on",
        metavar="<member>",
        action="append",
        default=[],
        help="Start this member although its instance is stopped at the "
        "source (name or ID; all for every member; repeat for several); "
        "without it, a stopped instance comes back stopped",
    )


def add_mapping_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--mapping-file",
        metavar="<file>",
        help="Read networks, flavors and, for test failovers, test_networks "
        "from this file of YAML or JSON (- is standard input); the options "
        "override it",
    )


def add_wait(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--wait",
        action="store_true",
        help="Wait until the operation has ended; progress goes to stderr",
    )
    add_timeout(parser)


def add_timeout(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--timeout",
        metavar="<duration>",
        type=duration,
        help="Stop waiting after this time, such as 90s, 15m or 1h; the "
        "operation goes on (exit status 8)",
    )


def add_reason(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--reason",
        metavar="<text>",
        help="Keep this reason with the operation (API version 1.2)",
    )


def add_preflight(parser: argparse.ArgumentParser) -> None:
    """Add the options that check before anything is sent."""
    looks = parser.add_mutually_exclusive_group()
    looks.add_argument(
        "--check",
        action="store_true",
        help="Make the checks of 'protection-group check', and send nothing",
    )
    looks.add_argument(
        "--dry-run",
        action="store_true",
        help="Make the checks, print the request, and send nothing",
    )
    parser.add_argument(
        "--expect-primary",
        metavar="<site>",
        help="Refuse unless the group runs at this site (exit status 5)",
    )
    parser.add_argument(
        "--expect-version",
        metavar="<number>",
        type=positive,
        help="Refuse unless the metadata have this version (exit status 5)",
    )
    parser.add_argument(
        "--max-recovery-point-age",
        metavar="<duration>",
        type=duration,
        help="Refuse if the newest recovery point is older (exit status 5)",
    )


def add_starting(parser: argparse.ArgumentParser) -> None:
    """Add what every command takes that starts an operation."""
    add_preflight(parser)
    add_reason(parser)
    add_wait(parser)


def add_start_anyway(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--start-anyway",
        action="store_true",
        help="Send the request although the service is certain to refuse it, "
        "or instances run beside the group",
    )


def add_yes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--yes",
        action="store_true",
        help="Do not ask for confirmation; without a terminal no command asks",
    )


def add_paging(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--limit",
        metavar="<count>",
        type=positive,
        help="Show at most this many entries",
    )
    parser.add_argument(
        "--marker",
        metavar="<id>",
        help="Start the list after the entry with this ID",
    )


def add_long(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--long",
        action="store_true",
        help="Show more columns",
    )


def may_be_cut(parsed_args: argparse.Namespace, names: Iterable[str]) -> bool:
    """Return whether an argument may be the beginning of an id.

    :param names: the arguments; what was typed of them may be the whole id
        of an operation, which needs no more.
    """
    for name in names:
        given = getattr(parsed_args, name, None)
        for word in given if isinstance(given, list) else [given]:
            if word and not _OPERATION.fullmatch(word):
                return True
    return False
