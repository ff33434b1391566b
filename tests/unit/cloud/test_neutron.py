"""The emulated Neutron."""

from typing import Any

import pytest

from tests.helpers.cloud_parts import Cloud

NETWORKS = "/networking/v2.0/networks"
SUBNETS = "/networking/v2.0/subnets"


def network(a: Cloud, name: str = "spare", **given: Any) -> str:
    answer = a.post(NETWORKS, {"network": {"name": name, **given}})
    assert answer.status_code == 201, answer.text
    made: str = answer.json["network"]["id"]
    return made


def test_the_seeded_networks(a: Cloud, b: Cloud) -> None:
    for cloud, kind in ((a, "primary"), (b, "secondary")):
        found = cloud.get(NETWORKS).json["networks"]
        names = [one["name"] for one in found]
        assert names == [f"net-{kind}-web", f"net-{kind}-db"]
        ranges = [one["cidr"] for one in cloud.get(SUBNETS).json["subnets"]]
        assert ranges == ["10.10.0.0/24", "10.20.0.0/24"]
        assert found[0]["id"] == cloud.world.network_id(cloud.name, names[0])


def test_two_networks_may_share_a_name(a: Cloud) -> None:
    first, second = network(a, "twin"), network(a, "twin")
    found = a.get(f"{NETWORKS}?name=twin").json["networks"]
    assert {one["id"] for one in found} == {first, second}


def test_projects_are_apart(a: Cloud) -> None:
    mine = network(a)
    assert a.get(NETWORKS, as_="rival").json["networks"] == []
    assert a.get(SUBNETS, as_="rival").json["subnets"] == []
    path = f"{NETWORKS}/{mine}"
    assert a.get(path, as_="rival").status_code == 404
    assert a.call("DELETE", path, as_="rival").status_code == 404
    assert a.get(path, as_="auditor").status_code == 200
    assert a.call("DELETE", path, as_="auditor").status_code == 403


def test_a_shared_network_is_seen_but_not_changed(a: Cloud) -> None:
    wish = {"network": {"name": "common", "shared": True}}
    assert a.post(NETWORKS, wish).status_code == 403
    made = a.post(NETWORKS, wish, as_="admin").json["network"]["id"]
    path = f"{NETWORKS}/{made}"
    assert a.get(path, as_="rival").status_code == 200
    assert a.call("DELETE", path, as_="rival").status_code == 403


@pytest.mark.parametrize(
    "query, count",
    [
        ("name=net-primary-web", 1),
        ("name=no-such", 0),
        ("shared=False", 2),
        ("router:external=True", 0),
        ("limit=1", 1),
        ("unknown=5", 2),
        ("sort_key=name&sort_dir=asc", 2),
    ],
)
def test_filters(a: Cloud, query: str, count: int) -> None:
    answer = a.get(f"{NETWORKS}?{query}")
    assert len(answer.json["networks"]) == count


def test_fields_and_pages(a: Cloud) -> None:
    answer = a.get(f"{NETWORKS}?limit=1&fields=id&fields=name").json
    (first,) = answer["networks"]
    assert set(first) == {"id", "name"}
    href = answer["networks_links"][0]["href"]
    rest = a.get(href.removeprefix(a.site.config.url)).json["networks"]
    assert len(rest) == 1 and rest[0]["id"] != first["id"]
    assert a.get(f"{NETWORKS}?marker=no-such").status_code == 400


def test_a_network_in_use_stays(a: Cloud) -> None:
    web = a.world.network_id("site-a", "net-primary-web")
    answer = a.call("DELETE", f"{NETWORKS}/{web}")
    assert answer.status_code == 409
    assert answer.json["NeutronError"]["type"] == "NetworkInUse"
    subnet = a.get(f"{NETWORKS}/{web}").json["network"]["subnets"][0]
    answer = a.call("DELETE", f"{SUBNETS}/{subnet}")
    assert answer.json["NeutronError"]["type"] == "SubnetInUse"


def test_a_network_goes_with_its_subnets(a: Cloud) -> None:
    made = network(a)
    wish = {"network_id": made, "cidr": "10.9.0.0/24", "ip_version": 4}
    subnet = a.post(SUBNETS, {"subnet": wish}).json["subnet"]
    assert subnet["gateway_ip"] == "10.9.0.1"
    assert subnet["allocation_pools"] == [
        {"start": "10.9.0.2", "end": "10.9.0.254"}
    ]
    shown = a.get(f"{NETWORKS}/{made}").json["network"]
    assert shown["subnets"] == [subnet["id"]]
    assert a.call("DELETE", f"{NETWORKS}/{made}").status_code == 204
    assert a.get(f"{SUBNETS}/{subnet['id']}").status_code == 404
    assert a.get(f"{NETWORKS}/{made}").status_code == 404


