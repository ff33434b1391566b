"""Every method of the library before a live server of each version."""

import functools
import inspect
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fakeserver.local.pair import LocalPair
from protectorclient import exceptions
from protectorclient._http.conversation import new_request_id
from protectorclient.records.operation import Operation
from protectorclient.v1 import Client
from tests.helpers.library_parts import BARE, FORMS, WEB, Live, opened
from tests.helpers.sampling import sampled

#: what a version lacks, by the method that needs it
NEEDS = {"health.list": "1.2", "health.fetch": "1.2"}


def sites_list(live: Live) -> None:
    names = [site.name for site in live.client().sites.list(page_size=1)]
    assert names == ["site-a", "site-b"]
    (local,) = [s for s in live.client("site-b").sites.list() if s.local]
    assert local.name == "site-b"


def sites_get(live: Live) -> None:
    site = live.site("site-b")
    assert live.client().sites.get(site) == site
    assert site.status == "active"
    assert site.extra == {}


def sites_find(live: Live) -> None:
    site = live.client().sites.find("site-a")
    assert live.client().sites.find(site.id) == site
    with pytest.raises(exceptions.NotFound):
        live.client().sites.find("site-c")


def sites_create(live: Live) -> None:
    admin = live.client("site-a-admin")
    site = live.site("site-a")
    with pytest.raises(exceptions.ProtectorError) as caught:
        admin.sites.create(
            "site-a",
            auth_url=site.auth_url or "",
            protector_url=site.protector_url,
            array_name=site.array_name,
            volume_backend_host=site.volume_backend_host,
            username="u",
            password="planted-password",
            project_name="service",
        )
    assert "planted-password" not in str(caught.value)


def sites_update(live: Live) -> None:
    admin = live.client("site-a-admin")
    changed = admin.sites.update(live.site("site-b"), description="Far away")
    assert changed.description == "Far away"
    assert changed.name == "site-b"


def sites_delete(live: Live) -> None:
    with pytest.raises(exceptions.InUse):
        live.client("site-a-admin").sites.delete(live.site("site-b"))


def sites_validate(live: Live) -> None:
    admin = live.client("site-a-admin")
    found = admin.sites.validate(live.site("site-b"))
    assert found.status == "active"
    assert {check.result for check in found.checks} == {"ok"}


def sites_volume_types(live: Live) -> None:
    types = live.client().sites.volume_types(live.site("site-a"))
    assert any(found.replication_enabled is True for found in types)


def tenant_mappings_list(live: Live) -> None:
    (mapping,) = live.client("site-a-admin").tenant_mappings.list(name="demo")
    assert len(mapping.projects) == 2


def tenant_mappings_get(live: Live) -> None:
    manager = live.client("site-a-admin").tenant_mappings
    first = next(manager.list())
    assert manager.get(first.id) == first


def tenant_mappings_find(live: Live) -> None:
    manager = live.client("site-a-admin").tenant_mappings
    assert manager.find("demo").projects
    with pytest.raises(exceptions.NotFound):
        manager.find("nobody")


def tenant_mappings_create(live: Live) -> None:
    manager = live.client("site-a-admin").tenant_mappings
    sites = [site.id for site in live.client().sites.list()]
    made = manager.create("new", dict(zip(sites, ("p", "q"), strict=True)))
    assert manager.find("new") == made


def tenant_mappings_delete(live: Live) -> None:
    tenant_mappings_create(live)
    manager = live.client("site-a-admin").tenant_mappings
    manager.delete(manager.find("new"))
    with pytest.raises(exceptions.NotFound):
        manager.find("new")


def groups_list(live: Live) -> None:
    groups = live.client().protection_groups
    assert [g.name for g in groups.list()] == [BARE, "prod-db", WEB]
    assert [g.name for g in groups.list(page_size=2)] == [
        BARE,
        "prod-db",
        WEB,
    ]
    assert [g.name for g in groups.list(limit=1)] == [BARE]
    assert list(groups.list(status="error")) == []
    assert [g.name for g in groups.list(name=WEB)] == [WEB]


