"""One request, one answer: headers, versions, timeouts, what is lost."""

import json
import logging
from collections.abc import Callable

import pytest
import requests
import urllib3

from protectorclient import exceptions
from protectorclient._http import conversation, microversions
from protectorclient.durations import CONNECT_TIMEOUT, READ_TIMEOUT
from tests.helpers.canned_site import (
    AUTH,
    PROJECT,
    REQUEST_ID,
    ROOT,
    TOKEN,
    Site,
    version_document,
)

GROUP = {"protection_group": {"id": "pg-1", "name": "web"}}
OPERATIONS = f"/v1/{PROJECT}/operations"
GROUPS = f"/v1/{PROJECT}/protection-groups"


def refused() -> requests.ConnectionError:
    inner = urllib3.exceptions.NewConnectionError(None, "refused")  # type: ignore[arg-type]
    inner.__cause__ = ConnectionRefusedError(111, "Connection refused")
    return requests.ConnectionError(
        urllib3.exceptions.MaxRetryError(None, "/", inner)  # type: ignore[arg-type]
    )


def reset() -> requests.ConnectionError:
    return requests.ConnectionError(
        urllib3.exceptions.ProtocolError(
            "Connection aborted.", ConnectionResetError(104, "reset by peer")
        )
    )


@pytest.mark.parametrize(
    "url", [ROOT, f"{ROOT}/v1", f"{ROOT}/v1/{PROJECT}", f"{ROOT}/v1/"]
)
def test_every_form_of_the_catalog_reaches_everything(
    make_site: Callable[..., Site], url: str
) -> None:
    site = make_site(url=url)
    site.answer("GET", f"{GROUPS}/pg-1", json=GROUP)
    site.answer("GET", "/v1/admin/sites", json={"sites": []})
    site.answer("GET", "/v1/health", json={"health": []})

    site.client.protection_groups.get("pg-1")
    list(site.client.sites.list())
    list(site.client.health.list())

    assert site.asked == [
        f"GET {GROUPS}/pg-1",
        "GET /v1/admin/sites",
        "GET /v1/health",
    ]


def test_headers_of_a_request(site: Site) -> None:
    site.answer("GET", f"{GROUPS}/pg-1", json=GROUP)
    site.client.protection_groups.get("pg-1")
    sent = site.last.headers
    assert sent["X-Auth-Token"] == TOKEN
    assert sent["OpenStack-API-Version"] == "protector 1.2"
    assert sent["Accept"] == "application/json"
    assert "python-protectorclient/" in sent["User-Agent"]
    assert "X-OpenStack-Request-ID" not in sent


def test_always_a_timeout_for_connecting_and_for_reading(
    make_site: Callable[..., Site],
) -> None:
    site = make_site()
    site.answer("GET", f"{GROUPS}/pg-1", json=GROUP)
    site.client.protection_groups.get("pg-1")
    assert site.last.timeout == (CONNECT_TIMEOUT, READ_TIMEOUT)

    site = make_site(connect_timeout=1, read_timeout=2)
    site.client.protection_groups.get("pg-1")
    assert site.last.timeout == (1, 2)


# Versions


@pytest.mark.parametrize(
    ("offered", "used"), [("1.0", "1.0"), ("1.1", "1.1"), ("1.9", "1.2")]
)
def test_auto_is_the_newest_that_both_know(
    make_site: Callable[..., Site], offered: str, used: str
) -> None:
    site = make_site(maximum=offered)
    site.answer("GET", f"{GROUPS}/pg-1", json=GROUP)
    site.client.protection_groups.get("pg-1")
    site.client.protection_groups.get("pg-1")
    assert site.last.headers["OpenStack-API-Version"] == f"protector {used}"
    assert site.client.api_version == used
    paths = [request.path for request in site.mock.request_history]
    assert paths.count("/v1/") == 1, "the documents are read once"


def test_version_documents_need_no_token(site: Site) -> None:
    assert str(site.client.versions()) == "1.0 to 1.2"
    assert "X-Auth-Token" not in site.last.headers


