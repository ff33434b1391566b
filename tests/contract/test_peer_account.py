"""The account that a site keeps for its peer: the least that will do."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from keystoneauth1 import session as keystone
from keystoneauth1.identity import v3

from fakeserver.base.seed_world import (
    PEER_USER,
    PROJECTS,
    SERVICE_PROJECT,
    SITES,
)
from fakeserver.cloud.shared.schema import GRANTS
from fakeserver.local.pair import LocalPair


@pytest.fixture
def pair() -> Iterator[LocalPair]:
    with LocalPair() as made:
        yield made


def kept(pair: LocalPair, site: str) -> dict[str, Any]:
    """The record of its peer, as a site has it on disk."""
    rows = pair.site(site).parts.db.all("SELECT doc FROM pg_sites")
    records = [json.loads(row["doc"]) for row in rows]
    (found,) = [one for one in records if not one["local"]]
    return dict(found)


def let_in(pair: LocalPair, site: str, project: str) -> keystone.Session:
    """A session of the peer's account of a site, in one project there."""
    parts = pair.site(site).parts
    keeper = pair.site(parts.config.peer).parts
    record = kept(pair, parts.config.peer)
    http = pair.http()
    auth = v3.Password(
        auth_url=record["auth_url"],
        username=record["username"],
        password=keeper.vault.decrypt(record["password"], record["id"]),
        user_domain_name=record["user_domain_name"],
        project_name=project,
        project_domain_name="Default",
    )
    return keystone.Session(auth=auth, session=http, verify=http.verify)


def roles(session: keystone.Session) -> set[str]:
    access = session.auth.get_access(session)  # type: ignore[union-attr]
    return set(access.role_names)


@pytest.mark.parametrize("site", SITES)
def test_it_is_an_admin_of_nothing(pair: LocalPair, site: str) -> None:
    parts = pair.site(site).parts
    record = kept(pair, parts.config.peer)
    assert record["name"] == site
    assert record["username"] == PEER_USER
    for project in PROJECTS:
        held = roles(let_in(pair, site, project))
        if project == SERVICE_PROJECT:
            assert held == {"reader"}
        else:
            assert held == {"member", "reader", "protector_peer"}
    # nor of the whole system, nor anywhere else
    user = parts.world.user_id(site, PEER_USER)
    grants = GRANTS.select(parts.db.connection(), "user_id = ?", (user,))
    assert len(grants) == len(PROJECTS)
    assert not any("admin" in grant["roles"] for grant in grants)


def test_what_it_keeps_for_itself_is_another_one(pair: LocalPair) -> None:
    """Who learns the account of the peer does not have the other one."""
    world = pair.site("a").world
    assert world.peer_password() != world.password("protector")
    rows = pair.site("a").parts.db.all("SELECT doc FROM pg_sites")
    names = {json.loads(r["doc"])["username"] for r in rows}
    assert names == {"protector", PEER_USER}


def test_it_is_refused_what_only_an_admin_may(pair: LocalPair) -> None:
    site = pair.site("b")
    url, world = site.url, site.world
    session = let_in(pair, "site-b", SERVICE_PROJECT)
    project = world.project_id("site-b", SERVICE_PROJECT)
    demo = world.project_id("site-b", "demo")

    def status(method: str, path: str, body: Any = None) -> int:
        answer: requests.Response = session.request(
            url + path, method, json=body, raise_exc=False
        )
        return answer.status_code

    assert status("GET", "/identity/v3/users") == 403
    assert status("GET", "/identity/v3/projects") == 403
    assert status("GET", "/v1/admin/tenant-mappings") == 403
    assert status("POST", "/v1/admin/sites", {"site": {}}) == 403
    assert status("GET", f"/v1/{demo}/protection-groups") == 403
    assert status("PUT", f"/v1/{demo}/protection-groups/x/metadata") == 403
    cinder = f"/volume/v3/{project}"
    assert status("POST", f"{cinder}/types", {"volume_type": {}}) == 403
    volume = {"volume": {"size": 1}}
    assert status("POST", f"{cinder}/volumes", volume) == 403
    server = {"server": {"name": "x", "flavorRef": "x", "networks": "none"}}
    assert status("POST", "/compute/v2.1/servers", server) == 403
    # what it is for
    assert status("GET", "/compute/v2.1/flavors/detail") == 200
    assert status("GET", "/networking/v2.0/networks") == 200
    answer = session.get(f"{url}{cinder}/types")
    specs = [t["extra_specs"] for t in answer.json()["volume_types"]]
    assert not any("replication_type" in one for one in specs)


