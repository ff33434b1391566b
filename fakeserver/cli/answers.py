"""The command ``answer``: what the instances of the sandbox answer."""

import argparse
from typing import TYPE_CHECKING

from fakeserver.base.config import SITES
from fakeserver.cli import show
from fakeserver.sandbox.folder import Folder
from fakeserver.sandbox.problem import Problem, say

if TYPE_CHECKING:
    from fakeserver.faults.answers import Answer


def add_options(
    answer: argparse.ArgumentParser, common: argparse.ArgumentParser
) -> None:
    verbs = answer.add_subparsers(dest="verb", required=True)
    add = verbs.add_parser(
        "add",
        parents=[common],
        help="Have instances answer at a port, or show a text at the console.",
    )
    add.add_argument(
        "instances",
        metavar="NAME",
        help="The instances: a shell pattern of their names.",
    )
    how = add.add_mutually_exclusive_group(required=True)
    for kind in ("tcp", "http", "https"):
        how.add_argument(
            f"--{kind}",
            type=_port,
            metavar="PORT",
            help=f"Answer {kind.upper()} at this port.",
        )
    how.add_argument(
        "--console", metavar="TEXT", help="Show this at the console."
    )
    add.add_argument(
        "--status",
        type=_status,
        default=200,
        help="The status of the answer to HTTP; the default is 200.",
    )
    add.add_argument(
        "--text", default="", help="The body of the answer to HTTP."
    )
    add.add_argument("--site", choices=SITES, help="Only at this site.")
    verbs.add_parser("list", parents=[common], help="List the answers.")
    clear = verbs.add_parser(
        "clear", parents=[common], help="Clear one answer, or all."
    )
    clear.add_argument("id", nargs="?", metavar="ID")


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return int(text)


def _status(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 200 <= int(text) < 600:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no status from 200 to 599"
        )
    return int(text)


def run(args: argparse.Namespace, folder: Folder) -> None:
    from fakeserver.faults.answers import AnswerFile

    folder.settings()
    file = AnswerFile(folder.path)
    if args.verb == "add":
        show.lines([file.add(**_fields(args)).id])
    elif args.verb == "list":
        show.table([("ID", "NAME", "SITE", "ANSWER"), *map(_row, file.all())])
    else:
        gone = file.clear(args.id)
        if args.id is not None and not gone:
            raise Problem(f"There is no answer {args.id}.")
        say(f"{len(gone)} cleared.")


def _fields(args: argparse.Namespace) -> dict[str, object]:
    fields: dict[str, object] = {
        "instances": args.instances,
        "site": args.site,
    }
    if args.console is not None:
        return {**fields, "kind": "console", "text": args.console}
    for kind in ("tcp", "http", "https"):
        port = getattr(args, kind)
        if port is not None:
            fields.update(kind=kind, port=port)
    return {**fields, "status": args.status, "text": args.text}


def _row(one: "Answer") -> tuple[str, str, str, str]:
    if one.kind == "console":
        told = f"console {one.text}"
    else:
        told = f"{one.kind} {one.port}"
    if one.kind in ("http", "https"):
        told += f" {one.status} {one.text}".rstrip()
    return one.id, one.instances, one.site or "both", told
