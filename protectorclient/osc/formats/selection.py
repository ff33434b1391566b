"""Select the columns that ``-c`` asks for."""

from __future__ import annotations

import argparse
import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from protectorclient import exceptions

if TYPE_CHECKING:
    from protectorclient.records.base import Record


def use_aliases(
    parsed_args: argparse.Namespace,
    names: Iterable[str],
    aliases: Mapping[str, str],
) -> None:
    """Put the names that the output has into what was asked for.

    :param aliases: titles, in lower case, and the fields in them.
    """
    known = {_normal(name) for name in names}
    other = {**aliases, **{field: title for title, field in aliases.items()}}
    for option in ("columns", "sort_columns"):
        given = getattr(parsed_args, option, None) or []
        meant = [
            name if _normal(name) in known else other.get(_normal(name), name)
            for name in given
        ]
        if meant != given:
            setattr(parsed_args, option, meant)


def sort_indexes(
    parsed_args: argparse.Namespace, names: Sequence[str]
) -> list[int]:
    """Return which columns a list is sorted by, the most important first."""
    known = [_normal(name) for name in names]
    return [known.index(_normal(name)) for name in parsed_args.sort_columns]


def check_columns(
    parsed_args: argparse.Namespace, names: Iterable[str]
) -> None:
    """Refuse ``-c`` and ``--sort-column`` for a column that there is not.

    A command that changes something calls this before it does.
    """
    names = tuple(names)
    known = {_normal(name) for name in names}
    shown = parsed_args.columns
    sorting = getattr(parsed_args, "sort_columns", None) or ()
    lost = [name for name in sorting if _normal(name) not in known]
    if not any(_normal(name) in known for name in shown):
        lost = [*shown, *lost]
    if lost:
        raise exceptions.UsageProblem(
            f"no column is named {', '.join(dict.fromkeys(lost))};"
            f" there are {', '.join(names)}"
        )


def chosen(
    parsed_args: argparse.Namespace, names: Iterable[str]
) -> tuple[list[str], list[bool]]:
    """Return the columns that ``-c`` asks for; all of them without it.

    :returns: their names, and of each column whether it is one of them.
    """
    asked = {_normal(name) for name in parsed_args.columns}
    known = list(names)
    kept = [not asked or _normal(name) in asked for name in known]
    return list(itertools.compress(known, kept)), kept


def check_record(
    parsed_args: argparse.Namespace, record: type[Record], *more: str
) -> None:
    """Check the columns for the fields of a record that does not exist yet."""
    fields = dataclasses.fields(record)
    names = [field.name for field in fields if field.repr]
    check_columns(parsed_args, [*names, *more])


def _normal(column: str) -> str:
    return column.lower().strip().replace(" ", "_")
