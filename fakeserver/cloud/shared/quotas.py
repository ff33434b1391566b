"""Quotas: the limits of a project, and what it uses of them."""

import sqlite3
from collections.abc import Callable, Container, Mapping, Sequence

from fakeserver.cloud.shared.rows import Doc, Table, key_of
from fakeserver.cloud.shared.schema import (
    GROUPS,
    NETWORKS,
    PORTS,
    QUOTAS,
    SECURITY_GROUP_RULES,
    SECURITY_GROUPS,
    SERVER_GROUPS,
    SERVERS,
    SNAPSHOTS,
    SUBNETS,
    VOLUMES,
)
from fakeserver.cloud.shared.web import CloudError

#: counts resources of a project
Count = Callable[[sqlite3.Connection, str], list[int]]

#: service -> resource -> the default limit of a project; -1 is no limit
DEFAULTS: Mapping[str, Mapping[str, int]] = {
    "compute": {
        "instances": 2000,
        "cores": 8000,
        "ram": 33554432,
        "key_pairs": 100,
        "metadata_items": 128,
        "server_groups": 10,
        "server_group_members": 10,
    },
    "volume": {
        "volumes": 5000,
        "gigabytes": 1000000,
        "per_volume_gigabytes": -1,
        "snapshots": 1000,
        "backups": 10,
        "backup_gigabytes": 1000,
        "groups": 2000,
    },
    "network": {
        "network": 100,
        "subnet": 100,
        "port": 5000,
        "router": 10,
        "floatingip": 50,
        "security_group": 10,
        "security_group_rule": 100,
    },
}


def limits(
    db: sqlite3.Connection, service: str, project_id: str
) -> dict[str, int]:
    """Return the limit of each resource for a project."""
    own = QUOTAS.get(db, f"{service}/{project_id}") or {}
    return {
        name: int(own.get(name, default))
        for name, default in DEFAULTS[service].items()
    }


def change(
    tx: sqlite3.Connection,
    service: str,
    project_id: str,
    values: Mapping[str, int],
) -> dict[str, int]:
    key = f"{service}/{project_id}"
    own = QUOTAS.get(tx, key) or {"id": key}
    QUOTAS.put(tx, {**own, **values})
    return limits(tx, service, project_id)


def forget(tx: sqlite3.Connection, service: str, project_id: str) -> None:
    QUOTAS.delete(tx, f"{service}/{project_id}")


def used(
    db: sqlite3.Connection,
    service: str,
    project_id: str,
    resources: Container[str] | None = None,
) -> dict[str, int]:
    """Return how much of each counted resource a project uses.

    :param resources: those to count; the others may be left out.
    """
    found: dict[str, int] = {}
    for names, count in _COUNT[service]:
        if resources is None or any(name in resources for name in names):
            found |= zip(names, count(db, project_id), strict=True)
    return found


def require(
    db: sqlite3.Connection,
    service: str,
    project_id: str,
    wanted: Mapping[str, int],
) -> str | None:
    """Return the first resource whose limit a request exceeds, or None."""
    allowed = limits(db, service, project_id)
    taken = used(db, service, project_id, wanted)
    for name, more in wanted.items():
        limit = allowed[name]
        if limit >= 0 and taken.get(name, 0) + more > limit:
            return name
    return None


def checked_values(service: str, given: Doc) -> dict[str, int]:
    """Return the quotas of a request that this service knows."""
    unknown = set(given) - set(DEFAULTS[service])
    if unknown:
        names = ", ".join(sorted(unknown))
        raise CloudError(400, f"Unknown quota resources {names}.")
    return {name: int(value) for name, value in given.items()}


def _servers(db: sqlite3.Connection, project_id: str) -> list[int]:
    return SERVERS.count(db, project_id, "vcpus", "ram")


def _volumes(db: sqlite3.Connection, project_id: str) -> list[int]:
    volumes, size = VOLUMES.count(db, project_id, "size")
    snapshots, held = SNAPSHOTS.count(db, project_id, key_of("size"))
    return [volumes, snapshots, size + held]


def _number(table: Table, owner: str = "project_id") -> Count:
    return lambda db, project_id: table.count(db, project_id, owner=owner)


_OWNER = key_of("project_id")
#: service -> resources that are counted at once, and how
_COUNT: Mapping[str, Sequence[tuple[tuple[str, ...], Count]]] = {
    "compute": (
        (("instances", "cores", "ram"), _servers),
        (("server_groups",), _number(SERVER_GROUPS)),
    ),
    "volume": (
        (("volumes", "snapshots", "gigabytes"), _volumes),
        (("groups",), _number(GROUPS)),
    ),
    "network": (
        (("network",), _number(NETWORKS)),
        (("subnet",), _number(SUBNETS, _OWNER)),
        (("port",), _number(PORTS)),
        (("security_group",), _number(SECURITY_GROUPS)),
        (("security_group_rule",), _number(SECURITY_GROUP_RULES, _OWNER)),
    ),
}