def groups_get(live: Live) -> None:
    group = live.group()
    assert live.client().protection_groups.get(group.id) == group
    assert group.extra == {}
    assert group.member_count == 3
    assert group.created_at is not None


def groups_find(live: Live) -> None:
    group = live.group()
    assert live.client().protection_groups.find(group.id) == group
    for name in ("prod-web", f"{WEB}?x=1", "a/b", "..", "ü", ""):
        with pytest.raises(exceptions.NotFound):
            live.client().protection_groups.find(name)


def made_group(live: Live, name: str = "new ü?#/%") -> Any:
    like = live.group()
    return live.client().protection_groups.create(
        name,
        primary_site_id=like.primary_site_id or "",
        secondary_site_id=like.secondary_site_id or "",
        volume_type_id=like.volume_type_id or "",
        description="made",
    )


def groups_create(live: Live) -> None:
    made = made_group(live)
    assert made.metadata_version == 1
    found = live.client("site-b").protection_groups.find("new ü?#/%")
    assert found.id == made.id


def groups_update(live: Live) -> None:
    changed = live.client().protection_groups.update(
        live.group(), description="Changed"
    )
    assert changed.description == "Changed"
    assert changed.name == WEB
    assert changed.metadata_version == 2


def groups_delete(live: Live) -> None:
    made = made_group(live)
    live.client().protection_groups.delete(made)
    for cloud in ("site-a", "site-b"):
        with pytest.raises(exceptions.NotFound):
            live.client(cloud).protection_groups.get(made.id)


def groups_failover(live: Live) -> None:
    done = live.failed_over()
    assert done.progress == 100
    assert done.extra == {}
    group = live.group()
    assert group.status == "failed_over"
    assert group.failover_count == 1
    assert done.request_id is not None


def groups_dry_run(live: Live) -> None:
    groups, group = live.client().protection_groups, live.group()
    params = {"reverse_replication": True}
    request = groups.dry_run(group, "failback", params)
    assert (request.method, request.body) == ("POST", {"failback": params})
    assert request.url.endswith(f"/protection-groups/{group.id}/action")
    assert list(live.client().operations.list()) == []


def groups_failback(live: Live) -> None:
    groups = live.client().protection_groups
    with pytest.raises(exceptions.InvalidState) as caught:
        groups.failback(live.group())
    message = "Protection Group is not in failed_over state"
    assert caught.value.message == message
    live.failed_over()
    operation = live.client("site-b").protection_groups.failback(
        live.group(), reverse_replication=True
    )
    done = live.finish(operation, "site-b")
    assert "reverse_replication" in done.steps_completed
    assert live.group().status == "active"


def groups_test_failover(live: Live) -> None:
    started = live.sites().test_failover(
        WEB, retain_primary=True, network_mapping={**NET}
    )
    done = live.finish(started.operation)
    assert done.operation_type == "test_failover"
    assert live.group().status == "active"


def groups_test_cleanup(live: Live) -> None:
    groups = live.client().protection_groups
    with pytest.raises(exceptions.NothingToClean):
        groups.test_cleanup(live.group())
    groups_test_failover(live)
    done = live.finish(groups.test_cleanup(live.group()))
    assert done.operation_type == "test_cleanup"


def groups_sync_volumes(live: Live) -> None:
    operation = live.client().protection_groups.sync_volumes(live.group())
    assert live.finish(operation).steps_completed[0] == "create_snapshot"


def groups_reset_status(live: Live) -> None:
    admin = live.client("site-a-admin")
    with pytest.raises(exceptions.InvalidState):
        admin.protection_groups.reset_status(live.group(), "active")


