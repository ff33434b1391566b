"""What the emulated Nova keeps of a server, and shows in which version."""

import base64
from typing import Any

import pytest

from fakeserver.base.seed_world import ARRAYS
from tests.helpers.cloud_parts import Cloud
from tests.unit.cloud.test_nova import SERVERS, body, boot, seeded, volume

NEWEST = "compute latest"
KEY = "ssh-ed25519 " + base64.b64encode(b"a public key").decode() + " me@here"


def shown(a: Cloud, server: str, minor: int = 96, as_: str = "demo") -> Any:
    answer = a.get(
        f"{SERVERS}/{server}", version=f"compute 2.{minor}", as_=as_
    )
    assert answer.status_code == 200, answer.text
    return answer.json["server"]


def act(a: Cloud, server: str, body: object, **options: Any) -> Any:
    options = {"version": NEWEST, **options}
    return a.post(f"{SERVERS}/{server}/action", body, **options)


def new(a: Cloud, **given: Any) -> str:
    return boot(a, volume(a), **given)


def request(a: Cloud, version: str, **given: Any) -> Any:
    return a.post(SERVERS, body(a, volume(a), **given), version=version)


def made(a: Cloud, **given: Any) -> str:
    answer = request(a, NEWEST, **given)
    assert answer.status_code == 202, answer.text
    found: str = answer.json["server"]["id"]
    return found


#: key of a server -> the microversion that added it, and whose it is
ADDED = {
    "OS-EXT-SRV-ATTR:user_data": (3, "admin"),
    "OS-EXT-SRV-ATTR:root_device_name": (3, "admin"),
    "locked": (9, "demo"),
    "host_status": (16, "admin"),
    "description": (19, "demo"),
    "tags": (26, "demo"),
    "trusted_image_certificates": (63, "demo"),
    "server_groups": (71, "demo"),
    "locked_reason": (73, "demo"),
    "OS-EXT-SRV-ATTR:hostname": (90, "demo"),
    "pinned_availability_zone": (96, "demo"),
}


@pytest.mark.parametrize("key", ADDED)
def test_each_key_is_shown_from_its_version_on(a: Cloud, key: str) -> None:
    minor, whose = ADDED[key]
    server = seeded(a)
    assert key not in shown(a, server, minor - 1, whose)
    assert key in shown(a, server, minor, whose)
    if whose == "admin":
        assert key not in shown(a, server, minor, "demo")


@pytest.mark.parametrize(
    "minor, name, value, missing",
    [
        (19, "description", "a web server", 18),
        (52, "tags", ["blue"], 51),
        (90, "hostname", "host-1", 89),
        (94, "hostname", "host-1.example.org", 93),
    ],
)
def test_a_creation_takes_it_from_its_version_on(
    a: Cloud, minor: int, name: str, value: object, missing: int
) -> None:
    too_old = request(a, f"compute 2.{missing}", **{name: value})
    assert too_old.status_code == 400, too_old.text
    taken = request(a, f"compute 2.{minor}", **{name: value})
    assert taken.status_code == 202, taken.text
    key = "OS-EXT-SRV-ATTR:hostname" if name == "hostname" else name
    assert shown(a, taken.json["server"]["id"])[key] == value


def test_what_a_server_keeps(a: Cloud) -> None:
    a.post(
        "/compute/v2.1/os-keypairs",
        {"keypair": {"name": "k"} | {"public_key": KEY}},
    )
    data = base64.b64encode(b"#cloud-config").decode()
    server = made(
        a,
        metadata={"role": "db"},
        availability_zone="az-1",
        config_drive=True,
        key_name="k",
        user_data=data,
        description="the first",
    )
    found = shown(a, server)
    assert found["metadata"] == {"role": "db"}
    assert found["OS-EXT-AZ:availability_zone"] == "az-1"
    assert found["pinned_availability_zone"] == "az-1"
    assert (found["config_drive"], found["key_name"]) == ("True", "k")
    assert found["description"] == "the first"
    assert found["security_groups"] == [{"name": "default"}]
    admin = shown(a, server, as_="admin")
    assert admin["OS-EXT-SRV-ATTR:user_data"] == data
    assert "OS-EXT-SRV-ATTR:user_data" not in found