def test_version_list_at_the_root_will_do(site: Site) -> None:
    site.answer("GET", "/v1/", status_code=404, text="nothing here")
    listed = {"versions": [version_document("1.1")["version"]]}
    site.answer("GET", "/", status_code=300, json=listed)
    assert str(site.client.versions()) == "1.0 to 1.1"


NO_DOCUMENTS = [
    ({"text": "<html>It works!</html>"}, {"status_code": 404}),
    ({"status_code": 404, "text": "<h1>Not Found</h1>"}, {"text": "{}"}),
    ({"status_code": 403, "text": "no"}, {"status_code": 400, "text": ""}),
    ({"status_code": 404, "text": "{}"}, {"status_code": 404, "text": "{}"}),
]


@pytest.mark.parametrize("documents", NO_DOCUMENTS)
def test_without_readable_documents_an_answer_says_the_version(
    site: Site, documents: tuple[dict[str, object], ...]
) -> None:
    """A proxy's 404 does not make a service an old one."""
    for path, answer in zip(("/v1/", "/"), documents, strict=True):
        site.answer("GET", path, **answer)
    site.answer("GET", OPERATIONS, json={"operations": []})
    site.answer("GET", f"{GROUPS}/pg-1", json=GROUP)
    site.client.protection_groups.get("pg-1")
    assert site.last.headers["OpenStack-API-Version"] == "protector 1.2"
    with pytest.raises(exceptions.NotTheService, match="is not known"):
        site.client.versions()


@pytest.mark.parametrize("documents", NO_DOCUMENTS)
def test_without_documents_or_marks_the_oldest_is_spoken(
    site: Site, documents: tuple[dict[str, object], ...]
) -> None:
    for path, answer in zip(("/v1/", "/"), documents, strict=True):
        site.answer("GET", path, **answer)
    site.answer("GET", OPERATIONS, text='{"operations": []}')
    site.answer("GET", f"{GROUPS}/pg-1", text=json.dumps(GROUP))
    site.client.protection_groups.get("pg-1")
    assert site.last.headers["OpenStack-API-Version"] == "protector 1.0"


@pytest.mark.parametrize("status", [200, 302, 403, 404])
def test_where_only_a_proxy_answers_the_version_is_not_known(
    site: Site, status: int
) -> None:
    page = {"status_code": status, "text": "<h1>Hello</h1>"}
    for path in ("/v1/", "/", OPERATIONS):
        site.answer("GET", path, **page)
    with pytest.raises(exceptions.NotTheService, match="not known"):
        site.client.protection_groups.get("pg-1")
    site.answer("GET", "/v1/", json=version_document())
    assert site.client.api_version == "1.2"


def test_a_site_that_left_us_behind(make_site: Callable[..., Site]) -> None:
    site = make_site(versions=version_document("2.4", minimum="2.0"))
    with pytest.raises(exceptions.VersionNotSupported) as caught:
        site.client.protection_groups.get("pg-1")
    assert "2.0 to 2.4" in str(caught.value)
    assert "1.0 to 1.2" in str(caught.value)


