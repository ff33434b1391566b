"""Both sites in one process: as tests of every ring use them."""

import pathlib
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from fakeserver.local.pair import LocalPair

GROUP = "prod-web-app"


@pytest.fixture
def pair() -> Iterator[LocalPair]:
    with LocalPair() as made:
        yield made


@pytest.fixture(scope="module")
def sockets() -> Iterator[LocalPair]:
    with LocalPair(sockets=True) as made:
        yield made


def base(pair: LocalPair, letter: str = "a") -> str:
    site = pair.site(letter)
    return f"{site.url}/v1/{site.world.project_id(site.name, 'demo')}"


def groups(pair: LocalPair, letter: str = "a") -> dict[str, dict[str, Any]]:
    session = pair.session(f"site-{letter}")
    found = session.get(f"{base(pair, letter)}/protection-groups").json()
    return {group["name"]: group for group in found["protection_groups"]}


def failover(pair: LocalPair, **options: Any) -> requests.Response:
    world = pair.site("a").world
    network = world.network_id("site-a", "net-primary-web")
    target = world.network_id("site-b", "net-secondary-web")
    path = f"/protection-groups/{groups(pair)[GROUP]['id']}/action"
    params = {"network_mapping": {network: target}}
    return pair.session("site-a").post(
        base(pair) + path,
        json={"failover": params},
        raise_exc=False,
        **options,
    )


def operation(pair: LocalPair) -> dict[str, Any]:
    found = pair.session("site-a").get(f"{base(pair)}/operations").json()
    return found["operations"][0]


def counts(pair: LocalPair) -> tuple[int, int]:
    made = []
    for name in ("site-a", "site-b"):
        url = f"{pair.site(name).url}/compute/v2.1/servers"
        made.append(len(pair.session(name).get(url).json()["servers"]))
    return made[0], made[1]


def test_the_seeded_world(pair: LocalPair) -> None:
    for letter in "ab":
        assert set(groups(pair, letter)) == {GROUP, "prod-db", "bare"}
    assert counts(pair) == (6, 0)


def test_ids_are_of_the_seed() -> None:
    found = []
    for seed in (1, 1, 2):
        with LocalPair(seed=seed) as pair:
            found.append({g["id"] for g in groups(pair).values()})
    assert found[0] == found[1] != found[2]


def test_an_operation_waits_to_be_drained(pair: LocalPair) -> None:
    assert failover(pair).status_code == 202
    assert operation(pair)["status"] == "pending"
    assert pair.site("a").unfinished()
    pair.drain()
    assert operation(pair)["status"] == "completed"
    assert counts(pair) == (3, 3)


def test_a_stopped_site_refuses_and_comes_back(pair: LocalPair) -> None:
    site = pair.site("b")
    site.stop()
    site.stop()
    assert not site.running
    with pytest.raises(requests.ConnectionError):
        pair.http().get(site.url)
    assert failover(pair).json()["error"]["reason"] == (
        "protector.peer-unreachable"
    )
    site.start()
    site.start()
    assert pair.http().get(site.url).ok
    assert failover(pair).status_code == 202


def test_what_a_killed_site_did_not_finish_is_taken_up(
    pair: LocalPair,
) -> None:
    failover(pair)
    pair.site("a").kill()
    pair.drain()
    pair.site("a").start()
    pair.drain()
    assert operation(pair)["status"] == "completed"


@pytest.mark.parametrize("stage", ["before", "inside", "after"])
def test_a_crash_at_a_step(pair: LocalPair, stage: str) -> None:
    pair.fault(
        "crash",
        site="a",
        stage=stage,
        match="manage_volumes_into_cinder",
        times=1,
    )
    failover(pair)
    pair.drain()
    assert not pair.site("a").running
    pair.site("a").start()
    pair.drain()
    assert operation(pair)["status"] == "completed"
    assert counts(pair) == (3, 3)


def test_a_crash_while_it_is_asked(pair: LocalPair) -> None:
    pair.fault("crash", site="b", stage="array", match="*", times=1)
    failover(pair)
    pair.drain()
    if not pair.site("b").running:
        pair.site("b").start()
    pair.drain()
    assert operation(pair)["status"] in ("completed", "failed")


