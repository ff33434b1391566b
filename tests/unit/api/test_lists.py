"""Pages and filters, and what the versions show of a record."""

import random
from typing import Any

import pytest

from fakeserver.base.ids import stable_id
from fakeserver.site import Site
from fakeserver.store import groups, operations
from tests.helpers.api_parts import (
    OTHER,
    PROJECT,
    Api,
    add_group,
    add_operation,
    add_site,
    error_of,
    operation,
)

GROUPS = f"/v1/{PROJECT}/protection-groups"
OPERATIONS = f"/v1/{PROJECT}/operations"


def pages(call: Api, path: str, plural: str) -> list[list[dict[str, Any]]]:
    """Follow the links to the end."""
    found = []
    while True:
        body = call("GET", path).get_json()
        found.append(body[plural])
        if "links" not in body:
            return found
        [link] = body["links"]
        assert link["rel"] == "next"
        assert link["href"].startswith("http://127.0.0.1:8788/v1/")
        path = link["href"].removeprefix("http://127.0.0.1:8788")


@pytest.mark.parametrize(
    ("limit", "sizes"), [(1, [1] * 5), (2, [2, 2, 1]), (5, [5]), (6, [5])]
)
def test_groups_by_name(
    site: Site, call: Api, limit: int, sizes: list[int]
) -> None:
    for name in "dbaec":
        add_group(site, name)
    add_group(site, "f", OTHER)
    found = pages(call, f"{GROUPS}?limit={limit}", "protection_groups")
    assert [len(page) for page in found] == sizes
    assert "".join(one["name"] for page in found for one in page) == "abcde"


def test_default_limit_is_100(site: Site, call: Api) -> None:
    for n in range(101):
        add_group(site, f"g{n:03}")
    found = pages(call, GROUPS, "protection_groups")
    assert [len(page) for page in found] == [100, 1]


def test_links_keep_the_filters(site: Site, call: Api) -> None:
    for n in range(3):
        add_operation(site, operation(n))
    body = call("GET", f"{OPERATIONS}?limit=1&status=running").get_json()
    href = body["links"][0]["href"]
    assert "limit=1" in href and "status=running" in href
    for name in ("one", "two"):
        add_group(site, name)
    body = call("GET", f"{GROUPS}?limit=1&metadata=TRUE").get_json()
    assert "metadata=true&" in body["links"][0]["href"]


def test_operations_newest_first(site: Site, call: Api) -> None:
    for n in range(5):
        add_operation(site, operation(n))
    found = pages(call, f"{OPERATIONS}?limit=2", "operations")
    ids = [one["id"] for page in found for one in page]
    assert ids == [operation(n)["id"] for n in (4, 3, 2, 1, 0)]


def test_a_page_is_read_in_few_rows(site: Site, call: Api) -> None:
    """A row of a question is where threads take turns: not one a record."""
    together = operations.RECORDS_TOGETHER
    count = 2 * together + 1
    with site.db.transaction():
        for n in range(count):
            add_operation(site, operation(n))
    newest_first = [operation(n)["id"] for n in reversed(range(count))]
    for limit in (1, together - 1, together, together + 1, count - 1, count):
        asked: list[str] = []
        site.db.connection().set_trace_callback(asked.append)
        body = call("GET", f"{OPERATIONS}?limit={limit}").get_json()
        site.db.connection().set_trace_callback(None)
        found = [one["id"] for one in body["operations"]]
        assert found == newest_first[:limit]
        assert ("links" in body) == (limit < count)
        # a question for each that stand together, of one moment; the last one
        # says whether there are more
        pieces = -(-limit // together)
        assert len([one for one in asked if "SELECT" in one]) == pieces
        around = ["BEGIN", "COMMIT"] if pieces > 1 else []
        assert [one for one in asked if "SELECT" not in one] == around
        next_page = f"{OPERATIONS}?limit={together}&marker={found[-1]}"
        asked.clear()
        site.db.connection().set_trace_callback(asked.append)
        rest = call("GET", next_page).get_json()["operations"]
        site.db.connection().set_trace_callback(None)
        assert [one["id"] for one in rest] == newest_first[limit:][:together]
        # a marker is no question of its own, until nothing is beyond it
        assert len([one for one in asked if "SELECT" in one]) <= 2


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {0, 1, 2, 3}),
        ("operation_type=failback", {1}),
        ("status=completed", {2}),
        (f"protection_group_id={stable_id(1, 'other')}", {3}),
        (f"protection_group_id={stable_id(1, 'g')}&status=running", {0, 1}),
        ("protection_group_id=none", set()),
    ],
)
def test_operation_filters(
    site: Site, call: Api, query: str, expected: set[int]
) -> None:
    add_operation(site, operation(0))
    add_operation(site, operation(1, "failback"))
    add_operation(site, operation(2, status="completed"))
    add_operation(site, operation(3, group=stable_id(1, "other")))
    found = call("GET", f"{OPERATIONS}?{query}").get_json()["operations"]
    assert {one["id"] for one in found} == {
        operation(n)["id"] for n in expected
    }


