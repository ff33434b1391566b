"""The emulated Nova."""

from typing import Any

import pytest

from fakeserver.base.seed_world import ARRAYS
from fakeserver.cloud.shared.schema import FLAVORS
from tests.helpers.cloud_parts import Cloud, Maker

SERVERS = "/compute/v2.1/servers"


def seeded(a: Cloud, name: str = "web-1") -> str:
    for group in a.world.groups:
        for server in group.servers:
            if server.name == name:
                return server.id
    raise LookupError(name)


def volume(a: Cloud, *, bootable: bool = True, **given: Any) -> str:
    body = {"volume": {"size": 1, "name": "fresh", **given}}
    made = a.post("/volume/v3/{p}/volumes", body).json["volume"]
    if bootable:
        a.post(
            f"/volume/v3/{{p}}/volumes/{made['id']}/action",
            {"os-set_bootable": {"bootable": True}},
        )
    found: str = made["id"]
    return found


def body(a: Cloud, *volumes: str, **changes: Any) -> dict[str, Any]:
    server = {
        "name": "new",
        "flavorRef": a.world.flavor_id(a.name, "m1.large"),
        "networks": [{"uuid": a.world.network_id(a.name, "net-primary-web")}],
        "block_device_mapping_v2": [
            {
                "uuid": one,
                "source_type": "volume",
                "destination_type": "volume",
                "boot_index": 0 if n == 0 else -1,
            }
            for n, one in enumerate(volumes)
        ],
        **changes,
    }
    return {
        "server": {key: server[key] for key in server if server[key] != ...}
    }


def boot(a: Cloud, *volumes: str, **changes: Any) -> str:
    answer = a.post(SERVERS, body(a, *volumes, **changes))
    assert answer.status_code == 202, answer.text
    made: str = answer.json["server"]["id"]
    return made


def volume_of(a: Cloud, volume_id: str) -> dict[str, Any]:
    answer = a.get(f"/volume/v3/{{p}}/volumes/{volume_id}")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json["volume"]
    return found


def writing(a: Cloud, volume_id: str) -> bool:
    found = a.site.arrays.volume(ARRAYS[a.name], f"volume-{volume_id}")
    assert found is not None
    return found.writing


def test_the_seeded_servers(a: Cloud, b: Cloud) -> None:
    found = a.get(f"{SERVERS}/detail", version="compute 2.90").json["servers"]
    assert len(found) == 6
    web = next(server for server in found if server["name"] == "web-1")
    assert web["flavor"]["original_name"] == "m1.large"
    assert web["status"] == "ACTIVE"
    (address,) = web["addresses"]["net-primary-web"]
    assert address["addr"] == "10.10.0.11"
    assert len(web["os-extended-volumes:volumes_attached"]) == 2
    assert b.get(f"{SERVERS}/detail").json["servers"] == []


@pytest.mark.parametrize(
    "asked, answered",
    [
        (None, "2.1"),
        ("compute 2.47", "2.47"),
        ("compute latest", "2.96"),
        ("volume 3.50", "2.1"),
    ],
)
def test_the_microversion(a: Cloud, asked: str | None, answered: str) -> None:
    answer = a.get(f"{SERVERS}/{seeded(a)}", version=asked)
    assert answer.headers["X-OpenStack-Nova-API-Version"] == answered
    assert answer.headers["OpenStack-API-Version"] == f"compute {answered}"
    flavor = answer.json["server"]["flavor"]
    assert ("id" in flavor) == (answered == "2.1")


@pytest.mark.parametrize(
    "asked, status",
    [("compute 2.97", 406), ("compute 1.0", 406), ("compute x", 400)],
)
def test_a_microversion_that_is_refused(
    a: Cloud, asked: str, status: int
) -> None:
    assert a.get(SERVERS, version=asked).status_code == status
    old = {"X-OpenStack-Nova-API-Version": asked.split()[1]}
    assert a.get(SERVERS, headers=old).status_code == status


