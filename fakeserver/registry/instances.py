"""Instances as Nova, Neutron and Cinder show them to their tenant."""

import ipaddress
from typing import Any

from fakeserver.base.clock import stamp
from fakeserver.base.errors import RequestRefused
from fakeserver.engine.cloud_client.cloud import RemoteCloud
from fakeserver.engine.model import attributes
from fakeserver.engine.service import Service
from fakeserver.registry import clouds, volume_types
from fakeserver.site import Site
from fakeserver.storage.driver import ArrayDriver, ArrayVolume
from fakeserver.store.groups import Group
from fakeserver.store.sites import SITES

FIELD = "member.instance_id"
ATTACHED = "os-extended-volumes:volumes_attached"
HOST = "os-vol-host-attr:host"
#: a managed volume says by these how it was called on its array, and its
#: number there
KEY, SERIAL = "protector_key", "protector_serial"

Record = dict[str, Any]


def examine(
    service: Service, cloud: RemoteCloud, group: Group, instance_id: str
) -> tuple[Record, str | None]:
    """Collect what is needed to rebuild the instance at the other site, and
    its user data; refuse it, with the volume's name, where that is not
    possible. Secret properties are not sealed yet."""
    server = cloud.server(instance_id)
    if server is None:
        raise _refused(f"there is no instance {instance_id} in the project")
    if server["status"] not in ("ACTIVE", "SHUTOFF"):
        raise _refused(f"instance {server['name']} is {server['status']}")
    # what a tenant does not see of types, hosts and user data, the service
    # does at its own site
    own = clouds.own_cloud(service, group.doc["current_primary_site_id"])
    volumes = _volumes(service, own, cloud, group, server)
    image = server.get("image") or {}
    moment = stamp(service.site.clock.time())
    found = attributes.read(cloud, instance_id, moment, admin=own)
    held = {
        "instance_id": server["id"],
        "instance_name": server["name"],
        "flavor": _flavor(cloud, server),
        "image_id": image.get("id"),
        "networks": _networks(cloud, server),
        "volumes": volumes,
        "attributes": found.attributes,
    }
    return held, found.user_data


def _refused(message: str, reason: str = "bad-request") -> RequestRefused:
    return RequestRefused(reason, f"{FIELD}: {message}", field=FIELD)


def _flavor(cloud: RemoteCloud, server: Record) -> Record:
    """Find the flavor; Nova gives its id or, in newer versions, its name."""
    held = server["flavor"]
    for found in cloud.flavors():
        if held.get("id", found["id"]) != found["id"]:
            continue
        if held.get("original_name", found["name"]) == found["name"]:
            fields = ("id", "name", "vcpus", "ram", "disk")
            return {field: found[field] for field in fields}
    raise _refused(f"the flavor of instance {server['name']} does not exist")


def _networks(cloud: RemoteCloud, server: Record) -> list[Record]:
    """Find the networks of an instance; Nova gives names only, and the address
    decides between two networks of one name.

    A port is one network, with all of its addresses.
    """
    networks = {found["id"]: found for found in cloud.networks()}
    subnets = cloud.subnets()
    ports = cloud.ports(server["id"])
    found: list[Record] = []
    #: name of a network, MAC address of a port -> its first address
    first: dict[tuple[str, str], Record] = {}
    for name, addresses in server["addresses"].items():
        for held in sorted(addresses, key=_is_floating):
            port = name, held.get("OS-EXT-IPS-MAC:mac_addr", "")
            kind = "more_addresses"
            if _is_floating(held):
                kind = "floating_ips"
            if port in first and (port[1] or _is_floating(held)):
                first[port].setdefault(kind, []).append(held["addr"])
                continue
            if _is_floating(held):
                continue
            subnet = _subnet(name, held["addr"], networks, subnets)
            if subnet is None:
                raise _refused(
                    f"network {name} of instance {server['name']} is not "
                    "visible to the project"
                )
            network = {
                "id": subnet["network_id"],
                "name": name,
                "cidr": subnet["cidr"],
                "fixed_ip": held["addr"],
            }
            network |= attributes.on_port(network, ports)
            first.setdefault(port, network)
            found.append(network)
    return found


