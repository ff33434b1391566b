"""The interface with which the services read a site's catalog."""

from typing import Any

import pytest

from fakeserver.base.seed_world import SITES
from fakeserver.cloud.identity import catalog
from tests.helpers.engine_parts import A, B, Two

pytestmark = pytest.mark.decided
NOWHERE = "http://nowhere.example.com"


@pytest.fixture
def internal_only(two: Two, monkeypatch: pytest.MonkeyPatch) -> Two:
    """A site-b whose public addresses lead nowhere from inside, and which
    has no endpoints for admins."""
    known = catalog.endpoints

    def endpoints(config: Any) -> list[dict[str, Any]]:
        found = known(config)
        if config.site != B:
            return found
        return [
            {**one, "url": NOWHERE} if one["interface"] == "public" else one
            for one in found
            if one["interface"] != "admin"
        ]

    monkeypatch.setattr(catalog, "endpoints", endpoints)
    return two


def change(two: Two, **fields: str) -> None:
    """Change the record of site-b at both services."""
    for site in SITES:
        url = two.pair.site(site).url
        path = f"{url}/v1/admin/sites/{two.world.site_id(B)}"
        answer = two.pair.session(f"{site}-admin").patch(
            path, json={"site": fields}
        )
        assert answer.json()["site"].items() >= fields.items()


def validated(two: Two, site: str) -> dict[str, str]:
    """What one service finds when it tries site-b."""
    url = two.pair.site(site).url
    path = f"{url}/v1/admin/sites/{two.world.site_id(B)}/validate"
    answer = two.pair.session(f"{site}-admin").post(path)
    checks = answer.json()["validation"]["checks"]
    return {one["name"]: one["detail"] for one in checks}


def test_seeded_records_read_the_public_one(two: Two) -> None:
    for site in SITES:
        url = f"{two.pair.site(site).url}/v1/admin/sites"
        found = two.pair.session(f"{site}-admin").get(url).json()["sites"]
        assert [one["interface"] for one in found] == ["public", "public"]


def test_a_move_reads_the_one_that_is_registered(internal_only: Two) -> None:
    two = internal_only
    refused = two.act(A, "failover")
    assert (refused.status, refused.reason) == (409, "peer-unreachable")
    change(two, interface="internal")
    assert two.done(A, "failover")["status"] == "completed"
    back = two.done(B, "failback")
    assert (back["status"], back["result_data"]["leftovers"]) == (
        "completed",
        [],
    )


def test_one_that_the_catalog_lacks_is_named(internal_only: Two) -> None:
    two = internal_only
    change(two, interface="admin")
    for site in SITES:
        assert validated(two, site)["nova"] == (
            "no admin endpoint of a compute service in region RegionOne of "
            "the catalog"
        )
    change(two, interface="internal")
    for site in SITES:
        assert validated(two, site)["nova"] == "3 flavors"


def test_an_interface_that_keystone_does_not_have(two: Two) -> None:
    url = two.pair.site(A).url
    path = f"{url}/v1/admin/sites/{two.world.site_id(B)}"
    answer = two.pair.session("site-a-admin").patch(
        path, json={"site": {"interface": "private"}}, raise_exc=False
    )
    assert answer.status_code == 400
    assert "site.interface" in answer.json()["error"]["message"]