@pytest.mark.parametrize(
    "given, status, said",
    [
        ({"availability_zone": "moon"}, 400, "zone is not available"),
        ({"key_name": "none"}, 400, "Invalid key_name provided."),
        ({"user_data": "%%%"}, 400, "is not a 'base64'"),
        ({"user_data": "A" * 65536}, 400, "user_data"),
        ({"security_groups": [{"name": "x"}]}, 400, "group x not found"),
        ({"tags": ["a,b"]}, 400, "tags/0"),
        ({"hostname": "no_such"}, 400, "hostname"),
        ({"networks": ...}, 400, "'networks' is a required property"),
    ],
)
def test_a_creation_that_is_refused(
    a: Cloud, given: dict[str, Any], status: int, said: str
) -> None:
    answer = request(a, NEWEST, **given)
    assert (answer.status_code, said in answer.text) == (status, True), (
        answer.text
    )


def test_the_largest_user_data(a: Cloud) -> None:
    text = base64.b64encode(b"x" * 49149).decode()
    server = made(a, user_data=text)
    admin = shown(a, server, as_="admin")
    assert admin["OS-EXT-SRV-ATTR:user_data"] == text


def test_a_hostname_is_derived_from_the_name(a: Cloud) -> None:
    server = made(a, name="My Web_1!")
    assert shown(a, server)["OS-EXT-SRV-ATTR:hostname"] == "my-web-1"


def test_tags(a: Cloud) -> None:
    server = seeded(a)
    path = f"{SERVERS}/{server}/tags"
    assert a.get(path, version="compute 2.25").status_code == 404
    version = "compute 2.26"

    def call(method: str, tail: str = "", json: object = None) -> int:
        answer = a.call(method, path + tail, json, version=version)
        return answer.status_code

    assert call("PUT", "/blue") == 201
    assert call("PUT", "/blue") == 204
    assert call("PUT", "", {"tags": ["red", "green", "red"]}) == 200
    assert shown(a, server)["tags"] == ["green", "red"]
    assert (call("GET", "/red"), call("GET", "/blue")) == (204, 404)
    assert (call("DELETE", "/red"), call("DELETE", "/red")) == (204, 404)
    for query, found in (
        ("tags=green", 1),
        ("tags=green,red", 0),
        ("tags-any=green,red", 1),
        ("not-tags=green", 5),
        ("not-tags-any=red", 6),
    ):
        listed = a.get(f"{SERVERS}?{query}", version=version)
        assert len(listed.json["servers"]) == found, query
    assert call("DELETE") == 204
    assert shown(a, server)["tags"] == []


def test_one_property(a: Cloud) -> None:
    server = seeded(a)
    path = f"{SERVERS}/{server}/metadata/role"
    assert a.get(path).status_code == 404
    assert a.call("PUT", path, {"meta": {"role": "db"}}).status_code == 200
    assert a.get(path).json == {"meta": {"role": "db"}}
    wrong = a.call("PUT", path, {"meta": {"other": "db"}})
    assert wrong.status_code == 400
    assert a.call("DELETE", path).status_code == 204
    assert shown(a, server)["metadata"] == {}


def test_security_groups_of_a_server(a: Cloud) -> None:
    group = {"security_group": {"name": "web"}}
    a.post("/networking/v2.0/security-groups", group)
    server = made(a, security_groups=[{"name": "web"}])
    assert shown(a, server)["security_groups"] == [{"name": "web"}]
    name = {"name": "default"}
    added = act(a, server, {"addSecurityGroup": name})
    assert added.status_code == 202, added.text
    assert shown(a, server)["security_groups"] == [{"name": "web"}, name]
    removed = act(a, server, {"removeSecurityGroup": {"name": "web"}})
    assert removed.status_code == 202
    assert shown(a, server)["security_groups"] == [name]
    again = act(a, server, {"removeSecurityGroup": {"name": "web"}})
    assert again.status_code == 404
    assert "not associated with the instance" in again.text
    listed = a.get(f"{SERVERS}/{server}/os-security-groups").json
    assert [one["name"] for one in listed["security_groups"]] == ["default"]


def test_a_server_group(a: Cloud) -> None:
    path = "/compute/v2.1/os-server-groups"
    old = {"server_group": {"name": "g", "policies": ["soft-affinity"]}}
    assert a.post(path, old).status_code == 400
    group = {"server_group": {"name": "g", "policy": "anti-affinity"}}
    answer = a.post(path, group, version=NEWEST)
    assert answer.status_code == 200, answer.text
    id_ = answer.json["server_group"]["id"]
    sent = body(a, volume(a)) | {"os:scheduler_hints": {"group": id_}}
    server = a.post(SERVERS, sent, version=NEWEST).json["server"]["id"]
    assert shown(a, server)["server_groups"] == [id_]
    (listed,) = a.get(path, version="compute 2.63").json["server_groups"]
    assert listed["members"] == [server]
    assert listed["policies"] == ["anti-affinity"]
    a.call("DELETE", f"{SERVERS}/{server}")
    found = a.get(f"{path}/{id_}", version=NEWEST).json["server_group"]
    assert (found["members"], found["policy"]) == ([], "anti-affinity")
    assert a.get(f"{path}/{id_}", as_="rival").status_code == 404
    assert a.call("DELETE", f"{path}/{id_}").status_code == 204
    sent = body(a, volume(a)) | {"os:scheduler_hints": {"group": id_}}
    assert a.post(SERVERS, sent).status_code == 400


