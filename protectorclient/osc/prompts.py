"""Ask a person, and read secrets without the command line.

Nothing here ever waits where nobody can answer: without a terminal a
question is not asked, and what it would have decided is decided by options.
"""

import argparse
import getpass
import os
import sys
from typing import TextIO

from protectorclient import exceptions
from protectorclient.escape import escaped

#: Characters; no password or API token is longer.
_LONGEST_SECRET = 16384


def on_terminal() -> bool:
    """Return whether a person can read a question and answer it."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def for_name(name: str, question: str, err: TextIO) -> None:
    """Ask for a thing's name, to be typed in full.

    :raises NotConfirmed: something else was typed.
    """
    _write(question, err)
    if _answer(f"Type {escaped(name)} to go on: ", err) != name:
        raise exceptions.NotConfirmed("not confirmed; nothing was changed")


def for_yes(question: str, err: TextIO) -> None:
    """Ask whether to go on.

    :param question: ends with the question itself, after what happens.
    :raises NotConfirmed: something else than y or yes was typed.
    """
    before, dot, last = question.rpartition(". ")
    if dot:
        _write(f"{before}.", err)
    if _answer(f"{escaped(last)} [y/N] ", err).lower() not in ("y", "yes"):
        raise exceptions.NotConfirmed("not confirmed; nothing was changed")


def _write(text: str, err: TextIO) -> None:
    """Write a paragraph, at the width of the terminal."""
    from protectorclient.osc.formats import formatters, measure

    width = formatters.terminal_width(err)
    err.writelines(
        f"{line}\n" for line in measure.hanging(escaped(text), width)
    )


def _answer(prompt: str, err: TextIO) -> str:
    err.write(prompt)
    err.flush()
    line = ""
    try:
        line = sys.stdin.readline()
    except (OSError, ValueError):
        # the terminal is gone, or has sent what is no text
        return ""
    finally:
        if not line.endswith("\n"):
            # Ctrl-D and Ctrl-C leave the cursor behind the question
            err.write("\n")
    return line.strip()


def add_secret(parser: argparse.ArgumentParser, name: str, what: str) -> None:
    """Options for a secret: a file, standard input or a variable."""
    dest = name.replace("-", "_")
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        f"--{name}-file",
        metavar="<file>",
        dest=f"{dest}_file",
        help=f"Read {what} from this file, or from standard input with -",
    )
    group.add_argument(
        f"--{name}-env",
        metavar="<variable>",
        dest=f"{dest}_env",
        help=f"Read {what} from this environment variable",
    )


def secret(
    parsed_args: argparse.Namespace, name: str, what: str, needed: bool
) -> str | None:
    """Read the secret from where the options say, or from a prompt.

    :param needed: without it the command cannot go on, so it is asked for
        on a terminal, and elsewhere is an error.
    """
    dest = name.replace("-", "_")
    path = getattr(parsed_args, f"{dest}_file")
    variable = getattr(parsed_args, f"{dest}_env")
    if variable is not None:
        return _checked(
            os.environ.get(variable, ""),
            f"Environment variable {variable}",
            f"It has to hold {what}.",
            "empty or not set",
        )
    holds = f"It has to hold {what} on one line."
    if path == "-":
        return _checked(_line_of_stdin(what), "Standard input", holds)
    if path is not None:
        return _checked(_text_of(path, what), f"File {path}", holds)
    if not needed:
        return None
    if on_terminal():
        return _checked(_typed(what, name), "What was typed", holds)
    raise exceptions.UsageProblem(
        f"{what} is missing: give --{name}-file or --{name}-env"
    )


def _line_of_stdin(what: str) -> str:
    try:
        return sys.stdin.readline()
    except (OSError, ValueError) as error:
        raise exceptions.UsageProblem(
            f"Standard input cannot be read: {_reason(error)}. It has to"
            f" hold {what} on one line."
        ) from error


def _text_of(path: str, what: str) -> str:
    """Read a file that is small, as one with a secret is."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read(_LONGEST_SECRET + 1)
    except (OSError, ValueError) as error:
        raise exceptions.UsageProblem(
            f"File {path} cannot be read: {_reason(error)}. It has to hold"
            f" {what} on one line."
        ) from error
    return text


def _typed(what: str, name: str) -> str:
    try:
        return getpass.getpass(f"{what}: ")
    except (EOFError, OSError, ValueError) as error:
        raise exceptions.UsageProblem(
            f"{what} is missing: the terminal was closed before it was typed."
            f" Give --{name}-file or --{name}-env."
        ) from error


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not text in UTF-8"
    return getattr(error, "strerror", None) or str(error)


def _checked(text: str, where: str, holds: str, lacking: str = "empty") -> str:
    """Check that a secret is one line of text, and return it."""
    value = text.strip("\r\n")
    if not value.strip():
        raise exceptions.UsageProblem(f"{where} is {lacking}. {holds}")
    if len(value) > _LONGEST_SECRET:
        raise exceptions.UsageProblem(
            f"{where} has more than {_LONGEST_SECRET} characters. {holds}"
        )
    if any(ord(c) < 32 and c != "\t" for c in value):
        raise exceptions.UsageProblem(
            f"{where} has several lines or control characters. {holds}"
        )
    return value
