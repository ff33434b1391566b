"""The engine's client against the clouds, over a wire inside the process."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from fakeserver.base.clock import ManualClock
from fakeserver.base.fault_points import NoFaults
from fakeserver.cloud.shared import seed
from fakeserver.engine.cloud_client import volume_groups
from fakeserver.engine.cloud_client.cloud import (
    Account,
    CloudRefused,
    CloudUnreachable,
    RemoteCloud,
)
from fakeserver.local.wsgi_adapter import InProcess
from tests.helpers.cloud_parts import URLS, Cloud

HOST = "site-b@flasharray-b#pool"


def account(site: str = "site-b", **changes: str) -> Account:
    values = {
        "site": site,
        "auth_url": f"{URLS[site]}/identity/v3",
        "region_name": "RegionOne",
        "username": "protector",
        "password": "protector-secret",
        "user_domain_name": "Default",
        **changes,
    }
    return Account(**values)


class Cut(NoFaults):
    def cuts(self, target: str) -> bool:
        return target == "site-b"


@pytest.fixture
def remote(b: Cloud, wire: InProcess) -> RemoteCloud:
    return RemoteCloud(account(), b.project(), wire, NoFaults())


def test_it_answers(remote: RemoteCloud) -> None:
    remote.ping()
    names = [network["name"] for network in remote.networks()]
    assert names == ["net-secondary-web", "net-secondary-db"]
    assert len(remote.subnets()) == 2
    assert len(remote.flavors()) == 3
    assert len(remote.volume_types()) == 3


def test_a_server_from_a_managed_volume(b: Cloud, remote: RemoteCloud) -> None:
    b.site.arrays.create_volume("flasharray-b", "pg-root", 5)
    b.site.arrays.create_volume("flasharray-b", "pg-data", 6)
    root, data = (
        remote.manage_volume(
            host=HOST,
            ref_name=name,
            name=name,
            volume_type="flash-async",
            bootable=name == "pg-root",
            metadata={"protector_key": name},
        )["id"]
        for name in ("pg-root", "pg-data")
    )
    (found,) = remote.volumes({"protector_key": "pg-root"})
    assert found["id"] == root
    assert len(remote.volumes()) == 2
    web = b.world.network_id("site-b", "net-secondary-web")
    made = remote.create_server(
        name="web.1+",
        flavor_id=b.world.flavor_id("site-b", "m1.large"),
        networks=[{"uuid": web, "fixed_ip": "10.10.0.11"}],
        volumes=[
            {"id": root, "boot_index": 0, "device": "/dev/vda"},
            {"id": data, "boot_index": -1, "device": "/dev/vdc"},
        ],
        metadata={"protector_source": "x"},
        attributes={},
    )["id"]
    (server,) = remote.servers("web.1+")
    assert server["id"] == made
    assert server["flavor"]["id"] == b.world.flavor_id("site-b", "m1.large")
    assert remote.servers("web") == []
    assert remote.server(made) == server
    devices = {
        one["volumeId"]: one["device"] for one in remote.attachments(made)
    }
    assert devices == {root: "/dev/vda", data: "/dev/vdc"}
    remote.stop_server(made)
    remote.stop_server(made)
    array = b.site.arrays.volume("flasharray-b", "pg-root")
    assert array is not None and not array.writing
    remote.start_server(made)
    remote.start_server(made)
    with pytest.raises(CloudRefused) as refused:
        remote.unmanage_volume(root)
    assert refused.value.status == 400
    remote.delete_server(made)
    remote.delete_server(made)
    remote.unmanage_volume(root)
    remote.unmanage_volume(root)
    assert remote.volume(root) is None
    assert b.site.arrays.volume("flasharray-b", "pg-root") is not None


def test_groups(b: Cloud, remote: RemoteCloud) -> None:
    kind = b.world.volume_type_id("site-b", "flash-async")
    group = remote.create_group("cg", seed.GROUP_TYPE, [kind])["id"]
    b.site.arrays.create_volume("flasharray-b", "pg-1", 5)
    volume = remote.manage_volume(
        host=HOST,
        ref_name="pg-1",
        name="one",
        volume_type="flash-async",
        bootable=False,
        metadata={},
    )["id"]
    remote.update_group(group, add=[volume])
    found = remote.group(group)
    assert found is not None and found["volumes"] == [volume]
    # Cinder keeps a volume that is in a group, and a group with volumes
    with pytest.raises(CloudRefused):
        remote.unmanage_volume(volume)
    with pytest.raises(CloudRefused):
        remote.delete_group(group)
    assert volume_groups.leave(remote, volume)
    assert volume_groups.leave(remote, "no-such")
    found = remote.group(group)
    assert found is not None and found["volumes"] == []
    remote.unmanage_volume(volume)
    remote.update_group(group)
    assert volume_groups.delete(remote, group)
    remote.delete_group(group)
    assert remote.group(group) is None
    assert volume_groups.change(remote, group, remove=[volume])
    with pytest.raises(CloudRefused):
        volume_groups.change(remote, group, add=[volume])


class Slow(NoFaults):
    def delay(self, point: str) -> float:
        return 5.0 if point == "cinder:groups" else 0.0


def test_groups_that_change_later(b: Cloud, remote: RemoteCloud) -> None:
    """Nothing is asked before the last change is made."""
    b.site.faults.delay = Slow().delay  # type: ignore[method-assign]
    clock = b.site.clock
    assert isinstance(clock, ManualClock)
    kind = b.world.volume_type_id("site-b", "flash-async")
    group = remote.create_group("cg", seed.GROUP_TYPE, [kind])["id"]
    b.site.arrays.create_volume("flasharray-b", "pg-1", 5)
    volume = remote.manage_volume(
        host=HOST,
        ref_name="pg-1",
        name="one",
        volume_type="flash-async",
        bootable=False,
        metadata={},
    )["id"]

    def status() -> str:
        found = remote.group(group)
        return "gone" if found is None else str(found["status"])

    assert status() == "creating"
    assert not volume_groups.available(remote, group)
    assert not volume_groups.change(remote, group, add=[volume])
    with pytest.raises(CloudRefused):
        remote.update_group(group, add=[volume])
    clock.advance(5.0)
    assert volume_groups.available(remote, group)
    assert not volume_groups.change(remote, group, add=[volume])
    assert status() == "updating"
    clock.advance(5.0)
    assert volume_groups.change(remote, group, add=[volume])
    # it is out of its group later than it is asked for
    assert not volume_groups.leave(remote, volume)
    with pytest.raises(CloudRefused):
        remote.unmanage_volume(volume)
    clock.advance(5.0)
    assert volume_groups.leave(remote, volume)
    remote.update_group(group, add=[volume])
    clock.advance(5.0)
    assert not volume_groups.delete(remote, group)
    with pytest.raises(CloudRefused):
        remote.delete_group(group)
    clock.advance(5.0)
    assert not volume_groups.delete(remote, group)
    assert status() == "deleting"
    clock.advance(5.0)
    assert volume_groups.delete(remote, group)
    assert remote.volume(volume) is not None


def test_many_volumes_join_and_leave_a_few_at_a_time(
    b: Cloud, remote: RemoteCloud
) -> None:
    """Cinder takes 255 characters of ids."""
    kind = b.world.volume_type_id("site-b", "flash-async")
    group = remote.create_group("cg", seed.GROUP_TYPE, [kind])["id"]
    volumes = []
    for n in range(2 * volume_groups.AT_ONCE + 1):
        b.site.arrays.create_volume("flasharray-b", f"pg-{n}", 1)
        made = remote.manage_volume(
            host=HOST,
            ref_name=f"pg-{n}",
            name=f"{n}",
            volume_type="flash-async",
            bootable=False,
            metadata={},
        )
        volumes.append(made["id"])
    with pytest.raises(CloudRefused, match="is too long"):
        remote.update_group(group, add=volumes[: volume_groups.AT_ONCE + 1])
    for wanted, done in ((False, 6), (False, 12), (True, 13)):
        now = volume_groups.change(remote, group, add=volumes)
        found = remote.group(group)
        assert found is not None
        assert (now, len(found["volumes"])) == (wanted, done)
    tries = [volume_groups.delete(remote, group) for _ in range(3)]
    assert tries == [False, False, True]


def test_a_group_goes_without_its_volumes(a: Cloud, wire: InProcess) -> None:
    remote = RemoteCloud(account("site-a"), a.project(), wire, NoFaults())
    (first, *_) = remote.volumes()
    assert volume_groups.delete(remote, first["group_id"])
    assert remote.group(first["group_id"]) is None
    found = remote.volume(first["id"])
    assert found is not None and found["group_id"] is None


def test_limits_of_both_services(a: Cloud, wire: InProcess) -> None:
    remote = RemoteCloud(account("site-a"), a.project(), wire, NoFaults())
    limits = remote.limits()
    assert limits["totalInstancesUsed"] == 6
    assert limits["totalVolumesUsed"] == 10


def test_every_page_of_a_list(
    a: Cloud, wire: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fakeserver.cloud.shared.web.MAX_PAGE", 2)
    remote = RemoteCloud(account("site-a"), a.project(), wire, NoFaults())
    assert len(remote.servers()) == 6
    assert len({volume["id"] for volume in remote.volumes()}) == 10
    assert len(remote.volume_types()) == 3


def test_a_token_that_expired_is_replaced(
    remote: RemoteCloud, clock: ManualClock
) -> None:
    remote.networks()
    clock.advance(2 * 86400)
    assert len(remote.networks()) == 2


def test_a_cloud_that_says_no(b: Cloud, wire: InProcess) -> None:
    def ask(project: str, **changes: str) -> CloudRefused:
        remote = RemoteCloud(account(**changes), project, wire, NoFaults())
        with pytest.raises(CloudRefused) as refused:
            remote.ping()
        assert refused.value.site == "site-b"
        return refused.value

    assert ask(b.project(), password="wrong").status == 401
    assert ask("no-such-project").status == 401
    other = ask(b.project(), region_name="Elsewhere")
    assert other.status == 404
    assert "region Elsewhere" in other.message
    b.site.config.cinder_policy.unlink()
    remote = RemoteCloud(account(), b.project(), wire, NoFaults())
    with pytest.raises(CloudRefused) as refused:
        remote.manage_volume(
            host=HOST,
            ref_name="x",
            name="x",
            volume_type="flash-async",
            bootable=False,
            metadata={},
        )
    assert refused.value.status == 403
    assert refused.value.message == (
        "Policy doesn't allow volume_extension:volume_manage to be performed."
    )


@pytest.mark.parametrize("silent", [False, True])
@pytest.mark.parametrize("warm", [False, True])
def test_a_cloud_that_is_gone(
    remote: RemoteCloud, wire: InProcess, silent: bool, warm: bool
) -> None:
    if warm:
        remote.ping()
    wire.cut(URLS["site-b"], silent=silent)
    with pytest.raises(CloudUnreachable) as gone:
        remote.ping()
    assert gone.value.site == "site-b"
    wire.restore(URLS["site-b"])
    remote.ping()


def test_a_way_that_is_cut(b: Cloud, wire: InProcess) -> None:
    remote = RemoteCloud(account(), b.project(), wire, Cut())
    with pytest.raises(CloudUnreachable):
        remote.ping()


Answer = Callable[..., Any]


@pytest.mark.parametrize(
    "status, body, unreachable",
    [
        ("503 Service Unavailable", b"<html>", True),
        ("500 Internal Server Error", b"<html>", True),
        ("504 Gateway Timeout", b"{}", True),
        ("200 OK", b"", True),
        ("200 OK", b'{"netw', True),
        (
            "500 Internal Server Error",
            b'{"computeFault": {"message": "oops"}}',
            True,
        ),
        ("409 Conflict", b'{"NeutronError": {"message": "oops"}}', False),
    ],
)
def test_answers_that_say_something_and_answers_that_do_not(
    b: Cloud,
    wire: InProcess,
    status: str,
    body: bytes,
    unreachable: bool,
) -> None:
    def answer(environ: Any, start: Any) -> Any:
        if environ["PATH_INFO"].startswith("/networking"):
            start(status, [("Content-Type", "application/json")])
            return [body]
        return b.app(environ, start)

    wire.register(URLS["site-b"], answer)
    remote = RemoteCloud(account(), b.project(), wire, NoFaults())
    expected = CloudUnreachable if unreachable else CloudRefused
    with pytest.raises(expected) as problem:
        remote.networks()
    if isinstance(problem.value, CloudRefused):
        assert problem.value.message == "oops"


def test_a_keystone_behind_a_dead_proxy(b: Cloud, wire: InProcess) -> None:
    def answer(environ: Any, start: Any) -> Any:
        start("503 Service Unavailable", [("Content-Type", "text/html")])
        return [b"<html>"]

    wire.register(URLS["site-b"], answer)
    remote = RemoteCloud(account(), b.project(), wire, NoFaults())
    with pytest.raises(CloudUnreachable):
        remote.ping()


def test_secrets_stay_out_of_sight(remote: RemoteCloud) -> None:
    assert "secret" not in repr(account()) + repr(remote)


def test_the_wire_carries_everything(wire: InProcess) -> None:
    seen: dict[str, Any] = {}

    def echo(environ: Any, start: Any) -> Any:
        seen.update(environ)
        seen["body"] = environ["wsgi.input"].read()
        start("201 Created", [("X-One", "a"), ("X-One", "b")])
        return [b'{"n": 1}']

    wire.register("https://example.test:8443/any/path", echo)
    session = wire.session().by_requests
    answer = session.post(
        "https://example.test:8443/a%20b/%C3%A9?q=1&r=%C3%A9",
        json={"k": "v"},
        headers={"X-Auth-Token": "t"},
    )
    assert (answer.status_code, answer.reason) == (201, "Created")
    assert answer.json() == {"n": 1}
    assert answer.headers["x-one"] == "a, b"
    assert seen["PATH_INFO"].encode("latin-1").decode() == "/a b/é"
    assert seen["QUERY_STRING"] == "q=1&r=%C3%A9"
    assert seen["HTTP_X_AUTH_TOKEN"] == "t"
    assert seen["CONTENT_TYPE"] == "application/json"
    assert seen["HTTP_HOST"] == "example.test:8443"
    assert seen["body"] == b'{"k": "v"}'
    with pytest.raises(requests.ConnectionError):
        session.get("http://nobody.test/")
