"""The formatters, each on top of the one of cliff that it replaces.

cliff's write what they are given: control characters as they came, ``None``
for null, lists as Python writes them, and for a shell text that it would
run.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from cliff.formatters import (
    base,
    commaseparated,
    json_format,
    shell,
    value,
    yaml_format,
)
from cliff.formatters import table as cliff_table

from protectorclient.escape import escaped, shell_word
from protectorclient.osc.formats import table, values
from protectorclient.osc.private_parts import options_of

#: Where nothing says how wide a line may be.
WIDTH = 80
#: Begins a formula where a spreadsheet opens the file.
_FORMULA = ("=", "+", "-", "@")
#: Needs no more than quotation marks in any shell.
_PLAIN = re.compile(r"[A-Za-z0-9_ ./:@%+=,-]*")
_NO_NAME = re.compile(r"[^A-Za-z0-9_]")

Rows = Iterable[Sequence[Any]]


class Table(cliff_table.TableFormatter):
    """The table for people, which fits the terminal."""

    def add_argument_group(self, parser: argparse.ArgumentParser) -> None:
        super().add_argument_group(parser)
        option = options_of(parser)["--max-width"]
        option.help = (
            "Most columns of the terminal that a line takes, 0 for any"
            " number. Without it what the terminal has, else COLUMNS, else"
            f" {WIDTH} (Env: CLIFF_MAX_TERM_WIDTH)"
        )
        if "CLIFF_MAX_TERM_WIDTH" not in os.environ:
            parser.set_defaults(max_width=None)

    def emit_list(
        self,
        column_names: Sequence[str],
        data: Rows,
        stdout: TextIO,
        parsed_args: argparse.Namespace,
    ) -> None:
        rows = [list(row) for row in data]
        if not rows and not parsed_args.print_empty:
            return
        numeric = [
            isinstance(cell, int | float) and not isinstance(cell, bool)
            for cell in (rows[0] if rows else ())
        ]
        lines = table.table(
            [plain(name) for name in column_names],
            [[plain(cell) for cell in row] for row in rows],
            limit(parsed_args, stdout),
            numeric,
        )
        stdout.write("".join(f"{line}\n" for line in lines))

    def emit_one(
        self,
        column_names: Sequence[str],
        data: Sequence[Any],
        stdout: TextIO,
        parsed_args: argparse.Namespace,
    ) -> None:
        lines = table.record(
            [plain(name) for name in column_names],
            [plain(cell) for cell in data],
            limit(parsed_args, stdout),
        )
        stdout.write("".join(f"{line}\n" for line in lines))


class Csv(commaseparated.CSVLister):
    """Comma separated values that a spreadsheet does not calculate."""

    def emit_list(
        self,
        column_names: Sequence[str],
        data: Rows,
        stdout: TextIO,
        parsed_args: argparse.Namespace,
    ) -> None:
        mode = parsed_args.quote_mode
        for row in (column_names, *data):
            cells = [_csv_cell(values.text(cell), mode) for cell in row]
            stdout.write(",".join(cells) + os.linesep)


class Value(value.ValueFormatter):
    """Values alone: one row a line, or one field a line."""

    def emit_list(
        self,
        column_names: Sequence[str],
        data: Rows,
        stdout: TextIO,
        parsed_args: argparse.Namespace,
    ) -> None:
        for row in data:
            stdout.write(" ".join(map(_value, row)) + "\n")

    def emit_one(
        self,
        column_names: Sequence[str],
        data: Sequence[Any],
        stdout: TextIO,
        parsed_args: argparse.Namespace,
    ) -> None:
        for cell in data:
            stdout.write(f"{_value(cell)}\n")


class _Exact(base.ListFormatter, base.SingleFormatter):
    """The values alone, as documents have them."""

    def emit_list(
        self,
        column_names: Sequence[str],
        data: Rows,
        stdout: TextIO,
        parsed_args: argparse.Namespace,
    ) -> None:
        rows = [list(map(values.exact, row)) for row in data]
        super().emit_list(column_names, rows, stdout, parsed_args)  # type: ignore[safe-super]

    def emit_one(
        self,
        column_names: Sequence[str],
        data: Sequence[Any],
        stdout: TextIO,
        parsed_args: argparse.Namespace,
    ) -> None:
        exact = list(map(values.exact, data))
        super().emit_one(column_names, exact, stdout, parsed_args)  # type: ignore[safe-super]


class Json(_Exact, json_format.JSONFormatter):
    """JSON, which has no NaN."""


class Yaml(_Exact, yaml_format.YAMLFormatter):
    """YAML, with the values of JSON."""


class Shell(shell.ShellFormatter):
    """Assignments that a shell can evaluate, whatever the values say."""

    def emit_one(
        self,
        column_names: Sequence[str],
        data: Sequence[Any],
        stdout: TextIO,
        parsed_args: argparse.Namespace,
    ) -> None:
        for column, cell in zip(column_names, data, strict=True):
            name = _NO_NAME.sub("_", column.lower())
            if parsed_args.variables and name not in parsed_args.variables:
                continue
            quoted = shell_quoted(str(values.text(cell)))
            stdout.write(f"{parsed_args.prefix}{name}={quoted}\n")


#: By the names that ``-f`` takes; what another package adds stays its own.
FORMATS: dict[str, type[base.Formatter]] = {
    "table": Table,
    "csv": Csv,
    "value": Value,
    "json": Json,
    "yaml": Yaml,
    "shell": Shell,
}


def use_ours(found: Iterable[Any]) -> None:
    """Put our formats in the place of cliff's.

    :param found: the extensions that the shell has loaded.
    """
    for extension in found:
        ours = FORMATS.get(extension.name)
        if ours is not None:
            extension.obj = ours()


def limit(parsed_args: argparse.Namespace, stdout: TextIO) -> int | None:
    """Return the cells that a line may take; None for any number."""
    wanted: int | None = parsed_args.max_width
    if wanted is None:
        return terminal_width(stdout)
    return wanted if wanted > 0 else None


def terminal_width(stream: TextIO) -> int:
    """Return what ``COLUMNS`` says, else the terminal, else 80."""
    if not os.environ.get("COLUMNS", "").isdigit():
        try:
            return os.get_terminal_size(stream.fileno()).columns or WIDTH
        except (OSError, ValueError, AttributeError):
            return WIDTH
    return shutil.get_terminal_size((WIDTH, 24)).columns


def shell_quoted(text: str) -> str:
    """Return a text as one word of a shell, from which nothing is run."""
    if _PLAIN.fullmatch(text):
        return f'"{text}"'
    return shell_word(text)


def plain(cell: Any) -> str:
    """Return a cell of the table; the lines of a column object are its own."""
    keep = "" if isinstance(cell, str) else "\n"
    return escaped(values.human(cell), keep=keep)


def _value(cell: Any) -> str:
    return escaped(str(values.text(cell)))


def _csv_cell(cell: str | int | float, mode: str) -> str:
    if not isinstance(cell, str):
        text = str(cell)
        return f'"{text}"' if mode == "all" else text
    text = escaped(cell, keep="\n\t")
    must = text.startswith(_FORMULA) or any(c in text for c in ',"\n\t')
    if mode in ("all", "nonnumeric") or must:
        doubled = text.replace('"', '""')
        return f'"{doubled}"'
    return text
