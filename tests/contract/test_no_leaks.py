"""Years of polls: nothing that a request takes stays with the site."""

import gc
import http.client
import json
import os
import pathlib
import re
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from waitress.task import ThreadedTaskDispatcher

from fakeserver.http.app import create_app
from fakeserver.http.thread_pools import Pool
from fakeserver.local.pair import LocalPair

#: how many are asked; two thousand in the stage that has the time
REQUESTS = [200, pytest.param(2000, marks=pytest.mark.thorough)]
#: what caches that are bounded, and the allocator, may still take, bytes
MEMORY = 24 << 20
_SLOT = re.compile(r"<(?:\w+:)?(\w+)>")


class Site:
    """One site of the pair, and what may be asked of it."""

    def __init__(self, pair: LocalPair, name: str) -> None:
        site = pair.site(name)
        parts = site.parts
        world = parts.world
        self.address = ("127.0.0.1", parts.config.url.rpartition(":")[2])
        project = world.project_id(site.name, "demo")
        user = world.user_id(site.name, "admin")
        self.token = site.keystone.issue(user, project)
        group = world.groups[0]
        self.group = f"/v1/{project}/protection-groups/{group.id}"
        self.names = {
            "tenant_id": project,
            "project": project,
            "pg_id": group.id,
            "site_id": world.site_id("site-b"),
            "server": group.servers[0].id,
            "volume": group.servers[0].volumes[0].id,
            "user": user,
            "network": world.network_id(site.name, "net-primary-web"),
        }
        self.gets = sorted(
            _SLOT.sub(lambda m: self.names.get(m[1], "none"), rule.rule)
            for rule in create_app(site.opened).url_map.iter_rules()
            if "GET" in (rule.methods or ())
        )
        self._kept: http.client.HTTPConnection | None = None

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        keep: bool = True,
        token: str | None = "",
    ) -> int:
        """One request, over the kept connection or one of its own."""
        given = self.token if token == "" else token
        headers = {"X-Auth-Token": given} if given else {}
        headers["OpenStack-API-Version"] = "protector latest"
        if body is not None:
            headers["Content-Type"] = "application/json"
        if not keep:
            headers["Connection"] = "close"
        if not keep or self._kept is None:
            made = http.client.HTTPConnection(*self.address, timeout=60)
        else:
            made = self._kept
        made.request(method, path, body, headers)
        answer = made.getresponse()
        answer.read()
        if answer.will_close or not keep:
            made.close()
            if made is self._kept:
                self._kept = None
        else:
            self._kept = made
        return answer.status

    def raw(self, text: bytes, *, listen: bool = True) -> bytes:
        """Bytes on a connection of their own, that is then cut."""
        with socket.create_connection(self.address, timeout=60) as wire:
            wire.sendall(text)
            return wire.recv(4096) if listen else b""

    def close(self) -> None:
        if self._kept is not None:
            self._kept.close()


def kinds(site: Site) -> list[Callable[[], object]]:
    """Every GET of the site, and what goes wrong in each manner."""
    get = [
        lambda path=path: site.ask("GET", path)  # type: ignore[misc]
        for path in site.gets
    ]
    action = f"{site.group}/action"
    big = b'{"failover": {"reason": "' + b"x" * (1 << 20) + b'"}}'
    head = b"POST " + action.encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n"

    def post(path: str, body: object) -> Callable[[], object]:
        return lambda: site.ask("POST", path, json.dumps(body).encode())

    wrong: list[Callable[[], object]] = [
        # every poll of a monitor
        *[lambda: site.ask("GET", "/v1/health")] * 8,
        lambda: site.ask("GET", "/v1/health", keep=False),
        lambda: site.ask("HEAD", "/v1/health"),
        lambda: site.ask("HEAD", f"{site.group}/sync-status", keep=False),
        lambda: site.ask("GET", f"{site.group}/sync-status"),
        lambda: site.ask("GET", "/v1/health", token=None),
        lambda: site.ask("GET", "/v1/health", token="junk"),
        # refused POSTs
        post(action, {"failback": {}}),
        post(action, {"failover": {}, "failback": {}}),
        post(action, {"test_cleanup": {}}),
        post(f"{site.group}/members", {"member": {"instance_id": "x"}}),
        post(
            f"/v1/{site.names['project']}/protection-groups",
            {"protection_group": {"name": "x"}},
        ),
        post(f"/v1/admin/sites/{site.names['site_id']}/validate", {}),
        post(f"{site.group[:-4]}0000/action", {"failover": {}}),
        post("/identity/v3/auth/tokens", {"auth": {}}),
        # bad and oversized bodies, wrong addresses
        lambda: site.ask("POST", action, b"{"),
        lambda: site.ask("POST", action, b"\xff\xfe"),
        lambda: site.ask("POST", action, big, keep=False),
        lambda: site.ask("GET", "/v1/no/such/address"),
        lambda: site.ask("GET", "/nowhere", keep=False),
        lambda: site.ask("DELETE", "/v1/health"),
        # what waitress refuses, and connections that break off
        lambda: site.raw(b"no http\r\n\r\n"),
        lambda: site.raw(b"GET / HTTP/1.1\r\nX: " + b"y" * 300_000),
        lambda: site.raw(
            head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n"
        ),
        lambda: site.raw(head + b"Content-Length: 90\r\n\r\n{", listen=False),
        lambda: site.raw(head, listen=False),
        lambda: site.raw(b"", listen=False),
        lambda: site.raw(
            b"GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Auth-Token: "
            + site.token.encode()
            + b"\r\n\r\n",
            listen=False,
        ),
    ]
    return get + wrong


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def memory() -> int:
    text = pathlib.Path("/proc/self/statm").read_text()
    return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE")


def until_it_is(count: Callable[[], int], most: int) -> int:
    """What is closed at one end is soon closed at the other."""
    found = count()
    for _ in range(200):
        if found <= most:
            break
        threading.Event().wait(0.02)
        found = count()
    return found


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalPair]:
    # each thread of a pool is there from the beginning: what grows is a leak
    begin_all = ThreadedTaskDispatcher.set_thread_count
    monkeypatch.setattr(Pool, "set_thread_count", begin_all)
    with LocalPair(sockets=True) as made:
        yield made


@pytest.mark.parametrize("requests", REQUESTS)
def test_many_mixed_requests(requests: int, pair: LocalPair) -> None:
    sites = [Site(pair, "a"), Site(pair, "b")]
    work = [one for site in sites for one in kinds(site)]
    # each thread opens its databases the first time that it is asked
    for one in work:
        one()
    gc.collect()
    before = descriptors(), threading.active_count(), memory()
    done = 0
    while done < requests:
        for one in work:
            one()
        done += len(work)
    gc.collect()
    assert until_it_is(descriptors, before[0] + 4) <= before[0] + 4
    assert until_it_is(threading.active_count, before[1]) <= before[1]
    assert memory() - before[2] < MEMORY
    for site in sites:
        site.close()