def test_key_pairs_belong_to_a_user(a: Cloud) -> None:
    path = "/compute/v2.1/os-keypairs"
    sent = {"keypair": {"name": "k", "public_key": KEY}}
    answer = a.post(path, sent)
    assert answer.status_code == 200
    assert answer.json["keypair"]["fingerprint"].count(":") == 15
    assert a.post(path, sent, version=NEWEST).status_code == 409
    (listed,) = a.get(path, version="compute 2.2").json["keypairs"]
    assert listed["keypair"]["type"] == "ssh"
    assert a.get(path, as_="admin").json["keypairs"] == []
    other = f"{path}?user_id={a.user()}"
    found = a.get(other, as_="admin", version="compute 2.10")
    assert len(found.json["keypairs"]) == 1
    refused = a.get(
        f"{path}?user_id={a.user('admin')}", version="compute 2.10"
    )
    assert refused.status_code == 403
    made = a.post(path, {"keypair": {"name": "mine"}})
    assert "PRIVATE KEY" in made.json["keypair"]["private_key"]
    refused = a.post(path, {"keypair": {"name": "no"}}, version="compute 2.92")
    assert refused.status_code == 400
    junk = {"keypair": {"name": "j", "public_key": "ssh-rsa ???"}}
    assert a.post(path, junk).status_code == 400
    assert a.call("DELETE", f"{path}/k").status_code == 202
    assert a.get(f"{path}/k").status_code == 404


#: before, action, status after; None is 409
MOVES = [
    ("ACTIVE", "pause", "PAUSED"),
    ("PAUSED", "pause", None),
    ("PAUSED", "unpause", "ACTIVE"),
    ("ACTIVE", "unpause", None),
    ("ACTIVE", "suspend", "SUSPENDED"),
    ("SUSPENDED", "resume", "ACTIVE"),
    ("SHUTOFF", "suspend", None),
    ("SHUTOFF", "shelve", "SHELVED_OFFLOADED"),
    ("SUSPENDED", "shelve", "SHELVED_OFFLOADED"),
    ("SHELVED_OFFLOADED", "shelve", None),
    ("SHELVED_OFFLOADED", "unshelve", "ACTIVE"),
    ("ACTIVE", "unshelve", None),
    ("SHELVED_OFFLOADED", "os-start", None),
    ("PAUSED", "os-start", None),
    ("PAUSED", "os-stop", None),
    ("ERROR", "os-stop", "SHUTOFF"),
    ("ERROR", "os-start", None),
]
POWER = {
    "ACTIVE": 1,
    "SHUTOFF": 4,
    "PAUSED": 3,
    "SUSPENDED": 4,
    "SHELVED_OFFLOADED": 4,
    "ERROR": 0,
}
TO = {
    "ACTIVE": [],
    "SHUTOFF": ["os-stop"],
    "PAUSED": ["pause"],
    "SUSPENDED": ["suspend"],
    "SHELVED_OFFLOADED": ["shelve"],
}


@pytest.mark.parametrize("before, action, after", MOVES)
def test_an_action_in_each_state(
    a: Cloud, before: str, action: str, after: str | None
) -> None:
    server = seeded(a)
    if before == "ERROR":
        reset = {"os-resetState": {"state": "error"}}
        assert act(a, server, reset).status_code == 403
        assert act(a, server, reset, as_="admin").status_code == 202
    for step in TO.get(before, ()):
        assert act(a, server, {step: None}).status_code == 202
    answer = act(a, server, {action: None})
    assert answer.status_code == (202 if after else 409), answer.text
    found = shown(a, server)
    status = after or before
    assert found["status"] == status
    assert found["OS-EXT-STS:power_state"] == POWER[status]
    if after is None:
        assert "while it is in vm_state" in answer.text