def test_the_peers_service_says_what_only_an_admin_sees(
    pair: LocalPair,
) -> None:
    world = pair.site("a").world
    site = world.site_id("site-b")
    found = pair.session("site-a").get(
        f"{pair.site('a').url}/v1/admin/sites/{site}/volume-types"
    )
    kinds = {
        one["name"]: one["replication_type"]
        for one in found.json()["volume_types"]
    }
    assert kinds == {
        "flash-async": "async",
        "flash-sync": "sync",
        "standard": None,
    }
    # only for itself, or two services could ask each other for ever
    asked = pair.session("site-a").get(
        f"{pair.site('a').url}/v1/admin/sites/{site}/volume-types?local=true",
        raise_exc=False,
    )
    assert asked.status_code == 409
    assert asked.json()["error"]["reason"] == "protector.wrong-site"


@pytest.mark.parametrize("service", ["compute", "networking", "volume"])
def test_a_role_that_is_not_a_readers_reads_nothing(
    pair: LocalPair, service: str
) -> None:
    site = pair.site("a")
    world = site.world
    demo = world.project_id("site-a", "demo")
    user = world.user_id("site-a", PEER_USER)
    with site.parts.db.transaction() as tx:
        grant = GRANTS.get(tx, f"{user}/{demo}")
        assert grant is not None
        GRANTS.put(tx, {**grant, "roles": ["protector_peer"]})
    path = {
        "compute": "/compute/v2.1/servers/detail",
        "networking": "/networking/v2.0/networks",
        "volume": f"/volume/v3/{demo}/volumes/detail",
    }[service]
    token = site.keystone.issue(user, demo)
    answer = pair.http().get(site.url + path, headers={"X-Auth-Token": token})
    assert answer.status_code == 403


# -- each role is needed


def without(pair: LocalPair, site: str, project: str, role: str) -> None:
    """Take one role from the account, and all tokens with it."""
    parts = pair.site(site).parts
    world = parts.world
    key = f"{world.user_id(site, PEER_USER)}/{world.project_id(site, project)}"
    with parts.db.transaction() as tx:
        grant = GRANTS.get(tx, key)
        assert grant is not None
        left = [one for one in grant["roles"] if one != role]
        GRANTS.put(tx, {**grant, "roles": left})


def failover(pair: LocalPair) -> dict[str, Any]:
    """A planned failover of prod-web-app; the operation at its end."""
    site = pair.site("a")
    world = site.world
    project = world.project_id("site-a", "demo")
    networks = {
        world.network_id("site-a", "net-primary-web"): world.network_id(
            "site-b", "net-secondary-web"
        )
    }
    base = f"{site.url}/v1/{project}"
    session = pair.session("site-a")
    begun = session.post(
        f"{base}/protection-groups/{world.groups[0].id}/action",
        json={"failover": {"network_mapping": networks}},
        raise_exc=False,
    )
    if begun.status_code != 202:
        return dict(begun.json()["error"])
    pair.drain()
    made = begun.json()["operation"]["id"]
    return dict(session.get(f"{base}/operations/{made}").json()["operation"])


def test_a_failover_works_with_it(pair: LocalPair) -> None:
    assert failover(pair)["status"] == "completed"


@pytest.mark.parametrize("role", ["member", "protector_peer"])
def test_a_failover_does_not_work_with_less(
    pair: LocalPair, role: str
) -> None:
    without(pair, "site-b", "demo", role)
    ended = failover(pair)
    if role == "member":
        assert ended["status"] == "failed"
        assert "site-b refused" in ended["error_message"]
        assert "HTTP 403" in ended["error_message"]
        return
    assert ended["message"] == (
        "site-b refused the change: "
        "This needs the role protector_peer or admin"
    )
