"""``protector evidence verify`` and ``protector drill attest``."""

from __future__ import annotations

import argparse

from protectorclient.exit_codes import ExitCode
from protectorclient.osc import columns, command
from protectorclient.osc.v1.evidence import options


class VerifyEvidence(command.Lister):
    """Find what was altered in the reports of a directory

    Each file is compared with its manifest, each manifest with the one
    after it, and each signature with its key. Without --head a report that
    was cut off the end cannot be found, and without --public-key any key
    may have signed. No site is asked. The exit status is 3 if anything is
    found.
    """

    nouns = "findings"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "directory",
            metavar="<directory>",
            help="Directory of reports, or one report",
        )
        parser.add_argument(
            "--head",
            metavar="<hash>",
            help="Hash of the newest report that was kept elsewhere",
        )
        parser.add_argument(
            "--public-key",
            metavar="<file>",
            action="append",
            default=[],
            help="Ed25519 public key in PEM; only these may have signed "
            "(repeat for several)",
        )

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient import evidence

        found = evidence.verify(
            parsed_args.directory,
            head=parsed_args.head,
            public_keys=parsed_args.public_key,
        )
        if found.findings:
            self.outcome = ExitCode.PROBLEM
        for note in found.notes:
            self.warn(note)
        reports = (
            "1 report" if found.reports == 1 else (f"{found.reports} reports")
        )
        self.info(f"{reports}, head {found.head or 'none'}")
        for key, count in sorted(found.keys.items()):
            nouns = "signature" if count == 1 else "signatures"
            self.info(f"{count} {nouns} by the key {key}")
        if parsed_args.formatter == "table":
            return ("Report", "File", "Finding"), [
                (one.report, one.file, one.message) for one in found.findings
            ]
        return ("report", "file", "kind", "message"), [
            (one.report, one.file, one.kind, one.message)
            for one in found.findings
        ]


class AttestDrill(command.ShowOne):
    """Add what a second person says of a report, signed with their key

    The report stays as it is: the attestation and its signature are files
    beside it. A report that was altered, and a key that has signed the
    report already, are refused.
    """

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "report", metavar="<directory>", help="Folder of the report"
        )
        parser.add_argument(
            "--result",
            choices=("pass", "fail"),
            required=True,
            help="What the drill amounts to",
        )
        parser.add_argument(
            "--note", metavar="<text>", required=True, help="Say why"
        )
        options.add_key(parser, required=True)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient import evidence

        found = evidence.attest(
            parsed_args.report,
            result=parsed_args.result,
            note=parsed_args.note,
            sign_key=parsed_args.sign_key,
            passphrase=options.passphrase(parsed_args),
        )
        return ("attestation", "result", "by"), (
            str(found.path),
            found.result,
            found.by,
        )
