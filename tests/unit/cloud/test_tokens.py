"""Logging in, tokens, and what becomes of them."""

from typing import Any

import pytest
from keystoneauth1 import fixture

from fakeserver.base.clock import ManualClock
from tests.helpers.cloud_parts import Cloud, Maker

DAY = 86400


def password(user: str, secret: str | None = None) -> dict[str, Any]:
    return {
        "methods": ["password"],
        "password": {
            "user": {
                "name": user,
                "domain": {"name": "Default"},
                "password": secret or f"{user}-secret",
            }
        },
    }


def login(
    cloud: Cloud, identity: Any, scope: Any = None, expect: int = 201
) -> Any:
    auth = {"identity": identity}
    if scope is not None:
        auth["scope"] = scope
    answer = cloud.client.post("/identity/v3/auth/tokens", json={"auth": auth})
    assert answer.status_code == expect, answer.text
    if expect == 201:
        return answer.headers["X-Subject-Token"], answer.json["token"]
    return answer.json


SCOPES = "system, project, domain, OS-TRUST:trust or unscoped"
DEMO = {"project": {"name": "demo", "domain": {"id": "default"}}}


def test_a_password_gives_a_token_of_the_project(a: Cloud) -> None:
    token, body = login(a, password("demo"), DEMO)
    assert body["project"]["id"] == a.project()
    assert [role["name"] for role in body["roles"]] == ["member", "reader"]
    assert body["methods"] == ["password"]
    found = a.keystone.check(token)
    assert found is not None
    assert (found.user_name, found.project_name) == ("demo", "demo")
    assert found.may_write and not found.is_admin


def test_without_a_scope_the_default_project_is_meant(a: Cloud) -> None:
    _, body = login(a, password("demo"))
    assert body["project"]["name"] == "demo"


@pytest.mark.parametrize("scope", ["unscoped", {"unscoped": {}}])
def test_an_unscoped_token_has_neither_roles_nor_catalog(
    a: Cloud, scope: Any
) -> None:
    token, body = login(a, password("demo"), scope)
    assert not {"project", "roles", "catalog"} & set(body)
    answer = a.get("/compute/v2.1/servers", token=token)
    assert answer.status_code == 403


def test_a_system_token_lacks_what_needs_a_project(a: Cloud) -> None:
    token, body = login(a, password("admin"), {"system": {"all": True}})
    assert body["system"] == {"all": True}
    kinds = {
        service["type"] for service in body["catalog"] if service["endpoints"]
    }
    assert kinds == {"identity", "compute", "network", "image", "protector"}
    found = a.keystone.check(token)
    assert found is not None and found.project_id == "" and found.is_admin


def test_the_catalog_names_every_service_at_this_site(b: Cloud) -> None:
    _, body = login(b, password("demo"))
    urls = {
        service["type"]: endpoint["url"]
        for service in body["catalog"]
        for endpoint in service["endpoints"]
        if endpoint["interface"] == "public"
    }
    base = "http://127.0.0.1:8789"
    assert urls == {
        "identity": f"{base}/identity",
        "compute": f"{base}/compute/v2.1",
        "network": f"{base}/networking",
        "volumev3": f"{base}/volume/v3/{b.project()}",
        "image": f"{base}/image",
        "protector": base,
    }


@pytest.mark.parametrize(
    "identity, scope",
    [
        (password("demo", "wrong"), None),
        (password("nobody"), None),
        (password("rival"), DEMO),
        (password("demo"), {"system": {"all": True}}),
        (password("demo"), {"project": {"id": "no-such"}}),
        (password("demo"), {"domain": {"id": "default"}}),
        ({"methods": []}, None),
        ({"methods": ["telepathy"], "telepathy": {}}, None),
        ({"methods": ["token"], "token": {"id": 1}}, None),
        (
            {
                "methods": ["application_credential"],
                "application_credential": {"name": "no", "secret": "no"},
            },
            None,
        ),
    ],
)
def test_a_login_that_is_refused(a: Cloud, identity: Any, scope: Any) -> None:
    body = login(a, identity, scope, expect=401)
    assert body == {
        "error": {
            "code": 401,
            "title": "Unauthorized",
            "message": "The request you have made requires authentication.",
        }
    }


