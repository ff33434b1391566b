"""Guards and the audit log: what stops an action, and what it leaves."""

from __future__ import annotations

import json
import pathlib
import stat

import pytest

from fakeserver.local.pair import LocalPair
from protectorclient import SitePair
from tests.helpers.clirunner import EITHER_SHELL, SHELLS, protector

GROUP = "protection-group"
WEB = "--network-mapping net-primary-web=net-secondary-web"
FAILOVER = f"{GROUP} failover prod-web-app {WEB}"


@pytest.fixture
def audit_log(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> pathlib.Path:
    path = tmp_path / "state" / "journal.jsonl"
    monkeypatch.setenv("PROTECTOR_JOURNAL", str(path))
    return path


def begun() -> int:
    pair = SitePair.open("site-a", "site-b")
    return sum(
        len(list(handle.client.operations.list())) for handle in pair.handles
    )


#: the guard, and what is said
REFUSED = [
    (
        "--expect-primary site-b",
        "prod-web-app runs at site-a, not at site-b as expected; nothing was"
        " sent\n"
        f"openstack protector {GROUP} show prod-web-app\n",
    ),
    (
        "--expect-version 7",
        "prod-web-app has metadata version 1, not 7 as expected; nothing was"
        " sent\n"
        f"openstack protector {GROUP} sync-status prod-web-app\n",
    ),
]


@pytest.mark.parametrize("shell", EITHER_SHELL)
@pytest.mark.parametrize(("guard", "told"), REFUSED)
def test_a_world_that_is_not_as_expected(
    shell: str, guard: str, told: str, local_pair: LocalPair
) -> None:
    for verb in ("failover", "test-failover"):
        ran = SHELLS[shell](f"{GROUP} {verb} prod-web-app {WEB} {guard}")
        assert (ran.code, ran.out, ran.err) == (5, "", told)
    looked = SHELLS[shell](f"{FAILOVER} {guard} --check")
    assert looked.code == 5
    assert looked.err.endswith(told)
    assert begun() == 0


def test_an_old_recovery_point(local_pair: LocalPair) -> None:
    local_pair.advance("4m")
    ran = protector(f"{FAILOVER} --max-recovery-point-age 1m")
    assert (ran.code, ran.out) == (5, "")
    assert "s old, more than the 60 s expected; nothing was sent" in ran.err
    assert begun() == 0
    bare = protector(f"{GROUP} failover bare --max-recovery-point-age 1d")
    assert bare.code == 5
    assert "bare has no complete recovery point at site-b" in bare.err


def test_a_world_that_is_as_expected(local_pair: LocalPair) -> None:
    ran = protector(
        f"{FAILOVER} --expect-primary site-a --expect-version 1"
        " --max-recovery-point-age 10m --wait"
    )
    assert ran.code == 0, ran.err


def test_what_is_at_stake_is_said_first(local_pair: LocalPair) -> None:
    ran = protector(f"{FAILOVER} --wait")
    lines = ran.told.splitlines()
    assert lines[0] == "failover of prod-web-app from site-a to site-b"
    assert lines[1] == "  instances: web-1, web-2, web-3; 5 volumes, 160 GiB"
    assert lines[2].startswith("  recovery point: 20")
    assert lines[2].endswith("one more is made first, so no data is lost")
    assert lines[3:5] == [
        "  networks: net-primary-web -> net-secondary-web (mapped)",
        "  flavors: m1.large -> m1.large (same name)",
    ]
    assert lines[5:8] == [
        "  addresses: all are kept",
        "  power state: all run",
        "  attributes: all that are known are kept",
    ]
    assert lines[8].endswith("has begun: op-ID")
    back = protector(f"{GROUP} failback prod-web-app --wait")
    assert back.code == 0, back.err
    home = back.told.splitlines()
    assert "  networks: net-secondary-web -> net-primary-web (as before)" in (
        home
    )
    assert home[2] == (
        "  recovery point: one is made first, so no data is lost"
    )


def test_what_an_unplanned_failover_loses(local_pair: LocalPair) -> None:
    local_pair.site("a").kill()
    local_pair.advance("90s")
    ran = protector(f"{FAILOVER} --type unplanned")
    assert ran.code == 0, ran.err
    lines = ran.told.splitlines()
    assert lines[0].endswith("from site-a to site-b, unplanned")
    assert "1m " in lines[2]
    assert lines[2].endswith("old; what was written since is lost")


def test_what_a_failback_after_an_unplanned_failover_loses(
    local_pair: LocalPair,
) -> None:
    """What the old primary still wrote never reached the other site."""
    local_pair.site("a").kill()
    assert protector(f"{FAILOVER} --type unplanned --wait").code == 0
    local_pair.site("a").start()
    assert protector(f"{GROUP} sync-force prod-web-app").code == 0
    back = protector(f"{GROUP} failback prod-web-app --wait")
    assert back.code == 0, back.err
    assert back.told.splitlines()[2] == (
        "  recovery point: one is made first, so no data of site-b is lost;"
        " what site-a wrote and never replicated goes, and a snapshot of it"
        " stays there"
    )


def test_a_primary_that_only_the_survivor_hears(
    local_pair: LocalPair,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From here it is dead; it is the way from here that is broken."""
    url = local_pair.site("a").url
    text = local_pair.clouds_yaml.read_text()
    broken = tmp_path / "clouds.yaml"
    port = url.rsplit(":", 1)[1]
    broken.write_text(
        text.replace(f"127.0.0.1:{port}/identity", "127.0.0.1:1/identity")
    )
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(broken))
    ran = protector(f"{FAILOVER} --type unplanned")
    assert (ran.code, ran.out) == (5, "")
    assert "its protector answers site-b." in ran.err
    local_pair.fault("partition", site="b")
    ran = protector(f"{FAILOVER} --type unplanned")
    assert ran.code == 5
    assert "site-a is alive: its protector answers." in ran.err


def test_a_primary_whose_protector_alone_is_dead(
    local_pair: LocalPair,
) -> None:
    local_pair.fault("reset", site="a", match="* /v1*")
    local_pair.fault("reset", site="a", match="GET /")
    local_pair.fault("partition", site="b")
    ran = protector(f"{FAILOVER} --type unplanned")
    assert ran.code == 5, ran.err
    assert "site-a is alive: its Keystone answers." in ran.err
    accepted = protector(f"{FAILOVER} --type unplanned --accept-divergence")
    assert accepted.code == 0, accepted.err


def test_the_reason_is_kept_at_the_service_and_here(
    local_pair: LocalPair, audit_log: pathlib.Path
) -> None:
    ran = protector(f"{FAILOVER} --reason 'power cut' --wait -f json")
    assert ran.json["parameters"]["reason"] == "power cut"
    asked, came = map(json.loads, audit_log.read_text().splitlines())
    assert (asked["event"], came["event"]) == ("asked", "begun")
    for line in (asked, came):
        assert line["reason"] == "power cut"
        assert line["protection_group"] == "prod-web-app"
        assert line["request_id"] == ran.json["request_id"]
    assert (asked["from"], asked["to"]) == ("site-a", "site-b")
    assert came["operation_id"] == ran.json["id"]
    assert stat.S_IMODE(audit_log.stat().st_mode) == 0o600
    assert "secret" not in audit_log.read_text()


def test_a_reason_that_an_older_site_does_not_keep(
    audit_log: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LocalPair(sockets=True, max_microversion="1.1") as pair:
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(pair.clouds_yaml))
        monkeypatch.setenv("OS_CLOUD", "site-a")
        ran = protector(f"{FAILOVER} --reason 'power cut' --wait -f json")
        assert ran.code == 0, ran.err
        assert "reason" not in ran.json["parameters"]
        assert ran.err.startswith(
            "warning: the reason is kept in the audit log here alone: site-a"
            " is asked in version 1.1, and it takes 1.2\n"
        )
    asked, came = map(json.loads, audit_log.read_text().splitlines())
    assert {asked["reason"], came["reason"]} == {"power cut"}


def test_what_was_refused_is_in_the_audit_log_too(
    local_pair: LocalPair, audit_log: pathlib.Path
) -> None:
    sent = protector(f"{GROUP} failover bare {WEB} --start-anyway")
    assert sent.code == 5
    asked, came = map(json.loads, audit_log.read_text().splitlines())
    assert came["event"] == "not begun"
    assert "no replication policy" in came["error"]
    assert protector(f"{FAILOVER} --dry-run").code == 0
    assert len(audit_log.read_text().splitlines()) == 2


def test_what_has_no_counterpart_is_not_sent(
    local_pair: LocalPair, audit_log: pathlib.Path
) -> None:
    said = (
        "Nothing at site-b matches network net-primary-web; map each to"
        " something that exists there\n"
        "openstack protector protection-group failover prod-web-app"
    )
    planned = protector(f"{GROUP} failover prod-web-app")
    assert (planned.code, planned.out) == (5, "")
    assert planned.err == f"site-a: {said} {WEB}\n"
    assert not audit_log.exists()
    local_pair.site("a").kill()
    forced = protector(f"{GROUP} failover prod-web-app --type unplanned")
    # nothing is asked of it here: the service says it
    assert (forced.code, forced.out) == (1, "")
    refused, hint = forced.err.splitlines()[-2:]
    assert refused.startswith("Nothing at site-b matches network ")
    assert hint == (
        "openstack protector protection-group failover prod-web-app"
        f" --type unplanned {WEB}"
    )


def test_nothing_is_at_stake_with_a_peer_that_is_dead(
    local_pair: LocalPair,
) -> None:
    local_pair.site("b").kill()
    ran = protector(f"{GROUP} failover prod-web-app")
    assert (ran.code, ran.out) == (6, "")
    assert ran.err.startswith(
        "site-b: Cannot modify protection group — remote site unreachable\n"
        "hint: Keystone does not answer"
    )


def test_a_second_failover_with_the_names_of_the_first(
    local_pair: LocalPair,
) -> None:
    """The group is where it was to go, and its networks are others."""
    assert protector(f"{FAILOVER} --wait").code == 0
    again = protector(FAILOVER)
    assert (again.code, again.out) == (5, "")
    assert again.err == (
        "Protection group prod-web-app is failed_over; failover needs active:"
        " it runs at site-b already\n"
        "openstack protector protection-group show prod-web-app\n"
    )
