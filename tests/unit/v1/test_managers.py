"""Every method: exactly what it sends."""

import dataclasses
import functools
import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest
from keystoneauth1 import session

from protectorclient import SitePair, exceptions
from protectorclient.v1 import Client, _manager
from tests.helpers.canned_site import PROJECT, REQUEST_ID, Site

T = f"/v1/{PROJECT}"
PG = f"{T}/protection-groups/pg-1"
OPS = f"{T}/operations"
ADMIN = "/v1/admin"


@dataclasses.dataclass
class Call:
    """One call and the one request it makes."""

    name: str
    do: Callable[[Client], Any]
    method: str
    path: str
    answer: Any
    body: Any = None
    query: dict[str, list[str]] = dataclasses.field(default_factory=dict)


def noun(word: str, **fields: Any) -> dict[str, Any]:
    return {word: {"id": "x-1", **fields}}


CALLS = [
    Call(
        "sites.list",
        lambda c: list(c.sites.list(name="site-a", page_size=5)),
        "GET",
        f"{ADMIN}/sites",
        {"sites": [{"id": "s"}]},
        query={"name": ["site-a"], "limit": ["5"]},
    ),
    Call(
        "sites.get",
        lambda c: c.sites.get("s-1"),
        "GET",
        f"{ADMIN}/sites/s-1",
        noun("site"),
    ),
    Call(
        "sites.create",
        lambda c: c.sites.create(
            "a",
            id="s-1",
            auth_url="http://k",
            username="u",
            password="p",
            project_name="service",
            array_name="fa",
        ),
        "POST",
        f"{ADMIN}/sites",
        noun("site"),
        {
            "site": {
                "id": "s-1",
                "name": "a",
                "auth_url": "http://k",
                "username": "u",
                "password": "p",
                "project_name": "service",
                "array_name": "fa",
            }
        },
    ),
    Call(
        "sites.update",
        lambda c: c.sites.update("s-1", description="", region_name=None),
        "PATCH",
        f"{ADMIN}/sites/s-1",
        noun("site"),
        {"site": {"description": ""}},
    ),
    Call(
        "sites.delete",
        lambda c: c.sites.delete("s-1"),
        "DELETE",
        f"{ADMIN}/sites/s-1",
        None,
    ),
    Call(
        "sites.validate",
        lambda c: c.sites.validate("s-1"),
        "POST",
        f"{ADMIN}/sites/s-1/validate",
        {"validation": {"status": "active", "checks": []}},
    ),
    Call(
        "sites.volume_types",
        lambda c: c.sites.volume_types("s-1"),
        "GET",
        f"{ADMIN}/sites/s-1/volume-types",
        {"volume_types": []},
    ),
    Call(
        "tenant_mappings.list",
        lambda c: list(c.tenant_mappings.list()),
        "GET",
        f"{ADMIN}/tenant-mappings",
        {"tenant_mappings": []},
    ),
    Call(
        "tenant_mappings.get",
        lambda c: c.tenant_mappings.get("t-1"),
        "GET",
        f"{ADMIN}/tenant-mappings/t-1",
        noun("tenant_mapping"),
    ),
    Call(
        "tenant_mappings.create",
        lambda c: c.tenant_mappings.create("demo", {"s-1": "p", "s-2": "q"}),
        "POST",
        f"{ADMIN}/tenant-mappings",
        noun("tenant_mapping"),
        {
            "tenant_mapping": {
                "name": "demo",
                "projects": {"s-1": "p", "s-2": "q"},
            }
        },
    ),
    Call(
        "tenant_mappings.delete",
        lambda c: c.tenant_mappings.delete("t-1"),
        "DELETE",
        f"{ADMIN}/tenant-mappings/t-1",
        None,
    ),
    Call(
        "protection_groups.list",
        lambda c: list(c.protection_groups.list(status="active", limit=7)),
        "GET",
        f"{T}/protection-groups",
        {"protection_groups": []},
        query={"status": ["active"], "limit": ["7"]},
    ),
    Call(
        "protection_groups.get",
        lambda c: c.protection_groups.get("pg-1"),
        "GET",
        PG,
        noun("protection_group"),
    ),
    Call(
        "protection_groups.create",
        lambda c: c.protection_groups.create(
            "web",
            primary_site_id="s-1",
            secondary_site_id="s-2",
            volume_type_id="v-1",
            network_mapping={"a": "b"},
        ),
        "POST",
        f"{T}/protection-groups",
        noun("protection_group"),
        {
            "protection_group": {
                "name": "web",
                "primary_site_id": "s-1",
                "secondary_site_id": "s-2",
                "volume_type_id": "v-1",
                "network_mapping": {"a": "b"},
            }
        },
    ),
    Call(
        "protection_groups.update",
        lambda c: c.protection_groups.update(
            "pg-1", description="", flavor_mapping={}
        ),
        "PATCH",
        PG,
        noun("protection_group"),
        {"protection_group": {"description": "", "flavor_mapping": {}}},
    ),
    Call(
        "protection_groups.delete",
        lambda c: c.protection_groups.delete("pg-1"),
        "DELETE",
        PG,
        None,
    ),
    Call(
        "protection_groups.delete",
        lambda c: c.protection_groups.delete("pg-1", force=True),
        "DELETE",
        PG,
        None,
        query={"force": ["true"]},
    ),
    Call(
        "protection_groups.sync_status",
        lambda c: c.protection_groups.sync_status("pg-1"),
        "GET",
        f"{PG}/sync-status",
        {"sync_status": {"status": "IN_SYNC"}},
    ),
    Call(
        "protection_groups.sync_status",
        lambda c: c.protection_groups.sync_status("pg-1", local=True),
        "GET",
        f"{PG}/sync-status",
        {"sync_status": {"status": "IN_SYNC"}},
        query={"local": ["true"]},
    ),
    Call(
        "protection_groups.sync_force",
        lambda c: c.protection_groups.sync_force("pg-1"),
        "POST",
        f"{PG}/sync-force",
        {"sync_status": {"status": "IN_SYNC"}},
    ),
    Call(
        "protection_groups.sync_force",
        lambda c: c.protection_groups.sync_force("pg-1", force=True),
        "POST",
        f"{PG}/sync-force",
        {"sync_status": {"status": "IN_SYNC"}},
        query={"force": ["true"]},
    ),
    Call(
        "members.list",
        lambda c: list(c.members.list("pg-1")),
        "GET",
        f"{PG}/members",
        {"members": []},
    ),
    Call(
        "members.get",
        lambda c: c.members.get("pg-1", "m-1"),
        "GET",
        f"{PG}/members/m-1",
        noun("member"),
    ),
    Call(
        "members.add",
        lambda c: c.members.add("pg-1", "i-1"),
        "POST",
        f"{PG}/members",
        noun("member"),
        {"member": {"instance_id": "i-1"}},
    ),
    Call(
        "members.remove",
        lambda c: c.members.remove("pg-1", "m-1"),
        "DELETE",
        f"{PG}/members/m-1",
        None,
    ),
    Call(
        "policies.get",
        lambda c: c.policies.get("pg-1"),
        "GET",
        f"{PG}/policy",
        {"policy": {}},
    ),
    Call(
        "policies.set",
        lambda c: c.policies.set(
            "pg-1",
            primary_fa_url="https://a",
            secondary_fa_url="https://b",
            primary_fa_api_token="s",
            replication_interval=60,
        ),
        "POST",
        f"{PG}/policy",
        {"policy": {}},
        {
            "policy": {
                "primary_fa_url": "https://a",
                "secondary_fa_url": "https://b",
                "primary_fa_api_token": "s",
                "replication_interval": 60,
            }
        },
    ),
    Call(
        "policies.delete",
        lambda c: c.policies.delete("pg-1"),
        "DELETE",
        f"{PG}/policy",
        None,
    ),
    Call(
        "consistency_groups.get",
        lambda c: c.consistency_groups.get("pg-1"),
        "GET",
        f"{PG}/consistency-group",
        noun("consistency_group"),
    ),
    Call(
        "metadata.get",
        lambda c: c.metadata.get("pg-1", version=3),
        "GET",
        f"{PG}/metadata",
        {"metadata": {"id": "pg-1"}},
        query={"version": ["3"]},
    ),
    Call(
        "metadata.put",
        lambda c: c.metadata.put("pg-1", {"id": "pg-1"}, force=True),
        "PUT",
        f"{PG}/metadata",
        {"metadata": {"id": "pg-1"}},
        {"metadata": {"id": "pg-1"}},
        query={"force": ["true"]},
    ),
    Call(
        "operations.list",
        lambda c: list(
            c.operations.list(
                protection_group_id="pg-1",
                operation_type="failover",
                status="running",
                marker="op-0",
            )
        ),
        "GET",
        OPS,
        {"operations": []},
        query={
            "protection_group_id": ["pg-1"],
            "operation_type": ["failover"],
            "status": ["running"],
            "marker": ["op-0"],
        },
    ),
    Call(
        "operations.get",
        lambda c: c.operations.get("op-1"),
        "GET",
        f"{OPS}/op-1",
        {"operation": {"id": "op-1"}},
    ),
    Call(
        "health.list",
        lambda c: list(c.health.list()),
        "GET",
        "/v1/health",
        {"health": []},
    ),
    Call(
        "openapi",
        lambda c: c.openapi(),
        "GET",
        "/v1/openapi.json",
        {"openapi": "3.1.0"},
    ),
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_what_is_sent(site: Site, call: Call) -> None:
    if call.answer is None:
        site.answer(call.method, call.path, status_code=204)
    else:
        site.answer(call.method, call.path, json=call.answer)
    call.do(site.client)
    assert [line.split("?")[0] for line in site.asked] == [
        f"{call.method} {call.path}"
    ]
    assert site.last.qs == call.query
    sent = site.last.json() if site.last.text else None
    assert sent == call.body


ACTIONS: list[tuple[Callable[[Client], Any], dict[str, Any]]] = [
    (
        lambda c: c.protection_groups.failover("pg-1"),
        {"failover": {}},
    ),
    (
        lambda c: c.protection_groups.failover(
            "pg-1",
            network_mapping={"a": "b"},
            flavor_mapping={},
            force=True,
            reason="storm",
            request_id=REQUEST_ID,
        ),
        {
            "failover": {
                "network_mapping": {"a": "b"},
                "flavor_mapping": {},
                "force": True,
                "reason": "storm",
            }
        },
    ),
    (
        lambda c: c.protection_groups.failback(
            "pg-1", reverse_replication=True
        ),
        {"failback": {"reverse_replication": True}},
    ),
    (
        lambda c: c.protection_groups.test_failover(
            "pg-1", retain_primary=True
        ),
        {"test_failover": {"retain_primary": True}},
    ),
    (
        lambda c: c.protection_groups.test_cleanup("pg-1"),
        {"test_cleanup": {}},
    ),
    (
        lambda c: c.protection_groups.sync_volumes("pg-1"),
        {"sync_volumes": {}},
    ),
]


@pytest.mark.parametrize(
    ("act", "body"), ACTIONS, ids=[next(iter(body)) for _, body in ACTIONS]
)
def test_actions(
    site: Site, act: Callable[[Client], Any], body: dict[str, Any]
) -> None:
    (action,) = body
    site.answer("GET", OPS, json={"operations": []})
    site.answer(
        "POST",
        f"{PG}/action",
        status_code=202,
        json=noun("operation", status="pending"),
    )
    assert act(site.client).status == "pending"
    looked, posted = site.mock.request_history[-2:]
    assert looked.qs == {
        "protection_group_id": ["pg-1"],
        "operation_type": [action],
        "limit": ["20"],
    }
    assert posted.json() == body
    request_id = posted.headers["X-OpenStack-Request-ID"]
    assert len(request_id) == len(REQUEST_ID)
    if "reason" in body[action]:
        assert request_id == REQUEST_ID


def test_consistency_group_sync(site: Site) -> None:
    site.answer("GET", OPS, json={"operations": []})
    path = f"{PG}/consistency-group/sync"
    site.answer("POST", path, status_code=202, json=noun("operation"))
    assert site.client.consistency_groups.sync("pg-1").id == "x-1"
    assert site.last.path == path
    assert site.last.text is None
    site.client.consistency_groups.sync("pg-1", reason="storm")
    assert site.last.json() == {"reason": "storm"}


def test_a_reason_of_the_sync_needs_its_version(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(maximum="1.1")
    with pytest.raises(exceptions.VersionNotSupported) as caught:
        site.client.consistency_groups.sync("pg-1", reason="storm")
    assert caught.value.needed == "1.2"
    assert site.asked == []


def test_reset_status(site: Site) -> None:
    site.answer(
        "POST", f"{PG}/action", status_code=202, json=noun("operation")
    )
    site.answer("GET", PG, json=noun("protection_group", status="active"))
    group = site.client.protection_groups.reset_status("pg-1", "active")
    assert group.status == "active"
    posted = site.mock.request_history[-2]
    assert posted.json() == {"reset_status": {"status": "active"}}


def test_stored_mappings_need_their_version(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(maximum="1.1")
    for change in ({"network_mapping": {}}, {"flavor_mapping": {"a": "b"}}):
        with pytest.raises(exceptions.VersionNotSupported, match="stored"):
            site.client.protection_groups.update("pg-1", **change)
    with pytest.raises(exceptions.VersionNotSupported, match="health"):
        list(site.client.health.list())
    assert site.asked == []


# Paging


def page(ids: str, following: str | None) -> dict[str, Any]:
    links = [{"rel": "self", "href": "http://elsewhere/"}]
    if following:
        href = f"http://hidden:1/v1/x?limit=2&marker={following}"
        links.append({"rel": "next", "href": href})
    return {"operations": [{"id": i} for i in ids], "links": links}


def ids(site: Site) -> list[str]:
    return [item.id for item in site.client.operations.list()]


def test_pages_are_fetched_as_they_are_needed(site: Site) -> None:
    site.answer(
        "GET",
        OPS,
        {"json": page("ab", "b")},
        {"json": page("cd", "d")},
        {"json": page("e", None)},
    )
    operations = site.client.operations.list(page_size=2)
    assert site.asked == []
    assert next(operations).id == "a"
    assert len(site.asked) == 1
    assert [item.id for item in operations] == ["b", "c", "d", "e"]
    assert site.asked == [
        f"GET {OPS}?limit=2",
        f"GET {OPS}?limit=2&marker=b",
        f"GET {OPS}?limit=2&marker=d",
    ]


def test_a_limit_stops_early(site: Site) -> None:
    site.answer(
        "GET", OPS, {"json": page("ab", "b")}, {"json": page("cd", "d")}
    )
    found = site.client.operations.list(limit=3, page_size=2)
    assert [item.id for item in found] == ["a", "b", "c"]
    assert site.asked == [f"GET {OPS}?limit=2", f"GET {OPS}?limit=1&marker=b"]
    assert list(site.client.operations.list(limit=0)) == []
    assert len(site.asked) == 2


def test_a_service_that_ignores_the_limit(site: Site) -> None:
    site.answer("GET", OPS, json=page("abcd", "d"))
    found = site.client.operations.list(limit=3)
    assert [item.id for item in found] == ["a", "b", "c"]


def test_a_link_to_the_same_page_does_not_go_round(site: Site) -> None:
    site.answer("GET", OPS, json=page("ab", "b"))
    assert ids(site) == ["a", "b"]
    assert len(site.asked) == 2


def linked(*pages: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"json": page(*one)} for one in pages]


def test_links_in_a_circle_are_followed_once(site: Site) -> None:
    """a to b, b to a, and so on."""
    site.answer(
        "GET", OPS, *linked(("ab", "b"), ("cd", "d"), ("ab", "b"), ("cd", "d"))
    )
    assert ids(site) == ["a", "b", "c", "d"]
    assert len(site.asked) == 3


def test_a_circle_that_names_its_pages_anew(site: Site) -> None:
    site.answer(
        "GET", OPS, *linked(("ab", "1"), ("cd", "2"), ("dc", "3"), ("e", "4"))
    )
    assert ids(site) == ["a", "b", "c", "d"]
    assert len(site.asked) == 3


def test_nothing_is_told_twice(site: Site) -> None:
    site.answer("GET", OPS, *linked(("aba", "x"), ("bbc", "y"), ("d", "")))
    assert ids(site) == ["a", "b", "c", "d"]


def test_a_page_that_comes_twice_is_no_second_group(site: Site) -> None:
    body = {
        "protection_groups": [{"id": "pg-1", "name": "web"}] * 2,
        "links": [{"rel": "next", "href": "?marker=pg-0"}],
    }
    site.answer("GET", f"{T}/protection-groups", json=body)
    assert site.client.protection_groups.find("web").id == "pg-1"


def test_a_list_without_end_is_given_up(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_manager, "_MOST_PAGES", 20)
    pages = [
        {
            "operations": [{"id": f"op-{n}"}],
            "links": [{"rel": "next", "href": f"?marker=op-{n}"}],
        }
        for n in range(30)
    ]
    site.answer("GET", OPS, *[{"json": one} for one in pages])
    with pytest.raises(exceptions.UnreadableAnswer, match="did not end"):
        ids(site)
    assert len(site.asked) == 20


@pytest.mark.parametrize(
    ("links", "number"),
    [
        ({"rel": "next", "href": "http://x/?marker=b"}, 2),
        ({"next": "http://x/?marker=b"}, 2),
        ([{"rel": "next"}], 2),
        ([{"rel": "next", "href": "http://[/"}], 2),
        ([{"rel": "next", "href": None}], 2),
        ({"next": 5}, 1),
        ("http://x/?marker=b", 1),
        (["next"], 1),
        ([None], 1),
        (7, 1),
        (None, 1),
    ],
)
def test_links_in_other_forms(site: Site, links: object, number: int) -> None:
    first = {"operations": [{"id": "a"}, {"id": "b"}], "links": links}
    site.answer("GET", OPS, {"json": first}, {"json": page("c", None)})
    assert ids(site) == ["a", "b", "c"][: 2 if number == 1 else 3]
    assert len(site.asked) == number
    # whatever the link says, the token goes to the site alone
    hosts = {request.hostname for request in site.mock.request_history}
    assert hosts == {"protector.a", "keystone.a"}


def test_items_without_ids(site: Site) -> None:
    body = {"health": [{}, {}], "links": [{"rel": "next", "href": "?"}]}
    site.answer("GET", "/v1/health", json=body)
    assert len(list(site.client.health.list())) == 2


@pytest.mark.parametrize(
    "body", [{"operations": {}}, {"operations": None}, {"operations": [5]}]
)
def test_a_list_that_is_none(site: Site, body: dict[str, Any]) -> None:
    site.answer("GET", OPS, json=body)
    with pytest.raises(exceptions.UnreadableAnswer):
        list(site.client.operations.list())


# Finding

UUID = "0d8a4c0e-7a3c-4f9d-9f0a-000000000001"
GROUPS = f"{T}/protection-groups"


def groups(*found: tuple[str, str]) -> dict[str, Any]:
    return {"protection_groups": [{"id": i, "name": n} for i, n in found]}


@pytest.mark.parametrize(
    "name", ["web", "a b", "pg-x?foo=1", "a/b", "a#b", "ä%2F", "..", "."]
)
def test_find_by_exact_name(site: Site, name: str) -> None:
    site.answer("GET", GROUPS, json=groups(("pg-1", name), ("pg-2", "web2")))
    assert site.client.protection_groups.find(name).id == "pg-1"
    (request,) = [r for r in site.mock.request_history if r.path == GROUPS]
    assert request.qs == {"name": [name.lower()]}


def test_find_asks_for_a_uuid_as_an_id_first(site: Site) -> None:
    site.answer("GET", f"{GROUPS}/{UUID}", json=noun("protection_group"))
    assert site.client.protection_groups.find(UUID).id == "x-1"
    assert site.asked == [f"GET {GROUPS}/{UUID}"]


def test_a_uuid_may_be_a_name(site: Site) -> None:
    site.answer("GET", f"{GROUPS}/{UUID}", status_code=404, json={})
    site.answer("GET", GROUPS, json=groups(("pg-1", UUID)))
    assert site.client.protection_groups.find(UUID).id == "pg-1"


def test_an_id_that_is_no_uuid(site: Site) -> None:
    site.answer("GET", GROUPS, json=groups())
    site.answer("GET", PG, json=noun("protection_group"))
    assert site.client.protection_groups.find("pg-1").id == "x-1"


def test_a_name_that_is_only_similar_is_not_found(site: Site) -> None:
    site.answer("GET", GROUPS, json=groups(("pg-1", "WEB"), ("pg-2", "web ")))
    site.answer("GET", f"{GROUPS}/web", status_code=404, json={})
    with pytest.raises(exceptions.NotFound, match="'web'"):
        site.client.protection_groups.find("web")


def test_an_ambiguous_name_says_the_ids(site: Site) -> None:
    site.answer("GET", GROUPS, json=groups(("pg-1", "web"), ("pg-2", "web")))
    with pytest.raises(exceptions.NotUnique, match="pg-1, pg-2") as caught:
        site.client.protection_groups.find("web")
    assert caught.value.ids == ("pg-1", "pg-2")


def test_find_tells_silence_from_absence(site: Site) -> None:
    site.answer("GET", GROUPS, status_code=503)
    with pytest.raises(exceptions.ServiceUnavailable):
        site.client.protection_groups.find("web")


@pytest.mark.parametrize("wanted", ["m-1", "i-1", "web-1"])
def test_find_a_member(site: Site, wanted: str) -> None:
    site.answer(
        "GET",
        f"{PG}/members",
        json={
            "members": [
                {"id": "m-1", "instance_id": "i-1", "instance_name": "web-1"},
                {"id": "m-2", "instance_id": "i-2", "instance_name": "web-2"},
            ]
        },
    )
    assert site.client.members.find("pg-1", wanted).id == "m-1"


def test_ids_that_are_none_send_nothing(site: Site) -> None:
    for identity in ("a/../b", "x?y", "", ".."):
        with pytest.raises(exceptions.NotFound):
            site.client.protection_groups.get(identity)
        with pytest.raises(exceptions.NotFound):
            site.client.operations.get(identity)
        with pytest.raises(exceptions.NotFound):
            site.client.protection_groups.delete(identity)
    assert site.asked == []


# What is said of them


def documented() -> dict[str, Callable[..., Any]]:
    """Every public method of the client, its managers and the pair."""
    client = Client(session.Session())
    managers = [
        type(getattr(client, name))
        for name, part in vars(Client).items()
        if isinstance(part, functools.cached_property) and name[0] != "_"
    ]
    assert managers
    return {
        f"{owner.__name__}.{name}": method
        for owner in (SitePair, Client, *managers)
        for name, method in inspect.getmembers(owner, inspect.isroutine)
        if not name.startswith("_")
        and not isinstance(method, functools.cached_property)
    }


@pytest.mark.parametrize("name", documented())
def test_its_docstring_says_all(name: str) -> None:
    """Parameters, what comes back, what is raised; and of a manager's
    method the request and the version that it needs."""
    method = documented()[name]
    text = inspect.getdoc(method) or ""
    signature = inspect.signature(method)
    for parameter in signature.parameters:
        if parameter not in ("self", "cls"):
            assert f":param {parameter}:" in text
    if signature.return_annotation != "None":
        assert ":returns:" in text
    if name != "SitePair.remember":  # it asks nothing
        assert ":raises " in text
    if not name.startswith("SitePair."):
        assert re.search(r"``(GET|POST|PUT|PATCH|DELETE) \S+``", text)
        assert re.search(r"\*1\.[012]\*", text)


@pytest.mark.parametrize("wanted", [None, 7, object()])
def test_what_is_no_id_is_not_sent(site: Site, wanted: Any) -> None:
    """Least of all as the list that is at the address without an id."""
    client = site.client
    for ask in (
        client.sites.get,
        client.sites.find,
        client.sites.delete,
        client.tenant_mappings.get,
        client.protection_groups.get,
        client.protection_groups.find,
        client.operations.get,
        client.policies.get,
        client.consistency_groups.get,
        client.metadata.get,
        lambda it: client.members.get("pg-1", it),
        lambda it: client.members.get(it, "m-1"),
        lambda it: client.protection_groups.failover(it),
    ):
        with pytest.raises(ValueError, match="is no record, and no id"):
            ask(wanted)
    assert site.asked == []
