"""What every request passes: version, token, project, role, body."""

import io
import json
import logging
from typing import Any

import pytest

from fakeserver.api import roles
from fakeserver.base.errors import RequestRefused
from fakeserver.base.ids import stable_id
from fakeserver.site import Site
from tests.helpers.api_parts import (
    OTHER,
    PROJECT,
    Api,
    Engine,
    add_group,
    error_of,
)

GROUPS = f"/v1/{PROJECT}/protection-groups"
GROUP = f"{GROUPS}/{stable_id(1, 'g')}"
HEADER = "OpenStack-API-Version"
RID = "X-OpenStack-Request-ID"


# -- whose the token is


@pytest.mark.parametrize(
    "rule",
    [rule for rule in roles.RULES if rule.roles and not rule.action],
    ids=lambda rule: f"{rule.method} {rule.path}",
)
@pytest.mark.parametrize("scope", ["domain", "nothing"])
@pytest.mark.decided
def test_a_role_on_a_domain_counts_nowhere(
    call: Api, rule: roles.Rule, scope: str
) -> None:
    """An admin of Keystone's domain is none of the protector's."""
    path = rule.path.replace("{tenant_id}", PROJECT)
    response = call(rule.method, path, role=f"admin:@{scope}")
    assert response.status_code == 403
    said = error_of(response)
    assert said.reason == "forbidden"
    assert said.message.startswith(
        f"The token is scoped to {scope.replace('dom', 'the dom')}."
    )


@pytest.mark.decided
def test_an_admin_of_the_system_is_one_everywhere(call: Api) -> None:
    for path in ("/v1/admin/sites", GROUPS, "/v1/health"):
        assert call("GET", path, role="admin:@system").status_code == 200
    # what is less than that is nothing of any project
    assert call("GET", GROUPS, role="member:@system").status_code == 403
    shown = call("GET", "/v1/health", role="reader:@system")
    assert shown.get_json()["health"] == []


@pytest.mark.parametrize("method, path", [("GET", GROUPS), ("POST", GROUPS)])
def test_no_answer_of_keystone_is_no_mistake_of_ours(
    call: Api, method: str, path: str
) -> None:
    response = call(method, path, {}, role="silence")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    said = error_of(response)
    assert said.reason == "identity-unreachable"
    assert said.message == (
        "Keystone at http://127.0.0.1:8788/identity/v3 does not say whose "
        "the token is: connection refused"
    )
    assert RID in response.headers
    # what needs no token is answered
    assert call("GET", "/", role="silence").status_code == 200


# -- versions


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/"])
def test_version_documents(call: Api, path: str) -> None:
    response = call("GET", path, role=None, version=None)
    body = response.get_json()
    found = body["version"] if path != "/" else body["versions"][0]
    assert response.status_code == 200
    assert found["status"] == "CURRENT"
    assert found["min_version"] == "1.0"
    assert found["version"] == found["max_version"] == "1.2"
    assert found["links"] == [
        {"rel": "self", "href": "http://127.0.0.1:8788/v1/"}
    ]


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (None, "1.0"),
        ("protector 1.0", "1.0"),
        ("protector 1.1", "1.1"),
        ("protector latest", "1.2"),
        ("compute 2.1", "1.0"),
        ("compute 2.1, protector 1.2", "1.2"),
    ],
)
def test_negotiated(call: Api, sent: str | None, answered: str) -> None:
    headers = {} if sent is None else {HEADER: sent}
    response = call("GET", GROUPS, version=None, headers=headers)
    assert response.status_code == 200
    assert response.headers[HEADER] == f"protector {answered}"
    assert HEADER in response.headers["Vary"]


@pytest.mark.parametrize("sent", ["0.9", "1.3", "2.0", "1.99999999999999"])
def test_version_not_served(call: Api, sent: str) -> None:
    response = call("GET", GROUPS, version=sent)
    found = error_of(response)
    assert (found.status, found.reason) == (406, "version-not-supported")
    assert found.details == {"min_version": "1.0", "max_version": "1.2"}


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "1.1",
        "protector",
        "protector 1",
        "protector 1.",
        "protector 1.1.1",
        "protector one",
        "protector 01.1",
        "protector \u0661.\u0660".encode().decode("latin-1"),
        "protector 1.0, protector 1.1",
        "protector 1.1,",
        "x" * 5000,
        "protector 1." + "1" * 5000,
    ],
)
@pytest.mark.parametrize("path", ["/", GROUPS, "/v1/nowhere"])
def test_malformed_version(call: Api, path: str, sent: str) -> None:
    response = call("GET", path, version=None, headers={HEADER: sent})
    found = error_of(response)
    assert (found.status, found.reason) == (400, "bad-request")
    assert HEADER in found.message


