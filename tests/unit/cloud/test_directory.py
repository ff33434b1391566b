"""Keystone's lists, its version documents, and who may see what."""

import pytest

from tests.helpers.cloud_parts import Cloud


def test_versions_need_no_token(a: Cloud) -> None:
    answer = a.client.get("/identity/")
    assert answer.status_code == 300
    (version,) = answer.json["versions"]["values"]
    assert version["status"] == "stable"
    link = version["links"][0]["href"]
    assert link == "http://127.0.0.1:8788/identity/v3/"
    for path in ("/identity/v3", "/identity/v3/"):
        shown = a.client.get(path)
        assert shown.status_code == 200
        assert shown.json["version"]["id"] == version["id"]


def test_a_member_sees_its_own_project_and_itself(a: Cloud) -> None:
    own = a.get(f"/identity/v3/projects/{a.project()}")
    assert own.json["project"]["name"] == "demo"
    other = a.get(f"/identity/v3/projects/{a.project('rival')}")
    assert other.status_code == 403
    me = a.get(f"/identity/v3/users/{a.user()}").json["user"]
    assert me["name"] == "demo" and "secret" not in me
    assert a.get(f"/identity/v3/users/{a.user('admin')}").status_code == 403
    mine = a.get("/identity/v3/auth/projects").json["projects"]
    assert [project["name"] for project in mine] == ["demo"]
    listed = a.get(f"/identity/v3/users/{a.user()}/projects")
    assert listed.json["projects"] == mine


@pytest.mark.parametrize(
    "noun", ["projects", "users", "roles", "domains", "services", "endpoints"]
)
def test_lists_are_for_admins(a: Cloud, noun: str) -> None:
    path = f"/identity/v3/{noun}"
    assert a.get(path).status_code == 403
    answer = a.get(path, as_="admin")
    assert answer.status_code == 200
    first = answer.json[noun][0]
    one = a.get(f"{path}/{first['id']}", as_="admin")
    assert one.json[noun.removesuffix("s")] == first
    assert a.get(f"{path}/no-such", as_="admin").status_code == 404


@pytest.mark.parametrize(
    "path", ["/identity/v2.0", "/identity/nothing", "/identity/v3/nothing"]
)
def test_who_looks_for_a_keystone_has_no_token_yet(
    a: Cloud, path: str
) -> None:
    """A 401 makes keystoneauth wait for itself."""
    assert a.client.get(path).status_code == 404
    assert a.client.get("/compute/v9").status_code == 401


def test_lists_are_filtered_by_name(a: Cloud) -> None:
    answer = a.get("/identity/v3/projects?name=rival", as_="admin")
    (found,) = answer.json["projects"]
    assert found["id"] == a.project("rival")


def test_the_rest_of_a_login(a: Cloud) -> None:
    catalog = a.get("/identity/v3/auth/catalog").json["catalog"]
    assert "protector" in [service["name"] for service in catalog]
    assert a.get("/identity/v3/auth/system").json["system"] == []
    assert a.get("/identity/v3/auth/domains").json["domains"] == []
    (region,) = a.get("/identity/v3/regions").json["regions"]
    assert region["id"] == "RegionOne"


@pytest.mark.parametrize(
    "path, form",
    [
        ("/identity/v3/nothing", "error"),
        ("/compute/v2.1/nothing", "itemNotFound"),
        ("/networking/v2.0/nothing", "NeutronError"),
        ("/volume/v3/nothing", "itemNotFound"),
    ],
)
def test_what_is_not_there_is_404_in_the_services_form(
    a: Cloud, path: str, form: str
) -> None:
    answer = a.get(path)
    assert answer.status_code == 404
    assert list(answer.json) == [form]
    for token in ("junk", ""):
        refused = a.client.get(path, headers={"X-Auth-Token": token})
        assert refused.status_code == 401
        assert refused.json["error"]["code"] == 401
        assert "Keystone uri=" in refused.headers["WWW-Authenticate"]


def test_an_admin_lists_who_has_which_role(a: Cloud) -> None:
    path = "/identity/v3/role_assignments"
    assert a.get(path).status_code == 403
    asked = f"{path}?user.id={a.user()}&include_names=true"
    (one,) = a.get(asked, as_="admin").json["role_assignments"]
    assert one["role"]["name"] == "member"
    assert one["user"]["name"] == "demo"
    assert one["scope"]["project"]["name"] == "demo"
    of_admin = f"{path}?user.id={a.user('admin')}"
    found = a.get(of_admin, as_="admin").json["role_assignments"]
    # what a role brings with it is no assignment
    assert sorted(sorted(each["scope"]) for each in found) == [
        ["domain"],
        ["project"],
        ["system"],
    ]
    inferences = a.get("/identity/v3/role_inferences", as_="admin").json
    assert [
        (each["prior_role"]["name"], [i["name"] for i in each["implies"]])
        for each in inferences["role_inferences"]
    ] == [("admin", ["member"]), ("member", ["reader"])]


@pytest.mark.parametrize(
    "path, key, member",
    [
        ("groups", "groups", 403),
        ("policies", "policies", 403),
        ("OS-TRUST/trusts", "trusts", 403),
        ("credentials", "credentials", 200),
        ("limits", "limits", 200),
        ("registered_limits", "registered_limits", 200),
    ],
)
def test_a_list_that_is_empty(
    a: Cloud, path: str, key: str, member: int
) -> None:
    path = f"/identity/v3/{path}"
    assert a.get(path).status_code == member
    shown = a.get(path, as_="admin").json
    assert shown[key] == []
    assert set(shown["links"]) == {"self", "next", "previous"}


def test_access_rules_are_their_users(a: Cloud) -> None:
    path = f"/identity/v3/users/{a.user()}/access_rules"
    assert a.get(path).json["access_rules"] == []
    assert a.get(path, as_="admin").status_code == 403


def test_what_is_listed_says_where_it_is(a: Cloud) -> None:
    shown = a.get("/identity/v3/auth/projects").json
    (project,) = shown["projects"]
    base = "http://localhost/identity/v3"
    assert shown["links"]["self"] == f"{base}/auth/projects"
    assert project["links"]["self"] == f"{base}/projects/{a.project()}"
    one = a.get(f"/identity/v3/projects/{a.project()}").json["project"]
    assert one == project