@pytest.mark.parametrize(
    "identity, scope, expecting",
    [
        (password("demo"), {}, f"{SCOPES} in scope"),
        (password("demo"), "scoped", f"{SCOPES} in scope"),
        (
            password("demo"),
            {**DEMO, "system": {"all": True}},
            f"{SCOPES} in scope",
        ),
        (
            password("demo"),
            {"project": {"name": "demo"}},
            "domain in project",
        ),
        ({"methods": ["password"]}, None, "password in identity"),
        ({"methods": ["telepathy"]}, None, "telepathy in identity"),
        (
            {
                "methods": ["password"],
                "password": {"user": {"name": "demo"}},
            },
            None,
            "domain in user",
        ),
        ({"methods": ["token"]}, None, "token in identity"),
    ],
)
def test_a_login_that_lacks_something(
    a: Cloud, identity: Any, scope: Any, expecting: str
) -> None:
    """In the words of a real Keystone."""
    body = login(a, identity, scope, expect=400)
    said = body["error"]["message"]
    assert said.startswith(f"Expecting to find {expecting}. The server")


@pytest.mark.parametrize(
    "identity, said",
    [
        (
            {"methods": ["token"], "token": {"id": "junk"}},
            "Could not recognize Fernet token",
        ),
        (
            {"methods": ["token"], "token": {"id": "gAAAAAé"}},
            "Could not recognize Fernet token",
        ),
        (
            {
                "methods": ["application_credential"],
                "application_credential": {"id": "no", "secret": "no"},
            },
            "Could not find Application Credential: no.",
        ),
    ],
)
def test_a_login_with_what_is_not_there(
    a: Cloud, identity: Any, said: str
) -> None:
    """A real Keystone answers 404, where 401 might be expected."""
    body = login(a, identity, expect=404)
    assert body["error"]["message"] == said


def test_a_login_with_a_revoked_token(a: Cloud) -> None:
    token = a.token()
    headers = {"X-Auth-Token": token, "X-Subject-Token": token}
    a.client.delete("/identity/v3/auth/tokens", headers=headers)
    identity = {"methods": ["token"], "token": {"id": token}}
    body = login(a, identity, DEMO, expect=404)
    assert body["error"]["message"] == "Failed to validate token"


@pytest.mark.parametrize("domain", [{"id": "default"}, {"name": "Default"}])
def test_an_admin_scopes_to_the_domain(a: Cloud, domain: Any) -> None:
    token, body = login(a, password("admin"), {"domain": domain})
    assert body["domain"] == {"id": "default", "name": "Default"}
    assert "project" not in body and "system" not in body
    assert {role["name"] for role in body["roles"]} >= {"admin"}
    listed = a.get("/identity/v3/auth/domains", token=token).json["domains"]
    assert [one["id"] for one in listed] == ["default"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"auth": {}}',
        '{"auth": {"identity": {"methods": "password"}}}',
        '{"auth": {"identity": {"methods": ["password"], "password": {}}}}',
        '{"auth": {"identity": {"methods": ["token"], "token": {}}}}',
        '{"auth": {"identity": {"methods": ["telepathy"]}}}',
        '{"auth": {"identity": {"methods": ["password"], "password": 1}}}',
        '{"auth": {"identity": {"methods": ["password"],'
        ' "password": {"user": {"name": "\\ud800"}}}}}',
        "[" * 100_000,
        '{"auth": NaN}',
    ],
)
def test_a_login_that_is_no_login(a: Cloud, text: str) -> None:
    answer = a.client.post("/identity/v3/auth/tokens", data=text)
    assert answer.status_code == 400
    assert answer.json["error"]["code"] == 400


def test_a_token_makes_another_that_lives_no_longer(
    a: Cloud, clock: ManualClock
) -> None:
    old, body = login(a, password("demo"), "unscoped")
    clock.advance(100)
    identity = {"methods": ["token"], "token": {"id": old}}
    new, again = login(a, identity, DEMO)
    assert again["expires_at"] == body["expires_at"]
    assert again["methods"] == ["token", "password"]
    assert again["audit_ids"][1] == body["audit_ids"][0]
    # revoked, the old one takes the new one with it
    headers = {"X-Auth-Token": old, "X-Subject-Token": old}
    answer = a.client.delete("/identity/v3/auth/tokens", headers=headers)
    assert answer.status_code == 204
    assert a.keystone.check(new) is None


