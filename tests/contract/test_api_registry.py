"""Two empty sites brought to a protected application, over the API alone.

Both services run in this process and call each other as over a network.
"""

import pathlib
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import pytest

from fakeserver import compose
from fakeserver.base import request_log
from fakeserver.base.clock import ManualClock
from fakeserver.base.config import SiteConfig, other
from fakeserver.base.fault_points import NoFaults
from fakeserver.base.ids import new_id
from fakeserver.base.seed_world import (
    ARRAY_TOKENS,
    ARRAYS,
    SITES,
    USERS,
)
from fakeserver.cloud.shared.schema import GROUP_TYPES, GROUPS, VOLUMES
from fakeserver.cloud.shared.seed import GROUP_TYPE
from fakeserver.engine.peer.client import Peer, PeerRefused
from fakeserver.http.app import create_app
from fakeserver.local.wsgi_adapter import InProcess
from fakeserver.site import Site
from fakeserver.storage import names
from fakeserver.store import groups

URLS = {"site-a": "http://127.0.0.1:8788", "site-b": "http://127.0.0.1:8789"}
UNREACHABLE = "Cannot modify protection group \u2014 remote site unreachable"


class Service:
    """One site's API, spoken to as one of the seeded users."""

    def __init__(self, opened: compose.OpenSite, wire: InProcess) -> None:
        app = create_app(opened)
        site = opened.ground
        wire.register(site.config.url, app.wsgi_app)
        self.site: Site = site
        self._keystone = opened.keystone
        self.url = site.config.url
        self._client = app.test_client()

    def project(self, name: str = "demo") -> str:
        return self.site.world.project_id(self.site.config.site, name)

    def token(self, user: str) -> str:
        name = self.site.config.site
        project = self.project(USERS[user][0])
        user_id = self.site.world.user_id(name, user)
        return self._keystone.issue(user_id, project)

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        user: str = "demo",
        expect: int | None = None,
    ) -> Any:
        """The answer's one value; ``expect`` is its status."""
        path = path.replace("T/", f"/v1/{self.project(USERS[user][0])}/")
        headers = {
            "X-Auth-Token": self.token(user),
            "OpenStack-API-Version": "protector latest",
        }
        response = self._client.open(
            path, method=method, headers=headers, json=body
        )
        wanted = expect or (201 if method == "POST" else 200)
        assert response.status_code == wanted, response.get_data(as_text=True)
        if response.status_code == 204:
            assert response.get_data() == b""
            return None
        found = response.get_json()
        return found[next(iter(found))]


class Pair:
    def __init__(self, folder: pathlib.Path, scenario: str) -> None:
        self.wire = InProcess()
        self.clock = ManualClock()
        self.opened = [
            compose.open_site(
                SiteConfig(
                    site=name,
                    peer=other(name),
                    directory=folder,
                    url=URLS[name],
                    peer_url=URLS[other(name)],
                    scenario=scenario,
                    pace=0,
                ),
                clock=self.clock,
                wire=self.wire,
                faults=NoFaults(),
                workers=0,
            )
            for name in SITES
        ]
        self.a, self.b = (Service(one, self.wire) for one in self.opened)

    def site_id(self, name: str) -> str:
        return self.a.site.world.site_id(name)

    def drain(self) -> None:
        for one in self.opened:
            one.service.drain()

    def close(self) -> None:
        for one in self.opened:
            compose.close_site(one)


@pytest.fixture
def opened(tmp_path: pathlib.Path) -> Iterator[Callable[[str], Pair]]:
    made: list[Pair] = []

    def open_(scenario: str) -> Pair:
        made.append(Pair(tmp_path / scenario, scenario))
        return made[-1]

    yield open_
    for pair in made:
        pair.close()


@pytest.fixture
def empty(opened: Callable[[str], Pair]) -> Pair:
    return opened("empty")


@pytest.fixture
def pair(opened: Callable[[str], Pair]) -> Pair:
    """The seeded world."""
    return opened("default")


def registration(pair: Pair, name: str, **more: Any) -> dict[str, Any]:
    return {
        "site": {
            "id": pair.site_id(name),
            "name": name,
            "auth_url": f"{URLS[name]}/identity/v3",
            "protector_url": URLS[name],
            "array_name": ARRAYS[name],
            "volume_backend_host": pair.a.site.world.backend(name),
            "username": "protector",
            "password": "protector-secret",
            "project_name": "service",
            **more,
        }
    }


