"""Read the mappings of earlier operations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.mapping.files import MappingFile

if TYPE_CHECKING:
    from protectorclient.pair.site_pair import SitePair
    from protectorclient.records.operation import Operation
    from protectorclient.records.protection_group import Group


def of(operation: Operation) -> MappingFile:
    """Return the mappings that an operation was started with, as ids."""
    parameters = operation.parameters
    return MappingFile(
        networks=dict(parameters.get("network_mapping") or {}),
        flavors=dict(parameters.get("flavor_mapping") or {}),
    )


def failover(pair: SitePair, group: Group) -> MappingFile:
    """Return the mappings of the group's last failover that was completed.

    Where it was given none, those stored with the group have served.

    :raises UsageProblem: there was none.
    """
    located = pair.locate(group)
    history = pair.operations(
        protection_group_id=located.group.id, operation_type="failover"
    )
    for operation, _ in history.items:
        if operation.state == "completed":
            used = of(operation)
            stored = located.group
            return MappingFile(
                networks=used.networks or stored.network_mapping or {},
                flavors=used.flavors or stored.flavor_mapping or {},
            )
    raise exceptions.UsageProblem(
        f"{located.group.name} has no failover to be reversed: give"
        " --mapping-file"
    )
