"""Logins of the service account: those of a sandbox, and keystoneauth's."""

import json
import time
from collections.abc import Iterable
from typing import Any

import pytest

from fakeserver.base.fault_points import NoFaults
from fakeserver.base.wire.session import NoAnswer
from fakeserver.engine.cloud_client import login
from fakeserver.engine.cloud_client.account import Account
from fakeserver.engine.cloud_client.account_session import AccountSession
from fakeserver.engine.cloud_client.attribute_calls import OLDEST
from fakeserver.engine.cloud_client.cloud import (
    CloudRefused,
    CloudUnreachable,
    RemoteCloud,
)
from fakeserver.engine.cloud_client.login import Login, Project
from fakeserver.engine.peer.answers import PeerUnreadable
from fakeserver.engine.peer.client import Peer
from fakeserver.local.wsgi_adapter import InProcess

#: of the same cloud: one of this machine, and one elsewhere
PLAIN, OTHER = "http://127.0.0.1:8788", "http://cloud.example.com:8788"
TIMEOUTS = (5.0, 30.0)
CATALOG = [
    {
        "type": "compute",
        "name": "nova",
        "id": "s1",
        "endpoints": [
            endpoint | {"id": "e", "url": f"http://c/{endpoint}"}
            for endpoint in (
                {"interface": "admin", "region_id": "RegionOne"},
                {"interface": "public", "region_id": "RegionTwo"},
                {"interface": "public", "region": "RegionOne"},
            )
        ],
    },
    {
        "type": "block-storage",
        "name": "cinder",
        "id": "s2",
        "endpoints": [
            {
                "id": "e",
                "interface": "public",
                "region_id": "RegionOne",
                "url": "http://c/volume",
            }
        ],
    },
]
Reply = tuple[int, Any, dict[str, str]]