def register(pair: Pair) -> None:
    for service in (pair.a, pair.b):
        for name in SITES:
            body = registration(pair, name)
            service("POST", "/v1/admin/sites", body, user="admin")


def map_tenant(pair: Pair) -> None:
    projects = {
        pair.site_id("site-a"): pair.a.project(),
        pair.site_id("site-b"): pair.b.project(),
    }
    body = {"tenant_mapping": {"name": "demo", "projects": projects}}
    for service in (pair.a, pair.b):
        service("POST", "/v1/admin/tenant-mappings", body, user="admin")


def new_group(pair: Pair, **more: Any) -> dict[str, Any]:
    kind = pair.a.site.world.volume_type_id("site-a", "flash-async")
    return {
        "protection_group": {
            "name": "shop",
            "volume_type_id": kind,
            "primary_site_id": pair.site_id("site-a"),
            "secondary_site_id": pair.site_id("site-b"),
            **more,
        }
    }


def servers(pair: Pair, group: str) -> list[Any]:
    world = pair.a.site.world
    return [
        server
        for one in world.groups
        if one.name == group
        for server in one.servers
    ]


POLICY = {
    "policy": {
        "primary_fa_url": "https://flasharray-a.example.com",
        "secondary_fa_url": "https://flasharray-b.example.com",
        "primary_fa_api_token": ARRAY_TOKENS["flasharray-a"],
        "secondary_fa_api_token": ARRAY_TOKENS["flasharray-b"],
    }
}


def test_from_nothing_to_a_failover(empty: Pair) -> None:
    a, b = empty.a, empty.b
    assert a("GET", "/v1/admin/sites") == []
    register(empty)
    for service in (a, b):
        for name in SITES:
            found = service(
                "POST",
                f"/v1/admin/sites/{empty.site_id(name)}/validate",
                user="admin",
                expect=200,
            )
            results = {one["name"]: one["result"] for one in found["checks"]}
            assert set(results.values()) == {"ok"}, found
            assert found["status"] == "active"
        records = service("GET", "/v1/admin/sites")
        assert [one["status"] for one in records] == ["active", "active"]
        local = [one["name"] for one in records if one["local"]]
        assert local == [service.site.config.site]

    types = a("GET", f"/v1/admin/sites/{empty.site_id('site-b')}/volume-types")
    assert [
        (one["name"], one["replication_enabled"], one["replication_type"])
        for one in types
    ] == [
        ("flash-async", True, "async"),
        ("flash-sync", True, "sync"),
        ("standard", False, None),
    ]

    map_tenant(empty)
    group = a("POST", "T/protection-groups", new_group(empty))
    path = f"T/protection-groups/{group['id']}"
    assert group["metadata_version"] == 1
    assert group["replication_type"] == "async"
    at_peer = b("GET", path)
    assert at_peer["id"] == group["id"]
    assert at_peer["project_id"] == b.project() != group["project_id"]
    assert at_peer["consistency_group_id"] != group["consistency_group_id"]
    assert None not in (
        at_peer["consistency_group_id"],
        group["consistency_group_id"],
    )

    for n, server in enumerate(servers(empty, "prod-web-app"), 1):
        body = {"member": {"instance_id": server.id}}
        member = a("POST", f"{path}/members", body)
        assert member["instance_name"] == server.name
        assert member["flavor"]["name"] == "m1.large"
        [network] = member["networks"]
        assert (
            network
            | {
                "id": a.site.world.network_id("site-a", "net-primary-web"),
                "name": "net-primary-web",
                "cidr": "10.10.0.0/24",
                "fixed_ip": server.fixed_ip,
                "port_security_enabled": True,
                "allowed_address_pairs": [],
            }
            == network
        )
        assert [
            (one["id"], one["size"], one["bootable"], one["device"])
            for one in member["volumes"]
        ] == [
            (one.id, one.size, one.bootable, one.device)
            for one in server.volumes
        ]
        assert b("GET", path)["metadata_version"] == 1 + n

    assert a("GET", path)["member_count"] == 3
    names = [one["instance_name"] for one in b("GET", f"{path}/members")]
    assert names == ["web-1", "web-2", "web-3"]
    made = a("GET", f"{path}/consistency-group")
    assert len(made["volumes"]) == 5 and made["recovery_points"] == []

    a("POST", f"{path}/policy", POLICY)
    assert b("GET", f"{path}/policy")["credentials_set"] is True
    started = a("POST", f"{path}/consistency-group/sync", expect=202)
    empty.drain()
    done = a("GET", f"T/operations/{started['id']}")
    assert done["status"] == "completed", done
    [point] = a("GET", f"{path}/consistency-group")["recovery_points"]
    assert point["complete"]
    [health] = a("GET", "/v1/health")
    assert health["failover_ready"], health

    world = a.site.world
    mapping = {
        world.network_id("site-a", "net-primary-web"): world.network_id(
            "site-b", "net-secondary-web"
        )
    }
    action = {"failover": {"network_mapping": mapping}}
    started = a("POST", f"{path}/action", action, expect=202)
    empty.drain()
    done = a("GET", f"T/operations/{started['id']}")
    assert done["status"] == "completed", done
    assert done["result_data"]["instances_created"] == 3
    assert b("GET", path)["status"] == "failed_over"


