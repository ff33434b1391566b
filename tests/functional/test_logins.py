"""Logins that lead nowhere, and one that ends while somebody waits."""

import copy
import pathlib
from typing import Any

import pytest
import yaml

from fakeserver.cloud.shared.schema import USERS
from fakeserver.local.pair import LocalPair
from protectorclient.polling import poller
from tests.helpers.clirunner import openstack, protector
from tests.helpers.rests import Rests


def add(pair: LocalPair, name: str, **changes: Any) -> None:
    """Put an entry like site-a's into clouds.yaml, with other keys; those
    of ``auth`` are changed one by one, and None takes one away."""
    path = pathlib.Path(pair.clouds_yaml)
    held = yaml.safe_load(path.read_text())
    entry = copy.deepcopy(held["clouds"]["site-a"])
    for where, given in ((entry["auth"], changes.pop("auth", {})),):
        for key, value in given.items():
            where[key] = value
            if value is None:
                del where[key]
    entry.update(changes)
    held["clouds"][name] = entry
    path.write_text(yaml.safe_dump(held))


NO_PROJECT = {"project_name": None, "project_domain_name": None}


@pytest.mark.parametrize("overridden", [False, True])
def test_a_token_without_a_project(
    local_pair: LocalPair, overridden: bool
) -> None:
    """Keystone has no catalog for it; that is no matter of regions."""
    site = local_pair.site("a")
    db = site.parts.db
    user = USERS.get(db.connection(), site.world.user_id("site-a", "demo"))
    assert user is not None
    with db.transaction() as tx:
        USERS.put(tx, {**user, "default_project_id": None})
    override = {"protector_endpoint_override": site.url} if overridden else {}
    add(local_pair, "bare", auth=NO_PROJECT, **override)
    listed = protector("--os-cloud bare operation list --site bare")
    assert (listed.code, listed.out) == (7, "")
    assert listed.err == (
        "bare: the token is not scoped to a project; name one with "
        "project_name and project_domain_name in clouds.yaml, or with "
        "OS_PROJECT_NAME and OS_PROJECT_DOMAIN_NAME\n"
        "openstack --os-cloud bare token issue -c user_id -c project_id\n"
    )


@pytest.mark.parametrize("scope", ["domain_name", "system_scope"])
def test_a_token_of_another_scope(local_pair: LocalPair, scope: str) -> None:
    value = {"domain_name": "Default", "system_scope": "all"}[scope]
    who = {"username": "admin", "password": "admin-secret"}
    add(local_pair, "other", auth={**NO_PROJECT, **who, scope: value})
    listed = protector("--os-cloud other operation list --site other")
    assert (listed.code, listed.out) == (7, "")
    assert listed.err.startswith("other: the token is not scoped to a project")


def test_an_address_that_is_keystones(local_pair: LocalPair) -> None:
    """A setting in place of the catalog, that names the wrong service."""
    keystone = local_pair.site("a").config.auth_url
    add(local_pair, "wrong", protector_endpoint_override=keystone)
    listed = protector("--os-cloud wrong operation list --site wrong")
    assert listed.code == 6
    first = listed.err.splitlines()[0]
    assert keystone in first
    assert first.endswith(
        ", which protector_endpoint_override names in place of the catalog"
    )


def test_a_token_that_is_revoked_in_a_wait(
    local_pair: LocalPair, rests: Rests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With nothing but the token, nobody can log in again."""
    # a person waits longer until a refusal is believed
    monkeypatch.setattr(poller, "REFUSED_AFTER", 0.2)
    token = local_pair.session("site-a").get_token()
    auth = {"token": token, "username": None, "password": None}
    auth["user_domain_name"] = None
    add(
        local_pair,
        "by-token",
        auth_type="v3token",
        auth=auth,
        protector_secondary_cloud="site-b",
    )
    site = local_pair.site("a")
    site.stop_engine()

    def revoke() -> None:
        headers = {"X-Auth-Token": token, "X-Subject-Token": token}
        answer = local_pair.http().delete(
            f"{site.config.auth_url}/auth/tokens", headers=headers
        )
        assert answer.status_code == 204

    rests.after(2, revoke)
    waited = protector(
        "--os-cloud by-token consistency-group sync prod-web-app --wait"
        " --timeout 60s"
    )
    assert waited.code == 7, waited.err
    operation = waited.err.split("has begun: ")[1].split()[0]
    refusal, look, again = waited.err.splitlines()[-3:]
    assert refusal.startswith(
        "by-token: Keystone refused: Failed to validate token (HTTP 404)"
    )
    assert look == (
        "openstack --os-cloud by-token token issue -c user_id -c project_id"
    )
    wait = f"protector operation wait {operation}"
    assert again == f"openstack --os-cloud by-token {wait}"
    site.start_engine()
    # with a login that works, that line takes it up
    taken_up = openstack(wait)
    assert taken_up.code == 0, taken_up.err
