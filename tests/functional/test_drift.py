"""``protector drift``, in the shell."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

import pytest

from fakeserver.local.pair import LocalPair
from protectorclient.osc.v1 import drift
from tests.helpers.check_states import GROUP, WEB_MAPPING, World
from tests.helpers.planted import Planter, undone


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


def test_the_table_and_what_clears_it(world: World) -> None:
    nothing = world.type("openstack protector drift")
    assert (nothing.code, nothing.out.strip()) == (0, "")
    world.done("openstack server set --name web-one web-1")
    ran = world.type("openstack protector drift --max-width 200")
    assert ran.code == 3
    (row,) = [line for line in ran.out.splitlines() if "web-1" in line]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells == [
        "prod-web-app",
        "web-1",
        "instance_name",
        "site-a",
        "web-1",
        "web-one",
        "drift",
    ]
    lines = ran.err.splitlines()
    assert lines[0] == (
        "drift of prod-web-app: instance_name of web-1 was web-1, and is"
        " web-one now"
    )
    assert lines[-1] == "1 difference in 3 groups"
    for line in lines[1:-1]:
        world.done(line)
    assert world.type("openstack protector drift").code == 0


def test_data_has_all_that_is_known(world: World) -> None:
    world.done("openstack server set --name web-one web-1")
    ran = world.type("openstack protector drift prod-web-app -f json")
    assert ran.code == 3
    (row,) = json.loads(ran.out)
    assert row["protection_group"] == "prod-web-app"
    assert (row["protected"], row["found"]) == ("web-1", "web-one")
    assert row["fix"].splitlines()[0] == (
        "openstack protector member remove prod-web-app web-1"
    )
    unknown = world.type("openstack protector drift nosuch")
    assert unknown.code == 1
    assert "no protection group has the name or id 'nosuch'" in unknown.err


def test_a_silent_site_leaves_the_rest_unknown(world: World) -> None:
    site = world.pair.site("b")
    site.stop()
    try:
        ran = world.type("openstack protector drift")
        assert ran.code == 6
        world.done("openstack server set --name web-one web-1")
        ran = world.type("openstack protector drift")
        assert ran.code == 3
        assert "warning: site-b cannot be asked" in ran.err
    finally:
        site.start()


def test_it_is_repeated_until_it_is_interrupted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what changed is listed again."""
    looks = itertools.count()

    def sleep(seconds: float) -> None:
        assert seconds == 60.0
        look = next(looks)
        if look == 1:
            planter = Planter(world.pair)
            planter.recorded(lambda held: held["volumes"][1].update(size=7))
        if look == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(drift.ShowDrift, "sleep", staticmethod(sleep))
    ran = world.type("openstack protector drift --watch -f json")
    assert ran.code == 130
    # "[]", and then once the list of what is found
    first, second = (
        json.loads(text)
        for text in ran.out.replace("]\n[", "]\0[").split("\0")
    )
    assert first == []
    assert [one["attribute"] for one in second] == ["volumes[web-1-data].size"]