# -- request ids


def test_request_id_is_kept_when_it_is_one(call: Api) -> None:
    given = f"req-{stable_id(1, 'x')}"
    response = call("GET", GROUPS, headers={RID: given})
    assert response.headers[RID] == given


@pytest.mark.parametrize(
    "given",
    [
        "",
        "req-1",
        "x" * 40,
        "req-" + "g" * 36,
        f"REQ-{stable_id(1, 'x')}",
    ],
)
def test_request_id_is_made_otherwise(call: Api, given: str) -> None:
    one = call("GET", GROUPS, headers={RID: given}).headers[RID]
    two = call("GET", GROUPS, headers={RID: given}).headers[RID]
    assert one.startswith("req-") and one != given and one != two


# -- tokens


@pytest.mark.parametrize("token", [None, "", "junk", "\u00e9"])
def test_no_token(call: Api, token: str | None) -> None:
    response = call("GET", GROUPS, role=token)
    found = error_of(response)
    assert (found.status, found.reason) == (401, "unauthorized")
    assert response.headers["WWW-Authenticate"] == (
        'Keystone uri="http://127.0.0.1:8788/identity/v3"'
    )


# -- roles: every cell


def path_of(rule: roles.Rule) -> str:
    return rule.path.format(
        tenant_id=PROJECT,
        pg_id=stable_id(1, "g"),
        member_id="m",
        op_id="op",
        site_id="s",
        mapping_id="m",
    )


MAY = {
    "stranger": set(),
    "protector_peer": {"protector_peer"},
    "reader": {"reader"},
    "member": {"reader", "member"},
    "admin": {"reader", "member", "admin"},
}


@pytest.mark.parametrize("role", MAY)
@pytest.mark.parametrize(
    "rule",
    roles.RULES,
    ids=lambda rule: f"{rule.method} {rule.path} {rule.action or ''}",
)
def test_cell(call: Api, rule: roles.Rule, role: str) -> None:
    """A pass is anything but 401 and 403: what is there is not asked."""
    action = rule.action or "sync_volumes"
    body = None
    if rule.path.endswith("/action"):
        body = {action: {"status": "active"} if rule.action else {}}
    response = call(rule.method, path_of(rule), body, role=role)
    passed = not rule.roles or bool(MAY[role].intersection(rule.roles))
    if passed:
        assert response.status_code not in (401, 403)
    else:
        found = error_of(response)
        assert (found.status, found.reason) == (403, "forbidden")
        if rule.action is None:
            assert " or ".join(rule.roles) in found.message


@pytest.mark.parametrize(
    "rule", [rule for rule in roles.RULES if "{tenant_id}" in rule.path]
)
def test_another_projects_address(
    site: Site, call: Api, rule: roles.Rule
) -> None:
    """403 whatever is behind it."""
    add_group(site, "g", PROJECT)
    for role in ("member", "protector_peer"):
        response = call(
            rule.method, path_of(rule), role=f"{role}:{OTHER}", json={}
        )
        assert error_of(response).reason == "forbidden"


def test_admin_crosses_projects(site: Site, call: Api) -> None:
    add_group(site, "g", PROJECT)
    response = call("GET", GROUP, role=f"admin:{OTHER}")
    assert response.status_code == 200


def test_another_projects_group(site: Site, call: Api) -> None:
    add_group(site, "g", OTHER)
    missing = call("GET", f"{GROUPS}/{stable_id(1, 'none')}", role="member")
    theirs = call("GET", GROUP, role="member")
    for response in (missing, theirs):
        assert error_of(response).reason == "not-found"


# -- addresses


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/v2/",
        "/v1/nowhere",
        f"{GROUPS}/x/y/z",
        f"/v1//{PROJECT}/protection-groups",
        "/v1/%00",
        "/v1/%ff%fe",
        "/favicon.ico",
    ],
)
def test_nothing_there(call: Api, path: str) -> None:
    found = error_of(call("GET", path, role=None))
    assert (found.status, found.reason) == (404, "not-found")


