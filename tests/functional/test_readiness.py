"""``protector readiness``, in the shell."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from fakeserver.local.pair import LocalPair
from protectorclient.osc.v1 import readiness
from tests.helpers.check_states import GROUP, WEB_MAPPING, World
from tests.helpers.planted import Planter, taken, undone

COMMAND = "openstack protector readiness --if-dead site-a"


@pytest.fixture(scope="module")
def shared() -> Iterator[LocalPair]:
    with LocalPair(sockets=True) as pair:
        yield pair


@pytest.fixture
def world(
    shared: LocalPair, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(shared.clouds_yaml))
    monkeypatch.setenv("OS_CLOUD", "site-a")
    with undone(shared):
        made = World(shared)
        made.done(f"{GROUP} set prod-web-app {WEB_MAPPING}")
        yield made


def test_the_board_of_all_groups(world: World) -> None:
    taken(Planter(world.pair))
    few = world.type(f"{COMMAND} -f value -c name -c order -c verdict")
    assert [line.split() for line in few.out.splitlines()] == [
        ["1", "prod-web-app", "comes"],
        ["2", "bare", "blocked"],
        ["3", "prod-db", "blocked"],
    ]
    ran = world.type(f"{COMMAND} --max-width 200")
    assert ran.code == 3
    assert "1 address" in ran.out
    assert "bare: there is no replication policy" in ran.out
    assert "if site-a dies: 1 comes, 2 blocked" in ran.err
    assert ran.err.splitlines()[-1] == f"{GROUP} check bare --for unplanned"


def test_one_group_as_data(world: World) -> None:
    ran = world.type(f"{COMMAND} prod-web-app -f json")
    assert ran.code == 0
    (row,) = json.loads(ran.out)
    assert row["verdict"] == "comes"
    assert row["lost_attributes"] == row["lost_addresses"] == []


def test_metrics(world: World) -> None:
    ran = world.type(f"{COMMAND} -f prometheus")
    assert ran.code == 3
    lines = ran.out.splitlines()
    (web,) = [
        line
        for line in lines
        if line.startswith("protector_readiness_info{")
        and 'group="prod-web-app"' in line
    ]
    assert web.endswith('verdict="comes"} 1')
    assert all(
        line.startswith(("#", "protector_readiness_")) for line in lines
    )


def test_a_dead_survivor_and_a_site_that_is_none(world: World) -> None:
    ran = world.type("openstack protector readiness --if-dead nowhere")
    assert (ran.code, ran.out) == (2, "")
    site = world.pair.site("b")
    site.stop()
    try:
        assert world.type(COMMAND).code == 6
    finally:
        site.start()


def test_it_is_repeated_until_it_is_interrupted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(readiness.ShowReadiness, "sleep", staticmethod(sleep))
    ran = world.type(f"{COMMAND} prod-web-app --watch --interval 5s -f value")
    assert (ran.code, slept) == (130, [5.0, 5.0])
    assert ran.out.count("prod-web-app") == 2
