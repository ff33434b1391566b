"""Nova's list of a project: each server is rendered when it has changed."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from fakeserver.cloud.compute.server import kept, render
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from tests.helpers.cloud_parts import Cloud

LIST = "/compute/v2.1/servers/detail"
SERVERS = "/compute/v2.1/servers"
NETWORKS = "/networking/v2.0"
NEWEST = "compute latest"


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the servers that were rendered for a list."""
    names: list[str] = []
    original = render.servers

    def counted(
        db: Any, site: Any, caller: Any, rows: Sequence[Doc]
    ) -> list[Doc]:
        names.extend(row["name"] for row in rows)
        return original(db, site, caller, rows)

    monkeypatch.setattr(render, "servers", counted)
    return names


def listed(a: Cloud, query: str = "", **options: Any) -> Any:
    options = {"version": NEWEST, **options}
    return a.get(f"{LIST}{query}", **options).json["servers"]


def agrees(a: Cloud, **options: Any) -> Any:
    """The list, which is the same as one that is rendered anew."""
    found = listed(a, **options)
    # with a parameter nothing is kept
    assert found == listed(a, "?limit=999", **options)
    return found


def first(a: Cloud) -> str:
    return str(a.world.groups[0].servers[0].id)


def rename(a: Cloud) -> None:
    path = f"{SERVERS}/{first(a)}"
    answer = a.call("PUT", path, {"server": {"name": "other"}})
    assert answer.status_code == 200


def stop(a: Cloud) -> None:
    path = f"{SERVERS}/{first(a)}/action"
    assert a.post(path, {"os-stop": None}).status_code == 202


def tag(a: Cloud) -> None:
    path = f"{SERVERS}/{first(a)}/tags/blue"
    assert a.call("PUT", path, version=NEWEST).status_code == 201


def new_group(a: Cloud) -> None:
    made = a.post(
        f"{NETWORKS}/security-groups", {"security_group": {"name": "mine"}}
    ).json["security_group"]
    [port] = a.get(f"{NETWORKS}/ports?device_id={first(a)}").json["ports"]
    changed = {"port": {"security_groups": [made["id"]]}}
    path = f"{NETWORKS}/ports/{port['id']}"
    assert a.call("PUT", path, changed).status_code == 200


def group_renamed(a: Cloud) -> None:
    new_group(a)
    agrees(a)
    [group] = [
        one
        for one in a.get(f"{NETWORKS}/security-groups").json["security_groups"]
        if one["name"] == "mine"
    ]
    path = f"{NETWORKS}/security-groups/{group['id']}"
    changed = {"security_group": {"name": "ours"}}
    assert a.call("PUT", path, changed).status_code == 200


def network_renamed(a: Cloud) -> None:
    network = a.world.network_id("site-a", "net-primary-web")
    path = f"{NETWORKS}/networks/{network}"
    changed = {"network": {"name": "net-other"}}
    assert a.call("PUT", path, changed, as_="admin").status_code == 200


def port_gone(a: Cloud) -> None:
    [port] = a.get(f"{NETWORKS}/ports?device_id={first(a)}").json["ports"]
    path = f"{SERVERS}/{first(a)}/os-interface/{port['id']}"
    assert a.call("DELETE", path).status_code == 202


def deleted(a: Cloud) -> None:
    path = f"{SERVERS}/{first(a)}"
    assert a.call("DELETE", path).status_code == 204


CHANGES = (
    rename,
    stop,
    tag,
    new_group,
    group_renamed,
    network_renamed,
    port_gone,
    deleted,
)


@pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.__name__)
def test_what_changes_is_shown(
    a: Cloud, change: Callable[[Cloud], None]
) -> None:
    before = agrees(a)
    change(a)
    assert agrees(a) != before


def test_who_asks_and_how_are_told_apart(a: Cloud) -> None:
    seen = [
        agrees(a, as_=who, version=version)
        for who in ("demo", "admin")
        for version in (NEWEST, "compute 2.1")
    ]
    assert all(one not in seen[:n] for n, one in enumerate(seen))
    assert agrees(a, as_="rival") == []


def test_a_server_that_is_as_it_was_is_not_rendered_again(
    a: Cloud, rendered: list[str]
) -> None:
    count = len(listed(a))
    assert len(rendered) == count
    listed(a)
    assert len(rendered) == count
    rename(a)
    del rendered[:]
    listed(a)
    assert rendered == ["other"]


def test_not_all_are_kept(
    a: Cloud, rendered: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "KEPT", 2)
    every = agrees(a)
    assert agrees(a) == every
    assert len(rendered) > len(every)


def test_the_rest_is_on_another_page(
    a: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = listed(a)
    monkeypatch.setattr(web, "MAX_PAGE", 2)
    answer = a.get(LIST, version=NEWEST).json
    assert answer["servers"] == every[:2]
    [link] = answer["servers_links"]
    assert link["rel"] == "next"
    assert link["href"].endswith(f"{LIST}?marker={every[1]['id']}")
