"""Secrets that were planted everywhere are found nowhere.

The one file that has passwords for its reader, clouds.yaml, and the keys are
left out; whatever else a run writes, prints or shows is searched.
"""

from __future__ import annotations

import base64
import pathlib
import re
import stat
import urllib.parse
from collections.abc import Iterable, Iterator

import pytest

from tests.helpers.secret_run import Run, logged

GROUP = "prod-web-app"
URLS = (
    "--primary-fa-url https://a.example.com "
    "--secondary-fa-url https://b.example.com"
)
MAPPING = "--network-mapping net-primary-web=net-secondary-web"


@pytest.fixture
def run(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Run]:
    with logged(tmp_path / "everything.log"):
        made = Run(tmp_path, monkeypatch)
        try:
            yield made
        finally:
            made.close()


def register(run: Run) -> None:
    """A site whose password is known, one whose is not, one refused."""
    run.plant("SITE_PASSWORD", "new site")
    run(
        "site create site-c --auth-url http://127.0.0.1:3/identity/v3 "
        "--protector-url http://127.0.0.1:3 --array-name flasharray-a "
        "--volume-backend-host c@c#c --username protector "
        "--project-name service --password-env SITE_PASSWORD",
        cloud="site-a-admin",
    )
    run("site validate site-c", cloud="site-a-admin", code=3)
    run("site delete site-c", cloud="site-a-admin")
    run.plant("SITE_PASSWORD", "wrong password")
    run("site set site-b --password-env SITE_PASSWORD", cloud="site-a-admin")
    run("site validate site-b", cloud="site-a-admin", code=3)
    run.plant("SITE_PASSWORD", "protector")
    run("site set site-b --password-env SITE_PASSWORD", cloud="site-a-admin")
    run("site validate site-b", cloud="site-a-admin")
    run("site show site-b -f json", cloud="site-a-admin")


def set_policies(run: Run) -> None:
    """From a variable, from a file; new, and over an old one."""
    run.plant("TOKEN_A", "array token a")
    run.plant("TOKEN_B", "array token b")
    run(
        f"policy set bare {URLS} --primary-fa-api-token-env TOKEN_A "
        "--secondary-fa-api-token-env TOKEN_B"
    )
    path = run.place / "token.key"
    path.write_text(run.planted["next array token"].value + "\n")
    run(f"policy set {GROUP} --secondary-fa-api-token-file {path}")
    path.unlink()
    run(f"policy show {GROUP} -f json")


def operate(run: Run) -> None:
    """Failovers that go well, and one of each way that they do not."""
    pair = run.pair
    array = pair.site("b").parts.arrays
    array.require_token("flasharray-b", run.planted["array token b"].value)
    run(f"protection-group failover {GROUP} {MAPPING} --wait --yes", code=10)
    run("operation list --long -f json")
    array.require_token("flasharray-b", run.planted["next array token"].value)
    pair.fault("step", site="b", match="recreate_instances", times=1)
    pair.fault("step", site="a", match="recreate_instances", times=1)
    run(f"protection-group failover {GROUP} {MAPPING} --wait --yes", code=10)
    pair.clear_faults()
    run(f"protection-group failover {GROUP} {MAPPING} --wait --yes")
    run(f"protection-group show {GROUP} -f json")
    back = MAPPING.replace(
        "primary-web=net-secondary", "secondary-web=net-primary"
    )
    back += " --reverse-replication"
    run(f"protection-group failback {GROUP} {back} --wait --yes")
    pair.site("a").kill()
    run(f"protection-group sync-status {GROUP}", code=3)
    run(
        f"protection-group failover {GROUP} {MAPPING} --type unplanned "
        "--wait --yes"
    )
    pair.site("a").start()
    run(f"protection-group sync-force {GROUP}")
    run("health show -f json")