@pytest.mark.parametrize(
    "query, names",
    [
        ("name=web", ["web-3", "web-2", "web-1"]),
        ("name=^web-1$", ["web-1"]),
        ("status=SHUTOFF", []),
        ("status=active&name=db", ["db-2", "db-1"]),
        ("name=web&limit=2", ["web-3", "web-2"]),
        ("name=web&sort_key=display_name&sort_dir=asc&limit=1", ["web-1"]),
        ('metadata={"no": "such"}', []),
        ("deleted=True", []),
    ],
)
def test_filters(a: Cloud, query: str, names: list[str]) -> None:
    answer = a.get(f"{SERVERS}?{query}")
    assert [one["name"] for one in answer.json["servers"]] == names


def test_pages(a: Cloud) -> None:
    first = a.get(f"{SERVERS}?limit=4").json
    assert len(first["servers"]) == 4
    (link,) = first["servers_links"]
    assert link["rel"] == "next"
    second = a.get(link["href"].removeprefix(a.site.config.url)).json
    assert len(second["servers"]) == 2
    assert "servers_links" not in second


@pytest.mark.parametrize(
    "query",
    ["limit=-1", "limit=x", "marker=no-such", "name=(", "metadata=["],
)
def test_bad_queries(a: Cloud, query: str) -> None:
    assert a.get(f"{SERVERS}?{query}").status_code == 400


def test_projects_are_apart(a: Cloud) -> None:
    assert a.get(SERVERS, as_="rival").json["servers"] == []
    path = f"{SERVERS}/{seeded(a)}"
    for method in ("GET", "DELETE"):
        assert a.call(method, path, as_="rival").status_code == 404
    assert a.get(path, as_="admin").status_code == 200
    every = f"{SERVERS}?all_tenants=1"
    assert a.get(every).status_code == 403
    rival = a.world.project_id("site-a", "rival")
    assert len(a.get(every, as_="admin").json["servers"]) == 6
    none = a.get(f"{every}&project_id={rival}", as_="admin")
    assert none.json["servers"] == []


def test_a_reader_looks_and_does_not_touch(a: Cloud) -> None:
    path = f"{SERVERS}/{seeded(a)}"
    assert a.get(path, as_="auditor").status_code == 200
    stop = a.post(f"{path}/action", {"os-stop": None}, as_="auditor")
    assert stop.status_code == 403
    assert a.call("DELETE", path, as_="auditor").status_code == 403
    assert a.post(SERVERS, {}, as_="auditor").status_code == 403


def test_a_server_boots_from_its_volumes(a: Cloud) -> None:
    root, data = volume(a), volume(a, bootable=False)
    made = boot(a, root, data, metadata={"a": "b"})
    shown = a.get(f"{SERVERS}/{made}").json["server"]
    assert shown["status"] == "ACTIVE"
    assert shown["metadata"] == {"a": "b"}
    assert shown["image"] == ""
    found = volume_of(a, root)
    assert found["status"] == "in-use"
    (attachment,) = found["attachments"]
    assert attachment["server_id"] == made
    assert attachment["device"] == "/dev/vda"
    assert volume_of(a, data)["attachments"][0]["device"] == "/dev/vdb"
    assert writing(a, root) and writing(a, data)


def newest(a: Cloud, server: str, as_: str = "demo") -> dict[str, Any]:
    header = {"OpenStack-API-Version": "compute 2.90"}
    answer = a.get(f"{SERVERS}/{server}", headers=header, as_=as_)
    found: dict[str, Any] = answer.json["server"]
    return found


