"""The services of a site, looked up in the catalog of a token."""

from __future__ import annotations

from unittest import mock

from keystoneauth1 import plugin, session

from protectorclient.mapping.finder import NameFinder


class _Access:
    """A token, with its catalog."""


def signed_in(access: _Access) -> mock.Mock:
    """Return an auth plugin that has this token."""
    auth = mock.Mock(spec=plugin.BaseAuthPlugin)
    auth.get_access = mock.Mock(return_value=access)
    return auth


def addresses(finder: NameFinder, *services: str) -> list[str]:
    return [finder._url(service) for service in services]


def test_a_service_is_looked_up_once_in_the_catalog_of_a_token() -> None:
    auth = signed_in(_Access())
    first, second = (
        NameFinder(session.Session(auth=auth), region_name=region)
        for region in ("one", "two")
    )
    auth.get_endpoint.side_effect = lambda _, **asked: (
        f"http://{asked['region_name']}/{asked['service_type']}"
    )
    again = NameFinder(session.Session(auth=auth), region_name="one")
    for finder in (first, again):
        assert addresses(finder, "compute", "network", "compute") == [
            "http://one/compute",
            "http://one/network",
            "http://one/compute",
        ]
    assert addresses(second, "compute") == ["http://two/compute"]
    assert auth.get_endpoint.call_count == 3


def test_a_new_token_has_a_catalog_of_its_own() -> None:
    auth = signed_in(_Access())
    auth.get_endpoint.side_effect = ["http://old", "http://new"]
    finder = NameFinder(session.Session(auth=auth))
    assert addresses(finder, "compute", "compute") == ["http://old"] * 2
    auth.get_access.return_value = _Access()
    assert addresses(finder, "compute") == ["http://new"]