def test_subnets_change_and_go(a: Cloud) -> None:
    made = network(a)
    wish = {
        "network_id": made,
        "cidr": "10.9.0.0/24",
        "gateway_ip": "10.9.0.254",
        "allocation_pools": [{"start": "10.9.0.10", "end": "10.9.0.20"}],
        "dns_nameservers": ["10.9.0.3"],
        "name": "small",
    }
    subnet = a.post(SUBNETS, {"subnet": wish}).json["subnet"]
    assert subnet["gateway_ip"] == "10.9.0.254"
    assert subnet["allocation_pools"] == wish["allocation_pools"]
    path = f"{SUBNETS}/{subnet['id']}"
    a.call("PUT", path, {"subnet": {"name": "renamed"}})
    assert a.get(path).json["subnet"]["name"] == "renamed"
    assert a.call("DELETE", path).status_code == 204


@pytest.mark.parametrize(
    "changes, status",
    [
        ({"cidr": "x"}, 400),
        ({"cidr": "10.9.0.0/31"}, 400),
        ({"cidr": "10.8.0.0/24"}, 400),
        ({"ip_version": 6}, 400),
        ({"gateway_ip": "10.1.1.1"}, 400),
        ({"gateway_ip": "x"}, 400),
        ({"allocation_pools": [{"start": "1", "end": "2"}]}, 400),
        ({"allocation_pools": [{}]}, 400),
        ({"network_id": "no-such"}, 404),
        ({"unknown": 1}, 400),
    ],
)
def test_a_subnet_that_is_refused(
    a: Cloud, changes: dict[str, Any], status: int
) -> None:
    made = network(a)
    first = {"network_id": made, "cidr": "10.8.0.0/16", "ip_version": 4}
    assert a.post(SUBNETS, {"subnet": first}).status_code == 201
    wish = {"network_id": made, "cidr": "10.9.0.0/24", **changes}
    answer = a.post(SUBNETS, {"subnet": wish})
    assert answer.status_code == status
    assert answer.json["NeutronError"]["message"]


@pytest.mark.parametrize("body", [None, [], {}, {"network": {"name": 1}}])
def test_bad_bodies(a: Cloud, body: Any) -> None:
    assert a.post(NETWORKS, body).status_code == 400


def test_networks_change(a: Cloud) -> None:
    path = f"{NETWORKS}/{network(a)}"
    a.call("PUT", path, {"network": {"name": "b", "admin_state_up": False}})
    shown = a.get(path).json["network"]
    assert (shown["name"], shown["admin_state_up"]) == ("b", False)


def test_for_another_project_one_must_be_admin(a: Cloud) -> None:
    rival = a.project("rival")
    wish = {"network": {"name": "gift", "project_id": rival}}
    assert a.post(NETWORKS, wish).status_code == 403
    assert a.post(NETWORKS, wish, as_="admin").status_code == 201
    found = a.get(NETWORKS, as_="rival").json["networks"]
    assert [one["name"] for one in found] == ["gift"]


def test_ports_are_those_of_the_servers(a: Cloud) -> None:
    path = "/networking/v2.0/ports"
    ports = a.get(path).json["ports"]
    assert len(ports) == 6
    by_address = a.get(f"{path}?fixed_ips=ip_address=10.10.0.11")
    (port,) = by_address.json["ports"]
    assert port["device_owner"] == "compute:nova"
    assert a.get(f"{path}/{port['id']}").json["port"] == port
    assert a.get(f"{path}/{port['id']}", as_="rival").status_code == 404
    assert a.get(path, as_="rival").json["ports"] == []


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("fixed_ips=ip_address={0}&fixed_ips=ip_address={1}", [0, 1]),
        ("fixed_ips=ip_address={0}&fixed_ips=subnet_id={subnet}", [0]),
        ("fixed_ips=ip_address={0}&fixed_ips=subnet_id=other", []),
        ("fixed_ips=ip_address={0}&network_id={network}", [0]),
        ("fixed_ips=ip_address={0}&network_id=other", []),
        # looked for in what is shown
        (
            "fixed_ips=ip_address={0}&fixed_ips=ip_address={1}&status=ACTIVE",
            [0, 1],
        ),
        (
            "fixed_ips=ip_address={0}&fixed_ips=subnet_id=other&status=ACTIVE",
            [],
        ),
    ],
)
def test_ports_by_their_addresses(
    a: Cloud, asked: str, found: list[int]
) -> None:
    """Of several values of a key one is enough, as Neutron has it."""
    path = "/networking/v2.0/ports"
    ports = a.get(path).json["ports"][:2]
    held = [port["fixed_ips"][0] for port in ports]
    query = asked.format(
        *(one["ip_address"] for one in held),
        subnet=held[0]["subnet_id"],
        network=ports[0]["network_id"],
    )
    shown = a.get(f"{path}?{query}").json["ports"]
    assert shown == [ports[n] for n in found]


PORTS = "/networking/v2.0/ports"
GROUPS = "/networking/v2.0/security-groups"


def port(a: Cloud, **given: Any) -> Any:
    wish = {"network_id": a.world.network_id(a.name, "net-primary-web")}
    return a.post(PORTS, {"port": {**wish, **given}})


