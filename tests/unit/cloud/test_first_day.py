"""What the clouds show beside servers, networks and volumes, and to whom."""

from typing import Any

import pytest

from fakeserver.base.seed_world import ARRAYS
from tests.helpers.cloud_parts import Cloud
from tests.unit.cloud.test_nova import SERVERS, seeded

#: path, microversion, status for a reader, a member and an admin
POLICY = [
    ("/compute/v2.1/os-hypervisors", None, 403, 403, 200),
    ("/compute/v2.1/os-hypervisors/detail", "compute 2.88", 403, 403, 200),
    ("/compute/v2.1/os-services", None, 403, 403, 200),
    ("/compute/v2.1/os-hosts", "compute 2.42", 403, 403, 200),
    ("/compute/v2.1/os-hosts", "compute 2.43", 404, 404, 404),
    ("/compute/v2.1/os-agents", None, 410, 410, 410),
    ("/compute/v2.1/os-aggregates", None, 403, 403, 200),
    ("/compute/v2.1/os-migrations", None, 403, 403, 200),
    ("/compute/v2.1/os-simple-tenant-usage", None, 403, 403, 200),
    ("/compute/v2.1/os-simple-tenant-usage/{p}", None, 200, 200, 200),
    ("/compute/v2.1/images/detail", "compute 2.35", 200, 200, 200),
    ("/compute/v2.1/images/detail", "compute 2.36", 404, 404, 404),
    ("/networking/v2.0/agents", None, 200, 200, 200),
    ("/networking/v2.0/nothing", None, 404, 404, 404),
    ("/volume/v3/{p}/scheduler-stats/get_pools", None, 403, 403, 200),
    ("/volume/v3/{p}/qos-specs", None, 403, 403, 200),
    ("/volume/v3/{p}/clusters", "volume 3.7", 403, 403, 200),
    ("/volume/v3/{p}/clusters", "volume 3.6", 404, 404, 404),
    ("/volume/v3/{p}/attachments", "volume 3.27", 200, 200, 200),
    ("/volume/v3/{p}/attachments", "volume 3.26", 404, 404, 404),
    ("/volume/v3/{p}/messages", "volume 3.3", 200, 200, 200),
    ("/volume/v3/{p}/backups", None, 200, 200, 200),
]


@pytest.mark.parametrize("path, version, reader, member, admin", POLICY)
def test_who_sees_what(
    a: Cloud,
    path: str,
    version: str | None,
    reader: int,
    member: int,
    admin: int,
) -> None:
    found = [
        a.get(path, as_=user, version=version).status_code
        for user in ("auditor", "demo", "admin")
    ]
    assert found == [reader, member, admin]


@pytest.mark.parametrize(
    "path", ["agents", "network-ip-availabilities", "availability_zones"]
)
def test_neutron_hides_what_it_does_not_show(a: Cloud, path: str) -> None:
    address = f"/networking/v2.0/{path}"
    plural = path.replace("-", "_")
    assert a.get(address).json[plural] == []
    assert a.get(address, as_="admin").json[plural] != []


def test_the_addresses_of_a_server(a: Cloud) -> None:
    path = f"{SERVERS}/{seeded(a)}/ips"
    shown = {"net-primary-web": [{"version": 4, "addr": "10.10.0.11"}]}
    assert a.get(path).json == {"addresses": shown}
    assert a.get(f"{path}/net-primary-web").json == shown
    assert a.get(f"{path}/other").status_code == 404


RULES = "/networking/v2.0/security-group-rules"
GROUPS = "/networking/v2.0/security-groups"


def made(a: Cloud, name: str = "web") -> Any:
    answer = a.post(GROUPS, {"security_group": {"name": name}})
    assert answer.status_code == 201, answer.text
    return answer.json["security_group"]


def test_the_default_group_lets_its_members_in(a: Cloud) -> None:
    (default,) = a.get(GROUPS).json["security_groups"]
    rules = default["security_group_rules"]
    inward = [rule for rule in rules if rule["direction"] == "ingress"]
    assert len(rules) == 4
    assert {one["remote_group_id"] for one in inward} == {default["id"]}
    taken = a.post(GROUPS, {"security_group": {"name": "default"}})
    assert taken.status_code == 409
    gone = a.call("DELETE", f"{RULES}/{inward[0]['id']}")
    assert gone.status_code == 204
    assert len(a.get(RULES).json["security_group_rules"]) == 3


