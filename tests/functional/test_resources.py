"""From two empty sites to a protected application, with commands only."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest

from fakeserver.local.pair import LocalPair
from protectorclient import SitePair
from protectorclient.pair.site import SiteHandle
from protectorclient.records.site import Site
from tests.helpers import clirunner
from tests.helpers.clirunner import SHELLS, Ran, protector

PASSWORD = "protector-secret"
TOKENS = {"a": "fa-token-a-5f1c0e2b", "b": "fa-token-b-91d7ac44"}


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalPair]:
    with LocalPair(sockets=True, scenario="empty") as pair:
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(pair.clouds_yaml))
        monkeypatch.setenv("OS_CLOUD", "site-a")
        yield pair


def as_admin(command: str) -> Ran:
    return protector(f"--os-cloud site-a-admin {command}")


def site_options(pair: LocalPair, letter: str) -> str:
    url = pair.site(letter).url
    return (
        f"--auth-url {url}/identity/v3 --protector-url {url} "
        f"--array-name flasharray-{letter} "
        f"--volume-backend-host site-{letter}@flasharray-{letter}#pool "
        "--username protector --project-name service"
    )


def register(pair: LocalPair) -> None:
    for letter in ("a", "b"):
        made = as_admin(
            f"site create site-{letter} {site_options(pair, letter)} "
            "--password-env SERVICE_PASSWORD -f json"
        )
        assert made.code == 0, made.err
        assert made.json["local"] is (letter == "a")
    projects = [
        f"--project site-{letter}={project_of(letter)}"
        for letter in ("a", "b")
    ]
    mapped = as_admin(f"tenant mapping create demo {' '.join(projects)}")
    assert mapped.code == 0, mapped.err


def project_of(letter: str) -> str:
    issued = clirunner.openstack(
        f"--os-cloud site-{letter} token issue -f value -c project_id"
    )
    return issued.out.strip()


def test_from_nothing_to_a_failover(
    empty: LocalPair, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    monkeypatch.setenv("SERVICE_PASSWORD", PASSWORD)
    register(empty)
    for letter in ("a", "b"):
        valid = as_admin(f"site validate site-{letter} -f json")
        assert valid.code == 0
        assert {row["Result"] for row in valid.json} == {"ok"}
        assert {row["Asked"] for row in valid.json} == {
            "site-a-admin",
            "site-b-admin",
        }
        assert valid.err == (
            f"site-{letter} from site-a-admin: active\n"
            f"site-{letter} from site-b-admin: active\n"
        )
    types = protector("site volume type list site-b -f json").json
    assert {row["Name"] for row in types if row["Replicated"]} == {
        "flash-async",
        "flash-sync",
    }

    made = protector(
        "protection-group create shop --volume-type flash-async "
        "--description 'The shop' "
        "--network-mapping net-primary-web=net-secondary-web -f json"
    )
    assert made.code == 0, made.err
    assert len(made.json["network_mapping"]) == 1
    added = protector("member add shop web-1 web-2 web-3 -f value -c Name")
    assert (added.code, added.out) == (0, "web-1\nweb-2\nweb-3\n")
    token = tmp_path / "token"
    token.write_text(f"{TOKENS['a']}\n")
    monkeypatch.setenv("FA_TOKEN", TOKENS["b"])
    policy = protector(
        "policy set shop --primary-fa-url https://flasharray-a.example.com "
        "--secondary-fa-url https://flasharray-b.example.com "
        f"--primary-fa-api-token-file {token} "
        "--secondary-fa-api-token-env FA_TOKEN -f json"
    )
    assert policy.code == 0, policy.err
    assert policy.json["credentials_set"] is True
    faster = protector("policy set shop --replication-interval 60 -f json")
    assert faster.code == 0
    assert faster.json["replication_interval"] == 60
    assert faster.json["primary_fa_url"] == "https://flasharray-a.example.com"

    synced = protector("consistency-group sync shop --wait")
    assert synced.code == 0, synced.err
    moved = protector("protection-group failover shop --wait -f json")
    assert moved.code == 0, moved.err
    assert moved.json["result_data"]["instances_created"] == 3
    back = protector("protection-group failback shop --wait -f json")
    assert back.code == 0, back.err

    removed = protector("member remove shop web-3")
    assert (removed.code, removed.out, removed.err) == (0, "", "")
    members = protector("member list shop -f value -c Name").out
    assert members == "web-1\nweb-2\n"
    assert protector("policy delete shop").code == 0
    assert protector("protection-group delete shop").code == 0
    assert protector("protection-group list -f json").json == []
    assert as_admin("tenant mapping delete demo").code == 0
    assert as_admin("site delete site-a site-b").code == 0
    for cloud in ("site-a-admin", "site-b-admin"):
        assert protector(f"--os-cloud {cloud} site list -f json").json == []


def test_nothing_is_protected_before_there_are_sites(
    empty: LocalPair,
) -> None:
    for shell in SHELLS.values():
        ran = shell("protection-group create shop --volume-type flash-async")
        assert (ran.code, ran.out) == (1, "")
        assert ran.err == (
            "site-a: no sites are registered; 'site create' registers one at"
            " both services\n"
            "openstack protector site create --help\n"
        )


def test_a_site_is_made_at_both_services_or_at_none(
    empty: LocalPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVICE_PASSWORD", PASSWORD)
    empty.site("b").stop()
    made = as_admin(
        f"site create site-a {site_options(empty, 'a')} "
        "--password-env SERVICE_PASSWORD"
    )
    assert (made.code, made.out) == (6, "")
    assert as_admin("site list -f json").json == []


def test_set_changes_only_what_is_given(local_pair: LocalPair) -> None:
    before = as_admin("site show site-b -f json").json
    changed = as_admin("site set site-b --description Hall -f json")
    assert changed.code == 0, changed.err
    for cloud in ("site-a-admin", "site-b-admin"):
        after = protector(f"--os-cloud {cloud} site show site-b -f json").json
        assert after["description"] == "Hall"
        for field in ("name", "auth_url", "protector_url", "array_name"):
            assert after[field] == before[field]
    group = protector("protection-group show bare -f json").json
    named = protector("protection-group set bare --name naked -f json")
    assert named.code == 0, named.err
    assert named.json["name"] == "naked"
    assert named.json["description"] == group["description"]


def test_the_interface_of_a_site(local_pair: LocalPair) -> None:
    shown = as_admin("site show site-b -f json").json
    assert shown["interface"] == "public"
    changed = as_admin("site set site-b --interface internal -f json")
    assert (changed.code, changed.json["interface"]) == (0, "internal")
    peer = protector("--os-cloud site-b-admin site show site-b -f json")
    assert peer.json["interface"] == "internal"
    wrong = as_admin("site set site-b --interface private")
    assert wrong.code == 2
    assert "private" in wrong.err


def test_stored_mappings_are_cleared(local_pair: LocalPair) -> None:
    change = "protection-group set bare -f json"
    networks = "--network-mapping net-primary-web=net-secondary-web"
    flavors = "--flavor-mapping db.big=db.large"
    stored = protector(f"{change} {networks} {flavors}").json
    assert len(stored["network_mapping"]) == 1
    cleared = protector(f"{change} --no-network-mapping")
    assert cleared.code == 0, cleared.err
    assert cleared.json["network_mapping"] == {}
    assert cleared.json["flavor_mapping"] == stored["flavor_mapping"]
    replaced = protector(
        f"{change} --no-flavor-mapping --no-network-mapping {networks}"
    ).json
    assert replaced["network_mapping"] == stored["network_mapping"]
    assert replaced["flavor_mapping"] == {}
    other = protector("--os-cloud site-b protection-group show bare -f json")
    assert other.json["flavor_mapping"] == {}
    wrong = protector("protection-group failover bare --no-network-mapping")
    assert wrong.code == 2
    assert "belongs to 'protector protection-group set'" in wrong.err


def test_one_name_for_two_records(local_pair: LocalPair) -> None:
    """The name says nothing then, and nothing is deleted; the id does."""
    pair = SitePair.open("site-a-admin", "site-b-admin")
    ids = [
        handle.client.tenant_mappings.create(
            "twin", {site.id: f"{site.name}-twin" for site in sites(handle)}
        ).id
        for handle in pair.handles
    ]
    ran = as_admin("tenant mapping delete twin")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        f"'twin' is another tenant mapping at each site: {ids[0]} at"
        f" site-a-admin and {ids[1]} at site-b-admin; use the id\n"
        "openstack --os-cloud site-a-admin protector tenant mapping list\n"
    )
    assert as_admin(f"tenant mapping delete {ids[0]}").code == 0
    left = "--os-cloud site-b-admin tenant mapping list -f value -c ID"
    assert ids[1] in protector(left).out
    assert as_admin("tenant mapping delete twin").code == 0
    assert ids[1] not in protector(left).out


def sites(handle: SiteHandle) -> list[Site]:
    return list(handle.client.sites.list())


def test_a_project_goes_by_its_name(empty: LocalPair) -> None:
    """Each is looked up at its own site, whatever it is called there."""
    pair = SitePair.open("site-a-admin", "site-b-admin")
    records = {
        f"site-{letter}": {
            "auth_url": f"{empty.site(letter).url}/identity/v3",
            "protector_url": empty.site(letter).url,
            "array_name": f"flasharray-{letter}",
            "volume_backend_host": "host@backend#pool",
            "username": "protector",
            "password": PASSWORD,
            "project_name": "service",
        }
        for letter in ("a", "b")
    }
    for name, fields in records.items():
        made = pair.primary.client.sites.create(name, **fields)
        pair.secondary.client.sites.create(name, id=made.id, **fields)
    create = "tenant mapping create --project site-a={} --project site-b={} x"
    wrong = as_admin(create.format("demo", "nosuch"))
    assert (wrong.code, wrong.out) == (1, "")
    assert wrong.err == (
        "site-b-admin: no project has the name or id 'nosuch'\n"
        "openstack --os-cloud site-b-admin project list\n"
    )
    right = as_admin(f"{create.format('demo', project_of('b'))} -f json")
    assert (right.code, right.err) == (0, "")
    assert sorted(right.json["projects"].values()) == sorted(
        project_of(letter) for letter in ("a", "b")
    )
    member = protector(create.format("demo", project_of("b")))
    assert member.code == 7
    assert member.told.splitlines()[0].startswith(
        "warning: site-a: Keystone does not show projects, so 'demo' is"
        " taken for an id: You are not authorized"
    )


def test_what_neither_site_has(local_pair: LocalPair) -> None:
    for noun in ("site", "tenant mapping"):
        ran = as_admin(f"{noun} delete nope")
        assert (ran.code, ran.err) == (
            1,
            f"no {noun} has the name or id 'nope', neither at site-a-admin"
            " nor at site-b-admin\n"
            f"openstack --os-cloud site-a-admin protector {noun} list\n",
        )


def test_a_site_is_changed_at_both_or_taken_back(
    local_pair: LocalPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record of another site at the second service has the name."""
    monkeypatch.setenv("ANOTHER", "another-secret")
    pair = SitePair.open("site-a-admin", "site-b-admin")
    pair.secondary.client.sites.create(
        "taken",
        auth_url="http://elsewhere/v3",
        protector_url="http://elsewhere:8788",
        array_name="array",
        volume_backend_host="host@backend#pool",
        username="protector",
        password="protector-secret",
        project_name="service",
    )
    rename = "site set site-a --name taken --description New"
    ran = as_admin(rename)
    assert (ran.code, ran.out) == (1, "")
    assert ran.told == (
        "site-b-admin: A site named taken exists already (req-ID)\n"
        "hint: the change was taken back at site-a-admin\n"
        "openstack --os-cloud site-a-admin protector site list\n"
    )
    for handle in pair.handles:
        site = handle.client.sites.find("site-a")
        assert site.description == "The sandbox's site-a"
    half = as_admin(f"{rename} --password-env ANOTHER")
    assert half.told.splitlines()[1] == (
        "hint: at site-a-admin the new password cannot be taken back: give"
        " the old ones again"
    )

    local_pair.fault("503", site="b", match="PATCH*", times=1)
    lost = as_admin("site set site-a --description New")
    assert lost.code != 0
    assert as_admin("site show site-a -f json").json["description"] != "New"


