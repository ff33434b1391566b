"""``protector protection-group``: manage protection groups."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.mapping import model
from protectorclient.osc import columns, command, options, waits
from protectorclient.osc.formats import selection
from protectorclient.osc.v1 import _reads

if TYPE_CHECKING:
    from protectorclient.mapping.finder import NameFinder
    from protectorclient.pair.location import Location
    from protectorclient.pair.site import SiteHandle
    from protectorclient.records.protection_group import ProtectionGroup

STATUSES = (
    "active",
    "failing_over",
    "failed_over",
    "failed_over_partial",
    "failing_back",
    "error",
)
#: What an admin may set, from ``error``.
SETTABLE = ("active", "failed_over", "failed_over_partial")
#: What a group may store a mapping of.
MAPPINGS = ("network", "flavor")
COLUMNS = {
    "ID": "id",
    "Name": "name",
    "Status": "status",
    "Current Primary": "current_primary_site_id",
    "Members": "member_count",
}
LONG_COLUMNS = {
    **COLUMNS,
    "Type": "replication_type",
    "Metadata Version": "metadata_version",
    "Failovers": "failover_count",
    "Last Replication": "last_replication_at",
    "Description": "description",
}


class ListProtectionGroup(command.Lister):
    """List protection groups

    The command asks both sites, and shows the newer of the two records of
    each group.
    """

    uses_session = True

    prefixes = {"marker": "group"}

    nouns = "protection groups"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_sites(parser)
        parser.add_argument(
            "--name",
            metavar="<name>",
            help="List only the group of exactly this name",
        )
        parser.add_argument(
            "--status",
            metavar="<status>",
            choices=STATUSES,
            help=f"List only groups in this status: {', '.join(STATUSES)}",
        )
        options.add_long(parser)
        options.add_paging(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        found = _reads.warned(
            self,
            self.reads(parsed_args).groups(
                name=parsed_args.name,
                status=parsed_args.status,
                limit=parsed_args.limit,
                marker=parsed_args.marker,
            ),
        )
        return columns.listed(
            [group.to_dict() for group in found.value],
            LONG_COLUMNS if parsed_args.long else COLUMNS,
            _reads.site_names(parsed_args, found.site),
        )


class ShowProtectionGroup(command.ShowOne):
    """Show a protection group

    The command asks both sites, and shows the newer of the two records.
    """

    uses_session = True

    prefixes = {"protection_group": "group"}

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_sites(parser)
        options.add_group(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        wanted = parsed_args.protection_group
        found = _reads.warned(self, self.reads(parsed_args).group(wanted))
        return columns.shown(
            found.value, _reads.site_names(parsed_args, found.site)
        )


class CreateProtectionGroup(command.ShowOne):
    """Create a protection group at both sites

    The configured cloud is its primary site, unless --primary-site says
    otherwise.
    """

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "name", metavar="<name>", help="Name of the new group"
        )
        parser.add_argument(
            "--volume-type",
            metavar="<volume-type>",
            required=True,
            help="Volume type of its volumes, which replicates, at the "
            "primary site (name or ID)",
        )
        parser.add_argument(
            "--description",
            metavar="<description>",
            help="Description of the new group",
        )
        parser.add_argument(
            "--primary-site",
            metavar="<site>",
            help="Site where its instances run (default: the configured "
            "cloud)",
        )
        options.add_mappings(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient.records.protection_group import ProtectionGroup

        selection.check_record(parsed_args, ProtectionGroup)
        stored = _parsed(parsed_args)
        pair = self.pair
        source, target = pair.primary, pair.secondary
        if parsed_args.primary_site is not None:
            source = pair.handle(parsed_args.primary_site)
            target = next(h for h in pair.handles if h is not source)
        kind = source.finder.volume_type(parsed_args.volume_type)
        group = source.client.protection_groups.create(
            parsed_args.name,
            primary_site_id=source.local.id,
            secondary_site_id=target.local.id,
            volume_type_id=kind.id,
            description=parsed_args.description,
            **_as_ids(stored, source, target),
        )
        names = _reads.fetch_names(parsed_args, source)
        return columns.shown(group, names)


class SetProtectionGroup(command.ShowOne):
    """Change a protection group at both sites

    The options that are given are changed, the rest stays. Mappings
    replace the stored ones, which are used by an action without mappings;
    --no-network-mapping and --no-flavor-mapping alone clear them.
    """

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_group(parser)
        parser.add_argument("--name", metavar="<name>", help="New name")
        parser.add_argument(
            "--description", metavar="<description>", help="New description"
        )
        parser.add_argument(
            "--status",
            choices=SETTABLE,
            help="Set the status of a group in error (admin only)",
        )
        options.add_mappings(parser)
        for what in MAPPINGS:
            parser.add_argument(
                f"--no-{what}-mapping",
                action="store_true",
                help=f"Clear the stored {what} mapping; with "
                f"--{what}-mapping, replace it",
            )

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient.records.protection_group import ProtectionGroup

        selection.check_record(parsed_args, ProtectionGroup)
        stored = _parsed(parsed_args)
        fields = {
            "name": parsed_args.name,
            "description": parsed_args.description,
        }
        changes: dict[str, Any] = {
            key: value for key, value in fields.items() if value is not None
        }
        cleared: dict[str, dict[str, str]] = {
            f"{what}_mapping": {}
            for what in MAPPINGS
            if getattr(parsed_args, f"no_{what}_mapping")
        }
        if not (changes or stored or cleared or parsed_args.status):
            raise exceptions.UsageProblem("there is nothing to change")
        located = self.pair.locate(parsed_args.protection_group)
        site, group = located.current, located.group
        if (error := located.errors.get(site.name)) is not None:
            raise error
        other = located.other
        _hold_copies(located)
        changes.update(cleared | _as_ids(stored, site, other))
        group = self._changed(site, group, parsed_args.status, changes)
        return columns.shown(group, _reads.fetch_names(parsed_args, site))

    def _changed(
        self,
        site: SiteHandle,
        group: ProtectionGroup,
        status: str | None,
        changes: dict[str, Any],
    ) -> ProtectionGroup:
        groups = site.client.protection_groups
        if status is not None:
            group = groups.reset_status(group, status)
        if changes:
            group = groups.update(group, **changes)
        return group


def _hold_copies(located: Location) -> None:
    """Refuse a change while instances run beside the group.

    A person decides first which instances are right. A group that has
    never moved is not checked: the service judges the leftovers of a
    failed operation.
    """
    from protectorclient.pair.location import rank
    from protectorclient.preflight import copies

    group = located.group
    if not group.failover_count:
        return
    primary = located.current.name
    live = copies.look(located).live
    if not live:
        return
    ranks = {rank(found) for found in located.groups.values()}
    cure = copies.cure(
        live,
        group=group.name,
        status=group.status,
        primary=primary,
        in_sync=len(ranks) == 1,
    )
    raise exceptions.GuardRefused(
        f"{group.name}: {copies.sentence(live, primary)}; nothing was changed"
    ).then(*cure.lines)


class DeleteProtectionGroup(command.Command):
    """Delete protection groups at both sites

    Instances and volumes are not changed.
    """

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "protection_group",
            metavar="<protection-group>",
            nargs="+",
            help="Protection groups (name or ID)",
        )
        parser.add_argument(
            "--force",
            action="store_true",
            help="Delete even if the other site does not answer (admin only)",
        )

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        self.trouble = waits.each(
            parsed_args.protection_group,
            lambda name: self._delete(name, parsed_args.force),
            self.explain,
        )

    def _delete(self, name: str, force: bool) -> None:
        from protectorclient.polling import silence

        located = self.pair.locate(name)
        site, group = located.current, located.group
        error = located.errors.get(site.name)
        # one that was deleted at its primary is left at the other site
        gone = isinstance(error, exceptions.NotFound)
        if gone or (force and silence.is_dead(error)):
            site = located.other
        elif error is not None:
            raise error
        site.client.protection_groups.delete(group, force=force)


def _parsed(parsed_args: argparse.Namespace) -> dict[str, dict[str, str]]:
    """Parse the mappings of the command line, where there are any."""
    given = {
        "network": model.parse(parsed_args.network_mapping, "network mapping"),
        "flavor": model.parse(parsed_args.flavor_mapping, "flavor mapping"),
    }
    return {what: lines for what, lines in given.items() if lines}


def _as_ids(
    given: dict[str, dict[str, str]], source: SiteHandle, target: SiteHandle
) -> dict[str, dict[str, str]]:
    """Look mappings up to be stored, each half at its own site."""
    return {
        f"{what}_mapping": _looked_up(
            what, lines, source.finder, target.finder
        )
        for what, lines in given.items()
    }


def _looked_up(
    what: str, lines: dict[str, str], source: NameFinder, target: NameFinder
) -> dict[str, str]:
    found: dict[str, str] = {}
    for left, right in lines.items():
        key: str = getattr(source, what)(left).id
        if key in found:
            raise exceptions.MappingProblem(
                f"{what} '{left}' is mapped twice: it is {key}"
            )
        found[key] = getattr(target, what)(right).id
    return found
