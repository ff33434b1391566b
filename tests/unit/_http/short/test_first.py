"""A site is asked by the short road, and turns to the long one once."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import requests
import requests_mock as requests_mocker
from keystoneauth1 import fixture
from keystoneauth1 import session as ksa_session
from keystoneauth1.identity import v3

from protectorclient import exceptions
from protectorclient._http import microversions
from protectorclient._http.adapter import SiteAdapter
from protectorclient._http.conversation import Conversation
from protectorclient._http.microversions import MAXIMUM, MINIMUM, VersionRange
from protectorclient._http.short import first
from protectorclient._http.short.heard import Heard
from protectorclient._http.short.road import ShortRoad
from protectorclient._http.short.sign_in import Login
from protectorclient._http.short.wire import LongRoad, Reply, Wire
from protectorclient.v1 import client

KEYSTONE, ROOT = "http://keystone/v3", "http://protector"
SIGN_IN = ("POST", f"{KEYSTONE}/auth/tokens")
VERSIONS = ("GET", f"{ROOT}/v1/")
OPERATION = ("GET", f"{ROOT}/v1/p-1/operations/op-1")
MARK = {
    "OpenStack-API-Version": "protector 1.2",
    "Content-Type": "application/json",
}
DOCUMENT = {
    "version": {"id": "v1", "min_version": "1.0", "max_version": "1.2"}
}
NOT_FOUND = {"error": {"code": 404, "message": "no such operation"}}

#: Status, headers, body; or what is raised.
Said = tuple[int, Mapping[str, str], Any] | LongRoad


def token() -> fixture.V3Token:
    made = fixture.V3Token(project_id="p-1")
    made.add_service("protector").add_standard_endpoints(public=ROOT)
    return made


class Site:
    """What a site answers by either road, and what it was asked."""

    def __init__(self, mock: requests_mocker.Mocker) -> None:
        self.mock = mock
        self.short: list[tuple[str, str]] = []
        self.opened = 0
        #: What comes once, before the answers.
        self.before: list[tuple[tuple[str, str], Said]] = []
        self.answers: dict[tuple[str, str], Said] = {
            SIGN_IN: (201, {"X-Subject-Token": "t"}, token()),
            VERSIONS: (200, MARK, DOCUMENT),
            OPERATION: (200, MARK, {"operation": {"id": "op-1"}}),
        }
        for (method, url), (status, headers, body) in dict(
            self.answers  # type: ignore[arg-type]
        ).items():
            mock.register_uri(
                method, url, status_code=status, headers=headers, json=body
            )
        self.conversation = first.ShortFirst(
            "site-a",
            Login(KEYSTONE, {"methods": []}, None, None, "public"),
            verify=True,
            api_version="auto",
            open_long=self.open_long,
        )
        self.client = client.over(self.conversation)

    def open_long(self, heard: Heard) -> Conversation:
        self.opened += 1
        auth = v3.Password(
            KEYSTONE, user_id="u", password="p", project_id="p-1"
        )
        made = SiteAdapter(ksa_session.Session(auth), site="site-a")
        below: Any = made.session.session
        below.heard = heard
        return made

    def ask(
        self,
        wire: Wire,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
    ) -> Reply:
        self.short.append((method, url))
        said = self.answers[method, url]
        if self.before and self.before[0][0] == (method, url):
            said = self.before.pop(0)[1]
        if isinstance(said, LongRoad):
            raise said
        status, given, answer = said
        message = http.client.HTTPMessage()
        for name, value in given.items():
            message[name] = value
        text = json.dumps(answer).encode()
        return Reply(method, url, status, "Said", message, text)

    @property
    def long(self) -> list[tuple[str, str]]:
        return [
            (str(one.method), str(one.url))
            for one in self.mock.request_history
        ]


@pytest.fixture
def site(
    requests_mock: requests_mocker.Mocker, monkeypatch: pytest.MonkeyPatch
) -> Site:
    made = Site(requests_mock)
    monkeypatch.setattr(
        Wire, "ask", lambda wire, *given: made.ask(wire, *given)
    )
    return made


def test_two_requests_and_no_keystoneauth(site: Site) -> None:
    assert site.client.operations.get("op-1").id == "op-1"
    assert site.client.project_id == "p-1"
    assert site.short == [SIGN_IN, OPERATION]
    assert site.client.api_version == "1.2"
    assert site.short == [SIGN_IN, OPERATION, VERSIONS]
    assert (site.long, site.opened) == ([], 0)
    assert isinstance(site.conversation.road, ShortRoad)


def test_an_answer_of_the_service_is_not_asked_for_again(site: Site) -> None:
    site.answers[OPERATION] = (404, MARK, NOT_FOUND)
    with pytest.raises(exceptions.NotFound, match="no such operation"):
        site.client.operations.get("op-1")
    assert (site.long, site.opened) == ([VERSIONS], 1)
    # and not kept: it is another question
    assert site.client.operations.get("op-1").id == "op-1"
    assert (site.long, site.opened) == ([VERSIONS, OPERATION], 1)
    assert site.short == [SIGN_IN, OPERATION]


def test_a_list_without_filters_is_not_asked_for_again(site: Site) -> None:
    mappings = f"{ROOT}/v1/admin/tenant-mappings"
    refused = {"error": {"code": 403, "message": "This needs the role admin"}}
    site.answers["GET", mappings] = (403, MARK, refused)
    with pytest.raises(exceptions.Forbidden, match="the role admin"):
        list(site.client.tenant_mappings.list())
    assert site.long == [VERSIONS]
    assert site.short[-1] == ("GET", mappings)


def test_an_address_is_the_same_in_capitals() -> None:
    message = http.client.HTTPMessage()
    reply = Reply("GET", "http://SITE-A:80/v1/", 404, "", message, b"")
    heard = Heard([reply])
    other = requests.Request("GET", "http://site-a:80/v1/P").prepare()
    assert heard.take(other) is None
    asked = requests.Request("GET", "http://SITE-A:80/v1/").prepare()
    found = heard.take(asked)
    assert found is not None
    assert found.status_code == 404
    assert heard.take(asked) is None


OLDER = {**MARK, "OpenStack-API-Version": "protector 1.1"}
OLD_SITE = {"version": {"id": "v1", "max_version": "1.1"}}


@pytest.mark.parametrize(
    "first_answer",
    [(406, MARK, {"error": {}}), (406, {}, None), (200, OLDER, {})],
    ids=["refused", "refused by a stranger", "answered in an older one"],
)
def test_a_site_without_the_newest_version_is_asked_for_its_own(
    site: Site, first_answer: Said
) -> None:
    site.answers[VERSIONS] = (200, MARK, OLD_SITE)
    site.answers[OPERATION] = (200, OLDER, {"operation": {"id": "op-1"}})
    site.before = [(OPERATION, first_answer)]
    assert site.client.operations.get("op-1").id == "op-1"
    assert site.client.operations.get("op-1").id == "op-1"
    # the second time the version is known
    again = [SIGN_IN, OPERATION, VERSIONS, OPERATION, OPERATION]
    assert site.short == again
    assert site.opened == 0


def test_the_versions_that_are_kept(site: Site) -> None:
    newest = VersionRange(MAXIMUM, MAXIMUM)
    site.client.operations.get("op-1")
    road = site.conversation.road
    assert isinstance(road, ShortRoad)
    assert road.known.offered == newest
    assert site.client.api_version == "1.2"
    assert road.known.offered == VersionRange(MINIMUM, MAXIMUM)


def test_a_refused_login_is_tried_once(site: Site) -> None:
    site.answers[SIGN_IN] = (401, {}, {"error": {"message": "no", "code": 1}})
    with pytest.raises(exceptions.AuthenticationFailed):
        site.client.operations.get("op-1")
    assert (site.short, site.long) == ([SIGN_IN], [])


def test_a_token_that_is_refused_is_renewed(site: Site) -> None:
    site.answers[OPERATION] = (401, {}, {"error": {"message": "who?"}})
    assert site.client.operations.get("op-1").id == "op-1"
    assert site.long == [VERSIONS, SIGN_IN, OPERATION]


@pytest.mark.parametrize(
    ("at", "asked"),
    [
        (SIGN_IN, [SIGN_IN, VERSIONS, OPERATION]),
        (OPERATION, [VERSIONS, OPERATION]),
    ],
    ids=["to sign in", "the question"],
)
def test_what_was_not_answered_is_asked_by_the_long_road(
    site: Site, at: tuple[str, str], asked: list[tuple[str, str]]
) -> None:
    site.answers[at] = LongRoad("TimeoutError")
    assert site.client.operations.get("op-1").id == "op-1"
    assert (site.long, site.opened) == (asked, 1)
    assert site.conversation.known_endpoint is not None
    assert site.conversation.known_endpoint.root == ROOT


def test_a_catalog_that_is_not_plain_is_read_by_keystoneauth(
    site: Site,
) -> None:
    site.answers[SIGN_IN] = (
        201,
        {"X-Subject-Token": "t"},
        fixture.V3Token(project_id="p-1"),
    )
    with pytest.raises(exceptions.ConfigProblem, match="no public endpoint"):
        site.client.operations.get("op-1")
    assert site.long == []


def test_a_success_without_its_noun(site: Site) -> None:
    site.answers[OPERATION] = (200, MARK, {"something": "else"})
    with pytest.raises(exceptions.UnreadableAnswer, match="'operation'"):
        site.client.operations.get("op-1")


def test_a_feature_that_the_site_lacks(site: Site) -> None:
    site.answers[VERSIONS] = (200, MARK, {"version": {"id": "v1"}})
    with pytest.raises(exceptions.VersionNotSupported, match="health"):
        site.conversation.require(microversions.HEALTH)
    assert site.opened == 0


def test_what_is_no_read_takes_the_long_road(site: Site) -> None:
    site.mock.delete(
        f"{ROOT}/v1/p-1/protection-groups/pg-1", status_code=204, headers=MARK
    )
    site.client.protection_groups.delete("pg-1")
    assert site.opened == 1
    assert ("DELETE", f"{ROOT}/v1/p-1/protection-groups/pg-1") in site.long


@pytest.mark.parametrize("turns", [False, True])
def test_of_several_threads_one_signs_in(
    site: Site, turns: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if turns:
        site.answers[SIGN_IN] = LongRoad("connection refused")
    together = threading.Barrier(4)
    found: list[object] = []

    def ask(question: Callable[[str], object]) -> None:
        together.wait()
        found.append(question("op-1"))

    threads = [
        threading.Thread(target=ask, args=(site.client.operations.get,))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert site.short.count(SIGN_IN) == 1
    assert site.opened == turns
