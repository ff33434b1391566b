"""What a rebuilt instance did not get: asked for, printed, never hidden."""

from __future__ import annotations

import json

from fakeserver.cloud.shared.schema import SERVERS
from fakeserver.local.pair import LocalPair
from tests.helpers.clirunner import protector

GROUP = "protection-group"
WEB = "--network-mapping net-primary-web=net-secondary-web"


def stop(pair: LocalPair, name: str) -> None:
    site = pair.site("a")
    [found] = (
        server.id
        for group in site.world.groups
        for server in group.servers
        if server.name == name
    )
    url = f"{site.url}/compute/v2.1/servers/{found}/action"
    answer = pair.session("site-a").post(url, json={"os-stop": None})
    assert answer.status_code == 202


def statuses(pair: LocalPair, site: str) -> dict[str, str]:
    db = pair.site(site).parts.db.connection()
    return {one["name"]: one["status"] for one in SERVERS.select(db)}


def squat(pair: LocalPair, address: str) -> None:
    site = pair.site("b")
    network = site.world.network_id("site-b", "net-secondary-web")
    wish = {"network_id": network, "fixed_ips": [{"ip_address": address}]}
    url = f"{site.url}/networking/v2.0/ports"
    answer = pair.session("site-b").post(url, json={"port": wish})
    assert answer.status_code == 201


def test_it_is_printed_after_the_wait_and_with_the_record(
    local_pair: LocalPair,
) -> None:
    squat(local_pair, "10.10.0.12")
    local_pair.site("a").kill()
    ran = protector(
        f"{GROUP} failover prod-web-app {WEB} --type unplanned --wait --yes"
    )
    assert ran.code == 0, ran.err
    start = (
        "warning: not kept: networks[net-primary-web].fixed_ip 10.10.0.12 of "
        "web-2: Address 10.10.0.12 in net-secondary-web at site-b is taken"
    )
    assert [line for line in ran.err.splitlines() if line.startswith(start)]
    assert "nothing is lost" not in ran.err
    shown = protector("operation show --last prod-web-app -f json")
    [loss] = json.loads(shown.out)["result_data"]["not_kept"]
    assert loss["member"] == "web-2"


def test_keep_addresses_fails_that_member(local_pair: LocalPair) -> None:
    squat(local_pair, "10.10.0.12")
    usage = protector(f"{GROUP} failover prod-web-app {WEB} --keep-addresses")
    assert usage.code == 2
    assert "--keep-addresses goes with --type unplanned" in usage.err
    local_pair.site("a").kill()
    ran = protector(
        f"{GROUP} failover prod-web-app {WEB} --type unplanned "
        "--keep-addresses --wait --yes -f json"
    )
    assert ran.code == 11
    [failed] = json.loads(ran.out)["result_data"]["not_rebuilt"]
    assert "Address 10.10.0.12" in failed["why"]
    assert "web-2" not in statuses(local_pair, "b")


def test_power_on_names_members(local_pair: LocalPair) -> None:
    stop(local_pair, "web-3")
    stop(local_pair, "web-2")
    typo = protector(f"{GROUP} failover prod-web-app {WEB} --power-on web-9")
    assert typo.code == 1
    assert "prod-web-app has no member 'web-9'" in typo.err
    ran = protector(
        f"{GROUP} failover prod-web-app {WEB} --power-on web-3 --wait"
    )
    assert ran.code == 0, ran.err
    assert statuses(local_pair, "b") == {
        "web-1": "ACTIVE",
        "web-2": "SHUTOFF",
        "web-3": "ACTIVE",
    }
    back = protector(f"{GROUP} failback prod-web-app --power-on all --wait")
    assert back.code == 0, back.err
    states = statuses(local_pair, "a")
    assert {states[f"web-{n}"] for n in (1, 2, 3)} == {"ACTIVE"}


def test_the_instances_of_a_test_are_deleted_by_hand(
    local_pair: LocalPair,
) -> None:
    drill = protector(
        f"{GROUP} test-failover prod-web-app {WEB} --retain-primary --wait"
    )
    assert drill.code == 0, drill.err
    local_pair.site("a").kill()
    ran = protector(
        f"{GROUP} failover prod-web-app {WEB} --type unplanned --wait --yes"
    )
    assert ran.code == 0, ran.err
    db = local_pair.site("b").parts.db.connection()
    tests = [
        one["id"]
        for one in SERVERS.select(db)
        if one["name"].endswith("-test")
    ]
    assert len(tests) == 3
    lines = ran.err.splitlines()
    for one in tests:
        assert f"openstack --os-cloud site-b server delete {one}" in lines
