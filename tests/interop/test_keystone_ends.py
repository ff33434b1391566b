"""A login, or a whole Keystone, that ends while somebody waits."""

import time
from collections.abc import Callable

import pytest
import requests

from fakeserver.cloud.identity.real import KEPT
from fakeserver.local import controls
from fakeserver.sandbox.folder import Folder
from protectorclient.polling import poller
from tests.helpers.clirunner import openstack, protector
from tests.helpers.rests import Rests
from tests.interop import clouds
from tests.interop.clouds import Clouds
from tests.interop.place import Place

pytestmark = pytest.mark.interop
Use = Callable[[str], None]
SYNC = "consistency-group sync prod-web-app --wait"


@pytest.mark.parametrize("way", ["token", "bare-token"])
def test_a_token_that_is_revoked_in_a_wait(
    use: Use,
    known: Clouds,
    run: Place,
    sandbox: Folder,
    rests: Rests,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    """A real Keystone answers 404 to a login with it."""
    entries = {}
    for site in run.urls:
        entries[site] = known.like(
            f"{site}-{way}", auth={"token": known.token(site)}
        )
        known.pair(f"{way}-revoked", {site: entries[site]})
    known.write()
    # a person waits longer until a refusal is believed
    monkeypatch.setattr(poller, "REFUSED_AFTER", 2.0)
    controls.engine(sandbox, "site-a", "stop")

    def revoke() -> None:
        for site, entry in entries.items():
            clouds.revoke(run.keystones[site], entry["auth"]["token"])

    rests.after(2, revoke)
    name = f"site-a-{way}-revoked"
    use(name)
    waited = protector(f"{SYNC} --timeout 60s")
    controls.engine(sandbox, "site-a", "start")
    assert waited.code == 7, waited.err
    operation = waited.err.split("has begun: ")[1].split()[0]
    *_, refusal, look, again = waited.err.splitlines()
    assert refusal.startswith(f"{name}: Keystone refused: ")
    assert look.startswith(f"openstack --os-cloud {name} token issue")
    assert again == f"openstack protector operation wait {operation}"
    # and with a login that works, that line does take it up
    use("site-a")
    finished = openstack(again.removeprefix("openstack "))
    assert finished.code == 0, finished.err


def test_a_revoked_token_ends_within_seconds(
    known: Clouds, run: Place
) -> None:
    sent = known.token("site-a")
    url = f"{run.urls['site-a']}/v1/admin/sites"

    def status() -> int:
        answer = requests.get(url, headers={"X-Auth-Token": sent}, timeout=30)
        return answer.status_code

    assert status() == 200
    clouds.revoke(run.keystones["site-a"], sent)
    until = time.monotonic() + KEPT + 5
    while status() == 200 and time.monotonic() < until:
        time.sleep(0.5)
    assert status() == 401


def test_a_password_renews_a_revoked_token(
    use: Use, known: Clouds, run: Place, sandbox: Folder, rests: Rests
) -> None:
    """A wait that can log in again does, and nobody notices."""
    use("site-a")
    controls.engine(sandbox, "site-a", "stop")
    rests.after(2, lambda: controls.engine(sandbox, "site-a", "start"))
    waited = protector(f"{SYNC} --timeout 60s -f json")
    assert waited.code == 0, waited.err


def test_keystone_is_gone(
    use: Use,
    known: Clouds,
    run: Place,
    sandbox: Folder,
    silence: Callable[[str], None],
) -> None:
    sent = known.token("site-a")
    silence("site-a")
    answer = requests.get(
        f"{run.urls['site-a']}/v1/admin/sites",
        headers={"X-Auth-Token": sent},
        timeout=30,
    )
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    error = answer.json()["error"]
    assert error["reason"] == "protector.identity-unreachable"
    assert run.keystones["site-a"] in error["message"]
    for path in ("compute/v2.1/servers", "networking/v2.0/networks"):
        answer = requests.get(
            f"{run.urls['site-a']}/{path}",
            headers={"X-Auth-Token": sent},
            timeout=30,
        )
        assert answer.status_code == 503
    use("site-a")
    listed = protector("operation list --site site-a")
    assert listed.code == 6
    assert "Keystone does not answer: connection refused" in listed.err
    # the other site answers for both
    use("site-b")
    assert protector("protection-group list").code == 0
