"""``protector tenant mapping``: manage a tenant's projects at both sites."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from protectorclient import exceptions
from protectorclient.mapping import model
from protectorclient.osc import columns, command, options, waits
from protectorclient.osc.formats import selection
from protectorclient.osc.v1 import _reads

COLUMNS = {
    "ID": "id",
    "Name": "name",
    "Projects": "projects",
}


class ListTenantMapping(command.Lister):
    """List tenant mappings (admin only)"""

    uses_session = True

    nouns = "tenant mappings"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_paging(parser)

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        found = self.client.tenant_mappings.list(
            limit=parsed_args.limit, marker=parsed_args.marker
        )
        records = [mapping.to_dict() for mapping in found]
        names = _reads.fetch_names(parsed_args, self.primary)
        titles, rows = columns.listed(records, COLUMNS)
        return titles, [
            columns.replaced(
                (titles, row), {"Projects": _projects(record, names)}
            )[1]
            for record, row in zip(records, rows, strict=True)
        ]


class CreateTenantMapping(command.ShowOne):
    """Map a tenant's project at one site to that at the other (admin only)

    The command creates the mapping at both sites, with one ID.
    """

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "name", metavar="<name>", help="Name of the new mapping"
        )
        parser.add_argument(
            "--project",
            metavar="<site>=<project>",
            action="append",
            required=True,
            help="Site and the tenant's project there (name or ID of each); "
            "repeat for the other site",
        )

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        from protectorclient.records.tenant_mapping import TenantMapping

        selection.check_record(parsed_args, TenantMapping)
        given = model.parse(parsed_args.project, "project")
        if len(given) != 2:
            raise exceptions.UsageProblem(
                "give --project for both sites, once each"
            )
        pair = self.pair
        sites = {
            pair.primary.client.sites.find(site).id: project
            for site, project in given.items()
        }
        projects = {
            site_id: self._project(site_id, project)
            for site_id, project in sites.items()
        }

        made = pair.create_tenant_mapping(parsed_args.name, projects)
        names = _reads.fetch_names(parsed_args, self.primary)
        return columns.replaced(
            columns.shown(made), {"projects": _projects(made.to_dict(), names)}
        )

    def _project(self, site_id: str, project: str) -> str:
        """Return the id of a project, as its own site has it."""
        try:
            handle = self.pair.handle(site_id)
        except exceptions.NotFound:
            # a site of neither cloud
            return project
        try:
            return handle.finder.project(project).id
        except exceptions.Forbidden as error:
            self.warn(
                f"{handle.name}: Keystone does not show projects, so"
                f" '{project}' is taken for an id: {error.message}"
            )
        return project


class DeleteTenantMapping(command.Command):
    """Delete tenant mappings at both sites (admin only)"""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "tenant_mapping",
            metavar="<tenant-mapping>",
            nargs="+",
            help="Tenant mappings (name or ID)",
        )

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        self.trouble = waits.each(
            parsed_args.tenant_mapping,
            self.pair.delete_tenant_mapping,
            self.explain,
        )


def _projects(
    record: Mapping[str, Any], names: Mapping[str, str]
) -> columns.Cell:
    """Show project ids by the names of the sites."""

    def line(projects: Mapping[str, str]) -> str:
        return "\n".join(
            f"{names.get(site, site)}: {project}"
            for site, project in projects.items()
        )

    return columns.Items(record.get("projects"), line)
