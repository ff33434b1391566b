"""The short road: a 200 with the service's mark, or the long one."""

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from protectorclient._http import microversions
from protectorclient._http.microversions import Version, VersionRange
from protectorclient._http.short.road import KnownSite, ShortRoad
from protectorclient._http.short.wire import LongRoad
from protectorclient.v1 import client

GOOD = {
    "OpenStack-API-Version": "protector 1.2",
    "Content-Type": "application/json",
}
OPERATION = {
    "operation": {
        "id": "op-1",
        "source_site_id": "id-a",
        "target_site_id": "id-b",
    }
}


class Answering(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    status = 200
    sent: dict[str, str] = GOOD
    body: Any = OPERATION
    asked: list[tuple[str, str | None]] = []

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers.get("X-Auth-Token")))
        body = self.body
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(self.status)
        for name, value in self.sent.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_given: Any) -> None:
        """Write nothing."""


@pytest.fixture
def handler() -> type[Answering]:
    return type("Handler", (Answering,), {"asked": []})


@pytest.fixture
def site(handler: type[Answering]) -> Iterator[KnownSite]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield KnownSite(
        name="site-a",
        root=f"http://127.0.0.1:{server.server_port}/below",
        project_id="p-1",
        token="a-token",
        offered=VersionRange(Version(1, 0), Version(1, 2)),
        local_id="id-a",
        site_names={},
    )
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def road(site: KnownSite) -> Iterator[ShortRoad]:
    found = ShortRoad(site, api_version="auto")
    yield found
    found.close()


def test_a_record_with_the_token_and_one_connection(
    road: ShortRoad, handler: type[Answering]
) -> None:
    operations = client.over(road).operations
    assert operations.get("op-1").id == "op-1"
    assert operations.get("op-1").id == "op-1"
    path = "/below/v1/p-1/operations/op-1"
    assert handler.asked == [(path, "a-token")] * 2


@pytest.mark.parametrize("status", [201, 204, 301, 401, 403, 404, 406, 500])
def test_any_other_status(
    road: ShortRoad, handler: type[Answering], status: int
) -> None:
    handler.status = status
    with pytest.raises(LongRoad) as raised:
        client.over(road).operations.get("op-1")
    assert raised.value.stale


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        {"operations": []},
    ],
)
def test_any_other_body(
    road: ShortRoad, handler: type[Answering], body: Any
) -> None:
    handler.body = body
    with pytest.raises(LongRoad):
        client.over(road).operations.get("op-1")


OPERATION_ENDS = ("source_site_id", "target_site_id")
GROUP_ENDS = ("primary_site_id", "secondary_site_id")


@pytest.mark.parametrize(
    ("noun", "ends"),
    [("operation", OPERATION_ENDS), ("protection_group", GROUP_ENDS)],
)
def test_another_site_is_recognised_by_its_records(
    road: ShortRoad,
    handler: type[Answering],
    noun: str,
    ends: tuple[str, str],
) -> None:
    def record(*sites: str | None) -> dict[str, str | None]:
        return dict(zip(ends, sites, strict=True))

    for sites in (("id-a", "id-b"), ("id-c", "id-a"), (None, "id-c")):
        handler.body = {noun: record(*sites), f"{noun}s": [record(*sites)]}
        road.call("GET", "/v1")
    for body in (
        {noun: record("id-c", "id-d")},
        {f"{noun}s": [record("id-a", "id-b"), record("id-c", "id-d")]},
    ):
        handler.body = body
        with pytest.raises(LongRoad, match="site-a is another site") as caught:
            road.call("GET", "/v1")
        assert caught.value.stale


def test_another_site_is_recognised_by_its_own_record(
    road: ShortRoad, handler: type[Answering]
) -> None:
    own = {"id": "id-a", "local": True}
    handler.body = {"sites": [own, {"id": "id-c", "local": False}]}
    road.call("GET", "/v1")
    handler.body = {"sites": [own | {"local": False}, own | {"id": "id-c"}]}
    with pytest.raises(LongRoad, match="site-a is another site now"):
        road.call("GET", "/v1")


@pytest.mark.parametrize(
    "sent", [{}, {"OpenStack-API-Version": "compute 2.1"}]
)
def test_an_answer_without_the_mark(
    road: ShortRoad, handler: type[Answering], sent: dict[str, str]
) -> None:
    handler.sent = sent
    with pytest.raises(LongRoad):
        client.over(road).operations.get("op-1")


def test_a_packed_answer(road: ShortRoad, handler: type[Answering]) -> None:
    handler.sent = {**GOOD, "Content-Encoding": "gzip"}
    with pytest.raises(LongRoad) as raised:
        client.over(road).operations.get("op-1")
    assert not raised.value.stale


def test_nothing_but_reads(road: ShortRoad, handler: type[Answering]) -> None:
    with pytest.raises(LongRoad, match="DELETE is no read"):
        client.over(road).protection_groups.delete("pg-1")
    assert handler.asked == []


def test_what_a_newer_site_may_have(site: KnownSite) -> None:
    road = ShortRoad(site, api_version="1.0")
    with pytest.raises(LongRoad, match="may have the health report"):
        road.require(microversions.HEALTH)
