"""A record at both services from Python: at both, or at neither."""

from collections.abc import Iterator
from typing import Any

import pytest

from fakeserver.local.pair import LocalPair
from protectorclient import SitePair, exceptions
from tests.helpers.library_parts import Live

SITE: dict[str, Any] = {
    "auth_url": "http://127.0.0.1:9/v3",
    "protector_url": "http://127.0.0.1:9",
    "array_name": "flasharray-c",
    "volume_backend_host": "c@flasharray-c#pool",
    "username": "protector",
    "password": "secret",
    "project_name": "service",
}


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with LocalPair(sockets=True) as pair:
        yield Live(pair)


@pytest.fixture
def admin(live: Live) -> Iterator[SitePair]:
    """Both sites for an admin; what a test registers is deleted."""
    pair = live.sites("-admin")
    before = {site.id for site in pair.primary.client.sites.list()}
    yield pair
    for handle in pair.handles:
        for site in list(handle.client.sites.list()):
            if site.id not in before:
                handle.client.sites.delete(site)


def named(pair: SitePair, name: str) -> list[str]:
    """The ids under which the services have a site of this name."""
    return [
        site.id
        for handle in pair.handles
        for site in handle.client.sites.list(name=name)
    ]


def test_a_site_is_made_at_both(admin: SitePair) -> None:
    made = admin.create_site("site-c", **SITE)
    assert named(admin, "site-c") == [made.id, made.id]
    assert made.array_name == "flasharray-c"
    changed = admin.update_site(made, description="the third")
    assert changed.description == "the third"
    for handle in admin.handles:
        found = handle.client.sites.get(made.id)
        assert found.description == "the third"
    admin.delete_site("site-c")
    assert named(admin, "site-c") == []
    with pytest.raises(exceptions.NotFound, match="neither at site-a-admin"):
        admin.delete_site(made)


def test_what_the_second_service_refuses_is_undone(admin: SitePair) -> None:
    taken = admin.primary.client.sites.create("site-c", **SITE)
    other = {**SITE, "protector_url": "http://127.0.0.1:10"}
    with pytest.raises(exceptions.NameConflict):
        admin.create_site("site-c", **other)
    assert named(admin, "site-c") == [taken.id]


def test_a_change_that_the_second_refuses_is_undone(admin: SitePair) -> None:
    made = admin.create_site("site-c", **SITE)
    admin.secondary.client.sites.create(
        "site-d", **{**SITE, "protector_url": "http://127.0.0.1:10"}
    )
    with pytest.raises(exceptions.NameConflict) as caught:
        admin.update_site("site-c", name="site-d")
    assert caught.value.hint == "the change was taken back at site-a-admin"
    assert named(admin, "site-c") == [made.id, made.id]


def test_half_an_account_is_refused_before_anything_is_sent(
    admin: SitePair,
) -> None:
    with pytest.raises(exceptions.BadArgument, match="both a username"):
        admin.create_site("site-c", **SITE, peer_username="protector-peer")
    assert named(admin, "site-c") == []


def test_a_tenant_mapping_at_both(admin: SitePair) -> None:
    sites = admin.primary.client.sites.list()
    projects = {site.id: f"of-{site.name}" for site in sites}
    made = admin.create_tenant_mapping("second", projects)
    for handle in admin.handles:
        found = handle.client.tenant_mappings.get(made.id)
        assert found.projects == projects
    with pytest.raises(exceptions.NameConflict):
        admin.create_tenant_mapping("second", projects)
    admin.delete_tenant_mapping(made)
    for handle in admin.handles:
        with pytest.raises(exceptions.NotFound):
            handle.client.tenant_mappings.get(made.id)


def test_nothing_is_sent_where_one_service_is_silent() -> None:
    with LocalPair(sockets=True) as pair:
        admin = Live(pair).sites("-admin")
        pair.site("b").kill()
        with pytest.raises(exceptions.SiteUnreachable):
            admin.create_site("site-c", **SITE)
        assert not list(admin.primary.client.sites.list(name="site-c"))
