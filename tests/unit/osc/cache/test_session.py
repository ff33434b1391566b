"""What is kept of sites: read back, aged, merged."""

import dataclasses

import pytest

from protectorclient._http.microversions import Version, VersionRange
from protectorclient._http.short.road import KnownSite
from protectorclient.osc.cache import session
from protectorclient.osc.cache.session import Session

SITE = KnownSite(
    name="site-a",
    root="https://a:8788",
    project_id="p-1",
    token="a-token",
    offered=VersionRange(Version(1, 0), Version(1, 2)),
    local_id="id-a",
    site_names={"id-a": "site-a", "id-b": "site-b"},
    verify="/etc/ca.pem",
    cert=("/etc/cert.pem", None),
)
KEPT = Session(
    {"site-a": SITE, "site-b": None},
    {"site-a": 100.0},
    None,
    {"op-1": "site-a"},
)


def test_it_comes_back_as_it_was() -> None:
    assert session.loaded(session.dumped(KEPT)) == KEPT


def test_a_token_is_not_shown() -> None:
    assert "a-token" not in repr(KEPT)


@pytest.mark.parametrize(
    ("now", "known"),
    # before all: by a clock that has been put back
    [(99.9, True), (100.0, False), (-500.0, True), (-500.1, False)],
)
def test_it_ages(now: float, known: bool) -> None:
    assert (KEPT.at(now).sites["site-a"] is not None) is known


def test_two_reads_know_both_sites() -> None:
    other = dataclasses.replace(SITE, name="site-b")
    newer = Session(
        {"site-a": None, "site-b": other}, {"site-b": 9.0}, None, {"op-2": "b"}
    )
    merged = KEPT.merged(newer)
    assert merged.sites == {"site-a": SITE, "site-b": other}
    assert merged.until == {"site-a": 100.0, "site-b": 9.0}
    assert merged.operations == {"op-1": "site-a", "op-2": "b"}


def test_other_sites_are_another_session() -> None:
    newer = Session({"site-c": SITE}, {"site-c": 9.0})
    assert KEPT.merged(newer) == newer


def test_one_site_is_not_both() -> None:
    other = dataclasses.replace(SITE, name="site-b")
    first = Session({"site-a": SITE}, {"site-a": 9.0}, whole=False)
    second = Session(
        {"site-a": None, "site-b": other}, {"site-b": 9.0}, whole=False
    )
    partial = first.merged(second)
    assert partial.sites == {"site-a": SITE, "site-b": other}
    assert not partial.whole
    both = dataclasses.replace(KEPT, alone="why")
    for merged in (partial.merged(both), both.merged(partial)):
        assert merged.whole and merged.alone == "why"
        assert merged.sites == {"site-a": SITE, "site-b": other}
    elsewhere = Session({"site-c": SITE}, {"site-c": 9.0}, whole=False)
    assert both.merged(elsewhere) == elsewhere


def test_the_newest_operations_are_remembered() -> None:
    many = {f"op-{n}": "site-a" for n in range(session.MOST_OPERATIONS + 5)}
    merged = KEPT.merged(dataclasses.replace(KEPT, operations=many))
    assert len(merged.operations) == session.MOST_OPERATIONS
    assert "op-504" in merged.operations
    assert "op-0" not in merged.operations


@pytest.mark.parametrize(
    "content",
    [b"", b"null", b"{}", b"[" * 9999, b'{"form": 1}', b"\x00\xff"],
)
def test_anything_else_is_nothing(content: bytes) -> None:
    assert session.loaded(content) is None


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('"cert": null', '"cert": [1]'),
        ('"cert": null', '"cert": 1'),
        ('"offered": null', '"offered": []'),
        ('"offered": null', '"offered": {"minimum": [1], "maximum": [1]}'),
        ("100.0", "1" + "0" * 400),
    ],
)
def test_a_damaged_field_is_nothing(right: str, wrong: str) -> None:
    site = dataclasses.replace(SITE, offered=None, cert=None)
    text = session.dumped(dataclasses.replace(KEPT, sites={"site-a": site}))
    assert session.loaded(text) is not None
    damaged = text.replace(right.encode(), wrong.encode())
    assert damaged != text
    assert session.loaded(damaged) is None


@pytest.mark.parametrize("field", [f.name for f in dataclasses.fields(SITE)])
def test_a_site_without_a_field_is_nothing(field: str) -> None:
    text = session.dumped(KEPT).replace(f'"{field}"'.encode(), b'"other"')
    assert session.loaded(text) is None