def test_a_pinned_version_asks_no_documents(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(api_version="1.1")
    site.answer("GET", f"{GROUPS}/pg-1", json=GROUP)
    site.client.protection_groups.get("pg-1")
    assert site.last.headers["OpenStack-API-Version"] == "protector 1.1"
    assert "/v1/" not in [r.path for r in site.mock.request_history]


def test_latest_is_sent_as_such(make_site: Callable[..., Site]) -> None:
    site = make_site(api_version="latest", maximum="1.7")
    site.answer("GET", "/v1/health", json={"health": []})
    list(site.client.health.list())
    assert site.last.headers["OpenStack-API-Version"] == "protector latest"
    assert site.client.api_version == "1.7"


@pytest.mark.parametrize("version", ["1", "v1.1", "newest", "", "1.x"])
def test_a_version_that_is_none(
    make_site: Callable[..., Site], version: str
) -> None:
    with pytest.raises(exceptions.UsageProblem):
        make_site(api_version=version)


def test_what_an_older_site_lacks_is_said_before_anything_is_sent(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(maximum="1.1")
    with pytest.raises(exceptions.VersionNotSupported) as caught:
        site.client.protection_groups.failover("pg-1", reason="storm")
    assert caught.value.needed == "1.2"
    assert caught.value.offered == "1.0 to 1.1"
    assert str(caught.value) == (
        "site-a: a reason on an action needs protector 1.2 or later, and"
        " the site offers 1.0 to 1.1"
    )
    assert site.asked == []


def test_what_a_pinned_version_lacks_names_the_pin(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(api_version="1.0")
    with pytest.raises(exceptions.VersionNotSupported) as caught:
        site.client.http.require(microversions.RESULT_DATA)
    assert "1.1 or later, and version 1.0 was asked for" in str(caught.value)


def test_a_refused_version_names_both(make_site: Callable[..., Site]) -> None:
    site = make_site(api_version="1.9")
    site.answer(
        "GET",
        f"{GROUPS}/pg-1",
        status_code=406,
        json={
            "error": {
                "code": 406,
                "message": "not served",
                "reason": "protector.version-not-supported",
            }
        },
    )
    with pytest.raises(exceptions.VersionNotSupported) as caught:
        site.client.protection_groups.get("pg-1")
    assert "protector 1.9 was asked for" in str(caught.value)
    assert "1.0 to 1.2" in str(caught.value)


# Tokens


def test_a_refused_token_is_renewed_once(site: Site) -> None:
    asked = site.answer(
        "GET",
        f"{GROUPS}/pg-1",
        {"status_code": 401},
        {"json": GROUP},
    )
    assert site.client.protection_groups.get("pg-1").name == "web"
    assert asked.call_count == 2
    tokens = [r.url for r in site.mock.request_history if "auth" in r.path]
    assert len(tokens) == 2


def test_a_token_refused_again_is_the_end(site: Site) -> None:
    asked = site.answer(
        "GET",
        f"{GROUPS}/pg-1",
        status_code=401,
        text="Authentication required",
        headers={"WWW-Authenticate": 'Keystone uri="http://keystone.a"'},
    )
    with pytest.raises(exceptions.Unauthorized, match="required"):
        site.client.protection_groups.get("pg-1")
    assert asked.call_count == 2


def test_wrong_password(site: Site) -> None:
    site.mock.post(
        f"{AUTH}/auth/tokens",
        status_code=401,
        json={"error": {"code": 401, "message": "Invalid user / password"}},
    )
    with pytest.raises(exceptions.AuthenticationFailed) as caught:
        site.client.protection_groups.get("pg-1")
    assert str(caught.value).startswith("site-a: Keystone refused: ")


@pytest.mark.parametrize(
    "failure",
    [
        {"exc": refused()},
        {"exc": requests.ConnectTimeout()},
        {"status_code": 503, "text": "<html>no</html>"},
        {"status_code": 201, "text": "cut"},
    ],
)
def test_a_keystone_that_is_down_is_a_site_that_is(
    site: Site, failure: dict[str, object]
) -> None:
    site.mock.post(f"{AUTH}/auth/tokens", **failure)  # type: ignore[arg-type]
    with pytest.raises(exceptions.SiteUnreachable) as caught:
        site.client.protection_groups.get("pg-1")
    assert caught.value.site == "site-a"
    assert not caught.value.sent


def test_a_catalog_without_the_service(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(region_name="RegionTwo")
    with pytest.raises(exceptions.ConfigProblem, match="RegionTwo"):
        site.client.protection_groups.get("pg-1")


# What is lost


@pytest.mark.parametrize(
    ("failure", "sent", "words"),
    [
        (refused(), False, "connection refused"),
        (reset(), True, "connection reset"),
        (requests.ConnectTimeout(), False, "timed out connecting"),
        (requests.ReadTimeout(), True, "timed out reading"),
        (
            requests.exceptions.ChunkedEncodingError(
                urllib3.exceptions.IncompleteRead(3, 5)
            ),
            True,
            "the answer was cut",
        ),
    ],
)
def test_lost_requests_tell_whether_they_were_sent(
    site: Site, failure: Exception, sent: bool, words: str
) -> None:
    site.answer("GET", f"{GROUPS}/pg-1", exc=failure)
    with pytest.raises(exceptions.SiteUnreachable, match=words) as caught:
        site.client.protection_groups.get("pg-1")
    assert caught.value.sent is sent

    changed = site.answer("DELETE", f"{GROUPS}/pg-1", exc=failure)
    expected = (
        exceptions.OutcomeUnknown if sent else exceptions.SiteUnreachable
    )
    with pytest.raises(expected, match=words):
        site.client.protection_groups.delete("pg-1")
    assert changed.call_count == 1


@pytest.mark.parametrize(
    "answer",
    [
        {"text": ""},
        {"text": '{"protection_group": {"id": "pg'},
        {"text": "<html>hello</html>"},
        {"json": []},
        {"json": {"something": "else"}},
        {"json": {"protection_group": "web"}},
    ],
)
def test_a_success_without_its_json_is_none(
    site: Site, answer: dict[str, object]
) -> None:
    site.answer("GET", f"{GROUPS}/pg-1", **answer)
    with pytest.raises(exceptions.UnreadableAnswer):
        site.client.protection_groups.get("pg-1")


def test_a_change_answered_without_json_is_unknown(site: Site) -> None:
    site.answer("PATCH", f"{GROUPS}/pg-1", text="")
    with pytest.raises(exceptions.OutcomeUnknown):
        site.client.protection_groups.update("pg-1", name="new")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_redirects_are_not_followed(
    site: Site, status: int, method: str
) -> None:
    site.answer(
        method,
        f"{GROUPS}/pg-1",
        status_code=status,
        headers={"Location": "http://elsewhere/v1/x"},
    )
    lost = exceptions.NotTheService, exceptions.OutcomeUnknown
    with pytest.raises(lost, match="redirect"):
        if method == "GET":
            site.client.protection_groups.get("pg-1")
        else:
            site.client.protection_groups.delete("pg-1")
    assert "elsewhere" not in {r.hostname for r in site.mock.request_history}


def test_nothing_is_repeated_even_where_the_session_would(
    site: Site,
) -> None:
    site.client.http.session._connect_retries = 3
    asked = site.answer("DELETE", f"{GROUPS}/pg-1", status_code=503)
    with pytest.raises(exceptions.ServiceUnavailable):
        site.client.protection_groups.delete("pg-1")
    lost = site.answer("DELETE", f"{GROUPS}/pg-2", exc=reset())
    with pytest.raises(exceptions.OutcomeUnknown):
        site.client.protection_groups.delete("pg-2")
    assert (asked.call_count, lost.call_count) == (1, 1)


# Secrets


def test_secrets_are_neither_in_logs_nor_in_errors(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "5e71fa0d-planted-secret"
    site.answer(
        "POST",
        f"{GROUPS}/pg-1/policy",
        status_code=400,
        json={"error": {"message": f"the token {secret} is odd"}},
    )
    with (
        caplog.at_level(logging.DEBUG),
        pytest.raises(exceptions.BadRequest) as caught,
    ):
        site.client.policies.set(
            "pg-1",
            primary_fa_url="https://fa-a",
            secondary_fa_url="https://fa-b",
            primary_fa_api_token=secret,
            secondary_fa_api_token="another-planted-secret",
        )
    assert str(caught.value) == "site-a: the token *** is odd"
    for planted in (secret, "planted-secret", TOKEN, "a-password"):
        assert planted not in caplog.text
        assert planted not in repr(vars(caught.value))


def test_request_ids_of_our_own() -> None:
    made = {conversation.new_request_id() for _ in range(50)}
    assert len(made) == 50
    assert all(len(item) == len(REQUEST_ID) for item in made)
    assert all(item.startswith("req-") for item in made)