def test_only_what_runs_is_written_to(a: Cloud) -> None:
    server = seeded(a)
    disk = a.world.groups[0].servers[0].volumes[0].id

    def writing() -> bool:
        found = a.site.arrays.volume(ARRAYS[a.name], f"volume-{disk}")
        assert found is not None
        return found.writing

    assert writing()
    for action, runs in (
        ("pause", False),
        ("unpause", True),
        ("shelve", False),
        ("unshelve", True),
    ):
        act(a, server, {action: None})
        assert writing() is runs, action


def test_resize(a: Cloud) -> None:
    server = seeded(a)
    old = shown(a, server)["flavor"]["original_name"]
    other = a.world.flavor_id(a.name, "m2.large")
    same = a.world.flavor_id(a.name, old)

    def resize(flavor: str) -> int:
        found: int = act(
            a, server, {"resize": {"flavorRef": flavor}}
        ).status_code
        return found

    assert (resize(same), resize("none")) == (400, 400)
    assert act(a, server, {"confirmResize": None}).status_code == 409
    act(a, server, {"os-stop": None})
    assert resize(other) == 202
    found = shown(a, server)
    assert found["status"] == "VERIFY_RESIZE"
    assert found["flavor"]["original_name"] == "m2.large"
    assert act(a, server, {"revertResize": None}).status_code == 202
    found = shown(a, server)
    assert found["status"] == "SHUTOFF"
    assert found["flavor"]["original_name"] == old
    resize(other)
    assert act(a, server, {"confirmResize": None}).status_code == 204
    assert shown(a, server)["flavor"]["original_name"] == "m2.large"


def test_a_locked_server(a: Cloud) -> None:
    server = seeded(a)
    reason = {"lock": {"locked_reason": "a drill"}}
    assert act(a, server, reason, version="compute 2.73").status_code == 202
    found = shown(a, server)
    assert (found["locked"], found["locked_reason"]) == (True, "a drill")
    for refused in (
        act(a, server, {"os-stop": None}),
        a.call("DELETE", f"{SERVERS}/{server}"),
        a.post(f"{SERVERS}/{server}/metadata", {"metadata": {"a": "b"}}),
        a.post(
            f"{SERVERS}/{server}/os-volume_attachments",
            {"volumeAttachment": {"volumeId": volume(a)}},
        ),
    ):
        assert refused.status_code == 409, refused.text
        assert f"Instance {server} is locked" in refused.text
    # a lock is not for admins
    assert act(a, server, {"os-stop": None}, as_="admin").status_code == 202
    assert act(a, server, {"unlock": None}).status_code == 202
    assert act(a, server, {"os-start": None}).status_code == 202
    token = a.token("protector", "service")
    act(a, server, {"lock": None}, token=token)
    assert act(a, server, {"unlock": None}).status_code == 403
    assert act(a, server, {"unlock": None}, token=token).status_code == 202


def test_rebuild_needs_an_image(a: Cloud) -> None:
    answer = act(a, seeded(a), {"rebuild": {"imageRef": "x"}})
    assert answer.status_code == 400
    assert "Cannot find image for rebuild" in answer.text


def test_what_was_done_to_a_server(a: Cloud) -> None:
    server = new(a)
    act(a, server, {"os-stop": None})
    path = f"{SERVERS}/{server}/os-instance-actions"
    found = a.get(path).json["instanceActions"]
    assert [one["action"] for one in found] == ["stop", "create"]
    request_id = found[0]["request_id"]
    assert "events" not in a.get(f"{path}/{request_id}").json["instanceAction"]
    newer = a.get(f"{path}/{request_id}", version="compute 2.51").json
    assert newer["instanceAction"]["events"][0]["result"] == "Success"
    assert a.get(f"{path}/req-none").status_code == 404


def test_a_port_that_was_there_before(a: Cloud) -> None:
    network = a.world.network_id(a.name, "net-primary-web")
    port = a.post(
        "/networking/v2.0/ports",
        {"port": {"network_id": network, "name": "mine"}},
    ).json["port"]
    server = made(a, networks=[{"port": port["id"]}])
    path = f"/networking/v2.0/ports/{port['id']}"
    held = a.get(path).json["port"]
    assert held["device_id"] == server
    assert held["mac_address"] == port["mac_address"]
    taken = request(a, NEWEST, networks=[{"port": port["id"]}])
    assert taken.status_code == 409
    refused = a.call("DELETE", path)
    assert refused.status_code == 403, "Nova has it, and lets it go"
    assert "(rule:delete_port) is disallowed by policy" in refused.text
    a.call("DELETE", f"{SERVERS}/{server}")
    assert a.get(path).json["port"]["device_id"] == ""
    assert a.call("DELETE", path).status_code == 204