# -- sites


def test_validation_of_a_site_that_is_down(pair: Pair) -> None:
    pair.wire.cut(URLS["site-b"])
    path = f"/v1/admin/sites/{pair.site_id('site-b')}"
    found = pair.a("POST", f"{path}/validate", user="admin", expect=200)
    results = {one["name"]: one["result"] for one in found["checks"]}
    assert found["status"] == "unreachable"
    assert results == {
        "keystone": "failed",
        "protector": "failed",
        "nova": "skipped",
        "neutron": "skipped",
        "cinder": "skipped",
        "volume_types": "skipped",
        "array": "ok",
    }
    assert pair.a("GET", path)["status"] == "unreachable"
    error = pair.a("GET", f"{path}/volume-types", expect=409)
    assert error["message"] == "site-b does not answer"
    pair.wire.restore(URLS["site-b"])
    pair.a("POST", f"{path}/validate", user="admin", expect=200)
    assert pair.a("GET", path)["status"] == "active"


def test_validation_with_a_wrong_password(pair: Pair) -> None:
    path = f"/v1/admin/sites/{pair.site_id('site-b')}"
    body = {"site": {"password": "wrong-one"}}
    pair.a("PATCH", path, body, user="admin")
    found = pair.a("POST", f"{path}/validate", user="admin", expect=200)
    keystone = found["checks"][0]
    assert (keystone["name"], keystone["result"]) == ("keystone", "failed")
    # it answers, and says no
    assert found["status"] == "error"
    assert pair.a("GET", path)["status"] == "error"
    assert "wrong-one" not in str(found)
    body = {"site": {"password": "protector-peer-secret"}}
    pair.a("PATCH", path, body, user="admin")
    found = pair.a("POST", f"{path}/validate", user="admin", expect=200)
    assert found["status"] == "active"


def test_a_peer_that_lets_nobody_in(pair: Pair) -> None:
    """It is out of reach, and not in the wrong state; both sites differ."""
    path = f"/v1/admin/sites/{pair.site_id('site-b')}"
    body = {"site": {"password": "wrong-one"}}
    pair.a("PATCH", path, body, user="admin")
    group = f"{one_group(pair, 'prod-db')}/policy"
    for method, address, given in (
        ("GET", f"{path}/volume-types", None),
        ("POST", "T/protection-groups", new_group(pair)),
        ("POST", group, POLICY),
    ):
        error = pair.a(method, address, given, expect=409)
        assert error["reason"] == "protector.peer-unreachable"
        if address != group:
            assert error["message"].startswith(
                "Keystone of site-b refused the service account: "
            )
    own = f"/v1/admin/sites/{pair.site_id('site-a')}"
    pair.a("PATCH", own, body, user="admin")
    error = pair.a("GET", f"{own}/volume-types", expect=409)
    assert error["reason"] == "protector.invalid-state"
    assert "site-a refused the service account" in error["message"]


