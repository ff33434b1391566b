"""Answer ``openstack protector`` with words that name no command.

OpenStackClient looks for the longest command that the words begin with, then
for the only one of which they are the beginnings. ``protector-commands`` is
the one of a single word that begins with ``protector``, and is found by that
where no other is. It cannot be called ``protector``: the completion of the
shell would lose all the commands below that word.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from protectorclient.exit_codes import ExitCode
from protectorclient.osc import command, unknown

NOUN = "protector"


class UnknownCommand(command.Command):
    """List the commands of protector, or those that may be meant"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        names = _names(self.app)
        return _AnyWords(
            prog_name, unknown.listing(f"openstack {NOUN}", names)
        )

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        program, names = f"openstack {NOUN}", _names(self.app)
        lines = unknown.listing(program, names)
        if parsed_args.words:
            lines = unknown.correction(program, parsed_args.words, names)
        for line in lines:
            self.report(line)
        self.outcome = ExitCode.USAGE


class _AnyWords(argparse.ArgumentParser):
    """A parser that takes any words."""

    def __init__(self, prog: str, help_lines: Sequence[str]) -> None:
        super().__init__(prog=prog, add_help=False)
        self._help = "".join(f"{line}\n" for line in help_lines)

    def parse_args(  # type: ignore[override]
        self,
        args: Sequence[str] | None = None,
        namespace: argparse.Namespace | None = None,
    ) -> argparse.Namespace:
        return argparse.Namespace(words=list(args or ()))

    def format_help(self) -> str:
        return self._help


def _names(app: Any) -> list[str]:
    """Return our commands, as OpenStackClient has loaded them."""
    return sorted(
        name.removeprefix(f"{NOUN} ")
        for name, _ in app.command_manager
        if name.startswith(f"{NOUN} ")
    )
