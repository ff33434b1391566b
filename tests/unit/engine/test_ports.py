"""Ports with several addresses, and with floating ones."""

import copy
from typing import Any, cast

import pytest

from fakeserver.engine.cloud_client.cloud import CloudRefused, RemoteCloud
from fakeserver.engine.model.member_plan import (
    FlavorPlan,
    MemberPlan,
    NetworkPlan,
)
from fakeserver.engine.run import ports
from fakeserver.registry import instances

MAC = "fa:16:3e:00:00:07"


def nova(address: str, kind: str = "fixed", mac: str = MAC) -> dict[str, Any]:
    return {
        "addr": address,
        "OS-EXT-IPS:type": kind,
        "OS-EXT-IPS-MAC:mac_addr": mac,
    }


class Cloud:
    """A network with two subnets, of which one has no room."""

    site = "site-b"

    def __init__(self, *refused: str) -> None:
        self.refused = refused
        self.made: list[dict[str, Any]] = []

    def networks(self) -> list[dict[str, Any]]:
        return [{"id": "n", "name": "web"}]

    def subnets(self) -> list[dict[str, Any]]:
        return [
            {"network_id": "n", "cidr": cidr}
            for cidr in ("10.0.0.0/24", "fd00::/64")
        ]

    def ports(self, server_id: str) -> list[dict[str, Any]]:
        fixed = [{"ip_address": one} for one in ("fd00::7", "10.0.0.7")]
        return [{"network_id": "n", "mac_address": MAC, "fixed_ips": fixed}]

    def ports_named(self, name: str) -> list[dict[str, Any]]:
        return []

    def create_port(self, wanted: dict[str, Any]) -> dict[str, Any]:
        for one in wanted["fixed_ips"]:
            if one["ip_address"] in self.refused:
                raise CloudRefused(self.site, 409, "IP address in use")
        self.made.append(copy.deepcopy(wanted))
        # in an order of its own
        fixed = list(reversed(wanted["fixed_ips"]))
        return {"id": "p", **wanted, "fixed_ips": fixed}


def member(server: dict[str, Any]) -> list[dict[str, Any]]:
    """What a member keeps of the networks of an instance."""
    cloud = cast(RemoteCloud, Cloud())
    return instances._networks(cloud, server)


SERVER = {
    "id": "i",
    "name": "web-1",
    "addresses": {
        "web": [
            nova("203.0.113.9", "floating"),
            nova("10.0.0.7"),
            nova("fd00::7"),
            nova("10.0.0.8", mac="fa:16:3e:00:00:08"),
        ]
    },
}


def test_a_port_is_one_network_with_all_its_addresses() -> None:
    first, second = member(SERVER)
    assert first["fixed_ip"] == "10.0.0.7"
    assert first["more_addresses"] == ["fd00::7"]
    assert first["floating_ips"] == ["203.0.113.9"]
    assert second["fixed_ip"] == "10.0.0.8"
    assert not {"more_addresses", "floating_ips"} & second.keys()


@pytest.mark.parametrize("refused", [(), ("fd00::7",)])
def test_what_a_port_does_not_get_is_named(refused: tuple[str, ...]) -> None:
    plan = MemberPlan(
        "m",
        FlavorPlan("f", "m1", 1, 1, 1),
        [
            NetworkPlan(
                "n",
                "web",
                "10.0.0.0/24",
                "10.0.0.7",
                "10.0.0.7",
                more_ips=["fd00::7"],
            )
        ],
        [],
    )
    held = {"instance_name": "web-1", "networks": member(SERVER)[:1]}
    cloud = Cloud(*refused)
    answer = ports.make(
        cast(RemoteCloud, cloud),
        "k",
        plan,
        held,
        None,
        any_address=False,
        tried_before=False,
    )
    [network] = answer.networks
    assert network["fixed_ip"] == "10.0.0.7"
    assert network.get("more_addresses", []) == (
        [] if refused else ["fd00::7"]
    )
    found = {one.attribute: one.value for one in answer.losses}
    lost = {"networks[web].more_addresses": ["fd00::7"]} if refused else {}
    assert found == {
        **lost,
        "networks[web].floating_ips": ["203.0.113.9"],
    }