def test_validation_finds_a_misspelt_array(pair: Pair) -> None:
    path = f"/v1/admin/sites/{pair.site_id('site-b')}"
    body = {"site": {"array_name": "flasharay-b"}}
    pair.a("PATCH", path, body, user="admin")
    found = pair.a("POST", f"{path}/validate", user="admin", expect=200)
    assert found["status"] == "error"
    [array] = [one for one in found["checks"] if one["result"] != "ok"]
    assert array == {
        "name": "array",
        "result": "failed",
        "detail": "There is no FlashArray named flasharay-b",
    }


def test_address_that_is_no_protector(pair: Pair) -> None:
    path = f"/v1/admin/sites/{pair.site_id('site-b')}"
    body = {"site": {"protector_url": f"{URLS['site-b']}/identity"}}
    pair.a("PATCH", path, body, user="admin")
    found = pair.a("POST", f"{path}/validate", user="admin", expect=200)
    assert found["checks"][1]["result"] == "failed"
    assert found["status"] == "error"


def test_one_of_two_services_is_silent(pair: Pair) -> None:
    """Keystone answers; nobody listens where the protector should be."""
    path = f"/v1/admin/sites/{pair.site_id('site-b')}"
    body = {"site": {"protector_url": "http://127.0.0.1:9"}}
    pair.a("PATCH", path, body, user="admin")
    found = pair.a("POST", f"{path}/validate", user="admin", expect=200)
    assert found["checks"][1]["detail"] == "No answer from http://127.0.0.1:9"
    assert found["status"] == "unreachable"


# -- groups


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        ({"name": "prod-db"}, 409, "name-conflict"),
        ({"primary_site_id": new_id()}, 400, "bad-request"),
        ({"secondary_site_id": new_id()}, 400, "bad-request"),
        ({"volume_type_id": new_id()}, 400, "bad-request"),
    ],
)
def test_group_refused(
    pair: Pair, change: dict[str, Any], status: int, reason: str
) -> None:
    before = pair.a("GET", "T/protection-groups")
    body = new_group(pair, **change)
    error = pair.a("POST", "T/protection-groups", body, expect=status)
    assert error["reason"] == f"protector.{reason}"
    for service in (pair.a, pair.b):
        found = service("GET", "T/protection-groups")
        assert len(found) == len(before)


def test_group_of_a_type_that_is_not_replicated(pair: Pair) -> None:
    kind = pair.a.site.world.volume_type_id("site-a", "standard")
    body = new_group(pair, volume_type_id=kind)
    error = pair.a("POST", "T/protection-groups", body, expect=400)
    assert error["reason"] == "protector.volume-type-not-replicated"


def test_group_where_cinder_changes_groups_later(pair: Pair) -> None:
    """The group is there, its volumes are in it, before the answer."""
    for service in (pair.a, pair.b):
        service.site.faults.delay = (  # type: ignore[method-assign]
            lambda point: 5.0 * (point == "cinder:groups")
        )
    made = pair.a("POST", "T/protection-groups", new_group(pair))
    path = f"T/protection-groups/{made['id']}"
    db = pair.a.site.db.connection()
    server = servers(pair, "bare")[0]
    body = {"member": {"instance_id": server.id}}
    pair.a("DELETE", _member_of(pair, "bare", server.id), expect=204)
    member = pair.a("POST", f"{path}/members", body)
    volumes = [VOLUMES.get(db, volume.id) for volume in server.volumes]
    assert {one["group_id"] for one in volumes if one} == {
        made["consistency_group_id"]
    }
    pair.a("DELETE", f"{path}/members/{member['id']}", expect=204)
    pair.a("DELETE", path, expect=204)
    for service in (pair.a, pair.b):
        names = {
            row["name"] for row in GROUPS.select(service.site.db.connection())
        }
        assert f"cg-{made['id'][:8]}" not in names


def _member_of(pair: Pair, name: str, instance_id: str) -> str:
    """Return the path of the member that an instance is."""
    (group,) = pair.a("GET", f"T/protection-groups?name={name}")
    path = f"T/protection-groups/{group['id']}/members"
    for member in pair.a("GET", path):
        if instance_id in str(member):
            return f"{path}/{member['id']}"
    raise AssertionError(instance_id)


def test_group_of_one_site(pair: Pair) -> None:
    body = new_group(pair, secondary_site_id=pair.site_id("site-a"))
    pair.a("POST", "T/protection-groups", body, expect=400)


