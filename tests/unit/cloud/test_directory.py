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