def be_refused(run: Run) -> None:
    """What a person may mistype, and send all the same."""
    refused = run.planted["refused"].value
    policy = {
        "primary_fa_url": "https://a.example.com",
        "secondary_fa_url": "https://b.example.com",
        "primary_fa_api_token": refused,
    }
    for body in (
        {"policy": policy | {"secondary_fa_api_token": [refused]}},
        {"policy": policy | {"secondary_fa_api_token": refused * 100}},
        {"policy": policy | {"primary_fa_api_tokens": refused}},
        {"policy": policy, "policies": {"api_token": refused}},
        {"site": {"password": refused}},
        [{"password": refused}],
    ):
        run.request("POST", "T/protection-groups/none/policy", body)
    misspelt = run.planted["misspelt"].value
    for key in ("passwrd", "Password", "fa_token", "apiToken", "pass"):
        run.request("POST", "/v1/admin/sites", {"site": {key: misspelt}})
    half = f'{{"password": "{run.planted["refused"].mark}'
    run.request("POST", "/v1/admin/sites", raw=half)
    query = urllib.parse.urlencode({"name": "x", "password": refused})
    run.request("GET", f"/v1/admin/sites?{query}")


def ask_the_clouds(run: Run) -> None:
    """Tokens and credentials, of those who have them and those who do not."""
    run.openstack("token issue", shown=False)
    run.openstack("--debug server list")
    run.openstack(f"--debug protector policy show {GROUP}")
    demo = run.pair.site("a").world.user_id("site-a", "demo")
    secret = run.planted["credential"].value
    robot = {"application_credential": {"name": "robot", "secret": secret}}
    path = f"/identity/v3/users/{demo}/application_credentials"
    run.request("POST", path, robot, user="site-a")
    # it is told once, to whoever makes it
    _, answer = run.said.pop()
    assert answer.startswith("201")
    run.openstack("--debug application credential show robot")
    run.patch.setenv("OS_PASSWORD", run.planted["wrong password"].value)
    clouds = run.pair.clouds_yaml
    text = clouds.read_text()
    lines = [line for line in text.splitlines() if "password:" not in line]
    clouds.write_text("\n".join(lines) + "\n")
    run("protection-group list", code=7)
    run.openstack("--debug server list")
    clouds.write_text(text)
    run.patch.delenv("OS_PASSWORD")


def found(
    places: Iterable[tuple[str, bytes]], wanted: dict[str, set[bytes]]
) -> set[tuple[str, str]]:
    return {
        (place, what)
        for place, content in places
        for what, forms in wanted.items()
        if any(form in content for form in forms)
    }


def test_no_secret_is_found_anywhere(run: Run) -> None:
    register(run)
    set_policies(run)
    operate(run)
    be_refused(run)
    ask_the_clouds(run)

    planted = {one.what: one.forms() for one in run.planted.values()}
    tokens = {"a token": {one[20:80].encode() for one in run.tokens}}
    sealed = {"a sealed secret": {one[20:60].encode() for one in run.sealed}}
    keys = {path.name: {path.read_bytes().strip()} for path in run.key_files()}
    assert len(run.tokens) > 20 and len(run.sealed) > 4 and len(keys) == 6

    wanted = planted | tokens | keys
    assert found(run.spoken(), wanted | sealed) == set()
    assert found(run.printed(), wanted | sealed) == set()
    files = dict(run.written())
    for expected in ("site-a.db", "site-b.db", "arrays.db", "site-a.journal"):
        assert len(files[expected]) > 4000, expected
    assert len(files["everything.log"]) > 100_000
    assert found(files.items(), wanted) == set()
    # at rest it is kept sealed; elsewhere not even so
    told = [(name, text) for name, text in files.items() if ".db" not in name]
    assert found(told, sealed) == set()


def test_the_search_finds_what_is_there(run: Run) -> None:
    """A search that finds nothing has to be able to find something."""
    secret = run.planted["demo"]
    run.said.append(("raw", secret.value))
    run.said.append(("json", repr({"password": secret.value})))
    encoded = secret.value.encode()
    for shift in range(3):
        text = base64.b64encode(b"x" * shift + encoded).decode()
        run.said.append((f"base64 {shift}", text))
    run.said.append(("hex", encoded.hex()))
    places = {
        place for place, _ in found(run.spoken(), {"it": secret.forms()})
    }
    assert places == {place for place, _ in run.said}


def test_who_may_read_what_is_written(run: Run) -> None:
    set_policies(run)
    folder = run.place / "sandbox"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    secret = [*run.key_files(), folder / "clouds.yaml"]
    assert len(secret) == 7
    for path in secret:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
    journal = (folder / "site-a.journal").read_text()
    assert re.search(r'"primary_fa_api_token":"\*\*\*"', journal)
