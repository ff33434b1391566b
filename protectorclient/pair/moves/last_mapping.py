"""Read the mappings of earlier operations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.mapping.files import MappingFile
from protectorclient.pair.reads.groups import Reads

if TYPE_CHECKING:
    from protectorclient.pair.site_pair import SitePair
    from protectorclient.records.operation import Operation
    from protectorclient.records.protection_group import Group


def of(operation: Operation, site: str) -> MappingFile:
    """Return the mappings that an operation was started with, as ids.

    :param site: the cloud's name of the site that has the record.
    :raises VersionNotSupported: the record does not have them. None at all
        is another answer, and a move back without them another move.
    """
    if not operation.has_parameters:
        raise exceptions.VersionNotSupported(
            "this deployment does not offer the parameters of operations"
            f" ({operation.id} has none); --network-mapping and"
            " --flavor-mapping give the mappings to a failback",
            site=site,
        )
    parameters = operation.parameters
    return MappingFile(
        networks=dict(parameters.get("network_mapping") or {}),
        flavors=dict(parameters.get("flavor_mapping") or {}),
    )


def failover(pair: SitePair, group: Group) -> MappingFile:
    """Return the mappings of the group's last failover that was completed.

    Where it was given none, those stored with the group have served.

    :raises UsageProblem: there was none.
    :raises VersionNotSupported: the deployment does not say with which.
    """
    located = pair.locate(group)
    # an older failover may have been given other mappings
    history = Reads(pair.handles, grace=None).operations(
        protection_group_id=located.group.id, operation_type="failover"
    )
    for operation, site in history.items:
        if operation.state == "completed":
            used = of(operation, site.name)
            stored = located.group
            return MappingFile(
                networks=used.networks or stored.network_mapping or {},
                flavors=used.flavors or stored.flavor_mapping or {},
            )
    raise exceptions.UsageProblem(
        f"{located.group.name} has no failover to be reversed: give"
        " --mapping-file"
    )
