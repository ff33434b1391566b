"""Fixtures of the library's unit tests."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests_mock
from keystoneauth1 import session as ksa_session

from protectorclient.polling.pace import search_pace
from protectorclient.v1 import Client
from tests.helpers.canned_site import (
    AUTH,
    ROOT,
    TOKEN,
    Site,
    password,
    token,
    version_document,
)


@pytest.fixture
def requests_are_mocked() -> Iterator[requests_mock.Mocker]:
    with requests_mock.Mocker() as mock:
        yield mock


@pytest.fixture
def make_site(
    requests_are_mocked: requests_mock.Mocker,
) -> Callable[..., Site]:
    def make(
        *,
        url: str = ROOT,
        maximum: str = "1.2",
        versions: Any = None,
        **options: Any,
    ) -> Site:
        mock = requests_are_mocked
        mock.post(
            f"{AUTH}/auth/tokens",
            json=token(url),
            headers={"X-Subject-Token": TOKEN},
        )
        mock.get(f"{ROOT}/v1/", json=versions or version_document(maximum))
        naps: list[float] = []
        client = Client(
            ksa_session.Session(auth=password()),
            site_name="site-a",
            search_pace=search_pace(
                clock=lambda: sum(naps), sleep=naps.append
            ),
            **options,
        )
        return Site(mock, client, naps)

    return make


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site()
