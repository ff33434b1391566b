"""The ``protector-sandbox`` command."""

import argparse
import pathlib
import signal
import sqlite3
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from fakeserver.base.json_file import BrokenFile
from fakeserver.base.seed_world import SITES
from fakeserver.cli import lifecycle, show
from fakeserver.faults.kinds import KINDS, STAGES
from fakeserver.local import controls
from fakeserver.sandbox import durations
from fakeserver.sandbox.folder import Folder
from fakeserver.sandbox.problem import Problem, say
from fakeserver.sandbox.scenarios import SCENARIOS
from fakeserver.storage import kept
from fakeserver.store.upgrade import SchemaProblem

DEFAULT_DIR = ".protector-sandbox"
MICROVERSIONS = ("1.0", "1.1", "1.2")


class Parser(argparse.ArgumentParser):
    """Says what is wrong in a sentence; --help has the rest."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_abbrev=False, **kwargs)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    """All commands and options."""
    common = Parser(add_help=False)
    common.add_argument(
        "--dir",
        type=pathlib.Path,
        metavar="DIR",
        default=argparse.SUPPRESS,
        help=f"folder of the sandbox; default {DEFAULT_DIR}",
    )
    made = Parser(
        prog="protector-sandbox",
        description="Two protector sites, with their clouds, on this machine.",
        parents=[common],
    )
    commands = made.add_subparsers(dest="command", required=True)

    def add(name: str, help: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            name, help=help, description=help, parents=[common]
        )

    _up_options(add("up", "start both sites; prints what to export"))
    add("down", "stop both sites; their data stays")
    add("status", "say which sites run, and how")
    add("env", "print what to export")
    add("reset", "bring the seeded world back while the sites run")
    for name, help in (
        ("start", "start one site over its data"),
        ("stop", "stop one site"),
        ("kill", "kill one site, as a power cut would"),
    ):
        add(name, help).add_argument("site", choices=SITES, metavar="SITE")
    engine = add("engine", "stop or start the engine of one site")
    engine.add_argument("verb", choices=("stop", "start"))
    engine.add_argument("site", choices=SITES, metavar="SITE")
    _fault_options(add("fault", "make something go wrong"), common)
    _clock_options(add("clock", "move the clock of both sites"), common)
    _array_options(add("array", "what an array's administrator does"), common)
    journal = add("journal", "print what each site was asked and answered")
    journal.add_argument("--site", choices=SITES, help="only this site")
    journal.add_argument(
        "--last", type=_count, metavar="N", help="only the last N requests"
    )
    journal.add_argument(
        "--json", action="store_true", help="one JSON object a line"
    )
    return made


def _up_options(up: argparse.ArgumentParser) -> None:
    up.add_argument(
        "--pace",
        type=_seconds,
        metavar="SECONDS",
        help="how long a step takes; default 1",
    )
    up.add_argument(
        "--port",
        type=_port,
        metavar="PORT",
        help="port of site-a; default 8788, 0: any",
    )
    up.add_argument(
        "--peer-port",
        type=_port,
        metavar="PORT",
        help="port of site-b; default 8789, 0: any",
    )
    up.add_argument(
        "--tls",
        action="store_true",
        default=None,
        help="serve HTTPS under a certificate of the sandbox's own",
    )
    up.add_argument(
        "--seed",
        type=_integer,
        metavar="N",
        help="of the world's ids; default 1",
    )
    up.add_argument(
        "--max-microversion",
        choices=MICROVERSIONS,
        metavar="M.m",
        help="newest version of the API to offer; default 1.2",
    )
    up.add_argument(
        "--scenario",
        choices=SCENARIOS,
        metavar="NAME",
        help="; ".join(f"{n}: {s.help}" for n, s in SCENARIOS.items()),
    )
    up.add_argument(
        "--groups",
        type=_count,
        metavar="N",
        help="how many groups the scenario fleet has",
    )
    up.add_argument(
        "--foreground",
        action="store_true",
        help="stay until interrupted, then take both sites down",
    )


def _fault_options(
    fault: argparse.ArgumentParser, common: argparse.ArgumentParser
) -> None:
    verbs = fault.add_subparsers(dest="verb", required=True)
    add = verbs.add_parser(
        "add",
        parents=[common],
        help="ask for a fault; prints its id",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"{k.name:18}{k.help}" for k in KINDS.values()),
    )
    add.add_argument("kind", choices=KINDS, metavar="KIND")
    add.add_argument("--site", choices=SITES, help="only at this site")
    add.add_argument(
        "--match",
        metavar="PATTERN",
        help="only where this fits: 'POST */action', the name of a step, or "
        "STEP/NAME for one instance or volume of it",
    )
    add.add_argument("--times", type=_count, metavar="N", help="then no more")
    add.add_argument(
        "--probability",
        type=_probability,
        default=1.0,
        metavar="P",
        help="above 0, at most 1; the dice are seeded",
    )
    add.add_argument(
        "--stage", choices=STAGES, help="when in a request, or in a step"
    )
    add.add_argument("--message", metavar="TEXT", help="what it says")
    add.add_argument("--seconds", type=_seconds, help="how long it takes")
    verbs.add_parser("list", parents=[common], help="show what is asked for")
    clear = verbs.add_parser(
        "clear", parents=[common], help="take back one fault, or all"
    )
    clear.add_argument("id", nargs="?", metavar="ID")


def _array_options(
    array: argparse.ArgumentParser, common: argparse.ArgumentParser
) -> None:
    verbs = array.add_subparsers(dest="verb", required=True)
    verbs.add_parser(
        "snapshots", parents=[common], help="show the snapshots that are kept"
    )
    copy = verbs.add_parser(
        "copy", parents=[common], help="make a volume out of a kept snapshot"
    )
    copy.add_argument("snapshot", metavar="SNAPSHOT")
    copy.add_argument("volume", metavar="VOLUME", help="its name on the array")


def _clock_options(
    clock: argparse.ArgumentParser, common: argparse.ArgumentParser
) -> None:
    verbs = clock.add_subparsers(dest="verb", required=True)
    advance = verbs.add_parser(
        "advance", parents=[common], help="let time pass at once"
    )
    advance.add_argument("duration", type=_duration, metavar="DURATION")
    advance.add_argument(
        "--site", choices=SITES, help="set only this site's clock ahead"
    )
    verbs.add_parser("freeze", parents=[common], help="let time stand still")
    verbs.add_parser("run", parents=[common], help="let time go on")


def _port(text: str) -> int:
    number = _integer(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port")
    return number


def _count(text: str) -> int:
    number = _integer(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None


def _probability(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 1:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not above 0 and at most 1"
        )
    return number


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return number


def _duration(text: str) -> float:
    try:
        return durations.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    args = parser().parse_args(argv)
    try:
        folder = Folder(pathlib.Path(getattr(args, "dir", DEFAULT_DIR)))
        _run(args, folder)
    except Problem as problem:
        print(f"protector-sandbox: {problem}", file=sys.stderr)
        return problem.code
    except (SchemaProblem, BrokenFile) as problem:
        print(f"protector-sandbox: {problem}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # whoever read the output has seen enough
        sys.stderr.close()
        return 0
    except (OSError, sqlite3.Error) as error:
        # a full disk has no name, nor has a database
        where = getattr(error, "filename", None) or folder.shown
        why = getattr(error, "strerror", None) or error
        print(
            f"protector-sandbox: {where} cannot be used: {why}.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        return lifecycle.INTERRUPTED
    return 0


def _run(args: argparse.Namespace, folder: Folder) -> None:
    match args.command:
        case "up":
            _up(args, folder)
        case "down":
            lifecycle.down(folder)
        case "status":
            show.status(folder)
        case "env":
            folder.settings()
            show.lines([*folder.exports(), *folder.token_exports()])
        case "reset":
            controls.reset(folder)
        case "start":
            lifecycle.start(folder, args.site)
        case "stop":
            lifecycle.end(folder, args.site, signal.SIGTERM)
        case "kill":
            lifecycle.end(folder, args.site, signal.SIGKILL)
        case "engine":
            controls.engine(folder, args.site, args.verb)
        case "fault":
            _fault(args, folder)
        case "clock":
            _clock(args, folder)
        case "array":
            _array(args, folder)
        case "journal":
            show.journal(folder, args.site, args.last, args.json)


def _up(args: argparse.Namespace, folder: Folder) -> None:
    names = (
        "pace",
        "port",
        "peer_port",
        "tls",
        "seed",
        "max_microversion",
        "scenario",
        "groups",
    )
    asked = {name: getattr(args, name) for name in names}
    if not args.foreground:
        lifecycle.up(folder, asked)
        show.lines(folder.exports())
        return
    with lifecycle.interruptible() as interrupted:
        lifecycle.up(folder, asked)
        show.lines(folder.exports())
        lifecycle.stay(folder, interrupted)


def _fault(args: argparse.Namespace, folder: Folder) -> None:
    if args.verb == "list":
        show.faults(folder)
    elif args.verb == "clear":
        gone = controls.clear_faults(folder, args.id)
        say(f"{gone} taken back.")
    else:
        names = ("site", "match", "times", "probability")
        names += ("stage", "message", "seconds")  # type: ignore[assignment]
        options = {name: getattr(args, name) for name in names}
        rule = controls.add_fault(folder, args.kind, **options)
        show.lines([rule.id])


def _array(args: argparse.Namespace, folder: Folder) -> None:
    if args.verb == "copy":
        array = controls.copy_snapshot(folder, args.snapshot, args.volume)
        show.lines([f"{args.volume} is on {array}"])
        return
    with controls.disks(folder) as db:
        show.snapshots(kept.listed(db))


def _clock(args: argparse.Namespace, folder: Folder) -> None:
    clock = controls.clock(folder)
    if args.verb == "advance":
        clock.advance(args.duration, args.site)
    elif args.verb == "freeze":
        clock.freeze()
    else:
        clock.run()
    show.clock(folder)