def groups_act(live: Live) -> None:
    request_id = "req-7c2b0f1e-0000-4000-8000-000000000001"
    groups = live.client().protection_groups
    group = live.group()
    first = groups.act(group, "sync_volumes", {}, request_id=request_id)
    again = groups.act(group, "sync_volumes", {}, request_id=request_id)
    assert first.id == again.id
    assert first.request_id == request_id
    live.pair.drain()


def groups_sync_status(live: Live) -> None:
    status = live.client().protection_groups.sync_status(live.group())
    assert status.status == "IN_SYNC"
    assert status.local_checksum == status.remote_checksum
    local = live.client().protection_groups.sync_status(
        live.group(), local=True
    )
    assert local.local_version == status.local_version


def groups_sync_force(live: Live) -> None:
    forced = live.client().protection_groups.sync_force(live.group())
    assert forced.status == "IN_SYNC"


def groups_discard(live: Live) -> None:
    moved = live.sites().failover(
        WEB, unplanned=True, accept_divergence=True, network_mapping=NET
    )
    live.finish(moved.operation, "site-b")
    held = live.group(cloud="site-b").metadata_version
    groups, request_id = live.client().protection_groups, new_request_id()
    with pytest.raises(exceptions.MetadataConflict):
        groups.discard(live.group(), held - 1)
    done = groups.discard(live.group(), held, request_id=request_id)
    assert (done.operation_type, done.status) == ("sync_force", "completed")
    again = groups.sync_force(
        live.group(), discard=held, request_id=request_id
    )
    assert (again.status, again.operation_id) == ("IN_SYNC", done.id)
    assert again.stale_removed is not None and len(again.stale_removed) == 3


def members_list(live: Live) -> None:
    members = list(live.client().members.list(live.group(), page_size=2))
    assert len(members) == 3
    assert all(member.networks and member.volumes for member in members)
    assert members[0].flavor is not None
    assert members[0].flavor.name == "m1.large"


def members_get(live: Live) -> None:
    group = live.group()
    first = next(live.client().members.list(group))
    assert live.client().members.get(group, first) == first
    assert first.extra == {}


def members_find(live: Live) -> None:
    group, members = live.group(), live.client().members
    first = next(members.list(group))
    for key in (first.id, first.instance_id, first.instance_name):
        assert members.find(group, key or "") == first
    with pytest.raises(exceptions.NotFound):
        members.find(group, "nobody")


def members_add(live: Live) -> None:
    group, members = live.group(), live.client().members
    first = next(members.list(group))
    with pytest.raises(exceptions.ProtectorError):
        members.add(group, first.instance_id or "")
    members.remove(group, first)
    assert len(list(members.list(group))) == 2
    added = members.add(group, first.instance_id or "")
    assert added.instance_name == first.instance_name
    assert added.volumes == first.volumes


def members_remove(live: Live) -> None:
    group, members = live.group(), live.client().members
    first = next(members.list(group))
    members.remove(group, first)
    with pytest.raises(exceptions.NotFound):
        members.get(group, first)


def policies_get(live: Live) -> None:
    policy = live.client().policies.get(live.group())
    assert policy.replication_interval == 300
    assert policy.credentials_set is True
    assert policy.extra == {}
    with pytest.raises(exceptions.NotFound):
        live.client().policies.get(live.group(BARE))


def policies_set(live: Live) -> None:
    group = live.group(BARE)
    policy = live.client().policies.set(
        group,
        primary_fa_url="https://flasharray-a.example.com",
        secondary_fa_url="https://flasharray-b.example.com",
        primary_fa_api_token="planted-one",
        secondary_fa_api_token="planted-two",
        rpo_minutes=30,
    )
    assert policy.rpo_minutes == 30
    assert policy.credentials_set is True
    assert "planted" not in repr(policy.to_dict())
    again = live.client().policies.set(
        group,
        primary_fa_url="https://flasharray-a.example.com",
        secondary_fa_url="https://flasharray-b.example.com",
        replication_interval=600,
    )
    assert again.credentials_set is True