def test_a_server_keeps_what_it_was_created_with(a: Cloud) -> None:
    group = {"server_group": {"name": "apart", "policy": "anti-affinity"}}
    header = {"OpenStack-API-Version": "compute 2.90"}
    answer = a.post("/compute/v2.1/os-server-groups", group, headers=header)
    hint = answer.json["server_group"]["id"]
    wish = body(
        a,
        volume(a),
        hostname="db-01",
        description="the one",
        tags=["b", "a"],
        config_drive=True,
        user_data="aGVsbG8=",
        availability_zone="nova",
    )
    wish["os:scheduler_hints"] = {"group": hint}
    made = a.post(SERVERS, wish, headers=header).json["server"]["id"]
    shown = newest(a, made)
    assert shown["OS-EXT-SRV-ATTR:hostname"] == "db-01"
    assert shown["description"] == "the one"
    assert shown["tags"] == ["a", "b"]
    assert shown["config_drive"] == "True"
    assert shown["server_groups"] == [hint]
    # what may hold a password is for admins
    assert "OS-EXT-SRV-ATTR:user_data" not in shown
    assert newest(a, made, "admin")["OS-EXT-SRV-ATTR:user_data"] == "aGVsbG8="
    path = f"/compute/v2.1/os-server-groups/{hint}"
    assert a.get(path, headers=header).json["server_group"] == {
        "id": hint,
        "name": "apart",
        "policy": "anti-affinity",
        "rules": {},
        "members": [made],
        "project_id": a.project(),
        "user_id": a.user(),
    }


def test_a_port_of_ones_own_outlives_its_server(a: Cloud) -> None:
    ports = "/networking/v2.0/ports"
    network = a.world.network_id(a.name, "net-primary-web")
    groups = "/networking/v2.0/security-groups"
    made = a.post(groups, {"security_group": {"name": "web"}})
    group = made.json["security_group"]["id"]
    wish = {"network_id": network, "security_groups": [group]}
    port = a.post(ports, {"port": wish}).json["port"]["id"]
    server = boot(a, volume(a), networks=[{"port": port}])
    assert newest(a, server)["security_groups"] == [{"name": "web"}]
    again = body(a, volume(a), networks=[{"port": port}])
    assert a.post(SERVERS, again).status_code == 409
    assert a.call("DELETE", f"{SERVERS}/{server}").status_code == 204
    left = a.get(f"{ports}/{port}").json["port"]
    assert (left["device_id"], left["status"]) == ("", "DOWN")


def test_a_locked_server_is_left_alone(a: Cloud) -> None:
    path = f"{SERVERS}/{seeded(a)}"
    assert a.post(f"{path}/action", {"lock": None}).status_code == 202
    assert newest(a, seeded(a))["locked"] is True
    for method, where, what in (
        ("POST", f"{path}/action", {"os-stop": None}),
        ("POST", f"{path}/action", {"pause": None}),
        ("DELETE", path, None),
    ):
        assert a.call(method, where, what).status_code == 409
    assert a.post(f"{path}/action", {"unlock": None}).status_code == 202
    assert a.post(f"{path}/action", {"os-stop": None}).status_code == 202


@pytest.mark.parametrize(
    ("there", "status", "back"),
    [
        ("pause", "PAUSED", "unpause"),
        ("suspend", "SUSPENDED", "resume"),
        ("shelve", "SHELVED_OFFLOADED", "unshelve"),
    ],
)
def test_other_states_and_the_way_back(
    a: Cloud, there: str, status: str, back: str
) -> None:
    path = f"{SERVERS}/{seeded(a)}/action"
    assert a.post(path, {back: None}).status_code == 409
    assert a.post(path, {there: None}).status_code == 202
    assert newest(a, seeded(a))["status"] == status
    arrays = a.site.arrays
    root = next(
        volume.id
        for group in a.world.groups
        for server in group.servers
        for volume in server.volumes
        if server.name == "web-1"
    )
    held = arrays.volume(ARRAYS[a.name], f"volume-{root}")
    assert held is not None and not held.writing
    assert a.post(path, {"os-stop": None}).status_code == 409
    assert a.post(path, {back: None}).status_code == 202
    assert newest(a, seeded(a))["status"] == "ACTIVE"


