"""The mappings of a command line: options, and a file below them."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping

from protectorclient import exceptions
from protectorclient.mapping import files, model


@dataclasses.dataclass(frozen=True)
class Given:
    """The mappings that were typed."""

    network_mapping: Mapping[str, str]
    flavor_mapping: Mapping[str, str]


def add_mapping_file(parser: argparse.ArgumentParser) -> None:
    """Add ``--mapping-file``."""
    parser.add_argument(
        "--mapping-file",
        metavar="<file>",
        help="File of YAML or JSON with networks, flavors and, for test "
        "failovers, test_networks; - is standard input. Options win over it",
    )


def given(parsed_args: argparse.Namespace) -> Given:
    """What the options say."""
    return Given(
        model.parse(parsed_args.network_mapping, "network mapping"),
        model.parse(parsed_args.flavor_mapping, "flavor mapping"),
    )


def file(parsed_args: argparse.Namespace) -> files.MappingFile | None:
    """What the file says, the other way round where that was asked for."""
    path = parsed_args.mapping_file
    if path is None:
        return None
    found = files.load(path)
    if not getattr(parsed_args, "reverse_mapping", False):
        return found
    try:
        return found.reversed()
    except exceptions.MappingProblem as error:
        raise exceptions.MappingProblem(f"{path}: {error.message}") from error