def test_one_of_several_fails(local_pair: LocalPair) -> None:
    """The others are done all the same, and the status says so."""
    ran = protector("protection-group delete nosuch bare")
    assert (ran.code, ran.out) == (14, "")
    assert ran.err == (
        "no protection group has the name or id 'nosuch'\n"
        "openstack protector protection-group list\n"
        "1 of 2 failed: nosuch\n"
    )
    names = protector("protection-group list -f value -c Name").out
    assert names == "prod-db\nprod-web-app\n"


def test_named_twice_is_named_once(local_pair: LocalPair) -> None:
    twice = "protection-group delete {0} {0}"
    ran = protector(twice.format("nosuch"))
    assert (ran.code, ran.err) == (
        1,
        "no protection group has the name or id 'nosuch'\n"
        "openstack protector protection-group list\n",
    )
    ran = protector("protection-group delete nosuch nosuch other")
    assert (ran.code, ran.err.splitlines()[-1]) == (
        14,
        "2 of 2 failed: nosuch, other",
    )
    assert protector(twice.format("bare")).code == 0

    servers = clirunner.openstack("server list -f json -c ID -c Name").json
    (spare,) = (row for row in servers if row["Name"] == "bare-1")
    create = "protection-group create new --volume-type flash-async"
    assert protector(create).code == 0
    added = protector(f"member add new bare-1 bare-1 {spare['ID']} -f json")
    assert (added.code, added.err) == (0, "")
    assert [row["Name"] for row in added.json] == ["bare-1"]


