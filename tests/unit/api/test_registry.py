"""Sites, tenant mappings and policies, without a cloud behind them."""

from typing import Any

import pytest

from fakeserver.base.ids import stable_id
from fakeserver.base.seed_world import ARRAY_TOKENS
from fakeserver.site import Site
from fakeserver.store import groups
from fakeserver.store.sites import SITES
from tests.helpers.api_parts import (
    OTHER,
    PROJECT,
    Api,
    add_group,
    add_site,
    error_of,
)

PATH = "/v1/admin/sites"
MAPPINGS = "/v1/admin/tenant-mappings"
SITE_A, SITE_B = stable_id(1, "site-a"), stable_id(1, "site-b")


def new_site(**more: Any) -> dict[str, Any]:
    return {
        "site": {
            "name": "north",
            "auth_url": "http://127.0.0.1:8788/identity/v3",
            "protector_url": "http://127.0.0.1:8788",
            "array_name": "flasharray-a",
            "volume_backend_host": "site-a@flasharray-a#pool",
            "username": "protector",
            "password": "geheim",
            "project_name": "service",
            **more,
        }
    }


def test_created(site: Site, call: Api) -> None:
    response = call("POST", PATH, new_site())
    assert response.status_code == 201
    record = response.get_json()["site"]
    assert record["status"] == "unreachable"
    assert record["local"] is True
    assert record["region_name"] == "RegionOne"
    assert call("GET", f"{PATH}/{record['id']}").get_json()["site"] == record
    stored = SITES.get(site.db, record["id"])
    assert site.vault.decrypt(stored["password"], record["id"]) == "geheim"
    assert b"geheim" not in site.config.database.read_bytes()
    assert "geheim" not in response.get_data(as_text=True)


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:8788/", True),
        ("http://localhost:8788/v1/", True),
        ("http://[::1]:8788/v1", True),
        ("http://127.0.0.1:8789", False),
        ("https://127.0.0.1:8788", False),
        ("http://site-b-controller:8788", False),
    ],
)
def test_local(call: Api, url: str, local: bool) -> None:
    body = new_site(protector_url=url)
    record = call("POST", PATH, body).get_json()["site"]
    assert record["local"] is local
    assert record["protector_url"] == url.rstrip("/").removesuffix("/v1")


def test_created_under_the_id_it_has_elsewhere(call: Api) -> None:
    body = new_site(id=SITE_A)
    assert call("POST", PATH, body).get_json()["site"]["id"] == SITE_A
    found = error_of(call("POST", PATH, new_site(id=SITE_A, name="other")))
    assert (found.status, found.reason) == (409, "name-conflict")


def test_taken(call: Api) -> None:
    call("POST", PATH, new_site())
    elsewhere = "http://127.0.0.1:9"
    for body in (
        new_site(protector_url=elsewhere),
        new_site(name="other"),
        new_site(name="other", protector_url="http://localhost:8788/v1"),
    ):
        found = error_of(call("POST", PATH, body))
        assert (found.status, found.reason) == (409, "name-conflict")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "site.name"),
        ({"name": "a\nb"}, "site.name"),
        ({"name": "a\n"}, "site.name"),
        ({"name": "  "}, "site.name"),
        ({"name": "\u2003\u00a0"}, "site.name"),
        ({"name": 1}, "site.name"),
        ({"name": "x" * 256}, "site.name"),
        ({"auth_url": "ftp://x"}, "site.auth_url"),
        ({"auth_url": "http://user:pw@host"}, "site.auth_url"),
        ({"auth_url": "http://host:99999"}, "site.auth_url"),
        ({"auth_url": "http://host:65536"}, "site.auth_url"),
        ({"auth_url": "http://host:0"}, "site.auth_url"),
        ({"auth_url": "http://a..b"}, "site.auth_url"),
        ({"auth_url": f"http://{'a' * 64}.com"}, "site.auth_url"),
        ({"auth_url": "http://[::1"}, "site.auth_url"),
        ({"protector_url": "http://:8788"}, "site.protector_url"),
        ({"protector_url": "http://host/?x"}, "site.protector_url"),
        ({"id": "me"}, "site.id"),
        ({"password": ""}, "site.password"),
        ({"status": "active"}, "site.status"),
        ({"local": True}, "site.local"),
    ],
)
def test_bad_site(
    site: Site, call: Api, change: dict[str, Any], field: str
) -> None:
    found = error_of(call("POST", PATH, new_site(**change)))
    assert (found.status, found.details["field"]) == (400, field)
    assert SITES.all(site.db) == []