def test_group_filters(site: Site, call: Api) -> None:
    add_group(site, "a")
    add_group(site, "b")
    for query, names in (
        ("name=a", ["a"]),
        ("name=A", []),
        ("status=active", ["a", "b"]),
        ("status=error", []),
        ("name=b&status=active", ["b"]),
    ):
        body = call("GET", f"{GROUPS}?{query}").get_json()
        assert [one["name"] for one in body["protection_groups"]] == names


def test_operations_by_id(site: Site, call: Api) -> None:
    """Those that exist, newest first, whatever the order of the question."""
    for n in range(4):
        add_operation(site, operation(n))
    ids = [operation(n)["id"] for n in range(4)]
    asked = f"id={ids[1]}&id=op-none&id={ids[3]}&id={ids[1]}"
    found = call("GET", f"{OPERATIONS}?{asked}").get_json()
    assert [one["id"] for one in found["operations"]] == [ids[3], ids[1]]
    others = f"/v1/{OTHER}/operations"
    found = call("GET", f"{others}?{asked}").get_json()
    assert found == {"operations": []}
    read = pages(call, f"{OPERATIONS}?limit=1&{asked}", "operations")
    assert [one["id"] for [one] in read] == [ids[3], ids[1]]
    none = call("GET", f"{OPERATIONS}?status=failed&{asked}").get_json()
    assert none == {"operations": []}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (OPERATIONS, "id"),
        ("/v1/health", "protection_group_id"),
        (f"/v1/{PROJECT}/sync-status", "protection_group_id"),
    ],
)
def test_a_hundred_may_be_named(call: Api, path: str, name: str) -> None:
    named = [f"{name}={stable_id(1, str(n))}" for n in range(101)]
    assert call("GET", f"{path}?{'&'.join(named[:100])}").status_code == 200
    # one that is named again is the same question
    again = "&".join([*named[:100], named[0]])
    assert call("GET", f"{path}?{again}").status_code == 200
    found = error_of(call("GET", f"{path}?{'&'.join(named)}"))
    assert (found.status, found.details["field"]) == (400, name)
    assert "at most 100 items" in found.message


def test_health_of_some_groups(site: Site, call: Api) -> None:
    add_site(site, "site-a", True, 8788)
    add_site(site, "site-b", False, 8789)
    made = {name: add_group(site, name).id for name in "dbac"}
    add_group(site, "rival", OTHER)
    asked = "&".join(
        f"protection_group_id={id_}"
        for id_ in (made["d"], made["a"], stable_id(1, "rival"), "none")
    )
    found = call("GET", f"/v1/health?{asked}").get_json()["health"]
    assert [one["protection_group_name"] for one in found] == ["a", "d"]
    assert [one["rpo_minutes"] for one in found] == [None, None]
    read = pages(call, f"/v1/health?limit=1&{asked}", "health")
    assert [one["protection_group_name"] for [one] in read] == ["a", "d"]


