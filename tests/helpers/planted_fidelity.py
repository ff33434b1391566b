"""Differences that are planted in the instances that a test has built.

Each row plants one, after the drill, and names the attribute that
``drill verify`` must call different. They stand beside those of `planted`,
which drift finds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fakeserver.cloud.shared.schema import PORTS, SERVERS, VOLUMES
from tests.helpers.planted import MEMBER, STRANGER, Planted, Planter

#: What the test has built of the member.
BUILT = f"{MEMBER}-test"
_DATA = f"{MEMBER}-data-test"


def _server(**new: Any) -> Callable[[Planter], object]:
    return lambda planter: planter.change("b", SERVERS, BUILT, **new)


def _volume(**new: Any) -> Callable[[Planter], object]:
    return lambda planter: planter.change("b", VOLUMES, _DATA, **new)


def _port(**new: Any) -> Callable[[Planter], object]:
    return lambda planter: planter.put(
        "b", PORTS, {**planter.port("b", BUILT), **new}
    )


def _metadata(**more: str) -> Callable[[Planter], object]:
    def plant(planter: Planter) -> None:
        row = planter.row("b", SERVERS, BUILT)
        new = {**row["metadata"], **more}
        planter.put("b", SERVERS, {**row, "metadata": new})

    return plant


def _flavor(planter: Planter) -> None:
    flavor = planter.row("b", SERVERS, BUILT)["flavor"]
    planter.change("b", SERVERS, BUILT, flavor={**flavor, "vcpus": 1})


def _gone(planter: Planter) -> None:
    row = planter.row("b", SERVERS, BUILT)
    planter.delete("b", SERVERS, row["id"])


def _detached(planter: Planter) -> None:
    row = planter.row("b", SERVERS, BUILT)
    planter.put("b", SERVERS, {**row, "disks": row["disks"][:1]})


def _other_network(planter: Planter) -> None:
    subnet = planter.subnet("b", "net-secondary-db")
    _port(
        network_id=subnet["network_id"],
        subnet_id=subnet["id"],
        ip_address="10.20.0.99",
    )(planter)


def _second_port(planter: Planter) -> None:
    port = {
        **planter.port("b", BUILT),
        "id": f"{STRANGER}8",
        "ip_address": "10.10.0.98",
        "mac_address": "fa:16:3e:00:00:98",
    }
    planter.put("b", PORTS, port)


def _planted(
    title: str, plant: Callable[[Planter], object], attribute: str
) -> Planted:
    return Planted(
        title,
        plant,
        attribute,
        check="fidelity",
        site="b",
        found_by="fidelity",
    )


#: What is planted, one row a case.
PLANTED: tuple[Planted, ...] = (
    _planted("rebuilt instance missing", _gone, "instance"),
    _planted("rebuilt with another name", _server(name="x"), "instance_name"),
    _planted("rebuilt with another flavor", _flavor, "flavor"),
    _planted("rebuilt with a property more", _metadata(r="1"), "properties"),
    _planted(
        "rebuilt with another description",
        _server(description="new"),
        "description",
    ),
    _planted("rebuilt with a tag more", _server(tags=["new"]), "tags"),
    _planted(
        "rebuilt with another host name", _server(hostname="www"), "hostname"
    ),
    _planted(
        "rebuilt with a config drive",
        _server(config_drive=True),
        "config_drive",
    ),
    _planted("rebuilt with a key pair", _server(key_name="bob"), "key_pair"),
    _planted("rebuilt locked", _server(locked=True), "locked"),
    _planted("rebuilt and stopped", _server(status="SHUTOFF"), "power_state"),
    _planted(
        "rebuilt on another network",
        _other_network,
        "networks[net-primary-web]",
    ),
    _planted(
        "rebuilt with a port more",
        _second_port,
        "networks[net-secondary-web]",
    ),
    _planted(
        "rebuilt with another address",
        _port(ip_address="10.10.0.99"),
        "networks[net-primary-web].fixed_ip",
    ),
    _planted(
        "rebuilt with another MAC address",
        _port(mac_address="fa:16:3e:00:00:42"),
        "networks[net-primary-web].mac_address",
    ),
    _planted(
        "rebuilt without port security",
        _port(port_security_enabled=False),
        "networks[net-primary-web].port_security_enabled",
    ),
    _planted(
        "rebuilt with an address pair",
        _port(allowed_address_pairs=[{"ip_address": "10.10.0.200"}]),
        "networks[net-primary-web].allowed_address_pairs",
    ),
    _planted("rebuilt without a volume", _detached, "volumes[web-1-data]"),
    _planted(
        "rebuilt volume of another name",
        _volume(name="x"),
        "volumes[web-1-data].name",
    ),
    _planted(
        "rebuilt volume of another size",
        _volume(size=80),
        "volumes[web-1-data].size",
    ),
    _planted(
        "rebuilt volume of another type",
        _volume(volume_type="standard"),
        "volumes[web-1-data].volume_type",
    ),
    _planted(
        "rebuilt volume that boots",
        _volume(bootable=True),
        "volumes[web-1-data].bootable",
    ),
    _planted(
        "rebuilt volume with a property",
        _volume(metadata={"tier": "gold"}),
        "volumes[web-1-data].properties",
    ),
    _planted(
        "rebuilt volume that can only be read",
        _volume(metadata={"readonly": "True"}),
        "volumes[web-1-data].read_only",
    ),
    _planted(
        "rebuilt volume for several instances",
        _volume(multiattach=True),
        "volumes[web-1-data].multiattach",
    ),
)
