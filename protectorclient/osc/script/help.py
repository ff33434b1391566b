"""``protector --help`` and ``protector complete``, by the table of commands.

cliff's own load every command, and the metadata of every package, for them.
"""

from __future__ import annotations

import argparse
from typing import Any

from autopage import argparse as paged_argparse
from cliff import command, complete
from cliff import help as cliff_help

from protectorclient.osc.script import summaries

_TITLE = ("\033[4m", "\033[0m")
_NAME = ("\033[36m", "\033[39m")
_PLAIN = ("", "")


def show(shell: Any) -> None:
    """Print the options and the commands, as cliff does, and end.

    :raises HelpExit: always; cliff ends with 0.
    """
    pager = paged_argparse.help_pager(shell.stdout)
    colored = pager.to_terminal()
    paged_argparse.use_color_for_parser(shell.parser, colored)
    begin, end = _TITLE if colored else _PLAIN
    before, after = _NAME if colored else _PLAIN
    with pager as out:
        shell.parser.print_help(out)
        out.write(f"\n{begin}Commands{end}:\n")
        for name, entry_point in sorted(shell.command_manager):
            line = summaries.of(shell, name, entry_point).line
            out.write(f"  {before}{name:<13}{after}  {line}\n")
    raise cliff_help.HelpExit()


class Complete(complete.CompleteCommand):
    """print bash completion command"""

    def __init__(
        self,
        app: Any,
        app_args: argparse.Namespace,
        cmd_name: str | None = None,
    ) -> None:
        # cliff's own looks for the shells in every package once more
        command.Command.__init__(self, app, app_args, cmd_name)
        self._formatters = app.load_completions()

    def get_epilog(self) -> str:
        """Return nothing; cliff reads every package's metadata for it."""
        return ""

    def get_actions(self, words: list[str]) -> list[argparse.Action]:
        found = summaries.known().get(" ".join(words))
        if found is None:
            # a command of another package
            return super().get_actions(words)
        return [_OptionName(strings) for strings in found.options]


class _OptionName(argparse.Action):
    """An option of which the strings are known, and nothing else."""

    def __init__(self, strings: tuple[str, ...]) -> None:
        super().__init__(list(strings), "named", help="")
