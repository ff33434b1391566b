"""A way out of ``error``: an admin names the status, after a look."""

from typing import Any

from fakeserver.cloud.remote import CloudRefused, CloudUnreachable
from fakeserver.engine import rules
from fakeserver.engine.access import Access
from fakeserver.engine.documents import Doc
from fakeserver.engine.metadata import Metadata
from fakeserver.errors import PEER_UNREACHABLE, Refused
from fakeserver.ids import new_id
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
    """Set the status; refused while two live copies exist.

    The answer is an operation that has already ended, so that the history
    of the group tells who put it where it is.
    """
    if group.status != rules.ERROR:
        raise Refused(
            "invalid-state",
            f"Protection group {group.name} is {group.status}; reset_status "
            "needs error",
            status=group.status,
        )
    _fits(access, group, params["status"])
    _one_live_copy(access, group)
    now = metadata.now()
    primary = str(group.doc["current_primary_site_id"])
    doc = {
        "id": f"op-{new_id()}",
        "protection_group_id": group.id,
        "operation_type": "reset_status",
        "status": "completed",
        "progress": 100,
        "source_site_id": primary,
        "target_site_id": primary,
        "started_at": now,
        "completed_at": now,
        "updated_at": now,
        "error_message": None,
        "steps_completed": [],
        "steps_failed": [],
        "parameters": params,
        "request_id": request_id,
        "result_data": {"leftovers": []},
    }
    operation = Operation(
        str(doc["id"]),
        group.project_id,
        group.id,
        "reset_status",
        request_id,
        doc,
        {},
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
    return operation.doc


def _fits(access: Access, group: Group, status: str) -> None:
    """A group is not failed over while its first site is the primary, and
    not back before it is."""
    doc = group.doc
    primary = str(doc["current_primary_site_id"])
    home = primary == doc["primary_site_id"]
    if (status, home) in ((rules.ACTIVE, False), (rules.FAILED_OVER, True)):
        other = rules.FAILED_OVER if status == rules.ACTIVE else rules.ACTIVE
        raise Refused(
            "invalid-state",
            f"The current primary of protection group {group.name} is site "
            f"{access.name(primary)}; the status to name is {other}",
            site=access.name(primary),
        )


def _one_live_copy(access: Access, group: Group) -> None:
    """No member runs at both sites, as far as both sites can be asked."""
    twice = []
    for member in group.doc["members"]:
        running = 0
        for site_id, found in member["sites"].items():
            if found["instance_id"] is None:
                continue
            try:
                server = access.cloud(group, site_id).server(
                    found["instance_id"]
                )
            except (CloudUnreachable, CloudRefused) as error:
                raise Refused(
                    "peer-unreachable", PEER_UNREACHABLE, cause=str(error)
                ) from error
            running += server is not None and server["status"] == "ACTIVE"
        if running > 1:
            twice.append(next(iter(member["sites"].values())))
    if twice:
        names = ", ".join(sorted(one["instance_name"] for one in twice))
        raise Refused(
            "invalid-state",
            f"Two live copies exist of {names}; stop one of each first",
        )