def test_a_token_expires_by_the_sites_clock(
    a: Cloud, clock: ManualClock
) -> None:
    token, body = login(a, password("demo"))
    assert body["issued_at"] == "2025-10-09T08:53:20.000000Z"
    assert body["expires_at"] == "2025-10-10T08:53:20.000000Z"
    clock.advance(DAY - 1)
    assert a.get("/compute/v2.1/servers", token=token).status_code == 200
    clock.advance(1)
    answer = a.get("/compute/v2.1/servers", token=token)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == (
        'Keystone uri="http://127.0.0.1:8788/identity"'
    )


def test_a_token_is_good_after_a_restart_and_at_its_own_site_only(
    make_cloud: Maker,
) -> None:
    a, b = make_cloud("site-a"), make_cloud("site-b")
    token, _ = login(a, password("demo"))
    assert make_cloud("site-a").keystone.check(token)
    assert b.keystone.check(token) is None
    assert b.get("/identity/v3/auth/tokens", token=token).status_code == 401


@pytest.mark.parametrize(
    "token", [None, "", "junk", "gAAAA" + "A" * 200, "é", "x" * 9000, "\0"]
)
def test_junk_is_nobody(a: Cloud, token: str | None) -> None:
    assert a.keystone.check(token) is None


def test_a_token_tells_of_itself(a: Cloud) -> None:
    token = a.token()
    path = "/identity/v3/auth/tokens"
    headers = {"X-Subject-Token": token}
    answer = a.get(path, token=token, headers=headers)
    assert answer.status_code == 200
    assert answer.json["token"]["user"]["name"] == "demo"
    assert answer.headers["X-Subject-Token"] == token
    head = a.call("HEAD", path, token=token, headers=headers)
    assert (head.status_code, head.data) == (200, b"")
    bare = a.get(f"{path}?nocatalog", token=token, headers=headers)
    assert "catalog" not in bare.json["token"]


def test_an_admin_may_look_at_any_token_others_at_their_own(
    a: Cloud,
) -> None:
    path = "/identity/v3/auth/tokens"
    asked = {"X-Subject-Token": a.token("demo")}
    assert a.get(path, as_="admin", headers=asked).status_code == 200
    assert a.get(path, as_="rival", headers=asked).status_code == 403
    junk = {"X-Subject-Token": "junk"}
    assert a.get(path, headers=junk).status_code == 404
    assert a.get(path).status_code == 404


def test_a_revoked_token_stays_revoked(make_cloud: Maker) -> None:
    a = make_cloud("site-a")
    token = a.token()
    headers = {"X-Subject-Token": token}
    path = "/identity/v3/auth/tokens"
    assert (
        a.call("DELETE", path, token=token, headers=headers).status_code == 204
    )
    assert a.get(path, token=token, headers=headers).status_code == 401
    assert make_cloud("site-a").keystone.check(token) is None


def make_credential(a: Cloud, **given: Any) -> dict[str, Any]:
    path = f"/identity/v3/users/{a.user()}/application_credentials"
    answer = a.post(path, {"application_credential": given})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json["application_credential"]
    return made


def by_credential(made: dict[str, Any], **changes: Any) -> dict[str, Any]:
    given = {"id": made["id"], "secret": made["secret"], **changes}
    return {
        "methods": ["application_credential"],
        "application_credential": given,
    }


def test_an_application_credential_logs_in(a: Cloud) -> None:
    made = make_credential(a, name="backup", roles=[{"name": "reader"}])
    token, body = login(a, by_credential(made))
    assert body["project"]["id"] == a.project()
    assert [role["name"] for role in body["roles"]] == ["reader"]
    assert body["application_credential"]["restricted"] is True
    found = a.keystone.check(token)
    assert found is not None and found.roles == ("reader",)
    named = {
        "name": "backup",
        "secret": made["secret"],
        "user": {"name": "demo", "domain": {"name": "Default"}},
    }
    login(
        a,
        {
            "methods": ["application_credential"],
            "application_credential": named,
        },
    )
    login(a, by_credential(made, secret="wrong"), expect=401)
    login(a, by_credential(made), DEMO, expect=401)