def test_set_changes_what_is_given(site: Site, call: Api) -> None:
    before = call("POST", PATH, new_site()).get_json()["site"]
    path = f"{PATH}/{before['id']}"
    site.clock.sleep(5)
    changed = {"description": "at the river", "password": "neu"}
    after = call("PATCH", path, {"site": changed}).get_json()["site"]
    assert after["updated_at"] > before["updated_at"]
    assert after == before | {
        "description": "at the river",
        "updated_at": after["updated_at"],
    }
    stored = SITES.get(site.db, before["id"])
    assert site.vault.decrypt(stored["password"], before["id"]) == "neu"
    found = error_of(call("PATCH", path, {"site": {}}))
    assert found.message == "site must name something to change"
    assert error_of(call("PATCH", path, {"site": {"id": SITE_A}})).status == (
        400
    )


def test_delete_of_a_site(site: Site, call: Api) -> None:
    add_site(site, "site-a", True, 8788)
    add_site(site, "site-b", False, 8789)
    group = add_group(site, "g")
    for site_id in (SITE_A, SITE_B):
        found = error_of(call("DELETE", f"{PATH}/{site_id}"))
        assert (found.status, found.reason) == (409, "in-use")
    with site.db.transaction() as tx:
        groups.remove(tx, group)
    response = call("DELETE", f"{PATH}/{SITE_B}")
    assert (response.status_code, response.get_data()) == (204, b"")
    assert error_of(call("DELETE", f"{PATH}/{SITE_B}")).status == 404


def test_site_that_is_used_stays_where_it_is(site: Site, call: Api) -> None:
    """Its record must not become that of another site."""
    add_site(site, "site-a", True, 8788)
    add_site(site, "site-b", False, 8789)
    group = add_group(site, "g")
    away = {"site": {"protector_url": "http://site-a-controller:8788"}}
    found = error_of(call("PATCH", f"{PATH}/{SITE_A}", away))
    assert found.reason == "in-use"
    other = {"site": {"protector_url": "http://site-b-controller:8788"}}
    assert call("PATCH", f"{PATH}/{SITE_B}", other).status_code == 200
    with site.db.transaction() as tx:
        groups.remove(tx, group)
    assert call("PATCH", f"{PATH}/{SITE_A}", away).status_code == 200


# -- tenant mappings


@pytest.fixture
def pair(site: Site) -> None:
    add_site(site, "site-a", True, 8788)
    add_site(site, "site-b", False, 8789)


def new_mapping(name: str, at_a: str, at_b: str) -> dict[str, Any]:
    projects = {SITE_A: at_a, SITE_B: at_b}
    return {"tenant_mapping": {"name": name, "projects": projects}}


@pytest.mark.usefixtures("pair")
def test_mapped(call: Api) -> None:
    response = call("POST", MAPPINGS, new_mapping("demo", PROJECT, OTHER))
    assert response.status_code == 201
    record = response.get_json()["tenant_mapping"]
    assert record["projects"] == {SITE_A: PROJECT, SITE_B: OTHER}
    path = f"{MAPPINGS}/{record['id']}"
    assert call("GET", path).get_json()["tenant_mapping"] == record
    body = call("GET", MAPPINGS).get_json()
    assert body == {"tenant_mappings": [record]}
    assert call("DELETE", path).status_code == 204
    assert error_of(call("GET", path)).reason == "not-found"


@pytest.mark.usefixtures("pair")
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (new_mapping("demo", "c" * 32, "d" * 32), "name-conflict"),
        (new_mapping("two", PROJECT, "d" * 32), "name-conflict"),
        (new_mapping("two", "c" * 32, OTHER), "name-conflict"),
        (new_mapping("two", "", OTHER), "bad-request"),
        (new_mapping("  ", "c" * 32, "d" * 32), "bad-request"),
        (new_mapping("two", "a b", OTHER), "bad-request"),
    ],
)
def test_not_mapped_twice(
    call: Api, body: dict[str, Any], reason: str
) -> None:
    call("POST", MAPPINGS, new_mapping("demo", PROJECT, OTHER))
    assert error_of(call("POST", MAPPINGS, body)).reason == reason


