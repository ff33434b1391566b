"""Drills over two live sites: examined, judged, and always removed."""

import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from fakeserver.local.pair import LocalPair
from protectorclient import drill
from protectorclient.plan.execution import events
from protectorclient.plan.execution.events import Event
from tests.helpers import plan_parts
from tests.helpers.library_parts import Live, opened
from tests.helpers.plan_parts import World

NETWORKS = {"net-primary-web": "net-secondary-web"}
WEB = "prod-web-app"


@pytest.fixture(scope="module")
def opened_pair() -> Iterator[LocalPair]:
    yield from opened()


@pytest.fixture
def world(opened_pair: LocalPair) -> Iterator[World]:
    for site in opened_pair.sites.values():
        site.start()
    opened_pair.reset()
    yield World(Live(opened_pair))
    opened_pair.clear_faults()


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "journal.jsonl"


def drilled(
    world: World, path: pathlib.Path, **more: Any
) -> tuple[int, list[Event]]:
    given = {"network_mapping": NETWORKS, "tools": world.tools(), **more}
    found = list(drill.run(world.live.sites(), WEB, journal=path, **given))
    codes = [o.fields["code"] for o in found if isinstance(o, events.RunEnded)]
    return codes[-1], found


def uncleaned(world: World, name: str = WEB) -> list[Any]:
    group = world.live.group(name)
    document = world.live.client().metadata.get(group)
    return list(document["tests"])


def test_a_drill_ends_clean(world: World, path: pathlib.Path) -> None:
    code, found = drilled(world, path)
    (group,) = plan_parts.fold(path).groups.values()
    assert code == 0, group.why
    assert group.drill.result == "removed"
    assert uncleaned(world) == []
    print([o.name for o in found])


def test_an_isolated_drill_has_networks_of_its_own(
    world: World, path: pathlib.Path
) -> None:
    seen: list[Any] = []
    look = world.tools().look

    def watch(*given: Any, **more: Any) -> Any:
        finder = world.live.sites().secondary.finder
        seen.extend(finder.every_network())
        return look(*given, **more)

    code, found = drilled(
        world,
        path,
        network_mapping=None,
        isolated=True,
        tools=world.tools(look=watch),
    )
    (group,) = plan_parts.fold(path).groups.values()
    assert code == 0, group.why
    made = [one for one in seen if one["name"].startswith("drill-")]
    assert [one["name"] for one in made] == [f"drill-{group.operation_id}-1"]
    assert made[0]["tags"] == [f"protector-drill={group.operation_id}"]
    assert not made[0]["shared"]
    after = world.live.sites().secondary.finder.every_network()
    assert {one["name"] for one in after} == {
        "net-secondary-web",
        "net-secondary-db",
    }