def test_group_of_a_synchronous_type(pair: Pair) -> None:
    kind = pair.a.site.world.volume_type_id("site-a", "flash-sync")
    body = new_group(pair, volume_type_id=kind)
    group = pair.a("POST", "T/protection-groups", body)
    assert group["replication_type"] == "sync"


def test_group_made_at_the_wrong_site(pair: Pair) -> None:
    body = new_group(pair)
    error = pair.b("POST", "T/protection-groups", body, expect=409)
    assert error["reason"] == "protector.wrong-site"
    assert error["details"]["site"] == "site-a"


def test_group_of_a_tenant_that_is_not_mapped(empty: Pair) -> None:
    register(empty)
    body = new_group(empty)
    error = empty.a("POST", "T/protection-groups", body, expect=400)
    assert "tenant mapping" in error["message"]


def test_group_of_a_consistent_group_type(pair: Pair) -> None:
    """Its specs only the service's own account sees; Cinder's own type is
    never taken."""
    made = pair.a("POST", "T/protection-groups", new_group(pair))
    for service in (pair.a, pair.b):
        db = service.site.db.connection()
        group = service("GET", f"T/protection-groups/{made['id']}")
        row = GROUPS.get(db, group["consistency_group_id"])
        assert row is not None
        kind = GROUP_TYPES.get(db, row["group_type"])
        assert kind is not None and kind["name"] == GROUP_TYPE


@pytest.mark.parametrize("specs", [None, {}, {"group_replication": "yes"}])
def test_group_where_no_group_type_is_consistent(
    pair: Pair, specs: dict[str, str] | None
) -> None:
    with pair.a.site.db.transaction() as tx:
        (kind,) = GROUP_TYPES.select(tx, "name = ?", (GROUP_TYPE,))
        if specs is None:
            GROUP_TYPES.delete(tx, kind["id"])
        else:
            GROUP_TYPES.put(tx, {**kind, "group_specs": specs})
    error = pair.a("POST", "T/protection-groups", new_group(pair), expect=409)
    assert error["reason"] == "protector.invalid-state"
    assert error["message"] == (
        "Cinder of site-a has no group type with "
        "consistent_group_snapshot_enabled=<is> True that the project can "
        "use; default_cgsnapshot_type is reserved for Cinder. Create one as "
        "an admin: openstack --os-volume-api-version 3.11 volume group type "
        "create consistent; openstack --os-volume-api-version 3.11 volume "
        "group type set --property "
        "'consistent_group_snapshot_enabled=<is> True' consistent"
    )
    assert pair.b("GET", "T/protection-groups?name=shop") == []


def test_group_taken_back_when_the_peer_refuses(pair: Pair) -> None:
    """The peer has a group of that name, which this site does not know."""
    db = pair.b.site.db
    row = db.one("SELECT id FROM pg_groups")
    assert row is not None
    group = groups.find(db, row["id"])
    assert group is not None
    group.doc["name"] = "shop"
    with pair.b.site.db.transaction() as tx:
        groups.save(tx, group)
    error = pair.a("POST", "T/protection-groups", new_group(pair), expect=409)
    assert "site-b" in error["message"]
    found = pair.a("GET", "T/protection-groups?name=shop")
    assert found == []


def one_group(pair: Pair, name: str) -> str:
    [found] = pair.a("GET", f"T/protection-groups?name={name}")
    return f"T/protection-groups/{found['id']}"


def changes(pair: Pair) -> list[tuple[str, str, Any]]:
    path = one_group(pair, "prod-db")
    member = pair.a("GET", f"{path}/members")[0]["id"]
    [free] = servers(pair, "bare")
    body = {"member": {"instance_id": free.id}}
    return [
        ("POST", "T/protection-groups", new_group(pair)),
        ("PATCH", path, {"protection_group": {"description": "x"}}),
        ("POST", f"{path}/members", body),
        ("DELETE", f"{path}/members/{member}", None),
        ("POST", f"{path}/policy", POLICY),
        ("DELETE", f"{path}/policy", None),
        ("DELETE", path, None),
    ]


