"""One site is dead, cut off or deaf: what each command makes of that."""

from __future__ import annotations

import pytest

from fakeserver.local.pair import LocalPair
from tests.helpers import clirunner
from tests.helpers.clirunner import EITHER_SHELL, SHELLS, protector

GROUP = "protection-group"
WEB = "--network-mapping net-primary-web=net-secondary-web"
UNPLANNED = f"{GROUP} failover prod-web-app --type unplanned {WEB}"
DEAF = "Keystone does not answer: connection refused"


@pytest.mark.parametrize("shell", EITHER_SHELL)
def test_the_primary_is_dead(shell: str, local_pair: LocalPair) -> None:
    """OS_CLOUD names the dead site, Keystone and all."""
    run = SHELLS[shell]
    local_pair.site("a").kill()

    record = "this is site-b's record, version 1"
    for reading, instead in {
        f"{GROUP} list": "these are site-b's records",
        f"{GROUP} show prod-web-app": record,
        "member list prod-web-app": record,
        "policy show prod-web-app": record,
        "consistency-group show prod-web-app": record,
        "health show": "these are site-b's reports",
        "operation list": "these are site-b's operations",
    }.items():
        read = run(f"{reading} -f json")
        assert read.code == 0, read.err
        assert read.json or reading == "operation list"
        assert read.err == f"warning: site-a: {DEAF}; {instead}\n"
    planned = run(f"{GROUP} failover prod-web-app {WEB}")
    assert (planned.code, planned.out) == (6, "")
    assert planned.err == (
        f"site-a: the current primary does not answer: {DEAF}\n"
        "hint: where it is really down, an unplanned failover goes to "
        "site-b\n"
        "openstack protector protection-group check prod-web-app\n"
    )
    cleanup = run(f"{GROUP} test-cleanup prod-web-app")
    assert (cleanup.code, cleanup.out) == (6, "")
    status = run(f"{GROUP} sync-status prod-web-app -f json")
    assert status.code == 3
    assert status.err == (
        f"warning: site-a: {DEAF}; {record}\n"
        "openstack protector protection-group check prod-web-app\n"
    )
    assert status.json["status"] == "UNREACHABLE"
    assert [side["site"] for side in status.json["sites"]] == [
        "site-a",
        "site-b",
    ]
    assert status.json["sites"][0]["message"] == DEAF
    unknown = run("operation show op-nosuch")
    assert (unknown.code, unknown.out) == (12, "")
    assert unknown.err == (
        f"nobody who knows op-nosuch answers: site-a: {DEAF}\n"
        "openstack protector operation wait op-nosuch\n"
        "openstack protector operation diagnose op-nosuch\n"
    )

    forced = run(f"{UNPLANNED} --wait -f json")
    assert forced.code == 0, forced.err
    assert forced.json["status"] == "completed"
    assert forced.json["site"] == "site-b"
    assert forced.json["parameters"]["force"] is True
    assert forced.told.splitlines()[-2:] == [
        "when site-a is back:",
        "openstack protector protection-group sync-force prod-web-app",
    ]
    history = run("operation list --all-sites -f json")
    assert (history.code, len(history.json)) == (0, 1)
    assert history.err == (
        f"warning: site-a: {DEAF}; these are site-b's operations\n"
    )
    again = run(UNPLANNED)
    assert (again.code, again.out) == (5, "")
    sync = run(f"{GROUP} sync-force prod-web-app")
    assert (sync.code, sync.out) == (6, "")
    assert sync.told == (
        "site-b: Cannot modify protection group — remote site unreachable "
        "(req-ID)\n"
        "openstack protector protection-group check prod-web-app\n"
    )


def test_the_other_site_is_dead(local_pair: LocalPair) -> None:
    """What changes a group is refused in the service's own words."""
    local_pair.site("b").stop()
    for command in (
        f"{GROUP} failback prod-web-app",
        f"{GROUP} test-failover prod-web-app --retain-primary",
        f"{GROUP} set prod-web-app --description x",
        f"{GROUP} delete prod-db",
        "policy delete prod-db",
        "member remove prod-web-app web-1",
    ):
        ran = protector(command)
        assert ran.out == ""
        if "failback" in command:
            assert ran.code == 5, ran.err
            continue
        assert ran.code == 6, command
        refused, hint = ran.told.splitlines()[:2]
        if "test-failover" in command:
            # nothing is sent for which the target is needed
            assert refused == (
                "site-b: Cannot modify protection group — remote site "
                "unreachable"
            )
            assert hint == f"hint: {DEAF}"
            continue
        assert refused == (
            "site-a: Cannot modify protection group — remote site "
            "unreachable (req-ID)"
        )
        group = command.split()[2]
        assert hint == (f"openstack protector protection-group check {group}")
    mapped = protector(f"{GROUP} failover prod-web-app {WEB}")
    assert (mapped.code, mapped.out) == (6, "")
    assert mapped.err == (
        "site-b: Cannot modify protection group — remote site unreachable\n"
        f"hint: {DEAF}\n"
        "openstack protector protection-group check prod-web-app\n"
    )
    shown = protector(f"{GROUP} show prod-web-app -f json")
    assert shown.code == 0
    assert shown.err == (
        f"warning: site-b: {DEAF}; this is site-a's record, version 1\n"
    )