@pytest.mark.usefixtures("pair")
@pytest.mark.parametrize(
    "projects",
    [
        {},
        {SITE_A: "x"},
        {SITE_A: "x", stable_id(1, "site-c"): "y"},
        {SITE_A: "x", "site-b": "y"},
        {SITE_A: "x", SITE_B: "y", stable_id(1, "site-c"): "z"},
        {SITE_A: "x", SITE_B: None},
        [SITE_A, SITE_B],
    ],
)
def test_bad_projects(call: Api, projects: Any) -> None:
    body = {"tenant_mapping": {"name": "demo", "projects": projects}}
    found = error_of(call("POST", MAPPINGS, body))
    assert found.status == 400
    assert "tenant_mapping.projects" in found.message


@pytest.mark.usefixtures("pair")
def test_mapping_in_use(site: Site, call: Api) -> None:
    body = new_mapping("demo", PROJECT, OTHER)
    record = call("POST", MAPPINGS, body).get_json()["tenant_mapping"]
    group = add_group(site, "g")
    found = error_of(call("DELETE", f"{MAPPINGS}/{record['id']}"))
    assert found.reason == "in-use" and "group g" in found.message
    with site.db.transaction() as tx:
        groups.remove(tx, group)
    assert call("DELETE", f"{MAPPINGS}/{record['id']}").status_code == 204


# -- policies


GROUP = f"/v1/{PROJECT}/protection-groups/{stable_id(1, 'g')}"


#: the arrays take no others
TOKEN_A, TOKEN_B = ARRAY_TOKENS.values()


def new_policy(**more: Any) -> dict[str, Any]:
    return {
        "policy": {
            "primary_fa_url": "https://flasharray-a.example.com",
            "secondary_fa_url": "https://flasharray-b.example.com",
            "primary_fa_api_token": TOKEN_A,
            "secondary_fa_api_token": TOKEN_B,
            **more,
        }
    }


@pytest.fixture
def group(site: Site, pair: None) -> None:
    add_group(site, "g")


@pytest.mark.usefixtures("group")
def test_policy_made_and_replaced(site: Site, call: Api) -> None:
    assert error_of(call("GET", f"{GROUP}/policy")).reason == "not-found"
    response = call("POST", f"{GROUP}/policy", new_policy(), role="member")
    assert response.status_code == 201
    record = response.get_json()["policy"]
    assert record["replication_interval"] == 300
    assert record["credentials_set"] is True
    assert "fa-token" not in response.get_data(as_text=True)
    link = site.arrays.link(stable_id(1, "g"))
    assert link is not None and link.running and link.interval == 300
    assert (link.source, link.target) == ("flasharray-a", "flasharray-b")

    body = new_policy(replication_interval=60.0)
    for field in ("primary_fa_api_token", "secondary_fa_api_token"):
        del body["policy"][field]
    response = call("POST", f"{GROUP}/policy", body)
    assert response.status_code == 200
    interval = response.get_json()["policy"]["replication_interval"]
    assert interval == 60 and isinstance(interval, int)
    stored = groups.get(site.db, PROJECT, stable_id(1, "g")).doc["policy"]
    for field, text in (
        ("primary_fa_api_token", TOKEN_A),
        ("secondary_fa_api_token", TOKEN_B),
    ):
        sealed = stored[field]["sealed"]
        assert site.pair.decrypt(sealed, stable_id(1, "g")) == text
    link = site.arrays.link(stable_id(1, "g"))
    assert link is not None and link.interval == 60


@pytest.mark.usefixtures("group")
def test_policy_deleted(site: Site, call: Api) -> None:
    call("POST", f"{GROUP}/policy", new_policy())
    assert call("DELETE", f"{GROUP}/policy").status_code == 204
    link = site.arrays.link(stable_id(1, "g"))
    assert link is not None and not link.running
    for method in ("GET", "DELETE"):
        found = error_of(call(method, f"{GROUP}/policy"))
        assert found.reason == "not-found"


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"primary_fa_url": "flasharray-a"}, "policy.primary_fa_url"),
        ({"replication_interval": 0}, "policy.replication_interval"),
        ({"replication_interval": 300.5}, "policy.replication_interval"),
        ({"replication_interval": True}, "policy.replication_interval"),
        ({"replication_interval": 10**30}, "policy.replication_interval"),
        ({"rpo_minutes": "15"}, "policy.rpo_minutes"),
        ({"primary_fa_api_token": None}, "policy.primary_fa_api_token"),
        ({"credentials_set": True}, "policy.credentials_set"),
    ],
)
def test_bad_policy(call: Api, change: dict[str, Any], field: str) -> None:
    found = error_of(call("POST", f"{GROUP}/policy", new_policy(**change)))
    assert (found.status, found.details["field"]) == (400, field)
    assert error_of(call("GET", f"{GROUP}/policy")).status == 404


