"""An answer has an end, in seconds and in bytes, whoever gives it."""

import functools
import gzip
import itertools
import json
import zlib
from collections.abc import Callable, Iterator

import pytest
from keystoneauth1 import session as ksa_session

from protectorclient import exceptions
from protectorclient._http import deadline, limits, metered
from protectorclient.durations import READ_TIMEOUT
from protectorclient.mapping.finder import NameFinder
from protectorclient.v1 import Client
from tests.helpers.canned_site import (
    AUTH,
    ROOT,
    TOKEN,
    password,
    token,
    version_document,
)
from tests.helpers.slow_wire import SlowWire, answer, dripping

Pieces = Callable[[], Iterator[bytes]]

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
#: without the time: it would be in the name of a test, and every process
#: that runs tests has to find the same names
squeezed = functools.partial(gzip.compress, mtime=0)
GROUP = json.dumps({"protection_group": {"id": "pg-1"}}).encode()


def forever(first: bytes, piece: bytes) -> Pieces:
    """A beginning, and then one piece after the other without an end."""
    return lambda: itertools.chain([first], itertools.repeat(piece))


#: answers of which a byte comes each half second
SLOW: dict[str, Pieces] = {
    "a header": lambda: dripping(HEAD + b"X-Long: " + b"x" * 60_000),
    "the first line": lambda: dripping(b"HTTP/1.1 200 " + b"O" * 60_000),
    "the body": forever(HEAD + b"Content-Length: 90000\r\n\r\n", b" "),
    "a body without a length": forever(HEAD + b"\r\n", b" "),
    "chunks": lambda: itertools.chain(
        [CHUNKED], dripping(b"1\r\n \r\n" * 20_000)
    ),
    "the size of a chunk": forever(CHUNKED, b"0"),
    "a trailer": forever(CHUNKED + b"0\r\n", b"x"),
    "going on": forever(b"H", b"TTP/1.1 100 Continue\r\n\r\nH"),
    "an error": forever(
        b"HTTP/1.1 503 Busy\r\nContent-Length: 90000\r\n\r\n", b" "
    ),
}

MANY = b" " * 65536

#: answers that do not stop, as fast as they can be read
LARGE: dict[str, Pieces] = {
    "a long body": forever(HEAD + b"Content-Length: 209715200\r\n\r\n", MANY),
    "a body without a length": forever(HEAD + b"\r\n", MANY),
    "chunks": forever(CHUNKED, b"10000\r\n" + MANY + b"\r\n"),
    "the size of a chunk": forever(CHUNKED, b"0" * 65536),
    "an error": forever(b"HTTP/1.1 404 Not Found\r\n\r\n", MANY),
    "going on": forever(
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 1000,
    ),
}


class World:
    """A Keystone and a protector on a wire, of which one misbehaves."""

    def __init__(
        self,
        patch: pytest.MonkeyPatch,
        pieces: Pieces,
        *,
        at: str = "/v1/b7e4",
        step: float = 0.0,
    ) -> None:
        self._pieces, self._at = pieces, at
        self.wire = SlowWire(self._answer, step=step)
        self.wire.install(patch)
        self.session = ksa_session.Session(auth=password())
        self.client = Client(self.session, site_name="site-a")

    def _answer(self, line: str) -> Iterator[bytes]:
        if self._at in line:
            return self._pieces()
        if "/auth/tokens" in line:
            body = json.dumps(token()).encode()
            return answer(body, "201 Created", f"X-Subject-Token: {TOKEN}")
        return answer(json.dumps(version_document()).encode())

    @property
    def finder(self) -> NameFinder:
        return NameFinder(self.session, site="site-a")


def lost(call: Callable[[], object]) -> exceptions.ProtectorError:
    with pytest.raises(exceptions.ProtectorError) as caught:
        call()
    return caught.value


@pytest.mark.parametrize("pieces", SLOW.values(), ids=SLOW)
def test_a_deadline_is_over_the_whole_answer(
    monkeypatch: pytest.MonkeyPatch, pieces: Pieces
) -> None:
    world = World(monkeypatch, pieces, step=0.5)
    _ = world.client.api_version
    _ = world.client.project_id
    began = world.wire.now
    error = lost(lambda: world.client.protection_groups.get("pg-1"))
    assert isinstance(error, exceptions.SiteUnreachable)
    assert "did not end in time" in error.message
    assert world.wire.now - began <= READ_TIMEOUT + 1


@pytest.mark.parametrize("pieces", SLOW.values(), ids=SLOW)
@pytest.mark.parametrize("at", ["/v1/", "/auth/tokens", "nova.a"])
def test_so_is_everybody_elses(
    monkeypatch: pytest.MonkeyPatch, pieces: Pieces, at: str
) -> None:
    where = "/v2.1" if at == "nova.a" else at
    world = World(monkeypatch, pieces, at=where, step=0.5)
    ask: Callable[[], object] = world.client.versions
    if at == "/auth/tokens":
        ask = lambda: world.client.project_id  # noqa: E731
    elif at == "nova.a":
        ask = world.finder.flavors
    error = lost(ask)
    assert isinstance(error, exceptions.SiteUnreachable)
    assert "did not end in time" in error.message
    assert world.wire.now <= READ_TIMEOUT + 10


def test_a_read_timeout_is_for_the_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch, SLOW["the body"], step=0.5)
    client = Client(world.session, site_name="site-a", read_timeout=3)
    lost(lambda: client.protection_groups.get("pg-1"))
    assert world.wire.now < 10