class Cloud:
    """A Keystone and a service that answer what a test says."""

    def __init__(self, wire: InProcess) -> None:
        #: (path, body, token) of each request
        self.asked: list[tuple[str, Any, str]] = []
        self.lifetime = 3600.0
        self.logins: list[Reply] = []
        self.answers: list[Reply] = []
        for url in (PLAIN, OTHER):
            wire.register(url, self)

    def __call__(self, environ: Any, start: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read()
        path = environ["PATH_INFO"]
        if environ["QUERY_STRING"]:
            path += f"?{environ['QUERY_STRING']}"
        token = environ.get("HTTP_X_AUTH_TOKEN", "")
        self.asked.append((path, json.loads(body or b"null"), token))
        if path.endswith("/auth/tokens"):
            found = self.logins.pop(0) if self.logins else self._token()
        else:
            found = self.answers.pop(0) if self.answers else (200, {}, {})
        status, said, headers = found
        start(f"{status} Reason", [*headers.items()])
        return [said if isinstance(said, bytes) else json.dumps(said).encode()]

    def _token(self) -> Reply:
        ends = time.gmtime(time.time() + self.lifetime)
        token = {
            "expires_at": time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", ends),
            "issued_at": "2026-11-27T06:00:00.000000Z",
            "methods": ["password"],
            "user": {"id": "u", "name": "protector", "domain": {"id": "d"}},
            "project": {"id": "p1", "name": "demo", "domain": {"id": "d"}},
            "catalog": CATALOG,
        }
        name = f"token-{len(self.asked)}"
        return 201, {"token": token}, {"X-Subject-Token": name, **JSON}


JSON = {"Content-Type": "application/json"}


@pytest.fixture
def wire() -> InProcess:
    return InProcess()


@pytest.fixture
def cloud(wire: InProcess) -> Cloud:
    return Cloud(wire)


@pytest.fixture(params=[PLAIN, OTHER], ids=["plain", "keystoneauth"])
def url(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> str:
    if request.param == PLAIN:
        forbid_keystoneauth(monkeypatch)
    return str(request.param)


def forbid_keystoneauth(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: object) -> None:
        raise AssertionError("left to keystoneauth")

    monkeypatch.setattr(
        AccountSession, "_keystoneauth", property(refused), raising=True
    )


def account(url: str, path: str = "/identity/v3") -> Account:
    return Account(
        site="site-b",
        auth_url=f"{url}{path}",
        region_name="RegionOne",
        username="protector",
        password='a-secret \u2603 "\\',
        user_domain_name="Default",
    )


def opened(
    wire: InProcess, url: str, project: Project | None = None
) -> AccountSession:
    return AccountSession(
        account(url), project or Project("p1"), wire, TIMEOUTS
    )


def get(session: AccountSession, url: str) -> int:
    answer = session.request(f"{url}/x", "GET", headers={})
    return answer.status_code


@pytest.mark.parametrize(
    "project",
    [Project("p1"), Project(name="service", domain_name="Default")],
    ids=["by id", "by name"],
)
@pytest.mark.parametrize(
    "path", ["/identity/v3", "/identity/v3/", "/identity"]
)
def test_both_log_in_alike(
    wire: InProcess, cloud: Cloud, project: Project, path: str
) -> None:
    logins = [
        AccountSession(account(url, path), project, wire, TIMEOUTS).login()
        for url in (PLAIN, OTHER)
    ]
    (plain, other) = cloud.asked
    assert plain == other
    assert plain[0] == "/identity/v3/auth/tokens"
    assert [one.token for one in logins] == ["token-1", "token-2"]
    for one in logins:
        assert one.project_id == "p1"
        assert one.catalog == CATALOG
        assert one.lasts()
    assert "secret" not in repr(logins) and "token-1" not in repr(logins)


def test_a_token_is_used_again(
    wire: InProcess, cloud: Cloud, url: str
) -> None:
    session = opened(wire, url)
    assert (get(session, url), get(session, url)) == (200, 200)
    paths = [path for path, _, _ in cloud.asked]
    assert paths == ["/identity/v3/auth/tokens", "/x", "/x"]
    assert {token for _, _, token in cloud.asked[1:]} == {"token-1"}


def test_a_token_that_soon_ends_is_not(
    wire: InProcess, cloud: Cloud, url: str
) -> None:
    cloud.lifetime = 100.0
    session = opened(wire, url)
    assert (get(session, url), get(session, url)) == (200, 200)
    tokens = [token for _, _, token in cloud.asked]
    assert tokens == ["", "token-1", "", "token-3"]


def test_a_token_that_is_refused_is_replaced_once(
    wire: InProcess, cloud: Cloud, url: str
) -> None:
    session = opened(wire, url)
    cloud.answers = [
        (401, {}, {}),
        (200, {}, {}),
        (401, {}, {}),
        (401, {}, {}),
    ]
    assert get(session, url) == 200
    assert get(session, url) == 401
    tokens = [token for _, _, token in cloud.asked]
    assert tokens == ["", "token-1", "", "token-3", "token-3", "", "token-6"]


def said(status: int, body: Any) -> Reply:
    return status, body, JSON


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (said(401, {"error": {"message": "No."}}), "401 from site-b: No."),
        (said(401, b"<html>"), "401 from site-b: Reason"),
        (said(404, {}), "404 from site-b: Reason"),
        (said(500, {}), "unreachable: HTTP 500"),
        (said(503, b"<html>"), "unreachable: HTTP 503"),
        (said(201, b"<html>"), "unreachable: it does not answer"),
        (said(200, {"versions": []}), "unreachable: it does not answer"),
    ],
)
def test_a_login_that_fails(
    wire: InProcess, cloud: Cloud, url: str, reply: Reply, expected: str
) -> None:
    cloud.logins = [reply]
    remote = RemoteCloud(account(url), "p1", wire, NoFaults())
    with pytest.raises((CloudRefused, CloudUnreachable), match=expected):
        remote.flavors()
    assert len(cloud.asked) == 1


@pytest.mark.parametrize(
    "token",
    [None, [], {}, {"expires_at": "soon"}, {"expires_at": 1}, {"catalog": 1}],
)
def test_a_token_that_is_none(
    wire: InProcess, cloud: Cloud, token: Any
) -> None:
    cloud.logins = [(201, {"token": token}, {"X-Subject-Token": "t"})] * 2
    for url in (PLAIN, OTHER):
        with pytest.raises(NoAnswer):
            opened(wire, url).login()


@pytest.mark.parametrize("text", [None, "", "\x7f", "a\tb"])
def test_a_token_that_no_request_can_carry(
    wire: InProcess, cloud: Cloud, url: str, text: str | None
) -> None:
    status, said, headers = cloud._token()
    headers.pop("X-Subject-Token")
    if text is not None:
        headers["X-Subject-Token"] = text
    cloud.logins = [(status, said, headers)]
    with pytest.raises(NoAnswer, match=r"^Keystone's answer has no token$"):
        opened(wire, url).login()


