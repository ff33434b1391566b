"""The ``protector-sandbox`` command."""

import argparse
import pathlib
import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from fakeserver.base.config import FORMS, SITES, TURNS
from fakeserver.cli import answers, compare, lifecycle, show, values
from fakeserver.faults.kinds import KINDS, STAGES
from fakeserver.sandbox.folder import BOTH, Folder
from fakeserver.sandbox.loader import DEFAULT_DIR, Loader
from fakeserver.sandbox.problem import Problem, say
from fakeserver.sandbox.scenarios import SCENARIOS

A, B = SITES
MICROVERSIONS = ("1.0", "1.1", "1.2")


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence; --help has the rest."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_abbrev=False, **kwargs)

    def error(self, message: str) -> NoReturn:
        self.exit(
            2, f"{self.prog}: {message}. For help:\n{self.prog} --help\n"
        )


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands and options."""
    common = Parser(add_help=False)
    common.add_argument(
        "--dir",
        type=pathlib.Path,
        metavar="DIR",
        default=argparse.SUPPRESS,
        help=f"Folder of the sandbox; the default is {DEFAULT_DIR}.",
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

    _up_options(add("up", "Start both sites and print what to export."))
    add("down", "Stop both sites; their data stays.")
    add("status", "Show which sites run, and how.")
    add("env", "Print what to export.")
    add("reset", "Write the seeded world again while the sites run.")
    for name, help in (
        ("start", "Start one site over its data."),
        ("stop", "Stop one site."),
        ("kill", "Kill one site, as a power cut does."),
    ):
        add(name, help).add_argument("site", choices=SITES, metavar="SITE")
    engine = add("engine", "Stop or start the engine of one site.")
    engine.add_argument("verb", choices=("stop", "start"))
    engine.add_argument("site", choices=SITES, metavar="SITE")
    _fault_options(add("fault", "Inject faults."), common)
    answers.add_options(add("answer", "Set what instances answer."), common)
    _clock_options(add("clock", "Set the clock of both sites."), common)
    _array_options(
        add("array", "Do what an administrator of an array does."), common
    )
    compare.add_options(
        add("compare", "Read a real deployment, say where it deviates.")
    )
    journal = add(
        "journal", "Print the requests of each site and their answers."
    )
    journal.add_argument("--site", choices=SITES, help="Show only this site.")
    journal.add_argument(
        "--last",
        type=values.count,
        metavar="N",
        help="Show only the last N requests.",
    )
    journal.add_argument(
        "--json", action="store_true", help="Print one JSON object a line."
    )
    return made


def _up_options(up: argparse.ArgumentParser) -> None:
    up.add_argument(
        "--pace",
        type=values.seconds,
        metavar="SECONDS",
        help="How long a step takes; the default is 1.",
    )
    up.add_argument(
        "--port",
        type=values.port,
        metavar="PORT",
        help="Port of site-a; the default is 8788, and 0 is any free port.",
    )
    up.add_argument(
        "--peer-port",
        type=values.port,
        metavar="PORT",
        help="Port of site-b; the default is 8789, and 0 is any free port.",
    )
    up.add_argument(
        "--tls",
        action="store_true",
        default=None,
        help="Serve HTTPS with a certificate of the sandbox's own.",
    )
    up.add_argument(
        "--seed",
        type=values.integer,
        metavar="N",
        help="Seed of the ids of the seeded world; the default is 1.",
    )
    for option, site in (("--identity", A), ("--peer-identity", B)):
        up.add_argument(
            option,
            type=values.keystone,
            metavar="URL",
            help=f"real Keystone of {site}; default: an emulated one. It must "
            "know the users, projects and ids of the sandbox",
        )
    up.add_argument(
        "--rename-on-manage",
        nargs="?",
        const=BOTH,
        choices=(*SITES, BOTH),
        metavar="SITE",
        help="Let the Cinder driver of a site rename what it manages and "
        "unmanages, as Pure's does; without SITE at both sites.",
    )
    up.add_argument(
        "--identity-cacert",
        type=values.authority,
        metavar="FILE",
        help="Authority of the certificates of real Keystones.",
    )
    up.add_argument(
        "--max-microversion",
        choices=MICROVERSIONS,
        metavar="M.m",
        help="Newest API version to offer; the default is 1.2.",
    )
    up.add_argument(
        "--strictly-source",
        nargs="?",
        choices=FORMS,
        const=TURNS,
        metavar="FORM",
        help="Serve only what the page of the Operations API states. FORM is "
        f"how errors read: {', '.join(FORMS[1:])}; default: each in turn.",
    )
    up.add_argument(
        "--scenario",
        choices=SCENARIOS,
        metavar="NAME",
        help=" ".join(f"{n}: {s.help}" for n, s in SCENARIOS.items()),
    )
    up.add_argument(
        "--groups",
        type=values.count,
        metavar="N",
        help="How many groups the scenario fleet has.",
    )
    up.add_argument(
        "--foreground",
        action="store_true",
        help="Wait until interrupted, then stop both sites.",
    )


def _fault_options(
    fault: argparse.ArgumentParser, common: argparse.ArgumentParser
) -> None:
    verbs = fault.add_subparsers(dest="verb", required=True)
    add = verbs.add_parser(
        "add",
        parents=[common],
        help="Add a fault and print its id.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"{k.name:18}{k.help}" for k in KINDS.values()),
    )
    add.add_argument("kind", choices=KINDS, metavar="KIND")
    add.add_argument(
        "--site", choices=SITES, help="Apply it at this site only."
    )
    add.add_argument(
        "--match",
        metavar="PATTERN",
        help="Apply it only where this fits: 'POST */action', the name of a "
        "step, or STEP/NAME for one instance or volume of the step.",
    )
    add.add_argument(
        "--times",
        type=values.count,
        metavar="N",
        help="Apply it N times at most.",
    )
    add.add_argument(
        "--probability",
        type=values.probability,
        default=1.0,
        metavar="P",
        help="Apply it with this probability, above 0 and at most 1; the "
        "--seed of the sandbox decides when.",
    )
    add.add_argument(
        "--stage",
        choices=STAGES,
        help="When to apply it in a request or a step.",
    )
    add.add_argument("--message", metavar="TEXT", help="Message of the error.")
    add.add_argument(
        "--seconds",
        type=values.seconds,
        help="Duration of the fault; see the kinds below.",
    )
    verbs.add_parser("list", parents=[common], help="List the faults.")
    clear = verbs.add_parser(
        "clear", parents=[common], help="Clear one fault, or all."
    )
    clear.add_argument("id", nargs="?", metavar="ID")


def _array_options(
    array: argparse.ArgumentParser, common: argparse.ArgumentParser
) -> None:
    verbs = array.add_subparsers(dest="verb", required=True)
    verbs.add_parser(
        "snapshots", parents=[common], help="List the snapshots that are kept."
    )
    copy = verbs.add_parser(
        "copy", parents=[common], help="Create a volume from a kept snapshot."
    )
    copy.add_argument("snapshot", metavar="SNAPSHOT")
    copy.add_argument(
        "volume", metavar="VOLUME", help="Name of the volume on the array."
    )


def _clock_options(
    clock: argparse.ArgumentParser, common: argparse.ArgumentParser
) -> None:
    verbs = clock.add_subparsers(dest="verb", required=True)
    advance = verbs.add_parser(
        "advance", parents=[common], help="Set the clock ahead by a duration."
    )
    advance.add_argument("duration", type=values.duration, metavar="DURATION")
    advance.add_argument(
        "--site", choices=SITES, help="Set only this site's clock ahead."
    )
    verbs.add_parser("freeze", parents=[common], help="Freeze the clock.")
    verbs.add_parser("run", parents=[common], help="Let a frozen clock go on.")


def main(
    argv: Sequence[str] | None = None, loader: Loader | None = None
) -> int:
    """Run one command; return its exit code.

    :param loader: the process that an ``up`` splits into sites, if it runs
        already.
    """
    args = parser().parse_args(argv)
    try:
        folder = Folder(pathlib.Path(getattr(args, "dir", DEFAULT_DIR)))
        if args.command == "compare":
            return compare.run(args)
        _run(args, folder, loader)
    except Problem as problem:
        print(f"protector-sandbox: {problem}", file=sys.stderr)
        return problem.code
    except _problems() as problem:
        print(f"protector-sandbox: {problem}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # whoever read the output has seen enough
        sys.stderr.close()
        return 0
    except _failures() as error:
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


def _problems() -> tuple[type[Exception], ...]:
    """Return errors whose text is for people; Python asks for them only when
    there is one."""
    from fakeserver.base.json_file import BrokenFile
    from fakeserver.schema_version import SchemaProblem

    return SchemaProblem, BrokenFile


def _failures() -> tuple[type[Exception], ...]:
    """Return the errors of the disk."""
    import sqlite3

    return OSError, sqlite3.Error


def _run(
    args: argparse.Namespace, folder: Folder, loader: Loader | None
) -> None:
    """Run the command; what ``up`` has no use for is loaded where it is
    used, so that it starts its sites at once."""
    match args.command:
        case "up":
            _up(args, folder, loader)
        case "down":
            lifecycle.down(folder)
        case "status":
            show.status(folder)
        case "env":
            folder.settings()
            show.lines([*folder.exports(), *folder.token_exports()])
        case "reset":
            from fakeserver.local import controls

            controls.reset(folder)
        case "start":
            lifecycle.start(folder, args.site)
        case "stop":
            lifecycle.end(folder, args.site, signal.SIGTERM)
        case "kill":
            lifecycle.end(folder, args.site, signal.SIGKILL)
        case "engine":
            from fakeserver.local import controls

            controls.engine(folder, args.site, args.verb)
        case "fault":
            _fault(args, folder)
        case "answer":
            answers.run(args, folder)
        case "clock":
            _clock(args, folder)
        case "array":
            _array(args, folder)
        case "journal":
            show.requests(folder, args.site, args.last, args.json)


def _up(
    args: argparse.Namespace, folder: Folder, loader: Loader | None
) -> None:
    names = (
        "pace",
        "port",
        "peer_port",
        "tls",
        "seed",
        "max_microversion",
        "strictly_source",
        "scenario",
        "groups",
        "identity",
        "peer_identity",
        "identity_cacert",
        "rename_on_manage",
    )
    asked = {name: getattr(args, name) for name in names}
    if not args.foreground:
        lifecycle.up(folder, asked, loader)
        show.lines(folder.exports())
        return
    with lifecycle.interruptible() as interrupted:
        lifecycle.up(folder, asked, loader)
        show.lines(folder.exports())
        lifecycle.stay(folder, interrupted)


def _fault(args: argparse.Namespace, folder: Folder) -> None:
    from fakeserver.local import fault_rules

    if args.verb == "list":
        show.faults(folder)
    elif args.verb == "clear":
        gone = fault_rules.clear_faults(folder, args.id)
        say(f"{gone} cleared.")
    else:
        names = ("site", "match", "times", "probability")
        names += ("stage", "message", "seconds")  # type: ignore[assignment]
        options = {name: getattr(args, name) for name in names}
        rule = fault_rules.add_fault(folder, args.kind, **options)
        show.lines([rule.id])


def _array(args: argparse.Namespace, folder: Folder) -> None:
    from fakeserver.local import controls
    from fakeserver.storage import kept

    if args.verb == "copy":
        array = controls.copy_snapshot(folder, args.snapshot, args.volume)
        show.lines([f"{args.volume} is on {array}"])
        return
    with controls.disks(folder) as db:
        show.snapshots(kept.listed(db))


def _clock(args: argparse.Namespace, folder: Folder) -> None:
    from fakeserver.local import controls

    clock = controls.clock(folder)
    if args.verb == "advance":
        clock.advance(args.duration, args.site)
    elif args.verb == "freeze":
        clock.freeze()
    else:
        clock.run()
    show.clock(folder)
