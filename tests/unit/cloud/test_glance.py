"""Glance: it is found, and has the image of the root volumes."""

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
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["sandbox-image"]),
        ("?name=x", []),
        ("?limit=1&sort=name:asc", ["sandbox-image"]),
    ],
)
def test_everybody_sees_the_image(
    a: Cloud, user: str, query: str, names: list[str]
) -> None:
    answer = a.get(f"/image/v2/images{query}", as_=user)
    assert answer.status_code == 200
    assert [one["name"] for one in answer.json["images"]] == names
    assert "next" not in answer.json


@pytest.mark.parametrize(
    ("user", "status"),
    [("auditor", 403), ("rival", 403), ("demo", 204), ("admin", 204)],
)
def test_an_image_is_deleted_by_its_owner(
    a: Cloud, user: str, status: int
) -> None:
    (image,) = a.get("/image/v2/images").json["images"]
    path = f"/image/v2/images/{image['id']}"
    assert a.get(path).json["name"] == "sandbox-image"
    answer = a.call("DELETE", path, as_=user)
    assert answer.status_code == status
    assert a.get(path).status_code == (404 if status == 204 else 200)


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
