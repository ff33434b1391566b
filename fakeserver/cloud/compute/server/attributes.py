"""What a server has beside flavor, networks and volumes. No HTTP here."""

import re
import sqlite3
from typing import TYPE_CHECKING

from fakeserver.cloud.compute import keypairs, server_groups
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.network import security_groups as groups
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.web import CloudError

if TYPE_CHECKING:
    from fakeserver.site import Site

#: the availability zones of each site, the default one first
ZONES = {
    "site-a": ("nova", "az-1", "az-2"),
    "site-b": ("nova", "az-1"),
}


def zones(site: "Site") -> tuple[str, ...]:
    """Return the availability zones of a site, the default one first."""
    return ZONES[site.config.site]


def of(
    tx: sqlite3.Connection,
    site: "Site",
    caller: Token,
    given: Doc,
    *,
    described: bool,
) -> Doc:
    """Return what a new server keeps of a request, or refuse it.

    :param described: whether the microversion knows descriptions; an older
        one describes a server by its name.
    """
    name = given["name"].strip()
    description = given.get("description")
    zone = _zone(site, caller, given)
    return {
        "description": description if described else name,
        "metadata": given.get("metadata") or {},
        "availability_zone": zone or zones(site)[0],
        "pinned_zone": zone,
        "config_drive": bool(given.get("config_drive")),
        "hostname": given.get("hostname") or _hostname(name),
        "user_data": given.get("user_data"),
        "tags": sorted(set(given.get("tags") or ())),
        "key_name": _key(tx, caller, given),
    }


def join(
    tx: sqlite3.Connection, caller: Token, server: Doc, hints: Doc
) -> None:
    """Make a new server a member of the group that the hints name."""
    wanted = hints.get("group")
    if isinstance(wanted, list):
        wanted = wanted[0] if wanted else None
    if wanted:
        server_groups.join(tx, caller, wanted, server)


def security_groups(
    tx: sqlite3.Connection, project_id: str, given: Doc
) -> list[str] | None:
    """Return the ids of the groups that a request names; None where it names
    none."""
    asked = given.get("security_groups")
    if not asked:
        return None
    names = dict.fromkeys(one.get("name", "") for one in asked)
    return [one_group(tx, project_id, name) for name in names]


def one_group(
    db: sqlite3.Connection, project_id: str, name: str, missing: int = 400
) -> str:
    """Return the id of a security group that Nova was given by name or id."""
    known = groups.of_project(db, project_id)
    found = [row["id"] for row in known if row["id"] == name] or [
        row["id"] for row in known if row["name"] == name
    ]
    if len(found) > 1:
        raise CloudError(
            409,
            f"Multiple security groups found matching '{name}'. Use an ID to "
            "be more specific.",
        )
    if not found:
        raise CloudError(
            missing,
            f"Security group {name} not found for project {project_id}.",
        )
    return str(found[0])


def hostname(server: Doc) -> str:
    """Return the name that a guest was given when it was made."""
    found = server.get("hostname") or _hostname(server["name"])
    return str(found) or f"Server-{server['id']}"[:63]


def _hostname(name: str) -> str:
    """Return the name of a guest that is derived from the server's."""
    kept = name.encode("latin-1", "ignore").decode("latin-1")[:63]
    kept = re.sub(r"[^\w.-]+", "", re.sub(r"[ _.]", "-", kept))
    return kept.lower().strip(".-")


def _zone(site: "Site", caller: Token, given: Doc) -> str | None:
    """Return the zone that a request asks for; only an admin names a host."""
    asked: str | None = given.get("availability_zone")
    if asked is None:
        return None
    zone, _, host = asked.partition(":")
    if host and not caller.is_admin:
        raise CloudError(
            403,
            "Policy doesn't allow os_compute_api:servers:create:forced_host "
            "to be performed.",
        )
    if zone not in zones(site):
        raise CloudError(
            400, "The requested availability zone is not available"
        )
    return zone


def _key(tx: sqlite3.Connection, caller: Token, given: Doc) -> str | None:
    name: str | None = given.get("key_name")
    if name and keypairs.get(tx, caller.user_id, name) is None:
        raise CloudError(400, "Invalid key_name provided.")
    return name or None