def test_nothing_is_changed_while_the_peer_is_silent(pair: Pair) -> None:
    bare = one_group(pair, "bare")
    pair.a("DELETE", bare, expect=204)
    tried = changes(pair)
    path = one_group(pair, "prod-db")
    before = pair.a("GET", f"{path}/metadata")
    pair.wire.cut(URLS["site-b"])
    for method, address, body in tried:
        error = pair.a(method, address, body, expect=409)
        assert error["reason"] == "protector.peer-unreachable", address
        assert error["message"] == UNREACHABLE
    assert pair.a("GET", f"{path}/metadata") == before
    assert pair.a("GET", "T/protection-groups?name=shop") == []
    pair.a("DELETE", f"{path}?force=true", user="admin", expect=204)


def test_change_reaches_the_peer(pair: Pair) -> None:
    path = one_group(pair, "prod-db")
    change = {
        "name": "prod-database",
        "flavor_mapping": {"db.big": "db.large"},
    }
    pair.a("PATCH", path, {"protection_group": change})
    found = pair.b("GET", path)
    assert found["name"] == "prod-database"
    assert found["flavor_mapping"] == {"db.big": "db.large"}
    assert found["metadata_version"] == 2
    taken = {"protection_group": {"name": "bare"}}
    error = pair.b("PATCH", path, taken, expect=409)
    assert error["reason"] == "protector.name-conflict"


def test_deleted_at_both_sites(pair: Pair) -> None:
    path = one_group(pair, "prod-db")
    pair.a("DELETE", path, expect=204)
    for service in (pair.a, pair.b):
        service("GET", path, expect=404)
    assert pair.a.site.arrays.link(path.rpartition("/")[2]) is None


# -- members


def test_instances_that_are_refused(pair: Pair) -> None:
    path = one_group(pair, "bare")
    [member] = pair.a("GET", f"{path}/members")
    for instance_id, status, text in (
        (new_id(), 400, "there is no instance"),
        (member["instance_id"], 409, "bare already"),
        (servers(pair, "prod-db")[0].id, 409, "prod-db already"),
    ):
        body = {"member": {"instance_id": instance_id}}
        error = pair.a("POST", f"{path}/members", body, expect=status)
        assert text in error["message"]


def test_instance_of_another_project(pair: Pair) -> None:
    """It is looked up as the tenant, who does not see it."""
    path = one_group(pair, "bare")
    [member] = pair.a("GET", f"{path}/members")
    pair.a("DELETE", f"{path}/members/{member['id']}", expect=204)
    group = pair.a(
        "POST", "T/protection-groups", new_group(pair), user="rival"
    )
    body = {"member": {"instance_id": member["instance_id"]}}
    error = pair.a(
        "POST",
        f"T/protection-groups/{group['id']}/members",
        body,
        user="rival",
        expect=400,
    )
    assert "there is no instance" in error["message"]


@pytest.fixture
def freed(pair: Pair) -> tuple[Pair, str, Any]:
    """A group without members, and an instance without a group."""
    path = one_group(pair, "bare")
    [member] = pair.a("GET", f"{path}/members")
    pair.a("DELETE", f"{path}/members/{member['id']}", expect=204)
    [server] = servers(pair, "bare")
    return pair, path, server


def test_member_removed_and_added_again(
    freed: tuple[Pair, str, Any],
) -> None:
    pair, path, server = freed
    assert pair.b("GET", f"{path}/members") == []
    body = {"member": {"instance_id": server.id.upper()}}
    member = pair.a("POST", f"{path}/members", body)
    one = f"{path}/members/{member['id']}"
    assert pair.a("GET", one) == member
    assert pair.b("GET", one)["instance_id"] == server.id


def test_volume_on_another_backend(freed: tuple[Pair, str, Any]) -> None:
    pair, path, server = freed
    name = names.created(server.volumes[0].id, False)
    pair.a.site.arrays.set_writing("flasharray-a", name, False)
    pair.a.site.arrays.delete_volume("flasharray-a", name)
    body = {"member": {"instance_id": server.id}}
    error = pair.a("POST", f"{path}/members", body, expect=400)
    assert server.volumes[0].name in error["message"]
    assert "backend" in error["message"]