def test_what_no_host_can_hold_ends_in_error(a: Cloud) -> None:
    small = a.world.flavor_id(a.name, "m1.large")
    with a.site.db.transaction() as tx:
        flavor = FLAVORS.get(tx, small)
        assert flavor is not None
        FLAVORS.put(tx, {**flavor, "vcpus": 600})
    root = volume(a)
    made = boot(a, root)
    path = f"/compute/v2.1/servers/{made}"
    shown = a.get(path).json["server"]
    assert (shown["status"], shown["OS-EXT-STS:vm_state"]) == (
        "ERROR",
        "error",
    )
    assert shown["fault"]["message"] == (
        "No valid host was found. There are not enough hosts available."
    )
    assert not writing(a, root)
    for action in ({"os-start": None}, {"os-stop": None}):
        refused = a.post(f"{path}/action", action)
        assert refused.status_code == 409
        assert (
            "vm_state error" in refused.json["conflictingRequest"]["message"]
        )
    for kind in ("SOFT", "HARD"):
        answer = a.post(f"{path}/action", {"reboot": {"type": kind}})
        assert answer.status_code == 409
    assert a.call("DELETE", path).status_code == 204
    assert volume_of(a, root)["status"] == "available"


def test_stop_and_start_reach_the_array(a: Cloud) -> None:
    root = volume(a)
    path = f"{SERVERS}/{boot(a, root)}"
    stop, start = {"os-stop": None}, {"os-start": None}
    assert a.post(f"{path}/action", stop).status_code == 202
    assert a.get(path).json["server"]["status"] == "SHUTOFF"
    assert not writing(a, root)
    again = a.post(f"{path}/action", stop)
    assert again.status_code == 409
    assert "vm_state stopped" in again.json["conflictingRequest"]["message"]
    reboot = {"reboot": {"type": "SOFT"}}
    assert a.post(f"{path}/action", reboot).status_code == 409
    assert a.post(f"{path}/action", start).status_code == 202
    assert writing(a, root)
    assert a.post(f"{path}/action", start).status_code == 409
    assert a.post(f"{path}/action", reboot).status_code == 202


@pytest.mark.parametrize(
    "action",
    [{}, {"dance": None}, {"os-stop": None, "os-start": None}, {"reboot": 1}],
)
def test_bad_actions(a: Cloud, action: Any) -> None:
    answer = a.post(f"{SERVERS}/{seeded(a)}/action", action)
    assert answer.status_code == 400


def test_a_deleted_server_lets_its_things_go(a: Cloud) -> None:
    root = volume(a)
    made = boot(a, root)
    ports = f"/networking/v2.0/ports?device_id={made}"
    assert len(a.get(ports).json["ports"]) == 1
    assert a.call("DELETE", f"{SERVERS}/{made}").status_code == 204
    assert a.get(f"{SERVERS}/{made}").status_code == 404
    assert a.call("DELETE", f"{SERVERS}/{made}").status_code == 404
    assert volume_of(a, root)["status"] == "available"
    assert not writing(a, root)
    assert a.get(ports).json["ports"] == []


def test_delete_on_termination(a: Cloud) -> None:
    root = volume(a)
    given = body(a, root)
    device = given["server"]["block_device_mapping_v2"][0]
    device["delete_on_termination"] = True
    made = a.post(SERVERS, given).json["server"]["id"]
    a.call("DELETE", f"{SERVERS}/{made}")
    gone = a.get(f"/volume/v3/{{p}}/volumes/{root}")
    assert gone.status_code == 404
    assert a.site.arrays.volume("flasharray-a", f"volume-{root}") is None


NIL = "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": 5},
        {"flavorRef": ...},
        {"flavorRef": "no-such"},
        {"networks": [{"uuid": NIL}]},
        {"networks": [{}]},
        {"networks": "some"},
        {"imageRef": "cirros"},
        {"block_device_mapping_v2": ...},
        {"block_device_mapping_v2": []},
        {"metadata": {"a": 1}},
        {"unknown": 1},
        {"max_count": 2},
    ],
)
def test_a_server_that_is_refused(a: Cloud, changes: dict[str, Any]) -> None:
    root = volume(a)
    answer = a.post(SERVERS, body(a, root, **changes))
    assert answer.status_code == 400, answer.text
    assert answer.json["badRequest"]["message"]
    assert volume_of(a, root)["status"] == "available"
    assert not writing(a, root)
    assert len(a.get(SERVERS).json["servers"]) == 6