def test_whoever_waits_may_have_less_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch, SLOW["a header"], step=0.5)
    with deadline.within(60), deadline.within(4), deadline.within(20):
        lost(lambda: world.client.protection_groups.get("pg-1"))
    assert world.wire.now <= 6
    # and more again when that is over
    began = world.wire.now
    lost(lambda: world.client.protection_groups.get("pg-1"))
    assert world.wire.now - began > 20


def test_a_change_that_drips_may_have_been_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch, SLOW["the body"], step=0.5)
    error = lost(lambda: world.client.protection_groups.delete("pg-1"))
    assert isinstance(error, exceptions.OutcomeUnknown)
    assert "did not end in time" in error.message


@pytest.mark.parametrize("pieces", LARGE.values(), ids=LARGE)
@pytest.mark.parametrize("at", ["/v1/b7e4", "/auth/tokens", "/v2.1"])
def test_no_answer_is_read_without_end(
    monkeypatch: pytest.MonkeyPatch, pieces: Pieces, at: str
) -> None:
    monkeypatch.setattr(metered, "LARGEST", 2**20)
    monkeypatch.setattr(metered, "_FRAMING", 2**18)
    world = World(monkeypatch, pieces, at=at)
    ask: Callable[[], object] = world.finder.flavors
    if at != "/v2.1":
        ask = lambda: world.client.protection_groups.get("pg-1")  # noqa: E731
    error = lost(ask)
    assert isinstance(error, exceptions.SiteUnreachable)
    # a newer urllib3 finds by itself that it is no size of a chunk
    assert "larger than" in error.message or "is not HTTP" in error.message
    assert world.wire.count < 2 * 2**20


def test_the_limit_is_64_mib(monkeypatch: pytest.MonkeyPatch) -> None:
    assert metered.LARGEST == 64 * 1024 * 1024
    world = World(monkeypatch, LARGE["a long body"])
    error = lost(lambda: world.client.protection_groups.get("pg-1"))
    assert "the answer is larger than 64 MiB" in error.message
    assert world.wire.count < 66 * 1024 * 1024


# Packed


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def packed(body: bytes, encoding: str) -> Pieces:
    return lambda: answer(body, "200 OK", f"Content-Encoding: {encoding}")


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", squeezed(GROUP)),
        ("x-gzip", squeezed(GROUP)),
        ("GZIP", squeezed(GROUP)),
        ("gzip", squeezed(GROUP[:9]) + squeezed(GROUP[9:])),
        ("gzip", squeezed(GROUP) + b"\0" * 100),
        ("gzip", squeezed(GROUP + b" " * 300_000)),
        ("deflate", zlib.compress(GROUP)),
        ("deflate", raw_deflate(GROUP)),
        ("identity", GROUP),
    ],
)
def test_what_is_packed_is_unpacked(
    monkeypatch: pytest.MonkeyPatch, encoding: str, body: bytes
) -> None:
    world = World(monkeypatch, packed(body, encoding))
    assert world.client.protection_groups.get("pg-1").id == "pg-1"


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", squeezed(b" " * 2**22)),
        ("gzip", squeezed(b" " * 2**19) * 3),
        ("deflate", zlib.compress(b" " * 2**22)),
        ("deflate", raw_deflate(b" " * 2**22)),
    ],
)
def test_a_bomb_is_not_unpacked(
    monkeypatch: pytest.MonkeyPatch, encoding: str, body: bytes
) -> None:
    monkeypatch.setattr(metered, "LARGEST", 2**20)
    world = World(monkeypatch, packed(body, encoding))
    error = lost(lambda: world.client.protection_groups.get("pg-1"))
    assert isinstance(error, exceptions.SiteUnreachable)
    assert "larger than" in error.message


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", squeezed(GROUP)[:-9]),
        ("gzip", GROUP),
        ("deflate", b"\xff" * 50),
        ("gzip, gzip", squeezed(squeezed(GROUP))),
        ("br", GROUP),
        ("zstd", GROUP),
    ],
)
def test_what_cannot_be_unpacked_is_lost(
    monkeypatch: pytest.MonkeyPatch, encoding: str, body: bytes
) -> None:
    world = World(monkeypatch, packed(body, encoding))
    error = lost(lambda: world.client.protection_groups.get("pg-1"))
    assert isinstance(error, exceptions.SiteUnreachable)


# Whose session it is


def test_a_callers_session_is_left_as_it_is() -> None:
    theirs = ksa_session.Session(auth=password())
    below, adapters = theirs.session, dict(theirs.session.adapters)
    client = Client(theirs)
    assert theirs.session is below
    assert dict(below.adapters) == adapters
    ours = client.http.session
    assert ours.auth is theirs.auth
    assert isinstance(ours.session.adapters["http://"], limits.Adapter)
    assert Client(ours).http.session is ours


def test_the_address_of_no_keystone_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """keystoneauth asks for a token where its versions are asked for."""
    from keystoneauth1.identity import generic

    told = {"401": "asks for a token", "404": "ends in /v3"}
    for status, words in told.items():
        wire = SlowWire(
            lambda line, status=status: answer(b"{}", f"{status} No")
        )
        wire.install(monkeypatch)
        auth = generic.Password(
            auth_url=AUTH.replace("/v3", "/v2.0"),
            username="demo",
            password="a-password",
            project_name="demo",
            user_domain_name="Default",
            project_domain_name="Default",
        )
        client = Client(
            ksa_session.Session(auth=auth),
            endpoint_override=ROOT,
            site_name="site-a",
        )
        error = lost(lambda client=client: client.project_id)
        assert isinstance(error, exceptions.SiteUnreachable)
        assert words in error.message
        assert len(wire.asked) < 4