@pytest.mark.usefixtures("group")
def test_first_policy_needs_both_tokens(call: Api) -> None:
    body = new_policy()
    del body["policy"]["secondary_fa_api_token"]
    found = error_of(call("POST", f"{GROUP}/policy", body))
    assert found.message == "policy.secondary_fa_api_token is missing"
    assert found.details["field"] == "policy.secondary_fa_api_token"


# -- what is only changed here


@pytest.mark.usefixtures("group")
def test_group_changed(site: Site, call: Api) -> None:
    body = {"protection_group": {"description": "new"}}
    record = call("PATCH", GROUP, body).get_json()["protection_group"]
    assert (record["name"], record["description"]) == ("g", "new")
    assert record["metadata_version"] == 2
    body = {"protection_group": {"network_mapping": {"a": "b"}}}
    found = error_of(call("PATCH", GROUP, body, version="1.1"))
    assert found.message == (
        "protection_group.network_mapping is not known here"
    )
    record = call("PATCH", GROUP, body).get_json()["protection_group"]
    assert record["network_mapping"] == {"a": "b"}
    for bad in ({}, {"status": "active"}, {"name": None}, {"name": " "}):
        response = call("PATCH", GROUP, {"protection_group": bad})
        assert error_of(response).status == 400


@pytest.mark.usefixtures("group")
def test_forced_deletion_is_for_admins(call: Api) -> None:
    found = error_of(call("DELETE", f"{GROUP}?force=true", role="member"))
    assert (found.status, found.reason) == (403, "forbidden")
    assert call("DELETE", GROUP, role="member").status_code == 204
    assert error_of(call("GET", GROUP)).status == 404


@pytest.mark.usefixtures("group")
def test_consistency_group(site: Site, call: Api) -> None:
    group_id = stable_id(1, "g")
    site.arrays.create_volume("flasharray-a", "volume-1", 20)
    site.arrays.replicate(
        group_id, "flasharray-a", "flasharray-b", ("volume-1",), 300
    )
    site.arrays.snapshot(group_id, "one")
    site.clock.sleep(1)
    site.arrays.transfer(group_id, "one")
    site.arrays.snapshot(group_id, "two")
    found = call("GET", f"{GROUP}/consistency-group").get_json()
    record = found["consistency_group"]
    assert (record["id"], record["name"]) == ("cg", f"cg-{group_id[:8]}")
    points = record["recovery_points"]
    assert [point["complete"] for point in points] == [False, True]
    assert points[0]["size"] == 20
    assert {point["site_id"] for point in points} == {stable_id(1, "site-b")}
    assert {point["current"] for point in points} == {True}
    shown = call("GET", GROUP).get_json()["protection_group"]
    assert shown["last_replication_at"] == points[1]["created_at"]


@pytest.mark.usefixtures("group")
def test_health(site: Site, call: Api) -> None:
    group_id = stable_id(1, "g")
    [report] = call("GET", "/v1/health").get_json()["health"]
    assert report["protection_group_id"] == group_id
    assert report["link_status"] == "not_configured"
    assert report["rpo_compliant"] is None
    assert report["reasons"] == [
        "There is no replication policy",
        "The group has no members",
    ]
    call("POST", f"{GROUP}/policy", new_policy(rpo_minutes=1))
    site.arrays.create_volume("flasharray-a", "volume-1", 20)
    site.arrays.replicate(
        group_id, "flasharray-a", "flasharray-b", ("volume-1",), 300
    )
    site.arrays.snapshot(group_id, "one")
    site.arrays.transfer(group_id, "one")
    for wait, compliant in ((60, True), (1, False)):
        site.clock.sleep(wait)
        [report] = call("GET", "/v1/health").get_json()["health"]
        assert report["link_status"] == "active"
        assert report["rpo_compliant"] is compliant
    assert report["replication_lag_seconds"] == 61
    site.arrays.stop_replication(group_id)
    [report] = call("GET", "/v1/health").get_json()["health"]
    assert report["link_status"] == "stopped"


@pytest.mark.usefixtures("pair")
def test_health_pages(site: Site, call: Api) -> None:
    for name in "abc":
        add_group(site, name)
    body = call("GET", "/v1/health?limit=2").get_json()
    assert len(body["health"]) == 2
    [link] = body["links"]
    body = call("GET", link["href"].partition(":8788")[2]).get_json()
    assert [one["protection_group_name"] for one in body["health"]] == ["c"]
    assert "links" not in body
