"""Catalog URLs taken apart, and ids that cannot leave their segment."""

import pytest

from protectorclient import exceptions
from protectorclient._http import urls


@pytest.mark.parametrize(
    ("url", "root", "project"),
    [
        ("http://c:8788", "http://c:8788", None),
        ("http://c:8788/", "http://c:8788", None),
        ("http://c:8788/v1", "http://c:8788", None),
        ("http://c:8788/v1/", "http://c:8788", None),
        ("http://c:8788/v1/abc", "http://c:8788", "abc"),
        ("http://c:8788/v1/abc/", "http://c:8788", "abc"),
        ("https://c/protector", "https://c/protector", None),
        ("https://c/protector/v1", "https://c/protector", None),
        ("https://c/protector/v1/a%20b", "https://c/protector", "a b"),
        ("http://[::1]:8788/v1/abc", "http://[::1]:8788", "abc"),
        ("http://v1/", "http://v1", None),
    ],
)
def test_catalog_url(url: str, root: str, project: str | None) -> None:
    assert urls.Endpoint.from_url(url) == urls.Endpoint(root, project)


@pytest.mark.parametrize(
    "identifier",
    ["op-456abc78", "0d8a4c0e-7a3c-4f9d-9f0a-000000000001", "a.b_c~d"],
)
def test_plain_ids_pass(identifier: str) -> None:
    assert urls.segment(identifier) == identifier


@pytest.mark.parametrize(
    "identifier",
    ["", ".", "..", "../x", "a/b", "a?b", "a#b", "a%2Fb", "a b", "ä", "a\n"],
)
def test_ids_that_are_none_are_not_sent(identifier: str) -> None:
    with pytest.raises(exceptions.NotFound):
        urls.segment(identifier)


def test_query_leaves_out_what_is_not_given() -> None:
    given = {"limit": 5, "marker": None, "force": True, "local": False}
    assert urls.query(given) == {
        "limit": "5",
        "force": "true",
        "local": "false",
    }


@pytest.mark.parametrize(
    ("body", "marker"),
    [
        ({}, None),
        ({"links": []}, None),
        ({"links": [{"rel": "self", "href": "http://x/?marker=a"}]}, None),
        (
            {
                "links": [
                    {"rel": "next", "href": "http://x/y?limit=1&marker=a"}
                ]
            },
            "a",
        ),
        ({"links": [{"rel": "next", "href": "/y"}]}, "last"),
        ({"links": [{"rel": "next"}]}, "last"),
        ({"things_links": [{"rel": "next", "href": "?marker=b"}]}, "b"),
        ({"links": "nonsense"}, None),
    ],
)
def test_next_marker(body: dict[str, object], marker: str | None) -> None:
    assert urls.next_marker(body, "things", [{"id": "last"}]) == marker