@pytest.mark.parametrize(
    "method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "QUERY", "FOO"]
)
def test_method_not_there(call: Api, method: str) -> None:
    response = call(method, GROUPS)
    found = error_of(response)
    assert (found.status, found.reason) == (405, "bad-request")
    assert set(response.headers["Allow"].split(", ")) == {
        "GET",
        "HEAD",
        "POST",
    }


def test_other_services_keep_their_own_errors(call: Api) -> None:
    assert call("GET", "/identity/v3").get_data() == b"keystone"
    response = call("GET", "/identity/nowhere")
    assert response.status_code == 404
    assert HEADER not in response.headers
    assert response.mimetype == "text/html"


# -- bodies

CASES: dict[str, bytes] = {
    "empty": b"",
    "not JSON": b"{",
    "a list": b"[]",
    "null": b"null",
    "a number": b"1",
    "not UTF-8": b'{"failover": "\xff"}',
    "UTF-16": '{"failover": {}}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"failover": {}}',
    "NaN": b'{"failover": {"force": NaN}}',
    "infinite": b'{"failover": {"force": 1e999}}',
    "a huge number": b'{"failover": {"force": ' + b"9" * 5000 + b"}}",
    "given twice": b'{"failover": {}, "failover": {}}',
    "inner twice": b'{"failover": {"force": true, "force": false}}',
    "deep": b'{"failover":' * 40 + b"1" + b"}" * 40,
    "very deep": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 90_000,
    "half a pair": b'{"failover": {"reason": "\\ud800"}}',
    "half a pair as key": b'{"\\ud800": 1, "\\ud800": 2}',
    "no action": b"{}",
    "two actions": b'{"failover": {}, "failback": {}}',
    "unknown action": b'{"explode": {}}',
    "unknown key": b'{"failover": {"speed": 1}}',
    "wrong type": b'{"failover": []}',
    "text for a boolean": b'{"failover": {"force": "true"}}',
    "a number for a boolean": b'{"failover": {"force": 1}}',
    "null for a boolean": b'{"failover": {"force": null}}',
    "mapping to a number": b'{"failover": {"network_mapping": {"a": 1}}}',
    "mapping to nothing": b'{"failover": {"network_mapping": {"a": ""}}}',
    "mapping from nothing": b'{"failover": {"network_mapping": {"": "a"}}}',
    "a long reason": b'{"failover": {"reason": "%s"}}' % (b"x" * 256),
}


@pytest.mark.parametrize("raw", CASES.values(), ids=CASES)
def test_bad_body(call: Api, engine: Engine, raw: bytes) -> None:
    response = call(
        "POST",
        f"{GROUP}/action",
        data=raw,
        content_type="application/json",
    )
    found = error_of(response)
    assert (found.status, found.reason) == (400, "bad-request")
    assert "\n" not in found.message and not found.message.endswith(".")
    assert engine.calls == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"failover": {}, "failback": {}},
            "The body must have exactly one action",
        ),
        ({}, "The body must have exactly one action"),
        ({"explode": {}}, "explode is not known here"),
        (
            {"failover": {"speed": 1}},
            "failover.speed is not known here",
        ),
        ({"failover": []}, "failover must be an object"),
        ([], "The body must be an object"),
        (
            {"failover": {"force": "yes"}},
            "failover.force must be true or false",
        ),
        ({"failback": {"force": True}}, "force is for failover alone"),
        ({"test_failover": {"force": True}}, "force is for failover alone"),
        (
            {"failover": {"force": True, "retain_primary": True}},
            "force cannot be true together with retain_primary",
        ),
        (
            {"failover": {"reverse_replication": True}},
            "reverse_replication is for failback alone",
        ),
        (
            {"failback": {"retain_primary": True}},
            "retain_primary is for test_failover alone",
        ),
        (
            {"failover": {"network_mapping": {"a": 1}}},
            "failover.network_mapping.a must be a string",
        ),
        (
            {"failover": {"network_mapping": {"": "a"}}},
            "A key of failover.network_mapping must have at least 1 "
            "characters",
        ),
        ({"reset_status": {}}, "reset_status.status is missing"),
        (
            {"reset_status": {"status": "error"}},
            "reset_status.status must be one of active, failed_over, "
            "failed_over_partial",
        ),
    ],
)
def test_what_is_wrong_is_named(call: Api, body: Any, message: str) -> None:
    assert error_of(call("POST", f"{GROUP}/action", body)).message == message


