"""``protector member``: manage the instances of a protection group."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from protectorclient.osc import columns, command, options, waits
from protectorclient.osc.formats import selection
from protectorclient.osc.v1 import _reads

if TYPE_CHECKING:
    from protectorclient.pair.site import SiteHandle
    from protectorclient.records.protection_group import ProtectionGroup

COLUMNS = {
    "ID": "id",
    "Name": "instance_name",
    "Status": "status",
    "Instance ID": "instance_id",
}
LONG_COLUMNS = {
    **COLUMNS,
    "Flavor": "flavor",
    "Networks": "networks",
    "Volumes": "volumes",
    "Created At": "created_at",
}


class ListMember(command.Lister):
    """List the members of a protection group

    The command asks both sites, and shows the newer of the two records.
    """

    uses_session = True

    prefixes = {"protection_group": "group"}

    nouns = "members"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_sites(parser)
        options.add_group(parser)
        options.add_long(parser)
        options.add_paging(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        members = _reads.warned(
            self,
            self.reads(parsed_args).members(
                parsed_args.protection_group,
                limit=parsed_args.limit,
                marker=parsed_args.marker,
            ),
        )
        found = [member.to_dict() for member in members.value]
        if not parsed_args.long:
            return columns.listed(found, COLUMNS)
        titles, rows = columns.listed(found, LONG_COLUMNS)
        return titles, [
            columns.replaced((titles, row), _short(member))[1]
            for member, row in zip(found, rows, strict=True)
        ]


class AddMember(command.Lister):
    """Add instances to a protection group"""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_group(parser)
        parser.add_argument(
            "instance",
            metavar="<instance>",
            nargs="+",
            help="Instances at the group's current primary (name or ID)",
        )

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        selection.check_columns(parsed_args, COLUMNS)
        site, group = self.sites.locate(parsed_args.protection_group)
        added = []
        seen: set[str] = set()

        def add(instance: str) -> None:
            server = site.finder.server(instance)
            if server.id in seen:
                # named by its name and by its id
                return
            seen.add(server.id)
            member = site.client.members.add(group, server.id)
            added.append(member.to_dict())

        self.trouble = waits.each(parsed_args.instance, add, self.explain)
        return columns.listed(added, COLUMNS)


class RemoveMember(command.Command):
    """Remove instances from a protection group

    The instances and their volumes are not changed.
    """

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_group(parser)
        parser.add_argument(
            "member",
            metavar="<member>",
            nargs="+",
            help="Members (instance name, instance ID or member ID)",
        )

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        site, group = self.sites.locate(parsed_args.protection_group)
        self.trouble = waits.each(
            parsed_args.member,
            lambda name: _remove(site, group, name),
            self.explain,
        )


def _short(member: dict[str, Any]) -> dict[str, columns.Cell]:
    """Return short forms of the cells that are too wide for a table."""
    return {
        "Flavor": columns.Items(member.get("flavor"), _name),
        "Networks": columns.Items(member.get("networks"), _network),
        "Volumes": columns.Items(member.get("volumes"), _volume),
    }


def _name(item: Mapping[str, Any]) -> str:
    return str(item.get("name") or item.get("id") or "")


def _network(item: Mapping[str, Any]) -> str:
    return f"{_name(item)} {item.get('fixed_ip') or ''}".rstrip()


def _volume(item: Mapping[str, Any]) -> str:
    return f"{_name(item)} {item.get('size')} GiB"


def _remove(site: SiteHandle, group: ProtectionGroup, name: str) -> None:
    members = site.client.members
    members.remove(group, members.find(group, name))