def test_the_rules_of_a_group(a: Cloud) -> None:
    group = made(a)
    assert len(group["security_group_rules"]) == 2
    rule = {
        "security_group_id": group["id"],
        "direction": "ingress",
        "protocol": "tcp",
        "port_range_min": 443,
        "port_range_max": 443,
        "remote_ip_prefix": "10.0.0.1/8",
    }

    def post(**changed: Any) -> Any:
        return a.post(RULES, {"security_group_rule": {**rule, **changed}})

    first = post()
    assert first.status_code == 201, first.text
    shown = first.json["security_group_rule"]
    assert shown["remote_ip_prefix"] == "10.0.0.0/8"
    assert post().json["NeutronError"]["type"] == "SecurityGroupRuleExists"
    for changed, status, kind in (
        ({"protocol": None}, 400, "SecurityGroupProtocolRequiredWithPorts"),
        ({"port_range_max": 1}, 400, "SecurityGroupInvalidPortRange"),
        ({"remote_ip_prefix": "x"}, 400, "InvalidCIDR"),
        ({"security_group_id": "x"}, 404, "SecurityGroupNotFound"),
        (
            {"remote_group_id": group["id"]},
            400,
            "SecurityGroupMultipleRemoteEntities",
        ),
    ):
        answer = post(**changed)
        assert answer.status_code == status, answer.text
        assert answer.json["NeutronError"]["type"] == kind
    assert a.call("DELETE", f"{RULES}/{shown['id']}").status_code == 204
    assert a.get(f"{RULES}/{shown['id']}").status_code == 404
    post()
    assert a.call("DELETE", f"{GROUPS}/{group['id']}").status_code == 204
    assert len(a.get(RULES).json["security_group_rules"]) == 4


def fresh(a: Cloud, size: int = 1) -> Any:
    body = {"volume": {"size": size, "name": "fresh"}}
    return a.post("/volume/v3/{p}/volumes", body).json["volume"]


def test_a_snapshot(a: Cloud) -> None:
    volume = fresh(a)
    path = "/volume/v3/{p}/snapshots"
    body = {"snapshot": {"volume_id": volume["id"], "name": "first"}}
    answer = a.post(path, body)
    assert answer.status_code == 202, answer.text
    snapshot = answer.json["snapshot"]["id"]
    kept = a.site.arrays.kept(ARRAYS[a.name])
    assert any(snapshot in name for name in kept)
    (listed,) = a.get(f"{path}/detail?volume_id={volume['id']}").json[
        "snapshots"
    ]
    assert (listed["name"], listed["size"]) == ("first", 1)
    where = f"/volume/v3/{{p}}/volumes/{volume['id']}"
    held = a.call("DELETE", where)
    assert (held.status_code, "snapshots" in held.text) == (400, True)
    assert a.get(f"{path}/{snapshot}", as_="rival").status_code == 404
    assert a.call("DELETE", f"{path}/{snapshot}").status_code == 202
    assert a.call("DELETE", where).status_code == 202


def test_a_snapshot_of_an_attached_volume(a: Cloud) -> None:
    volume = a.world.groups[0].servers[0].volumes[0].id
    path = "/volume/v3/{p}/snapshots"

    def post(version: str, **given: Any) -> int:
        body = {"snapshot": {"volume_id": volume, **given}}
        return a.post(path, body, version=version).status_code

    assert post("volume 3.65") == 400
    assert post("volume 3.65", force=True) == 202
    assert post("volume 3.66") == 202


def test_a_volume_is_made_larger(a: Cloud) -> None:
    volume = fresh(a)

    def extend(size: object, id_: str, version: str | None = None) -> int:
        return a.post(
            f"/volume/v3/{{p}}/volumes/{id_}/action",
            {"os-extend": {"new_size": size}},
            version=version,
        ).status_code

    id_ = volume["id"]
    assert [extend(size, id_) for size in (1, 0, "2", None)] == [400] * 4
    assert extend(3, id_) == 202
    shown = a.get(f"/volume/v3/{{p}}/volumes/{id_}").json["volume"]
    assert shown["size"] == 3
    found = a.site.arrays.volume(ARRAYS[a.name], f"volume-{id_}")
    assert found is not None and found.size == 3
    held = a.world.groups[0].servers[0].volumes[0]
    assert extend(held.size + 1, held.id) == 400
    assert extend(held.size + 1, held.id, "volume 3.42") == 202
