"""Glance: it is found, it has nothing, and it says so as Glance does."""

import pytest
from keystoneauth1 import discover

from tests.helpers.cloud_parts import Cloud


def test_versions_need_no_token(a: Cloud) -> None:
    answer = a.client.get("/image")
    assert answer.status_code == 300
    assert a.client.get("/image/versions").status_code == 200
    current = [v for v in answer.json["versions"] if v["status"] == "CURRENT"]
    assert [version["id"] for version in current] == ["v2.16"]
    found = discover.normalize_version_number(current[0]["id"])
    assert discover.version_match((2,), found)
    (link,) = current[0]["links"]
    assert link["href"] == f"{a.site.config.url}/image/v2/"


@pytest.mark.parametrize("user", ["demo", "auditor", "admin", "rival"])
@pytest.mark.parametrize("query", ["", "?name=x", "?limit=1&sort=name:asc"])
def test_nobody_has_an_image(a: Cloud, user: str, query: str) -> None:
    answer = a.get(f"/image/v2/images{query}", as_=user)
    assert (answer.status_code, answer.json["images"]) == (200, [])
    assert "next" not in answer.json


def test_an_image_that_is_asked_for_is_not_there(a: Cloud) -> None:
    answer = a.get("/image/v2/images/3fa0f4c2")
    assert answer.status_code == 404
    assert answer.json == {
        "message": "No image found with ID 3fa0f4c2",
        "code": "404 Not Found",
        "title": "Not Found",
    }


@pytest.mark.parametrize("path", ["/image/v2/images", "/image/v2/images/x"])
def test_images_need_a_token(a: Cloud, path: str) -> None:
    answer = a.client.get(path)
    assert answer.status_code == 401
    assert "/identity" in answer.headers["WWW-Authenticate"]


def test_the_catalog_names_it(a: Cloud) -> None:
    body = a.client.get(
        "/identity/v3/auth/catalog", headers={"X-Auth-Token": a.token()}
    ).json
    (entry,) = [e for e in body["catalog"] if e["type"] == "image"]
    assert entry["name"] == "glance"
    urls = {endpoint["url"] for endpoint in entry["endpoints"]}
    assert urls == {f"{a.site.config.url}/image"}