def policies_delete(live: Live) -> None:
    group = live.group()
    live.client().policies.delete(group)
    with pytest.raises(exceptions.NotFound):
        live.client().policies.get(group)
    with pytest.raises(exceptions.PolicyMissing):
        live.client().protection_groups.sync_volumes(group)


def consistency_groups_get(live: Live) -> None:
    found = live.client().consistency_groups.get(live.group())
    assert len(found.volumes) == 5
    assert found.latest is not None
    assert found.latest.created_at is not None
    assert found.extra == {}


def consistency_groups_sync(live: Live) -> None:
    group = live.group()
    before = live.client().consistency_groups.get(group).latest
    reason = "drill" if live.client().api_version == "1.2" else None
    operation = live.client().consistency_groups.sync(group, reason=reason)
    assert operation.operation_type == "sync_volumes"
    assert operation.parameters.get("reason") == reason
    live.finish(operation)
    after = live.client().consistency_groups.get(group).latest
    assert before is not None
    assert after is not None
    assert after.id != before.id


def metadata_get(live: Live) -> None:
    group = live.group()
    document = live.client().metadata.get(group)
    assert document["id"] == group.id
    assert document["version"] == group.metadata_version
    other = live.client("site-b").metadata.get(group)
    assert document == other


def metadata_put(live: Live) -> None:
    old = live.client().metadata.get(live.group())
    newer = live.client().protection_groups.update(
        live.group(), description="Newer"
    )
    admin = live.client("site-b-admin")
    with pytest.raises(exceptions.MetadataConflict):
        admin.metadata.put(newer, old)
    kept = admin.metadata.put(newer, old, force=True)
    assert kept["description"] == old["description"]
    before = admin.metadata.get(newer, version=newer.metadata_version)
    assert before["description"] == "Newer"


def operations_list(live: Live) -> None:
    group = live.group()
    one = live.finish(live.client().protection_groups.sync_volumes(group))
    two = live.finish(live.client().protection_groups.sync_volumes(group))
    operations = live.client().operations
    assert [o.id for o in operations.list(page_size=1)] == [two.id, one.id]
    assert [o.id for o in operations.list(marker=two.id)] == [one.id]
    assert list(operations.list(operation_type="failover")) == []
    assert list(operations.list(status="running")) == []
    assert len(list(operations.list(protection_group_id=group.id))) == 2
    assert list(live.client("site-b").operations.list()) == []


def operations_get(live: Live) -> None:
    done = live.failed_over()
    assert live.client().operations.get(done.id) == done
    has_result = live.client().api_version != "1.0"
    assert (done.result_data is not None) is has_result
    if has_result:
        assert (done.result_data or {})["instances_created"] == 3
    with pytest.raises(exceptions.NotFound):
        live.client("site-b").operations.get(done.id)


def operations_wait(live: Live) -> None:
    operation = live.client().protection_groups.sync_volumes(live.group())
    with pytest.raises(exceptions.WaitTimeout) as caught:
        live.client().operations.wait(operation, timeout=0)
    assert caught.value.operation_id == operation.id
    assert live.finish(operation).status == "completed"


def operations_watch(live: Live) -> None:
    groups = live.client().protection_groups
    started = [groups.sync_volumes(live.group(n)) for n in (WEB, "prod-db")]
    live.pair.drain()
    events = list(live.client().operations.watch(started))
    for operation in started:
        own = [e for e in events if e.key.operation_id == operation.id]
        assert [type(e).__name__ for e in own] == ["Changed", "Ended"]


def operations_fetch(live: Live) -> None:
    done = live.finish(
        live.client().protection_groups.sync_volumes(live.group())
    )
    absent = "op-00000000-0000-4000-8000-000000000000"
    found = live.client().operations.fetch([done.id, absent])
    assert found == {done.id: done}


