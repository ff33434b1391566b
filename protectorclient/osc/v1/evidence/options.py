"""The options of a report, and how it is written, for every command."""

from __future__ import annotations

import argparse
import dataclasses
import getpass
import os
import pathlib
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.advice import commands
from protectorclient.durations import span
from protectorclient.escape import fill
from protectorclient.osc import options, prompts

if TYPE_CHECKING:
    from protectorclient.evidence.record import Record
    from protectorclient.evidence.signing.keys import Signer
    from protectorclient.evidence.writing import Report
    from protectorclient.osc.command import Command

#: Where reports go when nobody says it.
DIRECTORY = "reports"
_VARIABLE = "env:"


def add_report(
    parser: argparse.ArgumentParser, default: str | None = None
) -> None:
    """Add the options of a report.

    :param default: the directory; None where a report is written only when
        it is asked for.
    """
    where = f" (default: {default})" if default else ""
    parser.add_argument(
        "--report",
        metavar="<directory>",
        default=default,
        help="Write the report into a new folder of this directory" + where,
    )
    parser.add_argument(
        "--no-values",
        action="store_true",
        help="Leave the values of attributes out of the report",
    )
    parser.add_argument(
        "--rto",
        metavar="<duration>",
        type=options.duration,
        help="Recovery time that is aimed at, for the report",
    )
    add_key(parser)


def add_key(
    parser: argparse.ArgumentParser, *, required: bool = False
) -> None:
    """Add the options of a key that signs."""
    parser.add_argument(
        "--sign-key",
        metavar="<file>",
        required=required,
        help="Sign with this ed25519 private key in PEM; only its owner may "
        "be able to read the file",
    )
    parser.add_argument(
        "--sign-passphrase",
        metavar="env:<variable>",
        help="Take the passphrase of the key from this environment variable "
        "(default: ask on a terminal)",
    )


@dataclasses.dataclass(frozen=True)
class ReportWriter:
    """Writes a report when there is a record; all that can be wrong with
    the options was found before."""

    directory: pathlib.Path
    signer: Signer | None
    values: bool
    rto: float | None

    def write(self, command: Command, record: Record) -> Report:
        """Write the report, and what a person has to know of it.

        :raises EvidenceProblem: it cannot be written.
        """
        from protectorclient.evidence import writing

        if self.rto is not None:
            record = dataclasses.replace(
                record, rto_objective_seconds=self.rto
            )
        found = writing.write(
            record, self.directory, signer=self.signer, values=self.values
        )
        for warning in found.warnings:
            command.warn(warning)
        warn_of_skew(command, record.clock_skew_seconds)
        command.info(f"the report is in {found.path}")
        command.hint("keep this hash elsewhere, and check the reports with:")
        command.hint(
            fill(
                commands.VERIFY_EVIDENCE,
                directory=str(self.directory),
                head=found.head,
            )
        )
        return found


def warn_of_skew(command: Command, skew: float | None) -> None:
    """Warn of clocks of the two sites that are too far apart."""
    from protectorclient.evidence.judge import MOST_SKEW

    if skew is not None and abs(skew) > MOST_SKEW:
        command.warn(
            f"the clocks of the two sites differ by {span(abs(skew))}:"
            " moments of different sites cannot be compared"
        )


def writer(parsed_args: argparse.Namespace) -> ReportWriter | None:
    """Return what writes the report; None where none is asked for.

    The key is read, and the directory made, before anything else happens.

    :raises EvidenceProblem: one of them cannot be used.
    """
    if parsed_args.report is None:
        given = [
            name
            for name in ("sign_key", "sign_passphrase", "no_values", "rto")
            if getattr(parsed_args, name)
        ]
        if given:
            option = given[0].replace("_", "-")
            raise exceptions.UsageProblem(f"--{option} goes with --report")
        return None
    from protectorclient.evidence import folder

    found = signer(parsed_args)
    directory = pathlib.Path(parsed_args.report)
    folder.prepare(directory)
    return ReportWriter(
        directory, found, not parsed_args.no_values, parsed_args.rto
    )


def signer(parsed_args: argparse.Namespace) -> Signer | None:
    """Read the key that signs, where one is given.

    :raises UsageProblem: the passphrase is not where the options point.
    :raises EvidenceProblem: the key cannot be used.
    """
    if parsed_args.sign_key is None:
        if parsed_args.sign_passphrase is not None:
            raise exceptions.UsageProblem(
                "--sign-passphrase goes with --sign-key"
            )
        return None
    from protectorclient.evidence.signing import keys

    return keys.load_signer(
        parsed_args.sign_key, lambda: _passphrase(parsed_args)
    )


def passphrase(parsed_args: argparse.Namespace) -> Any:
    """Return what asks for the passphrase of the key."""
    return lambda: _passphrase(parsed_args)


def _passphrase(parsed_args: argparse.Namespace) -> str:
    given = parsed_args.sign_passphrase
    if given is not None:
        if not given.startswith(_VARIABLE):
            raise exceptions.UsageProblem(
                "--sign-passphrase is env:NAME: a passphrase is never an"
                " argument"
            )
        name = given.removeprefix(_VARIABLE)
        found = os.environ.get(name, "") if name else ""
        if not found:
            raise exceptions.UsageProblem(
                f"Environment variable {name} is empty or not set. It has to"
                " hold the passphrase of the key."
            )
        return found
    if not prompts.on_terminal():
        raise exceptions.UsageProblem(
            f"the key {parsed_args.sign_key} has a passphrase: give"
            " --sign-passphrase env:NAME"
        )
    try:
        return getpass.getpass(f"Passphrase of {parsed_args.sign_key}: ")
    except (EOFError, OSError, ValueError) as error:
        raise exceptions.UsageProblem(
            "the terminal was closed before the passphrase was typed"
        ) from error