def test_marker_that_is_gone(site: Site, call: Api) -> None:
    group = add_group(site, "a")
    with site.db.transaction() as tx:
        groups.remove(tx, group)
    found = error_of(call("GET", f"{GROUPS}?marker={group.id}"))
    assert (found.status, found.details["field"]) == (400, "marker")


def test_paging_while_groups_come_and_go(site: Site, call: Api) -> None:
    """What is there all the time is seen once, whatever happens beside."""
    dice = random.Random(7)
    fixed = {f"g{n:04}" for n in range(0, 600, 2)}
    for name in fixed:
        add_group(site, name)
    seen: list[str] = []
    path: str | None = f"{GROUPS}?limit=37"
    passing: list[Any] = []
    while path is not None:
        body = call("GET", path).get_json()
        seen += [one["name"] for one in body["protection_groups"]]
        links = body.get("links", [])
        path = links[0]["href"].partition(":8788")[2] if links else None
        for _ in range(5):
            name = f"g{dice.randrange(1, 600, 2):04}"
            if name not in {group.name for group in passing}:
                passing.append(add_group(site, name))
        marker = body["protection_groups"][-1]["id"]
        for group in dice.sample(passing, len(passing) // 2):
            if group.id != marker:
                passing.remove(group)
                with site.db.transaction() as tx:
                    groups.remove(tx, group)
    assert len(seen) == len(set(seen))
    assert fixed <= set(seen)


# -- records at each version


def test_group_record(site: Site, call: Api) -> None:
    group = add_group(site, "a")
    for version, known in (("1.0", False), ("1.1", False), ("1.2", True)):
        one = call("GET", f"{GROUPS}/{group.id}", version=version)
        many = call("GET", GROUPS, version=version)
        record = one.get_json()["protection_group"]
        assert many.get_json()["protection_groups"] == [record]
        for field in ("network_mapping", "flavor_mapping"):
            assert (field in record) == known
    assert record["metadata_version"] == 1
    assert record["member_count"] == 0
    assert record["last_replication_at"] is None


def test_operation_record(site: Site, call: Api) -> None:
    stored = operation(1) | {
        "result_data": {"instances_created": 3, "leftovers": []}
    }
    add_operation(site, stored)
    path = f"{OPERATIONS}/{stored['id']}"
    for version in ("1.1", "1.2"):
        found = call("GET", path, version=version).get_json()["operation"]
        assert found == stored
    found = call("GET", path, version="1.0").get_json()["operation"]
    assert found == {k: v for k, v in stored.items() if k != "result_data"}


def test_another_projects_operation(site: Site, call: Api) -> None:
    stored = operation(1)
    add_operation(site, stored)
    path = f"/v1/{OTHER}/operations/{stored['id']}"
    response = call("GET", path, role=f"reader:{OTHER}")
    assert error_of(response).reason == "not-found"


def test_sites_list(site: Site, call: Api) -> None:
    add_site(site, "site-b", False, 8789)
    add_site(site, "site-a", True, 8788)
    found = pages(call, "/v1/admin/sites?limit=1", "sites")
    records = [one for page in found for one in page]
    assert [one["name"] for one in records] == ["site-a", "site-b"]
    assert [one["local"] for one in records] == [True, False]
    for secret in ("password", "username", "project_name"):
        assert not any(secret in one for one in records)
    body = call("GET", "/v1/admin/sites?name=site-b").get_json()
    assert [one["name"] for one in body["sites"]] == ["site-b"]


def test_health_comes_with_1_2(call: Api) -> None:
    for version in ("1.0", "1.1"):
        found = error_of(call("GET", "/v1/health", version=version))
        assert (found.status, found.reason) == (404, "not-found")
    assert call("GET", "/v1/health").get_json() == {"health": []}