def test_content_type(call: Api) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        response = call(
            "POST", f"{GROUP}/action", data=b"{}", content_type=kind
        )
        assert error_of(response).details == {"field": "Content-Type"}


def test_body_of_a_mebibyte_and_more(call: Api, engine: Engine) -> None:
    reason = json.dumps({"failover": {"reason": ""}})
    most = reason.replace('""', f'"{"x" * ((1 << 20) - len(reason))}"')
    assert len(most) == 1 << 20
    for raw, status in ((most, 400), (most + " ", 413), (most * 2, 413)):
        response = call(
            "POST",
            f"{GROUP}/action",
            data=raw.encode(),
            content_type="application/json",
        )
        assert error_of(response).status == status
    assert engine.calls == []


def test_large_body_is_read_to_its_end(call: Api) -> None:
    """Also when it comes in chunks, and when somebody has no token."""
    for role in ("admin", None):
        stream = io.BytesIO(b"x" * (3 << 20))
        response = call(
            "POST",
            f"{GROUP}/action",
            role=role,
            input_stream=stream,
            environ_overrides={
                "wsgi.input_terminated": True,
                "HTTP_TRANSFER_ENCODING": "chunked",
            },
            content_type="application/json",
        )
        assert error_of(response).status == (413 if role else 401)
        assert stream.read() == b""


def test_body_where_none_is_needed(call: Api, engine: Engine) -> None:
    path = f"{GROUP}/consistency-group/sync"
    for body in (None, {}):
        assert call("POST", path, body).status_code == 202
    assert error_of(call("POST", path, {"a": 1})).status == 400
    assert len(engine.calls) == 2


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (f"{GROUP}/sync-force", {"x": 1}, "x"),
        (f"{GROUP}/consistency-group/sync", {"x": 1}, "x"),
        (f"/v1/admin/sites/{stable_id(1, 's')}/validate", {"x": 1}, "x"),
        (GROUPS, {"protection_group": {"foo": 1}}, "protection_group.foo"),
        (GROUPS, {"group": {}}, "group"),
        (GROUPS, {}, "protection_group"),
        (f"{GROUP}/action", {"failback": {}, "failover": {}}, "failover"),
        (f"{GROUP}/action", {"failover": {}, "explode": {}}, "explode"),
        (f"{GROUP}/action", {"reset_status": {}}, "reset_status.status"),
    ],
)
def test_a_key_is_named_in_full(
    call: Api, path: str, body: Any, field: str
) -> None:
    """Where it belongs, too much or missing, to programs and to people."""
    found = error_of(call("POST", path, body))
    assert found.details == {"field": field}
    if field != "failover":
        assert found.message.startswith(f"{field} is ")


# -- queries


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=-1", "limit"),
        ("limit=x", "limit"),
        ("limit=", "limit"),
        ("limit=1.0", "limit"),
        ("limit=\u0661", "limit"),
        ("limit=" + "9" * 6000, "limit"),
        ("limit=1&limit=2", "limit"),
        ("marker=", "marker"),
        ("marker=none", "marker"),
        ("status=odd", "status"),
        ("colour=red", "colour"),
        ("name=" + "x" * 256, "name"),
    ],
)
def test_bad_query(call: Api, query: str, field: str) -> None:
    found = error_of(call("GET", f"{GROUPS}?{query}"))
    assert (found.status, found.reason) == (400, "bad-request")
    assert found.details["field"] == field
    assert field in found.message


@pytest.mark.parametrize("query", ["name=%00", "name=%ff", "name=%ED%A0%80"])
def test_odd_query(call: Api, query: str) -> None:
    assert call("GET", f"{GROUPS}?{query}").status_code == 200


# -- what the engine says


def test_refusal_of_the_engine(call: Api, engine: Engine) -> None:
    engine.refusal = RequestRefused("invalid-state", "Not now", status="error")
    found = error_of(call("POST", f"{GROUP}/action", {"failover": {}}))
    assert found.status == 409
    assert found.reason == "invalid-state"
    assert found.message == "Not now"
    assert found.details == {"status": "error"}


def test_own_mistake(
    call: Api, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    engine.refusal = RuntimeError("secret")
    with caplog.at_level(logging.ERROR):
        response = call("POST", f"{GROUP}/action", {"failover": {}})
    found = error_of(response)
    assert (found.status, found.reason) == (500, "internal")
    assert "secret" not in response.get_data(as_text=True)
    assert response.headers[RID] in caplog.text
