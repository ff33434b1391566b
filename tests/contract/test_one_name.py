"""One name that both sites give to a new group at the same moment."""

import concurrent.futures
import threading

import pytest

from fakeserver.engine.peer.replicate import Metadata
from fakeserver.store import groups, tombstones
from tests.helpers.engine_parts import A, B, Two

NAME = "shop"


def body(two: Two, primary: str) -> dict:
    world, other = two.world, B if primary == A else A
    return {
        "protection_group": {
            "name": NAME,
            "volume_type_id": world.volume_type_id(primary, "flash-async"),
            "primary_site_id": world.site_id(primary),
            "secondary_site_id": world.site_id(other),
        }
    }


def create(two: Two, site: str):
    return two.ask(site, "POST", "protection-groups", body(two, site))


def named(two: Two, site: str) -> list[str]:
    """Ids of the groups of the name at a site, and of what Cinder has."""
    found = two.ask(site, "GET", f"protection-groups?name={NAME}")
    ids = [one["id"] for one in found.body["protection_groups"]]
    url = two.pair.site(site).url
    project = two.world.project_id(site, "demo")
    cinder = two.pair.session(f"{site}-admin").get(
        f"{url}/volume/v3/{project}/groups/detail",
        headers={"OpenStack-API-Version": "volume 3.13"},
    )
    known = {f"cg-{group.id[:8]}" for group in two.world.groups}
    made = {one["name"] for one in cinder.json()["groups"]} - known
    assert made == {f"cg-{one[:8]}" for one in ids}
    return ids


def one_wins(two: Two, answers: list) -> str:
    assert sorted(one.status for one in answers) == [201, 409]
    won, lost = sorted(answers, key=lambda one: one.status)
    assert lost.reason == "name-conflict"
    made = won.told("protection_group")["id"]
    two.pair.drain()
    assert named(two, A) == named(two, B) == [made]
    for site in (A, B):
        opened = two.pair.site(site).opened
        found = groups.find(opened.ground.db, made)
        assert (
            opened.service.sync_status(found.project_id, made)["status"]
            == "IN_SYNC"
        )
        assert tombstones.due(opened.ground.db) == []
    return made


@pytest.fixture
def both_made(two, monkeypatch):
    """Neither site pushes before the other has its group on disk."""
    met = threading.Barrier(2)
    deliver, waited = Metadata.deliver, threading.local()

    def slowly(self, group, force=False, since=None):
        if group.name == NAME and not hasattr(waited, "once"):
            waited.once = True
            met.wait(60)
        return deliver(self, group, force, since)

    monkeypatch.setattr(Metadata, "deliver", slowly)
    return two


def test_both_have_it_on_disk_before_they_push(both_made):
    two = both_made
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda site: create(two, site), (A, B)))
    one_wins(two, answers)


def test_at_the_same_instant(two):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda site: create(two, site), (A, B)))
    made = one_wins(two, answers)
    assert two.ask(A, "GET", f"protection-groups/{made}").status == 200


def test_twice_at_one_site(two):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: create(two, A), range(4)))
    assert sorted(one.status for one in answers) == [201, 409, 409, 409]
    assert {one.reason for one in answers if one.status == 409} == {
        "name-conflict"
    }
    assert len(named(two, A)) == 1 == len(named(two, B))


@pytest.mark.parametrize("path", ["sites", "tenant-mappings"])
def test_sites_and_tenants_at_one_service(two, path):
    """Each service keeps its own records of them: one name, one record."""
    world = two.world
    if path == "sites":
        made = {
            "site": {
                "name": "site-c",
                "auth_url": "http://127.0.0.1:9/v3",
                "protector_url": "http://127.0.0.1:9",
                "array_name": "flasharray-c",
                "volume_backend_host": "c@flasharray-c#pool",
                "username": "protector",
                "password": "secret",
                "project_name": "service",
            }
        }
    else:
        projects = {world.site_id(A): "new-a", world.site_id(B): "new-b"}
        made = {"tenant_mapping": {"name": "new", "projects": projects}}
    url = f"{two.pair.site(A).url}/v1/admin/{path}"
    session = two.pair.session("site-a-admin")

    def post(_):
        return session.post(url, json=made, raise_exc=False).status_code

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        statuses = sorted(pool.map(post, range(4)))
    assert statuses == [201, 409, 409, 409]