@pytest.mark.parametrize(
    "catalog",
    [
        {"compute": "http://c"},
        [1],
        [{"type": "compute", "endpoints": None}],
        [{"type": "compute", "endpoints": [1]}],
        [{"type": "compute", "endpoints": {"url": "http://c"}}],
    ],
)
def test_a_catalog_that_is_none(
    wire: InProcess, cloud: Cloud, url: str, catalog: Any
) -> None:
    status, said, headers = cloud._token()
    said["token"]["catalog"] = catalog
    cloud.logins = [(status, said, headers)]
    remote = RemoteCloud(account(url), "p1", wire, NoFaults())
    with pytest.raises(CloudUnreachable):
        remote.flavors()
    assert len(cloud.asked) == 1


def test_a_time_without_a_zone_is_utc(
    wire: InProcess, cloud: Cloud, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC+11")
    time.tzset()
    try:
        status, said, headers = cloud._token()
        said["token"]["expires_at"] = "2099-01-01T00:00:00.000000"
        cloud.logins = [(status, said, headers)]
        found = opened(wire, url).login().expires_at
    finally:
        monkeypatch.undo()
        time.tzset()
    assert found == 4070908800.0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_where_an_answer_leads_the_next_request_goes(
    wire: InProcess, cloud: Cloud, url: str, status: int
) -> None:
    """With the same token; the query is the address's own."""
    cloud.answers = [
        (status, b"", {"Location": f"{url}/y/?b=2"}),
        (status, b"", {"Location": "../z"}),
        said(200, {}),
    ]
    found = opened(wire, url).request(
        f"{url}/x", "GET", headers={}, params={"a": "1"}
    )
    assert found.status_code == 200
    assert cloud.asked[1:] == [
        (path, None, "token-1") for path in ("/x?a=1", "/y/?b=2", "/z")
    ]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_an_action_goes_on_as_it_is(
    wire: InProcess, cloud: Cloud, url: str, status: int
) -> None:
    cloud.answers = [(status, b"", {"Location": f"{url}/y"}), said(202, {})]
    found = opened(wire, url).request(
        f"{url}/x", "POST", headers={}, json={"a": 1}
    )
    assert found.status_code == 202
    assert cloud.asked[1:] == [
        ("/x", {"a": 1}, "token-1"),
        ("/y", {"a": 1}, "token-1"),
    ]


@pytest.mark.parametrize(
    "location", ["http://[::1", "ftp://cloud/x", "http://a..b:1/", "http://:1"]
)
def test_an_address_that_is_none(
    wire: InProcess, cloud: Cloud, url: str, location: str
) -> None:
    cloud.answers = [(302, b"", {"Location": location})]
    with pytest.raises(NoAnswer):
        get(opened(wire, url), url)
    assert len(cloud.asked) == 2


def test_addresses_without_end(wire: InProcess, cloud: Cloud) -> None:
    around = (302, b"", {"Location": f"{PLAIN}/x"})
    cloud.answers = [around] * 40
    assert get(opened(wire, PLAIN), PLAIN) == 302
    assert len(cloud.asked) == 32


def test_a_login_goes_where_its_answer_leads(
    wire: InProcess, cloud: Cloud, url: str
) -> None:
    there = "/v3/auth/tokens"
    cloud.logins = [(307, b"", {"Location": f"{url}{there}"})]
    assert opened(wire, url).login().token == "token-2"
    first, second = cloud.asked
    assert (first[0], second[0]) == (f"/identity{there}", there)
    assert first[1] == second[1]


@pytest.mark.parametrize("status", [302, 304])
def test_an_answer_that_leads_nowhere_is_no_success(
    wire: InProcess, cloud: Cloud, url: str, status: int
) -> None:
    cloud.answers = [(status, b"", {})] * 2
    at = f"{url}/compute"
    remote = RemoteCloud(account(url), "p1", wire, NoFaults())
    remote._http._endpoints["compute"] = at
    with pytest.raises(CloudUnreachable, match=f"HTTP {status}"):
        remote.start_server("s1")
    assert [path for path, _, _ in cloud.asked][1:] == [
        "/compute/servers/s1/action"
    ]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (said(200, {"status": "ok"}), "unreachable: its answer has no flavor"),
        (said(200, {"flavors": None}), "unreachable: its flavors are no list"),
        (said(200, []), "unreachable: its answer is cut off"),
        # a catalog that leaves the version away
        (said(300, {"choices": []}), "HTTP 300 from site-b: Reason"),
    ],
)
def test_an_answer_of_somebody_else(
    wire: InProcess, cloud: Cloud, url: str, reply: Reply, expected: str
) -> None:
    cloud.answers = [reply]
    remote = RemoteCloud(account(url), "p1", wire, NoFaults())
    remote._http._endpoints["compute"] = f"{url}/compute"
    with pytest.raises((CloudRefused, CloudUnreachable), match=expected):
        remote.flavors()


