"""What help and completion print of every command, without loading it.

To load and build a hundred commands takes longer than most commands run, so
that ``commands.json`` holds what the two need. A test holds it against the
commands; ``python tools/summaries.py`` writes it anew.
"""

from __future__ import annotations

import functools
import json
import pathlib
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from protectorclient.osc.private_parts import options_of

FILE = pathlib.Path(__file__).with_name("commands.json")


class Shell(Protocol):
    """A shell of cliff."""

    NAME: str
    command_manager: Any


class Summary(NamedTuple):
    """A command as help and completion show it."""

    #: The first line of its help.
    line: str
    #: Its options, as they are completed.
    options: tuple[tuple[str, ...], ...]


@functools.cache
def known() -> Mapping[str, Summary]:
    """Return what is known of the commands, by their names."""
    document = json.loads(FILE.read_text(encoding="utf-8"))
    return {
        name: Summary(one["line"], tuple(map(tuple, one["options"])))
        for name, one in document.items()
    }


def of(shell: Shell, name: str, entry_point: Any) -> Summary:
    """Return the summary of a command, known or not.

    :param entry_point: loads a command that the table lacks, as one of
        another package.
    """
    found = known().get(name)
    return found if found is not None else _made(shell, name, entry_point)


def _made(shell: Shell, name: str, entry_point: Any) -> Summary:
    command = entry_point.load()(shell, None, cmd_name=name)
    parser = command.get_parser(f"{shell.NAME} {name}")
    options = dict.fromkeys(
        tuple(action.option_strings) for action in options_of(parser).values()
    )
    line = command.get_description().split("\n")[0].rstrip(".")
    return Summary(line, tuple(options))


def _document(summary: Summary) -> dict[str, object]:
    return {"line": summary.line, "options": summary.options}


def document(shell: Shell) -> str:
    """Make the table of all commands; return its text."""
    made = {
        name: _document(_made(shell, name, entry_point))
        for name, entry_point in sorted(shell.command_manager)
    }
    lines = [
        f"{json.dumps(name)}: {json.dumps(one, ensure_ascii=False)}"
        for name, one in made.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"