def test_roles(local_pair: LocalPair) -> None:
    """Refused by the site that was asked, which is named."""
    for command in (
        "tenant mapping list",
        "site set site-a --description x",
        "site validate site-a",
        "site delete site-b",
        "tenant mapping delete demo",
    ):
        for shell in SHELLS.values():
            ran = shell(command)
            assert (ran.code, ran.out) == (7, ""), command
            assert ran.told == (
                "site-a: This needs the role admin (req-ID)\n"
                "openstack --os-cloud site-a token issue -c user_id"
                " -c project_id\n"
            )
    reader = "--os-cloud site-a-auditor --secondary-cloud site-b"
    listed = protector(f"{reader} protection-group list -f json")
    assert len(listed.json) == 3


def test_health_needs_a_newer_api(local_pair: LocalPair) -> None:
    shown = protector("health show -f json")
    assert shown.code == 0
    ready = {row["Protection Group"]: row["Ready"] for row in shown.json}
    assert ready == {"bare": False, "prod-db": True, "prod-web-app": True}
    older = protector("--os-protector-api-version 1.1 health show")
    assert (older.code, older.out) == (1, "")


def test_secrets_are_never_seen(
    local_pair: LocalPair,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: pathlib.Path,
) -> None:
    """Not even with --debug, in a log file, or in what is refused."""
    secret = "fa-token-a-planted-4711"
    monkeypatch.setenv("PLANTED", secret)
    log = tmp_path / "log"
    set_policy = (
        "policy set prod-db --primary-fa-api-token-env PLANTED "
        "--secondary-fa-api-token-env PLANTED"
    )
    set_site = (
        "site set site-b --password-env PLANTED --auth-url ftp://nowhere"
    )
    for shell in SHELLS.values():
        for command in (set_policy, set_site):
            ran = shell(command)
            assert secret not in ran.out + ran.err
    for shell in (clirunner.openstack, protector):
        prefix = "protector " if shell is clirunner.openstack else ""
        for command in (set_policy, set_site):
            ran = shell(f"--debug --log-file {log} {prefix}{command}")
            text = ran.out + ran.err + log.read_text()
            assert secret not in text
            assert "demo-secret" not in text
            assert TOKENS["a"] not in text


def test_where_a_secret_comes_from(
    local_pair: LocalPair, tmp_path: pathlib.Path
) -> None:
    base = "policy set prod-db --primary-fa-api-token"
    missing = protector(f"{base}-file {tmp_path / 'none'}")
    assert (missing.code, missing.out) == (2, "")
    assert missing.err.startswith(
        f"File {tmp_path / 'none'} cannot be read: No such file or directory."
    )
    unset = protector(f"{base}-env NOT_SET")
    assert unset.code == 2
    assert unset.err.startswith(
        "Environment variable NOT_SET is empty or not set. It has to hold "
    )
    twice = protector(f"{base}-env A {base[19:]}-file b")
    assert twice.code == 2
    on_argv = protector(f"{base} token")
    assert on_argv.code == 2
