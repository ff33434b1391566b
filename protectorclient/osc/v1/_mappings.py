"""Read the mappings of a command line: options, and a file."""

from __future__ import annotations

import argparse
from typing import Any

from protectorclient import exceptions
from protectorclient.mapping import files, model


def given(parsed_args: argparse.Namespace) -> dict[str, Any]:
    """Read the mappings that were typed, as the library takes them."""
    return {
        "network_mapping": model.parse(
            parsed_args.network_mapping, "network mapping"
        ),
        "flavor_mapping": model.parse(
            parsed_args.flavor_mapping, "flavor mapping"
        ),
        "mapping_file": file(parsed_args),
    }


def file(parsed_args: argparse.Namespace) -> files.MappingFile | None:
    """Load ``--mapping-file``; with ``--reverse-mapping`` turned round."""
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