def operations_outcome(live: Live) -> None:
    failed = Operation(
        id="op-1", status="failed", protection_group_id=live.group().id
    )
    assert live.client().operations.outcome(failed).value == "rolled back"


def health_list(live: Live) -> None:
    found = {h.protection_group_name: h for h in live.client().health.list()}
    assert set(found) == {BARE, "prod-db", WEB}
    assert found[WEB].failover_ready is True
    assert found[WEB].extra == {}
    assert found[BARE].failover_ready is False
    assert found[BARE].reasons
    assert len(list(live.client().health.list(page_size=1))) == 3


def health_fetch(live: Live) -> None:
    group = live.group()
    absent = "00000000-0000-4000-8000-000000000000"
    found = live.client().health.fetch([group.id, absent])
    assert set(found) == {group.id}
    assert found[group.id].rpo_minutes is not None


NET = {"net-primary-web": "net-secondary-web"}

METHODS: dict[str, Callable[[Live], None]] = {
    f"{noun}.{verb}": globals()[f"{prefix}_{verb}"]
    for noun, prefix, verbs in (
        (
            "sites",
            "sites",
            "list get find create update delete validate volume_types",
        ),
        (
            "tenant_mappings",
            "tenant_mappings",
            "list get find create delete",
        ),
        (
            "protection_groups",
            "groups",
            "list get find create update delete failover failback"
            " test_failover test_cleanup sync_volumes reset_status act dry_run"
            " sync_status sync_force discard",
        ),
        ("members", "members", "list get find add remove"),
        ("policies", "policies", "get set delete"),
        ("consistency_groups", "consistency_groups", "get sync"),
        ("metadata", "metadata", "get put"),
        ("operations", "operations", "list get wait watch fetch outcome"),
        ("health", "health", "list fetch"),
    )
    for verb in verbs.split()
}


@pytest.fixture(scope="module", params=["1.0", "1.1", "1.2"])
def server(request: pytest.FixtureRequest) -> Iterator[LocalPair]:
    yield from opened(max_microversion=request.param)


@pytest.fixture(params=sampled(sorted(METHODS), 12))
def method(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_method_at_every_version(server: LocalPair, method: str) -> None:
    server.reset()
    live = Live(server)
    version = live.client().api_version
    assert version == server.settings.max_microversion
    if NEEDS.get(method, "1.0") > version:
        with pytest.raises(exceptions.VersionNotSupported, match=version):
            METHODS[method](live)
    else:
        METHODS[method](live)


@pytest.fixture(scope="module")
def newest() -> Iterator[LocalPair]:
    yield from opened()


@pytest.mark.parametrize(
    ("form", "method"),
    sampled(
        itertools.product(sorted(set(FORMS) - {"root"}), sorted(METHODS)), 14
    ),
)
def test_every_method_by_every_form_of_the_catalog(
    newest: LocalPair, form: str, method: str
) -> None:
    newest.reset()
    METHODS[method](Live(newest, form=form))


@pytest.mark.parametrize("pinned", ["1.0", "1.1", "latest"])
def test_a_version_may_be_pinned(newest: LocalPair, pinned: str) -> None:
    newest.reset()
    live = Live(newest, api_version=pinned)
    operations_get(live)
    assert (live.group().network_mapping is None) is (pinned != "latest")


def test_every_public_method_is_here(newest: LocalPair) -> None:
    client = Live(newest).client()
    public = {
        f"{noun}.{verb}"
        for noun, part in vars(Client).items()
        if isinstance(part, functools.cached_property) and noun[0] != "_"
        for verb, _ in inspect.getmembers(
            getattr(client, noun), inspect.ismethod
        )
        if not verb.startswith("_")
    }
    assert public == set(METHODS)


def test_versions_and_description(newest: LocalPair) -> None:
    client: Client = Live(newest).client()
    assert str(client.versions()) == "1.0 to 1.2"
    described = client.openapi()
    assert described["openapi"].startswith("3.1")
    assert "/v1/health" in described["paths"]