def test_volume_of_another_type(freed: tuple[Pair, str, Any]) -> None:
    pair, path, server = freed
    site = pair.a.site
    standard = site.world.volume_type_id("site-a", "standard")
    with site.db.transaction() as tx:
        volume = VOLUMES.get(tx, server.volumes[0].id)
        assert volume is not None
        VOLUMES.put(
            tx,
            {
                **volume,
                "volume_type_id": standard,
                "volume_type": "standard",
            },
        )
    body = {"member": {"instance_id": server.id}}
    error = pair.a("POST", f"{path}/members", body, expect=400)
    assert error["reason"] == "protector.volume-type-not-replicated"
    assert server.volumes[0].name in error["message"]
    assert pair.a("GET", f"{path}/members") == []


def test_replication_follows_the_members(
    freed: tuple[Pair, str, Any],
) -> None:
    pair, path, server = freed
    group_id = path.rpartition("/")[2]
    arrays = pair.a.site.arrays
    pair.a("POST", f"{path}/policy", POLICY)
    link = arrays.link(group_id)
    assert link is not None and link.volumes == ()
    body = {"member": {"instance_id": server.id}}
    member = pair.a("POST", f"{path}/members", body)
    link = arrays.link(group_id)
    assert link is not None
    assert link.volumes == tuple(
        names.created(volume.id, False) for volume in server.volumes
    )
    pair.clock.advance(301)
    [point] = pair.a("GET", f"{path}/consistency-group")["recovery_points"]
    assert point["complete"]
    pair.a("DELETE", f"{path}/members/{member['id']}", expect=204)
    link = arrays.link(group_id)
    assert link is not None and link.volumes == ()


def test_member_at_the_wrong_site(freed: tuple[Pair, str, Any]) -> None:
    pair, path, server = freed
    body = {"member": {"instance_id": server.id}}
    error = pair.b("POST", f"{path}/members", body, expect=409)
    assert error["reason"] == "protector.wrong-site"
    assert error["details"]["site"] == "site-a"


# -- health


def test_health_of_the_seeded_world(pair: Pair) -> None:
    found = {
        one["protection_group_name"]: one
        for one in pair.a("GET", "/v1/health", user="auditor")
    }
    assert set(found) == {"bare", "prod-db", "prod-web-app"}
    assert found["prod-web-app"]["failover_ready"]
    assert found["prod-web-app"]["rpo_compliant"]
    assert found["bare"]["reasons"] == ["There is no replication policy"]
    pair.wire.cut(URLS["site-b"])
    for one in pair.a("GET", "/v1/health"):
        assert one["sync_status"] == "UNREACHABLE"
        assert not one["failover_ready"]
    assert pair.a("GET", "/v1/health", user="rival") == []


def asked_between(pair: Pair) -> list[str]:
    """The addresses of site-b's service that were asked, so far."""
    journal = pair.b.site.config.directory / "site-b.journal"
    return [
        entry["path"]
        for entry in request_log.entries(journal)
        if entry["path"].startswith("/v1/")
    ]


def test_health_asks_the_peer_once(pair: Pair) -> None:
    found = pair.a("GET", "/v1/health")
    assert [one["sync_status"] for one in found] == ["IN_SYNC"] * 3
    minutes = {one["protection_group_name"]: one for one in found}
    assert minutes["prod-db"]["rpo_minutes"] == 15
    assert minutes["bare"]["rpo_minutes"] is None
    project = pair.b.project()
    assert asked_between(pair) == [f"/v1/{project}/sync-status"]
    # one of the three, by its id, is one question too
    asked = f"?protection_group_id={found[1]['protection_group_id']}"
    assert pair.a("GET", f"/v1/health{asked}") == found[1:2]
    assert len(asked_between(pair)) == 2


def test_health_with_a_peer_that_answers_for_one_group_only(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a version does that came before the question for many."""
    expected = pair.a("GET", "/v1/health")
    before = len(asked_between(pair))

    def unknown(peer: Peer, *_: Any, **__: Any) -> NoReturn:
        raise PeerRefused(peer.site, 404, "not-found", "There is nothing")

    monkeypatch.setattr(Peer, "states", unknown)
    assert pair.a("GET", "/v1/health") == expected
    assert len(asked_between(pair)) == before + 3
    pair.wire.cut(URLS["site-b"])
    for one in pair.a("GET", "/v1/health"):
        assert one["sync_status"] == "UNREACHABLE"
