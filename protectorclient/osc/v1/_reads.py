"""Print the warnings of a read, and look names up."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypeVar

from protectorclient import exceptions

if TYPE_CHECKING:
    from protectorclient.osc.command import Command
    from protectorclient.pair.reads.answer import Answer
    from protectorclient.pair.site import SiteHandle

LOG = logging.getLogger(__name__)

T = TypeVar("T")


def warned(command: Command, found: Answer[T]) -> Answer[T]:
    """Write the warnings of an answer; returns the answer."""
    warn(command, found.warnings, found.errors, found.next)
    return found


def warn(
    command: Command,
    warnings: Iterable[str],
    errors: Mapping[str, exceptions.ProtectorError],
    lines: Iterable[str] = (),
) -> None:
    """Write the warnings of an answer, and the commands that help.

    :param errors: of the sites that did not answer, by their names.
    """
    for warning in warnings:
        command.warn(warning)
    for line in lines:
        command.hint(line)
    if not errors or not command.sites.has_pair:
        return
    from protectorclient.polling.silence import NO_ANSWER

    silent = any(isinstance(error, NO_ANSWER) for error in errors.values())
    if silent and command.sites.choice is not None:
        # a dead site cannot say whether it is the right one
        command.info(command.sites.choice)


def site_names(
    parsed_args: argparse.Namespace, site: SiteHandle
) -> dict[str, str]:
    """Return the names of sites, by id, where a person reads them."""
    if parsed_args.formatter != "table" or not site.has_sites:
        return {}
    return {identity: one.name for identity, one in site.sites.items()}


def fetch_names(
    parsed_args: argparse.Namespace,
    site: SiteHandle,
    *,
    groups: bool = False,
) -> dict[str, str]:
    """Fetch the names of sites, by id, where a person reads them.

    :param groups: fetch those of protection groups, too.
    """
    if parsed_args.formatter != "table":
        return {}
    try:
        found = {one.id: one.name for one in site.sites.values()}
        if groups:
            found |= {
                group.id: group.name
                for group in site.client.protection_groups.list()
            }
    except exceptions.ProtectorError as error:
        LOG.debug("the names are not known: %s", error)
        return {}
    return found