def test_both_sites_are_dead(local_pair: LocalPair) -> None:
    for site in ("a", "b"):
        local_pair.site(site).stop()
    ran = protector(UNPLANNED)
    assert (ran.code, ran.out) == (6, "")
    assert ran.err == (
        f"neither site answers: site-a: {DEAF}; site-b: {DEAF}\n"
        f"openstack protector {GROUP} check prod-web-app\n"
    )
    shown = protector("operation show op-x")
    assert (shown.code, shown.out) == (12, "")


def test_a_primary_that_answers_half(local_pair: LocalPair) -> None:
    """Its Keystone is broken, its protector is not: it lives."""
    local_pair.fault("503", site="a", match="*identity*")
    ran = protector(UNPLANNED)
    assert (ran.code, ran.out) == (5, "")
    assert ran.err.startswith("site-a is alive: its protector answers. ")
    accepted = protector(f"{UNPLANNED} --accept-divergence --wait -f json")
    assert accepted.code == 0, accepted.err
    assert accepted.json["site"] == "site-b"


def test_a_keystone_that_refuses(
    local_pair: LocalPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The site that said no is named, whichever of the two it is."""
    text = local_pair.clouds_yaml.read_text()
    first, second = text.split("  site-b:\n", 1)
    broken = local_pair.directory / "broken.yaml"
    broken.write_text(
        f"{first}  site-b:\n{second.replace('demo-secret', 'wrong', 1)}"
    )
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(broken))
    assert protector(f"{GROUP} list").code == 0
    for run in SHELLS.values():
        ran = run(f"{GROUP} sync-status prod-web-app")
        assert ran.code == 0
        assert ran.err == (
            "warning: site-b: Keystone refused: The request you have made "
            "requires authentication. (HTTP 401); this is site-a's record, "
            "version 1\n"
        )
        ran = run(f"{GROUP} failover prod-web-app {WEB}")
        assert (ran.code, ran.out) == (7, "")
        assert ran.err == (
            "site-b: Keystone refused: The request you have made requires "
            "authentication. (HTTP 401)\n"
            "openstack --os-cloud site-b token issue -c user_id"
            " -c project_id\n"
        )


def test_an_expired_token_is_renewed_or_said(
    local_pair: LocalPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = clirunner.openstack("token issue -f value -c id").out.strip()
    of_b = clirunner.openstack("--os-cloud site-b token issue -f value -c id")
    url = f"{local_pair.site('a').url}/identity/v3"
    monkeypatch.delenv("OS_CLOUD")
    as_token = (
        f"--os-auth-type token --os-auth-url {url} "
        "--os-project-name demo --os-project-domain-name Default"
    )
    good = protector(f"{as_token} --os-token {token} {GROUP} list")
    assert good.code == 0, good.err
    local_pair.advance("25h")
    for stale in (token, of_b.out.strip()):
        ran = protector(f"{as_token} --os-token {stale} {GROUP} list")
        assert (ran.code, ran.out) == (7, "")
        assert "Keystone refused" in ran.err
        assert stale not in ran.err


@pytest.mark.parametrize("force", ["", " --force"])
def test_what_a_forced_delete_has_left(
    force: str, local_pair: LocalPair
) -> None:
    """Only the survivor knew; the other one still has it, and is told."""
    admin = "--os-cloud site-a-admin"
    local_pair.site("b").stop()
    gone = protector(f"{admin} {GROUP} delete bare --force")
    assert gone.code == 0, gone.err
    local_pair.site("b").start()

    for command in ("sync-force bare", "reconcile bare --yes"):
        ran = protector(f"{GROUP} {command}")
        assert ran.code == 5
        assert "bare was deleted at site-a, and is left at site-b" in ran.err
        typed = f"openstack protector {GROUP} delete bare"
        assert typed in ran.err.splitlines()
    looked = protector(f"{GROUP} reconcile bare")
    assert looked.code == 13
    assert "'protection-group delete' removes the rest" in looked.err

    left = protector(f"{admin} {GROUP} delete bare{force}")
    assert (left.code, left.out, left.err) == (0, "", "")
    for cloud in ("site-a", "site-b"):
        listed = protector(f"--os-cloud {cloud} {GROUP} list --name bare")
        assert listed.out.strip() == ""
