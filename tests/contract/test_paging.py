"""Pages: nothing twice, nothing left out, whatever happens beside."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from fakeserver.base.ids import stable_id
from fakeserver.local.pair import LocalPair
from fakeserver.store import groups
from fakeserver.store.groups import Group

MANY = 10_000


class Lists:
    """The lists of site-a, read as the admin of the tenant."""

    def __init__(self, pair: LocalPair) -> None:
        self.pair = pair
        self.url = pair.site("a").url
        self._http = pair.http()
        session = pair.session("site-a-admin")
        self.project = str(session.get_project_id())
        self._headers = {
            "X-Auth-Token": str(session.get_token()),
            "OpenStack-API-Version": "protector latest",
        }

    def get(self, address: str) -> requests.Response:
        if not address.startswith("http"):
            address = self.url + address.replace("T/", f"/v1/{self.project}/")
        return self._http.get(address, headers=self._headers)

    def post(self, path: str, body: Any) -> Any:
        address = self.url + path.replace("T/", f"/v1/{self.project}/")
        answer = self._http.post(address, json=body, headers=self._headers)
        assert answer.ok, answer.text
        return next(iter(answer.json().values()))

    def pages(self, path: str) -> Iterator[list[Any]]:
        """Page after page, as the links lead."""
        address: str | None = path
        while address is not None:
            body = self.get(address).json()
            links = body.pop("links", [])
            [items] = body.values()
            yield items
            address = links[0]["href"] if links else None
            assert [link["rel"] for link in links] in ([], ["next"])


@pytest.fixture
def lists() -> Iterator[Lists]:
    with LocalPair() as pair:
        yield Lists(pair)


def key(item: dict[str, Any]) -> str:
    """What a marker names: a report on a group has the group's id."""
    return str(item.get("id") or item["protection_group_id"])


def some_operations(lists: Lists) -> None:
    [group] = lists.get("T/protection-groups?name=prod-db").json()[
        "protection_groups"
    ]
    path = f"T/protection-groups/{group['id']}/action"
    for _ in range(4):
        lists.post(path, {"sync_volumes": {}})
        lists.pair.drain()


def some_mappings(lists: Lists) -> None:
    sites = [
        site["id"] for site in lists.get("/v1/admin/sites").json()["sites"]
    ]
    for name in ("z", "a", "m"):
        projects = dict.fromkeys(sites, f"project-{name}")
        body = {"tenant_mapping": {"name": name, "projects": projects}}
        lists.post("/v1/admin/tenant-mappings", body)


def no_more(lists: Lists) -> None:
    """The seeded world is enough."""


def members(lists: Lists) -> str:
    [found] = lists.get("T/protection-groups?name=prod-web-app").json()[
        "protection_groups"
    ]
    return f"T/protection-groups/{found['id']}/members"


LISTS: dict[str, tuple[Callable[[Lists], None], str, int]] = {
    "sites": (no_more, "/v1/admin/sites", 2),
    "tenant mappings": (some_mappings, "/v1/admin/tenant-mappings", 5),
    "groups": (no_more, "T/protection-groups", 3),
    "members": (no_more, "", 3),
    "operations": (some_operations, "T/operations", 4),
    "health": (no_more, "/v1/health", 3),
    "sync statuses": (no_more, "T/sync-status", 3),
}


@pytest.mark.parametrize("name", LISTS)
def test_every_list_has_pages(name: str, lists: Lists) -> None:
    prepare, path, number = LISTS[name]
    prepare(lists)
    path = path or members(lists)
    [whole] = lists.pages(path)
    assert len(whole) == number
    ids = [key(item) for item in whole]
    for limit in range(1, number + 2):
        pages = list(lists.pages(f"{path}?limit={limit}"))
        assert [key(item) for page in pages for item in page] == ids
        assert {len(page) for page in pages[:-1]} <= {limit}
        # a last page that is full does not promise another
        assert pages[-1]
    rest = lists.get(f"{path}?marker={ids[0]}").json()
    assert [key(item) for items in rest.values() for item in items] == ids[1:]
    last = lists.get(f"{path}?marker={ids[-1]}").json()
    assert list(last.values()) == [[]]


@pytest.mark.parametrize("name", LISTS)
def test_every_list_wants_a_marker_that_is_there(
    name: str, lists: Lists
) -> None:
    _, path, _ = LISTS[name]
    path = path or members(lists)
    for marker in (stable_id(1, "nobody"), "x", "%00", "%27--"):
        answer = lists.get(f"{path}?marker={marker}")
        error = answer.json()["error"]
        assert (answer.status_code, error["reason"]) == (
            400,
            "protector.bad-request",
        )
        assert error["details"]["field"] == "marker"


def test_a_marker_of_another_project(lists: Lists) -> None:
    """It is not there, for whoever asks from here."""
    rival = lists.pair.session("site-a-rival")
    site = lists.pair.site("a")
    [group] = lists.get("T/protection-groups?limit=1").json()[
        "protection_groups"
    ]
    answer = rival.get(
        f"{site.url}/v1/{rival.get_project_id()}/protection-groups"
        f"?marker={group['id']}",
        raise_exc=False,
    )
    assert answer.status_code == 400


# -- many


def many(lists: Lists) -> list[Group]:
    """Ten thousand groups, written straight into the store."""
    site = lists.pair.site("a").parts
    pattern = groups.named(site.db, lists.project, "bare")
    assert pattern is not None
    made = [like(pattern, f"g{number:05}") for number in range(MANY)]
    with site.db.transaction() as tx:
        groups.remove(tx, pattern)
        for group in made:
            groups.save(tx, group)
    return made


def like(pattern: Group, name: str) -> Group:
    doc = pattern.doc | {"id": stable_id(1, name), "name": name, "members": []}
    return Group(doc["id"], pattern.project_id, doc, pattern.local)


@pytest.mark.thorough
@pytest.mark.parametrize("limit", [1000, 97])
def test_ten_thousand_groups_while_some_come_and_go(
    limit: int, lists: Lists
) -> None:
    """What is there from the beginning to the end is seen once."""
    dice = random.Random(limit)
    site = lists.pair.site("a").parts
    made = many(lists)
    order = [group.name for group in made]
    staying = set(dice.sample(order, MANY // 2))
    leaving = [group for group in made if group.name not in staying]
    dice.shuffle(leaving)
    newcomers = (like(made[0], f"g{n:05}x") for n in range(MANY))
    seen: list[str] = []
    path = f"T/protection-groups?limit={limit}"
    for page in lists.pages(path):
        seen += [group["name"] for group in page]
        with site.db.transaction() as tx:
            for _ in range(limit // 3):
                # not the one that the next page is asked from
                if leaving and leaving[-1].id != page[-1]["id"]:
                    groups.discard(tx, leaving.pop().id)
                groups.save(tx, next(newcomers))
    assert seen == sorted(seen)
    assert len(seen) == len(set(seen))
    assert staying <= set(seen)
    assert len(leaving) < MANY // 2


def test_a_page_far_down_is_as_quick_as_the_first(lists: Lists) -> None:
    """Of one size, it reads as much of the store: by an index, not by
    counting from the beginning."""
    made = many(lists)
    site = lists.pair.site("a").parts
    steps: list[int] = []
    connection = site.db.connection()

    def read(marker: str | None) -> int:
        steps.clear()
        connection.set_progress_handler(lambda: steps.append(1) or 0, 10)
        try:
            groups.written_page(site.db, "doc", lists.project, 100, marker)
        finally:
            connection.set_progress_handler(None, 0)
        return len(steps)

    first, far = read(None), read(made[9_000].id)
    assert far < 1.5 * first
