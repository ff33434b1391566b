"""Questions to a person, and secrets from anywhere but the command line.

Nothing here ever waits where nobody can answer: without a terminal a
question is not asked, and what it would have decided is decided by options.
"""

import argparse
import getpass
import os
import pathlib
import sys
from typing import TextIO

from protectorclient import exceptions


def on_terminal() -> bool:
    """Whether somebody sits there who can read a question and answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def for_name(name: str, question: str, err: TextIO) -> None:
    """Ask for a thing's name, to be typed in full."""
    if _answer(f"{question}\nType {name} to go on: ", err) != name:
        raise exceptions.NotConfirmed("not confirmed; nothing was changed")


def for_yes(question: str, err: TextIO) -> None:
    if _answer(f"{question} [y/N] ", err).lower() not in ("y", "yes"):
        raise exceptions.NotConfirmed("not confirmed; nothing was changed")


def _answer(prompt: str, err: TextIO) -> str:
    err.write(prompt)
    err.flush()
    try:
        return sys.stdin.readline().strip()
    except (OSError, ValueError):
        # the terminal is gone, or has sent what is no text
        return ""


def add_secret(parser: argparse.ArgumentParser, name: str, what: str) -> None:
    """Options for a secret: a file, standard input or a variable."""
    dest = name.replace("-", "_")
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        f"--{name}-file",
        metavar="<file>",
        dest=f"{dest}_file",
        help=f"File with {what}, or - for standard input",
    )
    group.add_argument(
        f"--{name}-env",
        metavar="<variable>",
        dest=f"{dest}_env",
        help=f"Environment variable with {what}",
    )


def secret(
    parsed_args: argparse.Namespace, name: str, what: str, needed: bool
) -> str | None:
    """The secret from where the options say, or from a prompt.

    :param needed: without it the command cannot go on, so it is asked for
        on a terminal, and elsewhere is an error.
    """
    dest = name.replace("-", "_")
    path = getattr(parsed_args, f"{dest}_file")
    variable = getattr(parsed_args, f"{dest}_env")
    if variable is not None:
        return _checked(os.environ.get(variable, ""), f"{variable} holds")
    if path == "-":
        return _checked(sys.stdin.readline(), "standard input holds")
    if path is not None:
        try:
            text = pathlib.Path(path).read_text()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not text"
            raise exceptions.UsageProblem(
                f"cannot read {path}: {reason}"
            ) from error
        return _checked(text, f"{path} holds")
    if not needed:
        return None
    if on_terminal():
        return _checked(getpass.getpass(f"{what}: "), "there is")
    raise exceptions.UsageProblem(
        f"{what} is missing: give --{name}-file or --{name}-env"
    )


def _checked(text: str, where: str) -> str:
    value = text.strip("\r\n")
    if not value:
        raise exceptions.UsageProblem(f"{where} no secret")
    return value