def test_a_deleted_credential_takes_its_tokens_with_it(a: Cloud) -> None:
    made = make_credential(a, name="backup")
    token, _ = login(a, by_credential(made))
    path = f"/identity/v3/users/{a.user()}/application_credentials"
    own = f"{path}/{made['id']}"
    shown = a.get(own).json["application_credential"]
    assert "secret" not in shown and shown["name"] == "backup"
    # a restricted credential neither makes nor deletes credentials
    assert a.call("DELETE", own, token=token).status_code == 403
    assert a.call("DELETE", own).status_code == 204
    assert a.keystone.check(token) is None
    assert a.get(own).status_code == 404
    login(a, by_credential(made), expect=404)


def test_a_credential_expires(a: Cloud, clock: ManualClock) -> None:
    made = make_credential(
        a, name="short", expires_at="2025-10-09T09:53:20.000000"
    )
    token, body = login(a, by_credential(made))
    assert body["expires_at"] == "2025-10-09T09:53:20.000000Z"
    clock.advance(3600)
    assert a.keystone.check(token) is None
    login(a, by_credential(made), expect=401)


@pytest.mark.parametrize(
    "given, status",
    [
        ({}, 400),
        ({"name": ""}, 400),
        ({"name": "x", "expires_at": "tomorrow"}, 400),
        ({"name": "x", "expires_at": "2001-01-01T00:00:00"}, 400),
        ({"name": "x", "roles": [{"name": "admin"}]}, 400),
        ({"name": "x", "roles": [{"id": "no-such"}]}, 400),
        ({"name": "taken"}, 409),
    ],
)
def test_a_credential_that_is_refused(
    a: Cloud, given: dict[str, Any], status: int
) -> None:
    make_credential(a, name="taken")
    path = f"/identity/v3/users/{a.user()}/application_credentials"
    answer = a.post(path, {"application_credential": given})
    assert answer.status_code == status


def test_credentials_are_their_users(a: Cloud) -> None:
    made = make_credential(a, name="mine")
    path = f"/identity/v3/users/{a.user()}/application_credentials"
    body = {"application_credential": {"name": "theirs"}}
    for user in ("rival", "admin"):
        assert a.post(path, body, as_=user).status_code == 403
    assert a.get(path, as_="rival").status_code == 403
    other = f"/identity/v3/users/{a.user('rival')}/application_credentials"
    answer = a.get(f"{other}/{made['id']}", as_="rival")
    assert answer.status_code == 404
    listed = a.get(path).json["application_credentials"]
    assert [one["name"] for one in listed] == ["mine"]


def test_no_password_is_kept(make_cloud: Maker) -> None:
    a = make_cloud("site-a")
    made = make_credential(a, name="backup", secret="a-very-secret-secret")
    assert made["secret"] == "a-very-secret-secret"
    login(a, by_credential(made))
    kept = "".join(a.site.db.connection().iterdump())
    assert "demo-secret" not in kept
    assert "a-very-secret-secret" not in kept


def test_a_token_has_the_form_that_the_clients_library_makes(
    a: Cloud,
) -> None:
    """The one that keystoneauth's users test with."""
    _, body = login(a, password("demo"), DEMO)
    made = fixture.V3Token(
        expires=body["expires_at"],
        issued=body["issued_at"],
        user_id=a.user(),
        user_name="demo",
        user_domain_id="default",
        user_domain_name="Default",
        methods=["password"],
        audit_id=body["audit_ids"][0],
    )
    made.set_project_scope(a.project(), "demo", "default", "Default", False)
    for role in body["roles"]:
        made.add_role(role["name"], role["id"])
    for service in body["catalog"]:
        added = made.add_service(
            service["type"], service["name"], id=service["id"]
        )
        for point in service["endpoints"]:
            added.add_endpoint(
                point["interface"], point["url"], "RegionOne", point["id"]
            )
    assert body["user"].pop("password_expires_at", "") is None
    assert body == made["token"]


def test_the_version_has_the_form_that_the_clients_library_makes(
    a: Cloud,
) -> None:
    found = a.client.get("/identity/v3").json["version"]
    made = fixture.V3Discovery(
        "http://127.0.0.1:8788/identity/v3/", id="v3.14", xml=False
    )
    made.updated_str = found["updated"]
    assert found == made
    listed = a.client.get("/identity/").json
    assert listed == {"versions": {"values": [found]}}