def test_a_failing_step_is_rolled_back(pair: LocalPair) -> None:
    pair.fault("step", match="recreate_instances", message="no host left")
    failover(pair)
    pair.drain()
    found = operation(pair)
    assert found["status"] == "failed"
    assert "no host left" in found["error_message"]
    assert counts(pair) == (6, 0)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("reset", requests.ConnectionError),
        ("timeout", requests.ReadTimeout),
        ("truncate", requests.exceptions.ChunkedEncodingError),
    ],
)
def test_faults_look_as_on_a_wire(
    pair: LocalPair, kind: str, error: type[Exception]
) -> None:
    rule = pair.fault(kind, site="a")
    with pytest.raises(error):
        pair.http().get(pair.site("a").url)
    assert pair.http().get(pair.site("b").url).ok
    pair.clear_faults(rule)
    assert pair.http().get(pair.site("a").url).ok


def test_a_lost_answer_was_done_all_the_same(pair: LocalPair) -> None:
    pair.fault("reset", stage="after", match="POST */action", times=1)
    with pytest.raises(Exception, match="[Cc]onnection"):
        failover(pair, connect_retries=0)
    pair.clear_faults()
    assert operation(pair)["operation_type"] == "failover"


def test_cinder_refuses_until_its_policy_is_right(pair: LocalPair) -> None:
    policy = pair.site("b").config.cinder_policy
    right = policy.read_text()
    pair.fault("cinder-403", site="b")
    failover(pair)
    pair.drain()
    assert operation(pair)["steps_failed"] == ["manage_volumes_into_cinder"]
    # the cure of the troubleshooting page, by hand
    policy.write_text(right)
    failover(pair)
    pair.drain()
    assert operation(pair)["status"] == "completed"
    pair.clear_faults()
    assert policy.read_text() == right


def test_time_moves_when_told(pair: LocalPair) -> None:
    before = pair.clock.time()
    pair.advance(60)
    pair.advance("15m")
    assert pair.clock.time() == before + 960


def test_a_token_expires() -> None:
    with LocalPair(token_lifetime=60) as pair:
        session = pair.session("site-a")
        token = session.get_token()
        url = f"{base(pair)}/protection-groups"
        headers = {"X-Auth-Token": str(token)}
        assert pair.http().get(url, headers=headers).status_code == 200
        pair.advance(61)
        assert pair.http().get(url, headers=headers).status_code == 401


def test_reset_brings_the_first_day_back(pair: LocalPair) -> None:
    first = groups(pair)[GROUP]["id"]
    failover(pair)
    pair.drain()
    pair.fault("503")
    pair.advance("2h")
    pair.reset()
    assert groups(pair)[GROUP]["id"] == first
    assert groups(pair)[GROUP]["status"] == "active"
    assert counts(pair) == (6, 0)
    assert failover(pair).status_code == 202


def test_scenarios() -> None:
    with LocalPair(scenario="empty") as pair:
        assert groups(pair) == {}
    with LocalPair(scenario="fleet", groups=3) as pair:
        assert set(groups(pair)) == {"app-0000", "app-0001", "app-0002"}


def test_with_sockets_things_run_by_themselves(sockets: LocalPair) -> None:
    sockets.reset()
    assert failover(sockets).status_code == 202
    until = time.monotonic() + 60
    while operation(sockets)["status"] != "completed":
        assert time.monotonic() < until
        time.sleep(0.02)
    assert counts(sockets) == (3, 3)


def test_with_sockets_a_site_can_be_killed(sockets: LocalPair) -> None:
    sockets.reset()
    site = sockets.site("b")
    site.kill()
    with pytest.raises(requests.ConnectionError):
        sockets.http().get(site.url)
    site.start()
    assert sockets.http().get(site.url).ok


def test_with_sockets_a_crash_is_a_death(sockets: LocalPair) -> None:
    sockets.reset()
    site = sockets.site("a")
    sockets.fault("crash", site="a", match="recreate_instances", times=1)
    failover(sockets)
    until = time.monotonic() + 60
    while site.running:
        assert time.monotonic() < until
        time.sleep(0.02)
    with pytest.raises(requests.ConnectionError):
        sockets.http().get(site.url)
    site.start()
    while operation(sockets)["status"] != "completed":
        assert time.monotonic() < until
        time.sleep(0.02)
    assert counts(sockets) == (3, 3)


def test_it_opens_and_closes_quickly(tmp_path: pathlib.Path) -> None:
    # what this process does for it, and not what else the machine does
    began = time.process_time()
    pair = LocalPair(tmp_path / "pair")
    opened = time.process_time()
    pair.close()
    assert opened - began < 2
    assert time.process_time() - opened < 0.2


def test_it_leaves_nothing_in_the_temporary_folder() -> None:
    with LocalPair() as pair:
        folder = pair.directory
        assert pair.clouds_yaml.is_file()
    assert not folder.exists()
    with pytest.raises(ValueError, match="no site 'c'"):
        pair.site("c")
