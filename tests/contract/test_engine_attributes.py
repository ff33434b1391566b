"""What a rebuilt instance keeps, and what is said of the rest."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest

from fakeserver.base.seed_world import SeedServer
from fakeserver.cloud.compute.server.power import delete as delete_server
from fakeserver.cloud.shared.schema import (
    NETWORKS,
    PORTS,
    SECURITY_GROUPS,
    SERVER_GROUPS,
    SERVERS,
    SUBNETS,
    VOLUMES,
)
from tests.helpers.engine_parts import WEB, A, B, Two

pytestmark = pytest.mark.decided

TEXT = base64.b64encode(b"#cloud-config\npassword: hunter2\n").decode()
#: what an instance of this file has, as Nova's table has it
ATTRIBUTES: Mapping[str, Any] = {
    "metadata": {"role": "web", "api_token": "hunter3"},
    "description": "the shop",
    "tags": ["gold", "shop"],
    "config_drive": True,
    "hostname": "web-01",
    "user_data": TEXT,
    "server_group": "apart",
    "locked": False,
}
MAC = "fa:16:3e:12:34:56"
PAIRS = [{"ip_address": "10.10.0.200", "mac_address": MAC}]


def seed_of(two: Two, name: str) -> SeedServer:
    [found] = (
        server
        for group in two.world.groups
        for server in group.servers
        if server.name == name
    )
    return found


def change(two: Two, site: str, table: Any, id_: str, **new: Any) -> None:
    """Change a resource of a cloud, or create it."""
    db = two.pair.site(site).parts.db
    with db.transaction() as tx:
        table.put(tx, {**(table.get(tx, id_) or {"id": id_}), **new})


def port_of(two: Two, site: str, server_id: str) -> Any:
    db = two.pair.site(site).parts.db.connection()
    [found] = PORTS.select(db, "device_id = ?", (server_id,))
    return found


def grouped(two: Two, site: str) -> None:
    """Give a site the groups that the instance is in."""
    project = two.world.project_id(site, "demo")
    owned = {"project_id": project, "name": "web"}
    change(
        two,
        site,
        SECURITY_GROUPS,
        "web",
        **owned,
        description="",
        created=0.0,
    )
    change(
        two,
        site,
        SERVER_GROUPS,
        "apart",
        project_id=project,
        user_id="u",
        name="apart",
        policy="anti-affinity",
    )


def protect(two: Two, name: str = "web-1", **new: Any) -> str:
    """Change an instance, take it out of its group, protect it anew."""
    web = seed_of(two, name)
    change(two, A, SERVERS, web.id, **new)
    listed = two.ask(A, "GET", two.of(WEB, "/members")).told("members")
    [old] = [one for one in listed if one["instance_name"] == name]
    path = two.of(WEB, "/members")
    assert two.ask(A, "DELETE", f"{path}/{old['id']}").status == 204
    body = {"member": {"instance_id": web.id}}
    made: str = two.ask(A, "POST", path, body).told("member")["id"]
    return made


@pytest.fixture
def adorned(two: Two) -> Two:
    """web-1 has everything; site-b has the groups, too."""
    for site in (A, B):
        grouped(two, site)
    web = seed_of(two, "web-1")
    port = port_of(two, A, web.id)
    change(
        two,
        A,
        PORTS,
        port["id"],
        mac_address=MAC,
        security_groups=["web"],
        allowed_address_pairs=PAIRS,
    )
    root = web.volumes[0].id
    change(two, A, VOLUMES, root, metadata={"tier": "1", "luks_key": "x"})
    protect(two, **ATTRIBUTES)
    assert two.done(A, "sync_volumes")["status"] == "completed"
    return two


def server(two: Two, site: str, name: str) -> Any:
    db = two.pair.site(site).parts.db.connection()
    [found] = SERVERS.select(db, "name = ?", (name,))
    return found


def losses(record: Mapping[str, Any], member: str = "") -> dict[str, Any]:
    assert record["status"] == "completed", record["error_message"]
    return {
        one["attribute"]: one
        for one in record["result_data"].get("not_kept", ())
        if member in ("", one["member"])
    }


@pytest.mark.parametrize("verb", ["failover", "forced", "test_failover"])
def test_all_that_the_target_has_is_kept(adorned: Two, verb: str) -> None:
    two, name = adorned, "web-1"
    if verb == "forced":
        two.pair.site(A).kill()
        record = two.forced(B)
    elif verb == "failover":
        record = two.done(A, verb)
    else:
        record = two.done(A, verb, retain_primary=True)
        name = "web-1-test"
    assert losses(record) == {}
    made = server(two, B, name)
    for field, value in ATTRIBUTES.items():
        if field == "metadata":
            assert value.items() <= made[field].items()
        else:
            assert made.get(field, False) == value, field
    port = port_of(two, B, made["id"])
    assert port["mac_address"] == MAC
    assert port["ip_address"] == "10.10.0.11"
    assert port["security_groups"] == ["web"]
    assert port["allowed_address_pairs"] == PAIRS
    db = two.pair.site(B).parts.db.connection()
    root = VOLUMES.get(db, made["disks"][0]["id"])
    assert root is not None
    assert {"tier": "1", "luks_key": "x"}.items() <= root["metadata"].items()


def test_a_test_instance_that_somebody_has_deleted(two: Two) -> None:
    """Nova leaves its port, and the clean-up removes it; also that of an
    instance that is a member no more."""
    two.done(A, "test_failover")
    with two.pair.site(B).parts.db.transaction() as tx:
        for name in ("web-1-test", "web-3-test"):
            (found,) = SERVERS.select(tx, "name = ?", (name,))
            delete_server(tx, two.pair.site(B).parts, found)
    path = two.of(WEB, "/members")
    *_, member = two.ask(A, "GET", path).told("members")
    assert two.ask(A, "DELETE", f"{path}/{member['id']}").status == 204
    two.done(A, "test_cleanup")
    assert PORTS.select(two.pair.site(B).parts.db.connection()) == []


def test_there_and_back_again(adorned: Two) -> None:
    two = adorned
    before = two.ask(A, "GET", two.of(WEB, "/members")).told("members")
    assert losses(two.done(A, "failover")) == {}
    assert losses(two.done(B, "failback")) == {}
    after = two.ask(A, "GET", two.of(WEB, "/members")).told("members")
    moment = {"power_state_at": ""}
    for old, new in zip(before, after, strict=True):
        assert old["attributes"] | moment == new["attributes"] | moment
        assert old["networks"] == new["networks"]
    ports = PORTS.select(two.pair.site(B).parts.db.connection())
    assert ports == [], "no port is left behind"


@pytest.mark.parametrize(
    ("attribute", "value", "reason"),
    [
        ("security_groups", ["web"], "site-b has no security group web"),
        (
            "server_group",
            {"name": "apart", "policy": "anti-affinity"},
            "site-b has no server group with policy anti-affinity apart",
        ),
    ],
)
def test_what_the_target_lacks_is_named(
    adorned: Two, attribute: str, value: Any, reason: str
) -> None:
    two = adorned
    db = two.pair.site(B).parts.db
    with db.transaction() as tx:
        SECURITY_GROUPS.delete(tx, "web")
        SERVER_GROUPS.delete(tx, "apart")
    found = losses(two.done(A, "failover"), "web-1")
    assert set(found) == {"security_groups", "server_group"}
    assert found[attribute]["value"] == value
    assert found[attribute]["reason"] == reason


def test_a_key_pair_a_zone_and_a_network_of_another_range(two: Two) -> None:
    protect(two, key_name="ops", availability_zone="az-7")
    other = two.world.network_id(B, "net-secondary-db")
    mapping = {two.world.network_id(A, "net-primary-web"): other}
    assert two.done(A, "sync_volumes")["status"] == "completed"
    record = two.done(A, "failover", network_mapping=mapping)
    found = losses(record, "web-1")
    assert found["key_pair"]["value"] == {"name": "ops", "fingerprint": None}
    assert "belongs to a user of Nova" in found["key_pair"]["reason"]
    assert found["availability_zone"]["value"] == "az-7"
    address = found["networks[net-primary-web].fixed_ip"]
    assert address["value"] == "10.10.0.11"
    assert address["reason"].startswith(
        "10.10.0.11 is not in 10.20.0.0/24, the subnet of net-secondary-db; "
        "the instance has 10.20.0."
    )
    assert len(losses(record, "web-2")) == 1


def test_no_secret_is_in_a_record_or_the_log(adorned: Two) -> None:
    two = adorned
    record = two.done(A, "failover")
    for site in (A, B):
        text = json.dumps(
            [
                record,
                two.held(site),
                two.ask(site, "GET", two.of(WEB, "/members")).body,
                two.ask(site, "GET", two.of(WEB, "/metadata")).body,
            ]
        )
        db = two.pair.site(site).parts.db
        text += str([tuple(row) for row in db.all("SELECT * FROM pg_effects")])
        for table in ("pg_operations", "pg_records"):
            text += str([tuple(r) for r in db.all(f"SELECT * FROM {table}")])
        assert TEXT not in text and "hunter" not in text


# -- power states


def power(two: Two, site: str) -> dict[str, str]:
    return {
        name: status
        for name, status in two.servers(site).items()
        if name.startswith("web-")
    }


def stop(two: Two, name: str) -> None:
    path = f"/compute/v2.1/servers/{seed_of(two, name).id}/action"
    url = two.pair.site(A).url + path
    answer = two.pair.session(A).post(url, json={"os-stop": None})
    assert answer.status_code == 202


STOPPED = {"web-1": "ACTIVE", "web-2": "ACTIVE", "web-3": "SHUTOFF"}


def test_a_stopped_instance_comes_back_stopped(two: Two) -> None:
    stop(two, "web-3")
    assert losses(two.done(A, "failover")) == {}
    assert power(two, B) == STOPPED
    assert losses(two.done(B, "failback")) == {}
    assert power(two, A) == STOPPED


@pytest.mark.parametrize("all_of_them", [True, False])
def test_it_starts_where_that_is_asked(two: Two, all_of_them: bool) -> None:
    stop(two, "web-3")
    listed = two.ask(A, "GET", two.of(WEB, "/members")).told("members")
    [one] = [m["id"] for m in listed if m["instance_name"] == "web-3"]
    wanted: Any = "all" if all_of_them else [one]
    assert losses(two.done(A, "failover", power_on=wanted)) == {}
    assert set(power(two, B).values()) == {"ACTIVE"}


def test_who_is_no_member_cannot_be_powered_on(two: Two) -> None:
    nobody = two.world.site_id(A)
    refused = two.act(A, "failover", power_on=[nobody])
    assert (refused.status, refused.reason) == (400, "bad-request")
    assert nobody in refused.message


def test_a_forced_failover_knows_the_recovery_points_state(two: Two) -> None:
    stop(two, "web-3")
    two.pair.advance(301)
    two.pair.drain()
    shown = two.ask(B, "GET", two.of(WEB, "/members")).told("members")
    states = {
        m["instance_name"]: m["attributes"]["power_state"] for m in shown
    }
    assert states == STOPPED
    assert two.status(A)["status"] == "IN_SYNC"
    assert two.versions() == (1, 1), "a power state is no change"
    two.pair.site(A).kill()
    assert losses(two.forced(B)) == {}
    assert power(two, B) == STOPPED


@pytest.mark.parametrize("locked", ["owner", ""])
def test_a_forced_failover_knows_the_recovery_points_lock(
    two: Two, locked: str
) -> None:
    """One that is set after the member is protected, one that is gone."""
    web = seed_of(two, "web-3").id
    change(two, A, SERVERS, web, locked="" if locked else "owner")
    protect(two, "web-3")
    versions = two.versions()
    change(two, A, SERVERS, web, locked=locked)
    two.pair.advance(301)
    two.pair.drain()
    assert two.versions() == versions, "a lock is no change"
    assert two.status(A)["status"] == "IN_SYNC"
    two.pair.site(A).kill()
    assert losses(two.forced(B)) == {}
    assert bool(server(two, B, "web-3").get("locked")) is bool(locked)


def test_an_older_state_starts_the_instance_and_is_named(two: Two) -> None:
    stop(two, "web-3")
    two.pair.advance(301)
    two.pair.drain()
    two.pair.site(A).kill()
    two.pair.advance(601)
    [found] = losses(two.forced(B)).values()
    assert (found["member"], found["attribute"]) == ("web-3", "power_state")
    assert found["value"] == "SHUTOFF"
    assert found["reason"].startswith("Its power state was read at ")
    assert found["reason"].endswith("; the instance is started")
    assert set(power(two, B).values()) == {"ACTIVE"}


def test_what_a_test_has_stopped_counts_as_running(two: Two) -> None:
    assert two.done(A, "test_failover")["status"] == "completed"
    assert set(power(two, A).values()) == {"SHUTOFF"}
    two.pair.advance(301)
    two.pair.drain()
    two.pair.site(A).kill()
    assert losses(two.forced(B)) == {}
    made = {
        name: status
        for name, status in power(two, B).items()
        if not name.endswith("-test")
    }
    assert set(made.values()) == {"ACTIVE"} and len(made) == 3


@pytest.mark.parametrize(
    ("action", "status", "cure"),
    [
        ("pause", "PAUSED", "unpause"),
        ("suspend", "SUSPENDED", "resume"),
        ("shelve", "SHELVED_OFFLOADED", "unshelve"),
        ("lock", "locked", "unlock"),
    ],
)
def test_what_cannot_be_stopped_is_named_before_anything_stops(
    two: Two, action: str, status: str, cure: str
) -> None:
    web = seed_of(two, "web-2").id
    url = f"{two.pair.site(A).url}/compute/v2.1/servers/{web}/action"
    session = two.pair.session(A)
    assert session.post(url, json={action: None}).status_code == 202
    record = two.done(A, "failover")
    assert record["steps_failed"] == ["validate_target_site"]
    assert record["error_message"] == (
        f"Instance web-2 is {status} (openstack server {cure} {web})"
    )
    assert power(two, A)["web-1"] == "ACTIVE"
    assert power(two, A)["web-3"] == "ACTIVE"
    # a test that stops nothing does not mind
    test = two.done(A, "test_failover", retain_primary=True)
    assert test["status"] == "completed", test["error_message"]


def test_a_locked_instance_is_locked_again(two: Two) -> None:
    protect(two, locked=True)
    two.done(A, "sync_volumes")
    two.pair.site(A).kill()
    assert losses(two.forced(B)) == {}
    assert server(two, B, "web-1")["locked"]
    two.pair.site(A).start()
    assert two.sync(B).status == 200
    session = two.pair.session(B)
    url = f"{two.pair.site(B).url}/compute/v2.1/servers/"
    url += f"{server(two, B, 'web-1')['id']}/action"
    assert session.post(url, json={"unlock": None}).status_code == 202
    # the old copy is locked as well, and is removed all the same
    back = two.done(B, "failback")
    assert back["status"] == "completed", back["error_message"]
    assert back["result_data"]["leftovers"] == []


# -- addresses


def squat(two: Two, site: str, address: str) -> str:
    """A port of the tenant that has an address."""
    name = "net-secondary-web" if site == B else "net-primary-web"
    wish = {
        "network_id": two.world.network_id(site, name),
        "fixed_ips": [{"ip_address": address}],
        "device_owner": "network:f5lbaasv2",
    }
    url = f"{two.pair.site(site).url}/networking/v2.0/ports"
    answer = two.pair.session(site).post(url, json={"port": wish})
    assert answer.status_code == 201
    made: str = answer.json()["port"]["id"]
    return made


@pytest.mark.parametrize("verb", ["failover", "test_failover"])
def test_a_taken_address_is_refused_with_its_owner(
    two: Two, verb: str
) -> None:
    port = squat(two, B, "10.10.0.12")
    record = two.done(A, verb)
    assert record["steps_failed"] == ["validate_target_site"]
    assert record["error_message"] == (
        "Address 10.10.0.12 in net-secondary-web at site-b is taken: port "
        f"{port} of network:f5lbaasv2"
    )
    assert set(power(two, A).values()) == {"ACTIVE"}
    assert two.states() == ("active", "active")


def test_the_way_back_is_refused_for_it(two: Two) -> None:
    assert two.done(A, "failover")["status"] == "completed"
    squat(two, A, "10.10.0.12")
    record = two.done(B, "failback")
    assert record["steps_failed"] == ["validate_target_site"]
    assert "Address 10.10.0.12 in net-primary-web" in record["error_message"]
    assert set(power(two, B).values()) == {"ACTIVE"}


def test_a_forced_failover_takes_another_address(two: Two) -> None:
    port = squat(two, B, "10.10.0.12")
    two.pair.site(A).kill()
    [found] = losses(two.forced(B)).values()
    assert found["member"] == "web-2"
    assert found["attribute"] == "networks[net-primary-web].fixed_ip"
    assert found["value"] == "10.10.0.12"
    [now] = two.addresses(B)["web-2"]
    assert found["reason"] == (
        "Address 10.10.0.12 in net-secondary-web at site-b is taken: port "
        f"{port} of network:f5lbaasv2; the instance has {now}"
    )
    shown = two.ask(B, "GET", two.of(WEB, "/members")).told("members")
    held = {m["instance_name"]: m["networks"][0]["fixed_ip"] for m in shown}
    assert held["web-2"] == now != "10.10.0.12"


def test_or_fails_that_member_where_it_is_asked(two: Two) -> None:
    squat(two, B, "10.10.0.12")
    two.pair.site(A).kill()
    record = two.forced(B, keep_addresses=True)
    [failed] = record["result_data"]["not_rebuilt"]
    assert "Address 10.10.0.12" in failed["why"]
    assert two.held(B)["status"] == "failed_over_partial"
    assert "web-2" not in two.servers(B)


def test_an_uncleaned_test_is_taken_over(two: Two) -> None:
    assert two.done(A, "test_failover", retain_primary=True)["status"] == (
        "completed"
    )
    two.pair.site(A).kill()
    assert losses(two.forced(B)) == {}
    assert two.addresses(B)["web-1"] == ["10.10.0.11"]
    assert two.addresses(B)["web-1-test"] == []


def test_a_second_test_does_not_take_over_the_first(two: Two) -> None:
    first = two.done(A, "test_failover", retain_primary=True)
    assert first["status"] == "completed"
    second = two.done(A, "test_failover", retain_primary=True)
    assert second["steps_failed"] == ["validate_target_site"]
    assert "instance web-1-test (" in second["error_message"]


def test_a_rollback_puts_a_port_back_as_it_was(adorned: Two) -> None:
    """A test that nobody cleaned up has the addresses until then."""
    two = adorned
    two.done(A, "test_failover", retain_primary=True)
    test = server(two, B, "web-1-test")
    before = port_of(two, B, test["id"])
    two.pair.site(A).kill()
    two.pair.fault("cinder-403", site="b")
    assert two.forced(B)["status"] == "failed"
    after = port_of(two, B, test["id"])
    new = {"id", "created"}
    assert after.keys() == before.keys()
    assert {key for key in after if after[key] != before[key]} <= new
    assert after["id"] != before["id"], "it was taken away meanwhile"


@pytest.mark.parametrize("verb", ["failover", "test_failover", "forced"])
def test_a_port_that_neutron_does_not_show(two: Two, verb: str) -> None:
    """On a shared network another project has the address."""
    network = two.world.network_id(B, "net-secondary-web")
    rival = two.world.project_id(B, "rival")
    db = two.pair.site(B).parts.db
    subnet = SUBNETS.select(db.connection(), "network_id = ?", (network,))[0]
    change(two, B, NETWORKS, network, shared=True, project_id=rival)
    change(
        two,
        B,
        PORTS,
        "p-1",
        network_id=network,
        subnet_id=subnet["id"],
        project_id=rival,
        device_id="",
        device_owner="network:dhcp",
        ip_address="10.10.0.12",
        mac_address="fa:16:3e:00:00:99",
        created=0.0,
    )
    if verb == "forced":
        two.pair.site(A).kill()
        found = losses(two.forced(B))
        assert set(found) == {"networks[net-primary-web].fixed_ip"}
        return
    record = two.done(A, verb)
    assert record["steps_completed"] == [], "nothing was stopped"
    assert record["error_message"] == (
        "Address 10.10.0.12 in net-secondary-web at site-b is taken: a port "
        "of another project"
    )
    assert {one["id"] for one in PORTS.select(db.connection())} == {"p-1"}
