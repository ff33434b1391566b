"""A site whose Keystone is somebody else's: here, that of another pair.

The other pair has the same seed, so the same users and ids, as a real
Keystone has that was filled for the sandbox.
"""

from collections.abc import Iterator

import pytest
import requests
import yaml

from fakeserver.local.pair import LocalPair
from fakeserver.store import sites


@pytest.fixture
def keystones() -> Iterator[LocalPair]:
    with LocalPair(sockets=True) as pair:
        yield pair


@pytest.fixture
def behind(keystones: LocalPair) -> Iterator[LocalPair]:
    """Two sites that ask the Keystones of the other pair."""
    urls = [keystones.site(name).config.auth_url for name in "ab"]
    with LocalPair(
        sockets=True, identity=urls[0], peer_identity=urls[1]
    ) as pair:
        yield pair


def token(keystones: LocalPair, cloud: str = "site-a") -> str:
    found = keystones.session(cloud).get_token()
    assert isinstance(found, str)
    return found


def get(
    pair: LocalPair, path: str, sent: str, site: str = "a"
) -> requests.Response:
    where = pair.site(site)
    project = where.world.project_id(where.name, "demo")
    return pair.http().get(
        where.url + path.format(project=project),
        headers={"X-Auth-Token": sent},
        timeout=30,
    )


PATHS = (
    "/v1/{project}/protection-groups",
    "/compute/v2.1/servers",
    "/networking/v2.0/networks",
    "/volume/v3/{project}/volumes",
    "/image/v2/images",
)


@pytest.mark.parametrize("path", PATHS)
def test_every_service_takes_its_tokens(
    keystones: LocalPair, behind: LocalPair, path: str
) -> None:
    assert get(behind, path, token(keystones)).status_code == 200
    refused = get(behind, path, "junk")
    assert refused.status_code == 401
    where = keystones.site("a").config.auth_url
    challenge = refused.headers["WWW-Authenticate"]
    assert where.removesuffix("/v3") in challenge
    # nor those of the Keystone that stands at the other site
    other = token(keystones, "site-b")
    assert get(behind, path, other).status_code == 401


@pytest.mark.parametrize("path", PATHS)
def test_every_service_says_that_keystone_is_silent(
    keystones: LocalPair, behind: LocalPair, path: str
) -> None:
    sent = token(keystones)
    keystones.site("a").stop()
    answer = get(behind, path, sent)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "does not say whose the token is" in answer.text
    keystones.site("a").start()
    assert get(behind, path, sent).status_code == 200


def test_a_service_account_that_is_refused(
    keystones: LocalPair, behind: LocalPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = token(keystones)
    # the revocation of everything, as far as the account is concerned
    for site in keystones.sites.values():
        with site.parts.db.transaction() as tx:
            tx.execute(
                "DELETE FROM keystone_users WHERE id = ?",
                (site.world.user_id(site.name, "protector"),),
            )
    answer = get(behind, PATHS[0], sent)
    assert answer.status_code == 503
    assert answer.json()["error"]["message"].endswith(
        "it refuses the account protector with HTTP 401"
    )


def test_there_is_no_emulated_keystone_beside_it(
    keystones: LocalPair, behind: LocalPair
) -> None:
    for path in ("/identity/v3", "/identity/v3/auth/tokens"):
        assert get(behind, path, token(keystones)).status_code == 404


def test_users_and_sites_are_told_of_it(
    keystones: LocalPair, behind: LocalPair
) -> None:
    clouds = yaml.safe_load(behind.clouds_yaml.read_text())["clouds"]
    for name in ("site-a", "site-b"):
        url = keystones.site(name).config.auth_url
        assert clouds[name]["auth"]["auth_url"] == url
        assert clouds[f"{name}-admin"]["auth"]["auth_url"] == url
    sent = token(keystones, "site-a-admin")
    sites = get(behind, "/v1/admin/sites", sent).json()["sites"]
    assert {site["name"]: site["auth_url"] for site in sites} == {
        name: keystones.site(name).config.auth_url
        for name in ("site-a", "site-b")
    }
    assert {site["protector_url"] for site in sites} == {
        behind.site(name).url for name in "ab"
    }


@pytest.mark.parametrize("scope", ["domain", "system"])
def test_scopes_are_those_of_the_other_keystone(
    keystones: LocalPair, behind: LocalPair, scope: str
) -> None:
    admin = {
        "name": "admin",
        "password": "admin-secret",
        "domain": {"id": "default"},
    }
    wanted = {
        "domain": {"domain": {"id": "default"}},
        "system": {"system": {"all": True}},
    }[scope]
    made = keystones.http().post(
        keystones.site("a").config.auth_url + "/auth/tokens",
        json={
            "auth": {
                "identity": {
                    "methods": ["password"],
                    "password": {"user": admin},
                },
                "scope": wanted,
            }
        },
        timeout=30,
    )
    sent = made.headers["X-Subject-Token"]
    expected = 403 if scope == "domain" else 200
    for path in ("/v1/admin/sites", PATHS[0]):
        assert get(behind, path, sent).status_code == expected
    # as the real one, this Nova wants a project
    assert get(behind, PATHS[1], sent).status_code == 403


def test_one_site_alone_may_have_a_real_one(keystones: LocalPair) -> None:
    url = keystones.site("a").config.auth_url
    with LocalPair(sockets=True, identity=url) as pair:
        assert get(pair, PATHS[0], token(keystones)).status_code == 200
        own = token(pair, "site-b")
        assert get(pair, PATHS[0], own, "b").status_code == 200
        for site in ("a", "b"):
            records = sites.SITES.all(pair.site(site).parts.db)
            assert {one["name"]: one["auth_url"] for one in records} == {
                "site-a": url,
                "site-b": f"{pair.site('b').url}/identity/v3",
            }
