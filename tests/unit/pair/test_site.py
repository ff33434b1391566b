"""One half of a pair: which site it is, and whether it lives."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from protectorclient import exceptions
from protectorclient.config.cloud import Access
from protectorclient.pair.site import SiteHandle
from tests.helpers.canned_site import ROOT, Site
from tests.unit._http.test_adapter import refused, reset


@pytest.fixture
def handle(site: Site) -> SiteHandle:
    return SiteHandle("site-a", Access("site-a", site.client.http.session))


def sites(*records: dict[str, Any]) -> dict[str, Any]:
    return {"sites": list(records)}


A = {"id": "s-1", "name": "east", "local": True}
B = {"id": "s-2", "name": "west", "local": False}


@pytest.mark.parametrize(
    "records",
    [
        [A, B],
        [B, A],
        [{"id": "s-1", "protector_url": f"{ROOT}/v1"}, {"id": "s-2"}],
        [{"id": "s-1", "name": "site-a"}, {"id": "s-2", "name": "site-b"}],
    ],
)
def test_which_site_it_is(
    site: Site, handle: SiteHandle, records: list[dict[str, Any]]
) -> None:
    listed = site.answer("GET", "/v1/admin/sites", json=sites(*records))
    assert handle.local.id == "s-1"
    assert set(handle.sites) == {"s-1", "s-2"}
    assert listed.call_count == 1


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ([], "no sites are registered"),
        ([B], "which of its sites"),
        ([A, {**B, "local": True}], "which of its sites"),
    ],
)
def test_a_service_that_does_not_know_itself(
    site: Site, handle: SiteHandle, records: list[dict[str, Any]], words: str
) -> None:
    site.answer("GET", "/v1/admin/sites", json=sites(*records))
    with pytest.raises(exceptions.ConfigProblem, match=words):
        _ = handle.local


@pytest.mark.parametrize(
    ("answers", "alive", "asked"),
    [
        ([{"json": {}}], True, 1),
        ([{"status_code": 401}], True, 1),
        ([{"status_code": 503}], False, 1),
        ([{"exc": refused()}], False, 1),
        ([{"exc": requests.ConnectTimeout()}], False, 1),
        ([{"exc": reset()}, {"json": {}}], True, 2),
        ([{"exc": reset()}, {"exc": reset()}], False, 2),
    ],
)
def test_whether_it_lives_is_found_out_without_its_keystone(
    site: Site,
    handle: SiteHandle,
    answers: list[dict[str, Any]],
    alive: bool,
    asked: int,
) -> None:
    probed = site.answer("GET", "/", *answers)
    assert handle.answers(f"{ROOT}/") is alive
    assert probed.call_count == asked
    assert site.mock.call_count == asked


@pytest.mark.parametrize(
    ("answer", "alive"),
    [({"json": {}}, True), ({"exc": refused()}, False)],
)
def test_without_an_address_the_catalog_tells(
    site: Site, handle: SiteHandle, answer: dict[str, Any], alive: bool
) -> None:
    site.answer("GET", "/v1/", **answer)
    site.answer("GET", "/", **answer)
    assert handle.answers() is alive


def test_nothing_is_opened_before_it_is_needed(
    make_site: Callable[..., Site],
) -> None:
    opened: list[str] = []

    def open_it() -> Access:
        opened.append("once")
        return Access("site-a", make_site().client.http.session)

    handle = SiteHandle("site-a", open_it, api_version="1.1")
    assert opened == []
    assert handle.client.api_version == "1.1"
    assert handle.finder.site == "site-a"
    assert opened == ["once"]
    assert repr(handle) == "<SiteHandle site-a>"
