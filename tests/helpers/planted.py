"""Differences that are planted in a sandbox, one for each attribute.

Each row plants one, at the source after the group was protected, or at the
target, and says who must find it. A row more is a case more of the tests
that read this table, and a line more of the page in the documentation.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fakeserver.base.db import Database
from fakeserver.cloud.shared import quotas
from fakeserver.cloud.shared.rows import Doc, Table
from fakeserver.cloud.shared.schema import (
    IMAGES,
    PORTS,
    SECURITY_GROUPS,
    SERVER_GROUPS,
    SERVERS,
    SUBNETS,
    TABLES,
    VOLUME_TYPES,
    VOLUMES,
)
from fakeserver.local.both_sites import BothSites

GROUP = "prod-web-app"
MEMBER = "web-1"
#: An id that nothing of the seeded world has.
STRANGER = "00000000-0000-4000-8000-00000000000"
#: What the documents of the service are in.
_GROUPS, _MEMBERS = "pg_groups", "pg_members"
_OF_GROUP = f"group_id = (SELECT id FROM {_GROUPS} WHERE name = ?)"


class Planter:
    """Two sites, and the hands that plant a difference."""

    def __init__(self, pair: BothSites) -> None:
        self.pair = pair

    def row(self, site: str, table: Table, name: str) -> Doc:
        """A resource of a site, by its name."""
        found = table.select(
            self.pair.site(site).parts.db.connection(), "1", ()
        )
        (row,) = [one for one in found if one.get("name") == name]
        return row

    def put(self, site: str, table: Table, row: Doc) -> None:
        with self.pair.site(site).parts.db.transaction() as tx:
            table.put(tx, row)

    def delete(self, site: str, table: Table, identity: str) -> None:
        with self.pair.site(site).parts.db.transaction() as tx:
            table.delete(tx, identity)

    def change(self, site: str, table: Table, called: str, **new: Any) -> None:
        self.put(site, table, {**self.row(site, table, called), **new})

    def port(self, site: str = "a", member: str = MEMBER) -> Doc:
        """The port of an instance."""
        server = self.row(site, SERVERS, member)
        db = self.pair.site(site).parts.db.connection()
        (port,) = PORTS.select(db, "device_id = ?", (server["id"],))
        return port

    def network(self, site: str, name: str) -> str:
        world = self.pair.site(site).parts.world
        return str(world.network_id(f"site-{site}", name))

    def subnet(self, site: str, network: str) -> Doc:
        db = self.pair.site(site).parts.db.connection()
        wanted = (self.network(site, network),)
        return SUBNETS.select(db, "network_id = ?", wanted)[0]

    def recorded(self, change: Callable[[Doc], object]) -> None:
        """Change what both sites hold of the member.

        What is there is another then: as if it had been changed since.
        """
        for site in ("a", "b"):
            with self.pair.site(site).parts.db.transaction() as tx:
                rows = tx.execute(
                    f"SELECT seq, member FROM {_MEMBERS} WHERE {_OF_GROUP}",
                    (GROUP,),
                ).fetchall()
                found = [(seq, json.loads(text)) for seq, text in rows]
                ((seq, member, held),) = [
                    (seq, member, one)
                    for seq, member in found
                    for one in member["sites"].values()
                    if one["instance_name"] == MEMBER
                ]
                change(held)
                tx.execute(
                    f"UPDATE {_MEMBERS} SET member = ? WHERE seq = ?",
                    (json.dumps(member), seq),
                )
                tx.execute(
                    f"UPDATE {_GROUPS} SET revision = hex(randomblob(8))"
                )


@dataclasses.dataclass(frozen=True)
class Planted:
    """A difference, and what finds it."""

    #: What was done, as a sentence.
    title: str
    plant: Callable[[Planter], object]
    #: As a `Difference` names it.
    attribute: str
    check: str = "drift"
    #: The site where it was planted.
    site: str = "a"
    member: str = MEMBER
    #: ``drift``, or another command that finds it.
    found_by: str = "drift"
    #: Behind the clouds' names: whose token shows it.
    user: str = ""

    @property
    def id(self) -> str:
        return self.title.replace(" ", "-")


def _server(**new: Any) -> Callable[[Planter], object]:
    return lambda planter: planter.change("a", SERVERS, MEMBER, **new)


def _volume(**new: Any) -> Callable[[Planter], object]:
    name = f"{MEMBER}-data"
    return lambda planter: planter.change("a", VOLUMES, name, **new)


def _kept(key: str, value: Any) -> Callable[[Planter], object]:
    """The metadata have another value than Nova."""
    return lambda planter: planter.recorded(
        lambda held: held["attributes"].update({key: value})
    )


def _kept_of_port(key: str, value: Any) -> Callable[[Planter], object]:
    return lambda planter: planter.recorded(
        lambda held: held["networks"][0].update({key: value})
    )


def _kept_of_volume(key: str, value: Any) -> Callable[[Planter], object]:
    return lambda planter: planter.recorded(
        lambda held: held["volumes"][1].update({key: value})
    )


def _port(**new: Any) -> Callable[[Planter], object]:
    return lambda planter: planter.put("a", PORTS, {**planter.port(), **new})


def _other_network(planter: Planter) -> None:
    """web-1 is on the network of the databases."""
    subnet = planter.subnet("a", "net-primary-db")
    port = {
        **planter.port(),
        "network_id": subnet["network_id"],
        "subnet_id": subnet["id"],
        "ip_address": "10.20.0.99",
    }
    planter.put("a", PORTS, port)


def _second_port(planter: Planter) -> None:
    port = {
        **planter.port(),
        "id": f"{STRANGER}1",
        "ip_address": "10.10.0.99",
        "mac_address": "fa:16:3e:00:00:99",
    }
    planter.put("a", PORTS, port)


def _attached(planter: Planter) -> None:
    volume = {
        **planter.row("a", VOLUMES, f"{MEMBER}-data"),
        "id": f"{STRANGER}2",
        "name": "since",
        "array_name": "since",
        "bootable": False,
    }
    planter.put("a", VOLUMES, volume)
    server = planter.row("a", SERVERS, MEMBER)
    disk = {**server["disks"][1], "id": volume["id"], "device": "/dev/vdz"}
    planter.put("a", SERVERS, {**server, "disks": [*server["disks"], disk]})


def _detached(planter: Planter) -> None:
    server = planter.row("a", SERVERS, MEMBER)
    planter.put("a", SERVERS, {**server, "disks": server["disks"][:1]})


def _deleted(planter: Planter) -> None:
    planter.delete("a", SERVERS, planter.row("a", SERVERS, MEMBER)["id"])


def _rebuilt(planter: Planter) -> None:
    server = planter.row("a", SERVERS, MEMBER)
    planter.delete("a", SERVERS, server["id"])
    planter.put("a", SERVERS, {**server, "id": f"{STRANGER}3"})


def _smaller_flavor(planter: Planter) -> None:
    flavor = planter.row("a", SERVERS, MEMBER)["flavor"]
    smaller = {**flavor, "name": "m1.small", "vcpus": 1}
    planter.change("a", SERVERS, MEMBER, flavor=smaller)


def _neighbour(planter: Planter) -> None:
    server = planter.row("a", SERVERS, MEMBER)
    lonely = {**server, "id": f"{STRANGER}4", "name": "lonely", "disks": []}
    planter.put("a", SERVERS, lonely)
    port = {
        **planter.port(),
        "id": f"{STRANGER}5",
        "device_id": lonely["id"],
        "ip_address": "10.10.0.98",
        "mac_address": "fa:16:3e:00:00:98",
    }
    planter.put("a", PORTS, port)


def taken(planter: Planter) -> None:
    subnet = planter.subnet("b", "net-secondary-web")
    port = {
        **planter.port(),
        "id": f"{STRANGER}6",
        "project_id": subnet["project_id"],
        "network_id": subnet["network_id"],
        "subnet_id": subnet["id"],
        "device_id": "",
        "description": "",
        "mac_address": "fa:16:3e:00:00:97",
    }
    planter.put("b", PORTS, port)


def _other_range(planter: Planter) -> None:
    subnet = planter.subnet("b", "net-secondary-web")
    planter.put("b", SUBNETS, {**subnet, "cidr": "10.99.0.0/24"})


def _made(planter: Planter, site: str, table: Table, **row: Any) -> str:
    """Make a resource of the project, and return its id."""
    parts = planter.pair.site(site).parts
    identity = f"{STRANGER}9"
    project = parts.world.project_id(f"site-{site}", "demo")
    planter.put(site, table, {"id": identity, "project_id": project, **row})
    return identity


def _security_group(planter: Planter) -> None:
    group = _made(
        planter, "a", SECURITY_GROUPS, name="web", description="", created=0
    )
    planter.put("a", PORTS, {**planter.port(), "security_groups": [group]})


def _lacks_security_group(planter: Planter) -> None:
    _security_group(planter)
    _kept("security_groups", ["web"])(planter)


def _server_group(planter: Planter) -> None:
    group = _made(
        planter,
        "a",
        SERVER_GROUPS,
        user_id="",
        name="web",
        policy="anti-affinity",
    )
    planter.change("a", SERVERS, MEMBER, server_group=group)


def _lacks_server_group(planter: Planter) -> None:
    """Site b has one of the name, and of another policy."""
    _server_group(planter)
    kept = {"name": "web", "policy": "anti-affinity"}
    _kept("server_group", kept)(planter)
    _made(
        planter,
        "b",
        SERVER_GROUPS,
        user_id="",
        name="web",
        policy="affinity",
    )


def _lacks_zone(planter: Planter) -> None:
    _server(availability_zone="az-2")(planter)
    _kept("availability_zone", "az-2")(planter)


def _lacks_multiattach(planter: Planter) -> None:
    _volume(multiattach=True)(planter)
    _kept_of_volume("multiattach", True)(planter)


def _user_data(planter: Planter) -> None:
    """Nova has user data now, and the metadata know that it had none."""
    _kept("user_data", None)(planter)
    _server(user_data="I2Nsb3VkLWNvbmZpZwo=")(planter)


def _gateway(planter: Planter) -> None:
    subnet = planter.subnet("b", "net-secondary-web")
    planter.put("b", SUBNETS, {**subnet, "gateway_ip": "10.10.0.11"})


def _other_device(planter: Planter) -> None:
    volume = planter.row("a", VOLUMES, f"{MEMBER}-data")
    (held,) = volume["attachments"]
    held = {**held, "device": "/dev/vdx"}
    planter.put("a", VOLUMES, {**volume, "attachments": [held]})


def _key_pair(planter: Planter) -> None:
    planter.change("a", SERVERS, MEMBER, key_name="alice")
    _kept("key_pair", {"name": "alice", "fingerprint": "a1:b2"})(planter)


def _no_type(planter: Planter) -> None:
    """The volume is of a type that site b has no more."""
    _volume(volume_type="flash-sync")(planter)
    _kept_of_volume("volume_type", "flash-sync")(planter)
    kind = planter.row("b", VOLUME_TYPES, "flash-sync")
    planter.delete("b", VOLUME_TYPES, kind["id"])


def _no_image(planter: Planter) -> None:
    image = planter.row("b", IMAGES, "sandbox-image")
    planter.delete("b", IMAGES, image["id"])


def quota(
    service: str, resource: str, most: int = 1
) -> Callable[[Planter], object]:
    """Site b has less room than the group needs."""

    def plant(planter: Planter) -> None:
        site = planter.pair.site("b").parts
        project = site.world.project_id("site-b", "demo")
        with site.db.transaction() as tx:
            quotas.change(tx, service, project, {resource: most})

    return plant


#: What is planted, one row a case.
PLANTED: tuple[Planted, ...] = (
    # Nova, at the source
    Planted("renamed", _server(name="web-one"), "instance_name"),
    Planted("flavor resized", _smaller_flavor, "flavor"),
    Planted("property set", _server(metadata={"role": "db"}), "properties"),
    Planted(
        "secret property set",
        _server(metadata={"db_password": "hunter2"}),
        "properties",
    ),
    Planted(
        "security group changed",
        _security_group,
        "security_groups",
    ),
    Planted(
        "moved to another availability zone",
        _server(availability_zone="az-2"),
        "availability_zone",
    ),
    Planted("tag set", _server(tags=["gold"]), "tags"),
    Planted("description changed", _server(description="new"), "description"),
    Planted(
        "config drive changed", _server(config_drive=True), "config_drive"
    ),
    Planted("host name changed", _server(hostname="www"), "hostname"),
    Planted(
        "put into a server group",
        _server_group,
        "server_group",
    ),
    Planted("user data changed", _user_data, "user_data", user="-admin"),
    Planted("key pair changed", _server(key_name="bob"), "key_pair"),
    Planted("locked", _server(locked=True), "locked"),
    Planted("stopped", _server(status="SHUTOFF"), "power_state", "running"),
    Planted("deleted", _deleted, "instance_id"),
    Planted("deleted and built again", _rebuilt, "instance_id"),
    # Neutron, at the source
    Planted(
        "moved to another network",
        _other_network,
        "networks[net-primary-web]",
    ),
    Planted("port attached", _second_port, "networks[net-primary-web]"),
    Planted(
        "address changed",
        _port(ip_address="10.10.0.99"),
        "networks[net-primary-web].fixed_ip",
    ),
    Planted(
        "MAC address changed",
        _port(mac_address="fa:16:3e:00:00:42"),
        "networks[net-primary-web].mac_address",
    ),
    Planted(
        "port security changed",
        _port(port_security_enabled=False),
        "networks[net-primary-web].port_security_enabled",
    ),
    Planted(
        "allowed address pair added",
        _port(allowed_address_pairs=[{"ip_address": "10.10.0.200"}]),
        "networks[net-primary-web].allowed_address_pairs",
    ),
    Planted(
        "instance made on its network",
        _neighbour,
        "protection_group",
        "neighbours",
        member="lonely",
    ),
    # Cinder, at the source
    Planted("volume attached", _attached, "volumes[since]"),
    Planted("volume detached", _detached, "volumes[web-1-data]"),
    Planted("volume extended", _volume(size=80), "volumes[web-1-data].size"),
    Planted(
        "volume retyped",
        _volume(volume_type="standard"),
        "volumes[web-1-data].volume_type",
    ),
    Planted(
        "volume renamed", _volume(name="other"), "volumes[web-1-data].name"
    ),
    Planted(
        "volume made bootable",
        _volume(bootable=True),
        "volumes[web-1-data].bootable",
    ),
    Planted(
        "device changed",
        _other_device,
        "volumes[web-1-data].device",
    ),
    Planted(
        "volume property set",
        _volume(metadata={"tier": "gold"}),
        "volumes[web-1-data].properties",
    ),
    Planted(
        "volume made read-only",
        _volume(read_only=True),
        "volumes[web-1-data].read_only",
        user="-admin",
    ),
    Planted(
        "multiattach changed",
        _volume(multiattach=True),
        "volumes[web-1-data].multiattach",
    ),
    Planted(
        "volume taken out of the consistency group",
        _volume(group_id=None),
        "volumes[web-1-data].consistency_group",
    ),
    # the target
    Planted(
        "address taken",
        taken,
        "networks[net-primary-web].fixed_ip",
        "addresses",
        "b",
    ),
    Planted(
        "network of another range",
        _other_range,
        "networks[net-primary-web].fixed_ip",
        "addresses",
        "b",
    ),
    Planted(
        "address of the gateway",
        _gateway,
        "networks[net-primary-web].fixed_ip",
        "addresses",
        "b",
    ),
    Planted(
        "security group missing",
        _lacks_security_group,
        "security_groups",
        "attributes",
        "b",
    ),
    Planted(
        "availability zone missing",
        _lacks_zone,
        "availability_zone",
        "attributes",
        "b",
    ),
    Planted(
        "server group of another policy",
        _lacks_server_group,
        "server_group",
        "attributes",
        "b",
    ),
    Planted(
        "volume type without multiattach",
        _lacks_multiattach,
        "volumes[web-1-data].multiattach",
        "attributes",
        "b",
    ),
    Planted("key pair of a user", _key_pair, "key_pair", "attributes", "b"),
    Planted(
        "volume type missing",
        _no_type,
        "volumes[web-1-data].volume_type",
        "attributes",
        "b",
    ),
    Planted("image missing", _no_image, "image_id", "images", "b"),
    *(
        Planted(
            f"quota of {resource} too small",
            quota(
                service,
                resource.removesuffix("s")
                if service == "network"
                else resource,
            ),
            f"quota.{resource}",
            check,
            "b",
            member="",
        )
        for check, service, resources in (
            ("quota-compute", "compute", ("instances", "cores", "ram")),
            ("quota-storage", "volume", ("volumes", "gigabytes")),
            ("quota-network", "network", ("ports",)),
        )
        for resource in resources
    ),
)


def _written(db: Database, table: str) -> list[str]:
    """The columns of a table that are written; others are worked out."""
    rows = db.all(f"PRAGMA table_xinfo({table})")
    return [row["name"] for row in rows if not row["hidden"]]


@contextmanager
def undone(pair: BothSites) -> Iterator[None]:
    """Put both sites back to what they were."""
    names = [*(table.name for table in TABLES), _GROUPS, _MEMBERS]
    sites = [pair.site(name).parts.db for name in ("a", "b")]
    before = [
        {
            name: db.all(f"SELECT {', '.join(_written(db, name))} FROM {name}")
            for name in names
        }
        for db in sites
    ]
    try:
        yield
    finally:
        for db, kept in zip(sites, before, strict=True):
            with db.transaction() as tx:
                for name, rows in kept.items():
                    tx.execute(f"DELETE FROM {name}")
                    if rows:
                        columns = ", ".join(rows[0].keys())
                        marks = ", ".join("?" * len(rows[0]))
                        tx.executemany(
                            f"INSERT INTO {name} ({columns}) VALUES ({marks})",
                            [tuple(row) for row in rows],
                        )