def test_volumes_that_cannot_be_booted_from(a: Cloud) -> None:
    in_use = a.world.groups[0].servers[0].volumes[0].id
    flat = volume(a, bootable=False)
    good = volume(a)
    for taken in (in_use, flat, NIL):
        assert a.post(SERVERS, body(a, taken)).status_code == 400
    assert a.post(SERVERS, body(a, good, good)).status_code == 400
    assert a.post(SERVERS, body(a, good, NIL)).status_code == 400
    assert volume_of(a, good)["status"] == "available"
    assert not writing(a, good)


def test_a_rival_cannot_use_the_tenants_things(a: Cloud) -> None:
    root = volume(a)
    answer = a.post(SERVERS, body(a, root), as_="rival")
    assert answer.status_code == 400


def test_addresses(a: Cloud) -> None:
    web = a.world.network_id("site-a", "net-primary-web")

    def ask(ip: str) -> int:
        given = body(a, volume(a), networks=[{"uuid": web, "fixed_ip": ip}])
        return a.post(SERVERS, given).status_code

    assert ask("10.10.0.99") == 202
    for bad in ("10.10.0.99", "10.10.0.11", "10.99.0.1", "10.10.0.1", "x"):
        assert ask(bad) == 400
    two = boot(a, volume(a), networks=[{"uuid": web}, {"uuid": web}])
    shown = a.get(f"{SERVERS}/{two}").json["server"]["addresses"]
    assert [one["addr"] for one in shown["net-primary-web"]] == [
        "10.10.0.2",
        "10.10.0.3",
    ]


def test_a_network_is_not_guessed(a: Cloud) -> None:
    answer = a.post(SERVERS, body(a, volume(a), networks=...))
    assert answer.status_code == 409
    made = boot(a, volume(a), networks="none")
    assert a.get(f"{SERVERS}/{made}").json["server"]["addresses"] == {}


def test_two_networks_of_one_name_are_one_key(a: Cloud) -> None:
    made = a.post(
        "/networking/v2.0/networks", {"network": {"name": "net-primary-web"}}
    ).json["network"]["id"]
    subnet = {"network_id": made, "cidr": "10.77.0.0/24", "ip_version": 4}
    a.post("/networking/v2.0/subnets", {"subnet": subnet})
    web = a.world.network_id("site-a", "net-primary-web")
    server = boot(a, volume(a), networks=[{"uuid": web}, {"uuid": made}])
    shown = a.get(f"{SERVERS}/{server}").json["server"]["addresses"]
    assert len(shown["net-primary-web"]) == 2


def test_volumes_come_and_go(a: Cloud) -> None:
    root, data = volume(a), volume(a, bootable=False)
    path = f"{SERVERS}/{boot(a, root)}/os-volume_attachments"
    wish = {"volumeAttachment": {"volumeId": data}}
    made = a.post(path, wish).json["volumeAttachment"]
    assert made["device"] == "/dev/vdb"
    assert writing(a, data)
    assert a.post(path, wish).status_code == 400
    assert len(a.get(path).json["volumeAttachments"]) == 2
    assert a.get(f"{path}/{data}").json["volumeAttachment"] == made
    assert a.call("DELETE", f"{path}/{data}").status_code == 202
    assert not writing(a, data)
    assert a.call("DELETE", f"{path}/{data}").status_code == 404
    assert a.call("DELETE", f"{path}/{root}").status_code == 403


def test_names_and_metadata(a: Cloud) -> None:
    path = f"{SERVERS}/{seeded(a)}"
    a.call("PUT", path, {"server": {"name": "other"}})
    assert a.get(path).json["server"]["name"] == "other"
    meta = f"{path}/metadata"
    a.post(meta, {"metadata": {"a": "1", "b": "2"}})
    assert a.call("DELETE", f"{meta}/a").status_code == 204
    assert a.call("DELETE", f"{meta}/a").status_code == 404
    assert a.get(meta).json["metadata"] == {"b": "2"}
    a.call("PUT", meta, {"metadata": {"c": "3"}})
    assert a.get(meta).json["metadata"] == {"c": "3"}


