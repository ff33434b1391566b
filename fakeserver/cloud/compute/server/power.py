"""Boot, stop, start and delete servers; no HTTP here."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fakeserver.base.ids import new_id
from fakeserver.cloud.compute.server import attributes, history
from fakeserver.cloud.compute.server.states import running
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.network import addresses
from fakeserver.cloud.shared import quotas
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import (
    FLAVORS,
    NETWORKS,
    SERVERS,
    VOLUMES,
)
from fakeserver.cloud.shared.web import CloudError
from fakeserver.cloud.volume import disks

if TYPE_CHECKING:
    from fakeserver.site import Site

#: what the largest compute host has; a server that wants more fits nowhere
LARGEST_HOST = {"vcpus": 512, "ram": 4 * 1024 * 1024}
NO_HOST = "No valid host was found. There are not enough hosts available."
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def boot(
    tx: sqlite3.Connection,
    site: "Site",
    caller: Token,
    given: Doc,
    hints: Doc,
    *,
    described: bool,
) -> Doc:
    """Create a server that runs at once, or raise and create nothing.

    One that no host can hold is accepted, as by Nova, and ends in ERROR.

    :param hints: what the request asks of the scheduler.
    :param described: whether the microversion knows descriptions.
    """
    flavor = flavor_of(tx, given["flavorRef"])
    now = site.clock.time()
    server: Doc = {
        "id": new_id(),
        "project_id": caller.project_id,
        "user_id": caller.user_id,
        "name": given["name"].strip(),
        "status": "ACTIVE",
        **attributes.of(tx, site, caller, given, described=described),
        "flavor": flavor,
        "disks": [],
        "created": now,
        "updated": now,
    }
    within_quota(tx, caller.project_id, flavor)
    attributes.join(tx, caller, server, hints)
    groups = attributes.security_groups(tx, caller.project_id, given)
    _plug(tx, server, given.get("networks"), groups)
    _take_volumes(tx, site, server, given)
    if any(flavor[name] > most for name, most in LARGEST_HOST.items()):
        server["status"] = "ERROR"
        server["fault"] = {"code": 500, "message": NO_HOST, "created": now}
    SERVERS.put(tx, server)
    history.note(tx, site, caller, server, "create")
    # last, since the array takes nothing back when the rest is refused
    set_writing(tx, site, server)
    return server


def flavor_of(tx: sqlite3.Connection, wanted: object) -> Doc:
    """Return the copy of a flavor that a server keeps, or answer 400."""
    flavor = FLAVORS.get(tx, str(wanted))
    if flavor is None:
        raise CloudError(400, f"Flavor {wanted} could not be found.")
    names = ("id", "name", "vcpus", "ram", "disk", "extra_specs")
    return {name: flavor[name] for name in names}


def within_quota(
    tx: sqlite3.Connection,
    project_id: str,
    flavor: Doc,
    before: Doc | None = None,
) -> None:
    """Refuse what a new server, or a resized one, would exceed."""
    held = before or {"vcpus": 0, "ram": 0}
    wanted = {
        "instances": 0 if before else 1,
        "cores": max(flavor["vcpus"] - held["vcpus"], 0),
        "ram": max(flavor["ram"] - held["ram"], 0),
    }
    over = quotas.require(tx, "compute", project_id, wanted)
    if over is not None:
        allowed = quotas.limits(tx, "compute", project_id)[over]
        taken = quotas.used(tx, "compute", project_id)[over]
        raise CloudError(
            403,
            f"Quota exceeded for {over}: Requested {wanted[over]}, but "
            f"already used {taken} of {allowed} {over}",
        )


def _plug(
    tx: sqlite3.Connection,
    server: Doc,
    wanted: Any,
    groups: Sequence[str] | None,
) -> None:
    if wanted == "none":
        return
    if wanted in (None, "auto", []):
        usable = [
            network
            for network in NETWORKS.select(tx)
            if addresses.visible(network, server["project_id"])
        ]
        if len(usable) > 1:
            raise CloudError(
                409,
                "Multiple possible networks found, use a Network ID to be "
                "more specific.",
            )
        wanted = [{"uuid": network["id"]} for network in usable]
    for entry in wanted:
        if entry.get("port"):
            addresses.bind(tx, server, entry["port"])
        elif entry.get("uuid"):
            addresses.add_port(
                tx,
                server,
                entry["uuid"],
                entry.get("fixed_ip"),
                groups=groups,
            )
        else:
            raise CloudError(400, "A network needs its uuid.")


def _take_volumes(
    tx: sqlite3.Connection, site: "Site", server: Doc, given: Doc
) -> None:
    mapping = given.get("block_device_mapping_v2") or []
    if given.get("imageRef"):
        raise CloudError(
            400,
            f"Image {given['imageRef']} could not be found: this cloud has "
            "no images, its servers boot from volumes.",
        )
    roots = [entry for entry in mapping if _boot_index(entry) == 0]
    if len(roots) != 1:
        raise CloudError(
            400,
            "Block Device Mapping is Invalid: Boot sequence for the instance "
            "and image/block device mapping combination is not valid.",
        )
    for entry in _in_boot_order(mapping):
        _take_volume(tx, site, server, entry)


def _in_boot_order(mapping: Sequence[Doc]) -> list[Doc]:
    """Sort disks by boot_index; without an index, or with -1, a disk is not a
    boot device."""
    last = len(mapping) + 1

    def place(entry: Doc) -> int:
        index = _boot_index(entry)
        return last if index < 0 else index

    return sorted(mapping, key=place)


def _boot_index(entry: Mapping[str, Any]) -> int:
    index = entry.get("boot_index")
    return -1 if index is None else int(index)


def _take_volume(
    tx: sqlite3.Connection, site: "Site", server: Doc, entry: Doc
) -> None:
    if (
        entry.get("source_type") != "volume"
        or entry.get("destination_type", "volume") != "volume"
        or not entry.get("uuid")
    ):
        raise CloudError(
            400,
            "Block Device Mapping is Invalid: only volumes that exist can be "
            "used here.",
        )
    volume = disks.for_server(tx, server["project_id"], entry["uuid"])
    if _boot_index(entry) == 0 and not volume["bootable"]:
        raise CloudError(400, f"Block Device {volume['id']} is not bootable.")
    add_disk(
        tx,
        site,
        server,
        volume,
        entry.get("device_name"),
        bool(entry.get("delete_on_termination")),
    )


def add_disk(
    tx: sqlite3.Connection,
    site: "Site",
    server: Doc,
    volume: Doc,
    device: str | None = None,
    delete_on_termination: bool = False,
) -> Doc:
    """Attach a volume; the caller writes the server, then calls
    set_writing."""
    taken = {disk["device"] for disk in server["disks"]}
    if device in taken:
        raise CloudError(
            400, f"The supplied device path ({device}) is in use."
        )
    if not device:
        device = next(
            (
                name
                for letter in _LETTERS
                if (name := f"/dev/vd{letter}") not in taken
            ),
            None,
        )
    if device is None:
        raise CloudError(403, "The maximum number of volumes is attached.")
    disks.attach(tx, site, volume, server, device)
    disk = {
        "id": volume["id"],
        "device": device,
        "delete_on_termination": delete_on_termination,
    }
    server["disks"].append(disk)
    return disk


def set_status(
    tx: sqlite3.Connection, site: "Site", server: Doc, status: str
) -> None:
    """Move a server to a status, and with it the writes to its disks."""
    server["status"] = status
    server["updated"] = site.clock.time()
    SERVERS.put(tx, server)
    set_writing(tx, site, server)


def set_writing(tx: sqlite3.Connection, site: "Site", server: Doc) -> None:
    """Report to the array whether the server writes to its volumes."""
    for volume in disks.attached_to(tx, server):
        writing = running(server) and not volume.get("read_only")
        disks.set_writing(site, volume, writing)


def delete(tx: sqlite3.Connection, site: "Site", server: Doc) -> None:
    addresses.drop_ports(tx, server["id"])
    for disk in server["disks"]:
        volume = VOLUMES.get(tx, disk["id"])
        if volume is None:
            continue
        disks.detach(tx, site, volume)
        if disk["delete_on_termination"] and not volume["group_id"]:
            disks.destroy(tx, site, volume)
    history.forget(tx, server["id"])
    SERVERS.delete(tx, server["id"])