def _is_floating(address: Record) -> bool:
    return bool(address.get("OS-EXT-IPS:type", "fixed") != "fixed")


def _subnet(
    name: str,
    address: str,
    networks: dict[str, Record],
    subnets: list[Record],
) -> Record | None:
    for subnet in subnets:
        network = networks.get(subnet["network_id"])
        if network is None or network["name"] != name:
            continue
        if ipaddress.ip_address(address) in ipaddress.ip_network(
            subnet["cidr"]
        ):
            return subnet
    return None


def _volumes(
    service: Service,
    own: RemoteCloud,
    cloud: RemoteCloud,
    group: Group,
    server: Record,
) -> list[Record]:
    """List the volumes of an instance, the boot volume first."""
    record = SITES.get(service.site.db, group.doc["current_primary_site_id"])
    types = {one["name"]: one for one in volume_types.listed(own)}
    found = []
    for attached in server.get(ATTACHED, ()):
        volume = cloud.volume(attached["id"])
        if volume is None:
            raise _refused(
                f"volume {attached['id']} of instance {server['name']} is "
                "not visible to the project"
            )
        _check_type(group, types, volume)
        seen = own.volume(volume["id"]) or volume
        held = _require_backend(service.site, record, volume, seen)
        found.append(
            _volume(server, volume, held) | attributes.of_volume(seen)
        )
    if not any(volume["bootable"] for volume in found):
        raise _refused(
            f"instance {server['name']} does not boot from a volume, so its "
            "disk is not replicated"
        )
    return sorted(found, key=lambda one: (not one["bootable"], one["device"]))


def _label(volume: Record) -> str:
    return str(volume.get("name") or volume["id"])


def _check_type(
    group: Group, types: dict[str, Record], volume: Record
) -> None:
    name, kind = _label(volume), types.get(volume["volume_type"])
    if kind is None or not kind["replication_enabled"]:
        raise _refused(
            f"volume {name} is of type {volume['volume_type']}, which is not "
            "replicated",
            "volume-type-not-replicated",
        )
    wanted = group.doc["replication_type"]
    if (kind["replication_type"] or wanted) != wanted:
        raise _refused(
            f"volume {name} is replicated {kind['replication_type']}, and "
            f"the protection group {wanted}",
            "volume-type-not-replicated",
        )


def _require_backend(
    site: Site, record: Record, volume: Record, seen: Record
) -> ArrayVolume:
    wanted = record["volume_backend_host"]
    host = seen.get(HOST, wanted)
    held = _on_array(site.arrays, record["array_name"], volume)
    if host != wanted or held is None:
        raise _refused(
            f"volume {_label(volume)} is not on {wanted}, the backend of "
            f"{record['name']}"
        )
    return held


def _on_array(
    arrays: ArrayDriver, array: str, volume: Record
) -> ArrayVolume | None:
    """Find a volume of Cinder on its array.

    A driver's own names hold Cinder's id, with whatever it puts before and
    behind. What the engine had managed, by a driver that keeps names, says
    so in its metadata.
    """
    for found in arrays.of_cinder(array, volume["id"]):
        return found
    worn = volume["metadata"]
    name = worn.get(KEY)
    return arrays.find(array, name, worn.get(SERIAL)) if name else None


def _volume(server: Record, volume: Record, held: ArrayVolume) -> Record:
    device = next(
        (
            one["device"]
            for one in volume["attachments"]
            if one["server_id"] == server["id"]
        ),
        None,
    )
    return {
        "id": volume["id"],
        "name": volume.get("name") or "",
        "size": volume["size"],
        "bootable": volume["bootable"] == "true",
        "device": device or "",
        "volume_type": volume["volume_type"],
        "array_name": held.name,
        "array_serial": held.serial,
    }