def test_flavors(a: Cloud, b: Cloud) -> None:
    path = "/compute/v2.1/flavors"
    for cloud, big in ((a, "db.big"), (b, "db.large")):
        found = cloud.get(f"{path}/detail?is_public=None").json["flavors"]
        names = {flavor["name"] for flavor in found}
        assert names == {big, "m1.large", "m2.large"}
    large = a.world.flavor_id("site-a", "m1.large")
    shown = a.get(f"{path}/{large}", version="compute 2.61").json["flavor"]
    assert (shown["vcpus"], shown["ram"], shown["disk"]) == (4, 8192, 40)
    assert shown["extra_specs"] == {}
    assert a.get(f"{path}/{large}/os-extra_specs").status_code == 200
    assert a.get(f"{path}/no-such").status_code == 404


def test_flavors_are_made_by_admins(a: Cloud) -> None:
    path = "/compute/v2.1/flavors"
    wish = {"flavor": {"name": "tiny", "vcpus": 1, "ram": 64, "disk": 1}}
    assert a.post(path, wish).status_code == 403
    made = a.post(path, wish, as_="admin").json["flavor"]
    assert a.post(path, wish, as_="admin").status_code == 409
    assert a.get(f"{path}/{made['id']}").status_code == 200
    own = f"{path}/{made['id']}"
    assert a.call("DELETE", own).status_code == 403
    assert a.call("DELETE", own, as_="admin").status_code == 202
    hidden = {"flavor": {**wish["flavor"], "name": "secret"}}
    hidden["flavor"]["os-flavor-access:is_public"] = False
    a.post(path, hidden, as_="admin")
    assert len(a.get(f"{path}?is_public=none").json["flavors"]) == 3
    every = a.get(f"{path}?is_public=none", as_="admin").json["flavors"]
    assert len(every) == 4
    private = a.get(f"{path}?is_public=false", as_="admin").json["flavors"]
    assert [one["name"] for one in private] == ["secret"]


def test_limits_are_kept(a: Cloud) -> None:
    limits = a.get("/compute/v2.1/limits").json["limits"]["absolute"]
    assert limits["totalInstancesUsed"] == 6
    assert limits["totalCoresUsed"] == 4 * 4 + 2 * 8
    path = f"/compute/v2.1/os-quota-sets/{a.project()}"
    wish = {"quota_set": {"instances": 6}}
    assert a.call("PUT", path, wish).status_code == 403
    assert a.call("PUT", path, wish, as_="admin").status_code == 200
    assert a.get(path).json["quota_set"]["instances"] == 6
    refused = a.post(SERVERS, body(a, volume(a)))
    assert refused.status_code == 403
    message = refused.json["forbidden"]["message"]
    assert message.startswith("Quota exceeded for instances")
    detail = a.get(f"{path}/detail").json["quota_set"]["instances"]
    assert detail == {"limit": 6, "in_use": 6, "reserved": 0}
    bad = {"quota_set": {"wishes": 3}}
    assert a.call("PUT", path, bad, as_="admin").status_code == 400
    assert a.call("DELETE", path, as_="admin").status_code == 202
    assert a.post(SERVERS, body(a, volume(a))).status_code == 202
    other = f"/compute/v2.1/os-quota-sets/{a.project('rival')}"
    assert a.get(other).status_code == 403


def test_the_version_documents(a: Cloud) -> None:
    (version,) = a.client.get("/compute/").json["versions"]
    assert (version["min_version"], version["version"]) == ("2.1", "2.96")
    for path in ("/compute/v2.1", "/compute/v2.1/"):
        assert a.client.get(path).json["version"] == version


def test_an_empty_sandbox_has_servers_but_no_groups(
    make_cloud: Maker,
) -> None:
    a = make_cloud("site-a", "empty")
    assert len(a.get(SERVERS).json["servers"]) == 6
    path = "/volume/v3/{p}/groups"
    assert a.get(path, version="volume 3.13").json["groups"] == []
