"""What a token may do at the service, by what it is scoped to."""

from typing import Any

import pytest
import requests

from fakeserver.base.seed_world import build
from tests.interop.place import Place

pytestmark = pytest.mark.interop
DOMAIN = {"id": "default"}


def token(run: Place, name: str, scope: Any) -> str:
    user = {"name": name, "password": f"{name}-secret", "domain": DOMAIN}
    answer = requests.post(
        f"{run.keystones['site-a']}/auth/tokens",
        json={
            "auth": {
                "identity": {
                    "methods": ["password"],
                    "password": {"user": user},
                },
                "scope": scope,
            }
        },
        timeout=30,
    )
    answer.raise_for_status()
    return answer.headers["X-Subject-Token"]


def paths(run: Place) -> dict[str, str]:
    world = build("default", run.seed)
    demo = world.project_id("site-a", "demo")
    return {
        "sites": "/v1/admin/sites",
        "groups": f"/v1/{demo}/protection-groups",
        "servers": "/compute/v2.1/servers",
        "volumes": f"/volume/v3/{demo}/volumes",
        "networks": "/networking/v2.0/networks",
    }


PROJECT = {"project": {"name": "demo", "domain": DOMAIN}}
EVERYTHING = {"sites", "groups", "servers", "volumes", "networks"}


@pytest.mark.parametrize(
    "name, scope, admitted",
    [
        ("demo", PROJECT, EVERYTHING),
        ("admin", PROJECT, EVERYTHING),
        ("admin", {"domain": DOMAIN}, set()),
        ("admin", "unscoped", set()),
        ("demo", "unscoped", set()),
        # an admin of the system is one of every project; the clouds want
        # a project all the same, as the real ones do
        ("admin", {"system": {"all": True}}, {"sites", "groups"}),
        (
            "rival",
            {"project": {"name": "rival", "domain": DOMAIN}},
            {"sites", "servers", "networks"},
        ),
    ],
)
def test_who_is_admitted(
    run: Place, name: str, scope: Any, admitted: set[str]
) -> None:
    headers = {"X-Auth-Token": token(run, name, scope)}
    found = {}
    for what, path in paths(run).items():
        answer = requests.get(
            run.urls["site-a"] + path, headers=headers, timeout=30
        )
        found[what] = answer.status_code
    assert {what for what, status in found.items() if status == 200} == (
        admitted
    ), found
    refused = {status for status in found.values() if status != 200}
    # Cinder says 400 of an address with another project
    assert refused <= {403, 400}, found


def test_a_token_of_the_other_site_is_none_here(run: Place) -> None:
    sent = token(run, "demo", PROJECT)
    answer = requests.get(
        f"{run.urls['site-b']}/v1/admin/sites",
        headers={"X-Auth-Token": sent},
        timeout=30,
    )
    assert answer.status_code == 401
    keystone = run.keystones["site-b"]
    assert answer.headers["WWW-Authenticate"] == f'Keystone uri="{keystone}"'
