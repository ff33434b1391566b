"""Reset the status of a group in ``error``."""

from typing import Any

from fakeserver.base.errors import PEER_UNREACHABLE, RequestRefused
from fakeserver.base.ids import new_id
from fakeserver.engine.cloud_client.cloud import CloudRefused, CloudUnreachable
from fakeserver.engine.model import orphans, rules
from fakeserver.engine.model.document import Doc, entry
from fakeserver.engine.model.operation_record import (
    Leftover,
    OperationRecord,
    OperationResult,
)
from fakeserver.engine.peer.access import Access
from fakeserver.engine.peer.replicate import Metadata
from fakeserver.site import Site
from fakeserver.store import operations
from fakeserver.store.groups import Group
from fakeserver.store.operations import Operation


def reset_status(
    site: Site,
    access: Access,
    metadata: Metadata,
    group: Group,
    params: dict[str, Any],
    request_id: str,
) -> Doc:
    """Set the status of a group; refuse while a member runs twice.

    The answer is an operation that has already ended, so that the history
    of the group tells who put it where it is.
    """
    if group.status != rules.ERROR:
        raise RequestRefused(
            "invalid-state",
            f"Protection group {group.name} is {group.status}; reset_status "
            "needs error",
            status=group.status,
        )
    _fits(access, group, params["status"])
    left = _look(access, group)
    now = metadata.now()
    primary = str(group.doc["current_primary_site_id"])
    record = OperationRecord(
        id=f"op-{new_id()}",
        protection_group_id=group.id,
        operation_type="reset_status",
        status="completed",
        progress=100,
        source_site_id=primary,
        target_site_id=primary,
        started_at=now,
        completed_at=now,
        updated_at=now,
        error_message=None,
        steps_completed=[],
        steps_failed=[],
        parameters=params,
        request_id=request_id,
        result_data=OperationResult(leftovers=left),
    )
    operation = Operation(
        record.id,
        group.project_id,
        group.id,
        "reset_status",
        request_id,
        record,
    )

    def mutate(document: Doc) -> None:
        document["status"] = params["status"]
        document["operation"] = None

    metadata.change(
        group,
        mutate,
        also=lambda tx: operations.add(tx, operation),
        take_back=lambda tx: operations.discard(tx, operation.id),
    )
    return record.to_json()


def _fits(access: Access, group: Group, status: str) -> None:
    """Refuse ``failed_over`` at the first primary, and ``active``
    elsewhere."""
    doc = group.doc
    primary = str(doc["current_primary_site_id"])
    home = primary == doc["primary_site_id"]
    if (status, home) in ((rules.ACTIVE, False), (rules.FAILED_OVER, True)):
        other = rules.FAILED_OVER if status == rules.ACTIVE else rules.ACTIVE
        raise RequestRefused(
            "invalid-state",
            f"The current primary of protection group {group.name} is "
            f"{access.name(primary)}; the status to name is {other}",
            site=access.name(primary),
        )


def _look(access: Access, group: Group) -> list[Leftover]:
    """Find what earlier operations left; refuse where a member runs at both
    sites."""
    doc = group.doc
    copies = {member["id"]: Copies(member) for member in doc["members"]}
    left = []
    for site_id in (doc["primary_site_id"], doc["secondary_site_id"]):
        site = access.name(site_id)
        try:
            cloud = access.cloud(group, site_id)
            servers = cloud.servers()
            found = orphans.find(servers, cloud.volumes(), doc, site_id)
        except (CloudUnreachable, CloudRefused) as error:
            raise RequestRefused(
                "peer-unreachable", PEER_UNREACHABLE, cause=str(error)
            ) from error
        alive = {s["id"]: s for s in servers if _runs(s)}
        for member in doc["members"]:
            known = entry(member, site_id) or {}
            server = alive.get(known.get("instance_id"))
            copies[member["id"]].add(site, server)
        for orphan in found:
            running = orphan.server if orphan.running else None
            copies[orphan.member_id].add(site, running)
            left += _leftovers(orphan, site)
    twice = [one for one in copies.values() if len(one.running) > 1]
    if twice:
        names = ", ".join(sorted(one.name for one in twice))
        raise RequestRefused(
            "invalid-state",
            f"Two live copies exist of {names}; stop one of each first",
            copies=[copy for one in twice for copy in one.running],
            leftovers=[one.to_json() for one in left],
        )
    return left


class Copies:
    """The running instances of one member, at both sites."""

    def __init__(self, member: Doc) -> None:
        known = next(iter(member["sites"].values()))
        self.name = str(known["instance_name"])
        self.running: list[dict[str, str]] = []

    def add(self, site: str, server: Doc | None) -> None:
        if server is not None:
            one = {"site": site, "id": server["id"], "name": server["name"]}
            self.running.append(one)


def _runs(server: dict[str, Any]) -> bool:
    return bool(server["status"] == "ACTIVE")


def _leftovers(orphan: orphans.Orphan, site: str) -> list[Leftover]:
    why = (
        "Not removed by an earlier operation; the next failover or failback "
        "removes it"
    )
    servers = [orphan.server] if orphan.server else []
    return [
        Leftover(kind, one["id"], one["name"], site, why)
        for kind, some in (("instance", servers), ("volume", orphan.volumes))
        for one in some
    ]