def error_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["NeutronError"]["type"]


def test_a_port_of_ones_own(a: Cloud) -> None:
    wish = {
        "name": "mine",
        "fixed_ips": [{"ip_address": "10.10.0.99"}],
        "mac_address": "fa:16:3e:00:00:01",
        "allowed_address_pairs": [{"ip_address": "10.10.0.200"}],
    }
    made = port(a, **wish).json["port"]
    assert made["fixed_ips"][0]["ip_address"] == "10.10.0.99"
    assert made["mac_address"] == "fa:16:3e:00:00:01"
    assert made["allowed_address_pairs"] == [
        {"ip_address": "10.10.0.200", "mac_address": "fa:16:3e:00:00:01"}
    ]
    assert (made["device_id"], made["status"]) == ("", "DOWN")
    [default] = a.get(f"{GROUPS}?name=default").json["security_groups"]
    assert made["security_groups"] == [default["id"]]
    assert a.get(f"{PORTS}?name=mine").json["ports"] == [made]
    taken = port(a, fixed_ips=[{"ip_address": "10.10.0.99"}])
    assert error_of(taken) == (409, "IpAddressAlreadyAllocated")
    outside = port(a, fixed_ips=[{"ip_address": "10.99.0.1"}])
    assert error_of(outside) == (400, "InvalidIpForNetwork")
    same = port(a, mac_address="fa:16:3e:00:00:01")
    assert error_of(same) == (409, "MacAddressInUse")
    path = f"{PORTS}/{made['id']}"
    assert a.call("DELETE", path, as_="rival").status_code == 404
    assert a.call("DELETE", path).status_code == 204
    assert a.get(path).status_code == 404


def test_port_security(a: Cloud) -> None:
    made = port(a, port_security_enabled=False).json["port"]
    assert made["port_security_enabled"] is False
    assert made["security_groups"] == []
    pairs = {"allowed_address_pairs": [{"ip_address": "10.10.0.200"}]}
    change = a.call("PUT", f"{PORTS}/{made['id']}", {"port": pairs})
    kind = "AddressPairAndPortSecurityRequired"
    assert error_of(change) == (409, kind)
    on = {"port": {"port_security_enabled": True, **pairs}}
    changed = a.call("PUT", f"{PORTS}/{made['id']}", on).json["port"]
    assert changed["allowed_address_pairs"][0]["ip_address"] == "10.10.0.200"


def test_security_groups(a: Cloud) -> None:
    made = a.post(GROUPS, {"security_group": {"name": "web"}})
    group = made.json["security_group"]
    assert made.status_code == 201
    names = [one["name"] for one in a.get(GROUPS).json["security_groups"]]
    assert names == ["default", "web"]
    held = port(a, security_groups=[group["id"]]).json["port"]
    assert held["security_groups"] == [group["id"]]
    path = f"{GROUPS}/{group['id']}"
    in_use = a.call("DELETE", path)
    assert error_of(in_use) == (409, "SecurityGroupInUse")
    assert a.call("DELETE", f"{PORTS}/{held['id']}").status_code == 204
    renamed = {"security_group": {"name": "shop"}}
    assert a.call("PUT", path, renamed).json["security_group"]["name"] == (
        "shop"
    )
    assert a.call("DELETE", path).status_code == 204
    nobody = port(a, security_groups=[group["id"]])
    assert error_of(nobody) == (404, "SecurityGroupNotFound")


def test_quotas(a: Cloud) -> None:
    path = f"/networking/v2.0/quotas/{a.project()}"
    wish = {"quota": {"network": 2}}
    assert a.call("PUT", path, wish).status_code == 403
    assert a.call("PUT", path, wish, as_="admin").status_code == 200
    assert a.get(path).json["quota"]["network"] == 2
    details = a.get(f"{path}/details.json").json["quota"]["network"]
    assert details == {"limit": 2, "used": 2, "reserved": 0}
    less = {"quota": {"network": 1}}
    refused = a.call("PUT", path, less, as_="admin")
    assert error_of(refused) == (400, "HTTPBadRequest")
    less["quota"]["force"] = True
    assert a.call("PUT", path, less, as_="admin").status_code == 200
    over = a.post(NETWORKS, {"network": {"name": "one too many"}})
    assert over.status_code == 409
    assert over.json["NeutronError"]["type"] == "OverQuota"
    assert a.call("DELETE", path, as_="admin").status_code == 204
    assert network(a)


def test_documents(a: Cloud) -> None:
    (version,) = a.client.get("/networking/").json["versions"]
    assert version["id"] == "v2.0"
    assert a.get("/networking/v2.0/").json["resources"]
    aliases = a.get("/networking/v2.0/extensions").json["extensions"]
    assert "quotas" in [one["alias"] for one in aliases]
    assert a.get("/networking/v2.0/extensions/quotas").status_code == 200
    assert a.get("/networking/v2.0/extensions/no").status_code == 404