def test_a_nova_of_many_versions_is_asked_as_the_oldest(
    wire: InProcess, cloud: Cloud
) -> None:
    cloud.answers = [said(300, {"choices": []})]
    remote = RemoteCloud(account(PLAIN), "p1", wire, NoFaults())
    remote._http._endpoints["compute"] = f"{PLAIN}/compute"
    assert remote.compute_version() == OLDEST


def test_what_has_been_done_is_not_sent_again(
    wire: InProcess, cloud: Cloud, url: str
) -> None:
    """A 303 leads to what has come of it, and a GET follows that alone."""
    cloud.answers = [(303, b"", {"Location": f"{url}/y"})]
    found = opened(wire, url).request(f"{url}/x", "POST", headers={}, json={})
    assert found.status_code == 303
    assert [path for path, _, _ in cloud.asked][1:] == ["/x"]


@pytest.mark.parametrize("status", [300, 500])
def test_a_document_is_not_pushed_by_an_answer_that_is_none(
    wire: InProcess, cloud: Cloud, url: str, status: int
) -> None:
    cloud.answers = [said(status, {"versions": []})]
    peer = Peer(account(url), "p1", url, wire, NoFaults())
    with pytest.raises(PeerUnreadable, match=f"HTTP {status}"):
        peer.put("g1", {}, force=False)


def test_nobody_there(wire: InProcess, cloud: Cloud, url: str) -> None:
    wire.cut(url)
    with pytest.raises(NoAnswer, match="refused"):
        opened(wire, url).login()
    wire.restore(url)
    assert opened(wire, url).login().lasts()


@pytest.mark.parametrize(
    ("kind", "interface", "region", "expected"),
    [
        ("compute", "public", "RegionOne", 2),
        ("compute", "public", "RegionTwo", 1),
        ("compute", "public", "", 1),
        ("compute", "admin", "RegionOne", 0),
        ("compute", "internal", "RegionOne", None),
        ("network", "public", "RegionOne", None),
    ],
)
def test_the_address_of_a_service(
    kind: str, interface: str, region: str, expected: int | None
) -> None:
    used = Login("t", "p1", 0.0, CATALOG)
    found = used.url(kind, interface, region)
    if expected is None:
        assert found is None
    else:
        endpoints: Any = CATALOG[0]["endpoints"]
        assert found == endpoints[expected]["url"]


def test_a_service_under_another_name_of_it() -> None:
    used = Login("t", "p1", 0.0, CATALOG)
    assert used.url("volumev3", "public", "RegionOne") == "http://c/volume"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8788", True),
        ("http://localhost:5000", True),
        ("http://[::1]:5000", True),
        ("https://127.0.0.1:8788", False),
        ("http://10.0.0.1:5000", False),
        ("http://127.0.0.1.example.com", False),
        ("http://me@127.0.0.1:8788", False),
        ("ftp://127.0.0.1:8788", False),
    ],
)
def test_which_login_is_plain(url: str, expected: bool) -> None:
    assert login.is_plain(account(url)) == expected


def test_a_login_of_two_threads_is_one(
    wire: InProcess, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits while the other one logs in has that token as well."""
    session = opened(wire, PLAIN)
    first = session.login()

    class Lock:
        def __enter__(self) -> None:
            session._login = first

        def __exit__(self, *_: object) -> None: ...

    session._login = None
    monkeypatch.setattr(session, "_lock", Lock())
    assert session.login() is first
    assert len(cloud.asked) == 1
