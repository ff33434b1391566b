"""``--result`` and ``--note``: how a test ended, kept with its clean-up."""

from __future__ import annotations

import argparse

from protectorclient import exceptions

#: The service keeps so many characters of a reason.
LONGEST = 255


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--result",
        choices=("pass", "fail"),
        help="Say how the test ended; kept with the operation, as its reason",
    )
    parser.add_argument(
        "--note",
        metavar="<text>",
        help="With --result, say more",
    )


def into_reason(parsed_args: argparse.Namespace) -> None:
    """Make the reason of the clean-up: the result, the note, the reason.

    :raises UsageProblem: a note stands without a result, or all of it is too
        long.
    """
    result, note = parsed_args.result, parsed_args.note
    if result is None:
        if note is not None:
            raise exceptions.UsageProblem("--note goes with --result")
        return
    said = [one for one in (note, parsed_args.reason) if one]
    text = f"result: {result}"
    if said:
        text += f": {'; '.join(said)}"
    if len(text) > LONGEST:
        raise exceptions.UsageProblem(
            f"--note and --reason may have {LONGEST} characters together with"
            f" the result, not {len(text)}"
        )
    parsed_args.reason = text
