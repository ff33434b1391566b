"""``--sync-first``: a sync while the instances run, then the move."""

from __future__ import annotations

import functools

import pytest

from fakeserver.local.pair import LocalPair
from protectorclient.osc.v1 import _start
from protectorclient.polling import poller
from tests.helpers.clirunner import protector
from tests.helpers.rests import Rests

WEB = "--network-mapping net-primary-web=net-secondary-web"
GROUP = "protection-group"
MOVE = f"{GROUP} failover prod-web-app {WEB}"
FIRST = f"{MOVE} --sync-first"
UNPLANNED = (
    "openstack protector protection-group failover prod-web-app --type"
    f" unplanned {WEB}"
)


def operations() -> list[tuple[str, str]]:
    """Types and statuses, the oldest first."""
    ran = protector("operation list -f json")
    return [(one["Type"], one["Status"]) for one in reversed(ran.json)]


def test_two_operations_and_two_times(local_pair: LocalPair) -> None:
    ran = protector(f"{FIRST} --wait -f json")
    assert ran.code == 0, ran.err
    record = ran.json
    assert (record["operation_type"], record["outcome"]) == (
        "failover",
        "completed",
    )
    shown = protector(f"operation show {record['sync_operation_id']} -f json")
    first = shown.json
    assert first["operation_type"] == "sync_volumes"
    assert first["request_id"] != record["request_id"]
    assert first["completed_at"] <= record["started_at"]
    assert record["outage_seconds"] <= record["total_seconds"]
    assert record["sync_seconds"] >= 0
    assert ran.told.splitlines()[-1].startswith("failover: ")
    assert "with the sync before it, while the instances ran: " in ran.err
    back = protector(
        f"{GROUP} failback prod-web-app --sync-first --reverse-replication"
        " -f json"
    )
    assert back.code == 0, back.err
    assert "outage_seconds" not in back.json
    assert sorted(kind for kind, _ in operations()) == [
        "failback",
        "failover",
        "sync_volumes",
        "sync_volumes",
    ]


@pytest.mark.parametrize("more", ["--type unplanned", "--type=unplanned"])
def test_an_unplanned_failover_has_none(
    more: str, local_pair: LocalPair
) -> None:
    ran = protector(f"{FIRST} {more}")
    assert (ran.code, ran.out) == (2, "")
    assert "an unplanned failover has no sync before it" in ran.err
    assert operations() == []


def test_other_verbs_name_those_that_have_it(local_pair: LocalPair) -> None:
    ran = protector(f"{GROUP} test-failover prod-web-app {WEB} --sync-first")
    assert ran.code == 2
    assert (
        "--sync-first belongs to 'protector protection-group failover' or"
        " 'failback'"
    ) in ran.err


def test_a_sync_that_fails_moves_nothing(local_pair: LocalPair) -> None:
    local_pair.fault(
        "step", match="replicate_snapshot", message="the link is cut"
    )
    ran = protector(f"{FIRST} --wait -f json")
    assert ran.code in (10, 11)
    assert ran.json["operation_type"] == "sync_volumes"
    assert ran.json["outcome"] in ("rolled_back", "leftovers")
    assert (
        "the failover of prod-web-app was not begun: the sync before it has"
        " not completed"
    ) in ran.err.splitlines()
    assert "the link is cut" in ran.err
    assert operations() == [("sync_volumes", "failed")]


def test_the_time_is_over_before_the_move(local_pair: LocalPair) -> None:
    local_pair.fault("slow-replication", seconds=600.0)
    ran = protector(f"{FIRST} --wait --timeout 0.2s")
    assert ran.code == 8
    assert "the failover of prod-web-app was not begun" in ran.err
    assert ran.told.splitlines()[-1] == (
        "openstack protector operation wait op-ID"
    )


def test_the_keyboard_while_it_replicates(
    local_pair: LocalPair, rests: Rests
) -> None:
    local_pair.fault("slow-replication", seconds=600.0)
    rests.after(2, rests.interrupt)
    ran = protector(FIRST)
    assert ran.code == 130
    assert "the failover of prod-web-app was not begun" in ran.err
    assert ran.told.splitlines()[-1] == (
        "openstack protector operation wait op-ID"
    )


def test_the_keyboard_between_the_two(
    local_pair: LocalPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = _start.begin

    def once(command: object, action: object) -> object:
        monkeypatch.setattr(_start, "begin", stop)
        return begin(command, action)  # type: ignore[arg-type]

    def stop(*_: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(_start, "begin", once)
    ran = protector(FIRST)
    assert ran.code == 130
    assert ran.told.splitlines()[-2:] == [
        "interrupted; sync_volumes op-ID has completed, and the failover of"
        " prod-web-app was not begun",
        f"openstack protector {FIRST}",
    ]
    assert operations() == [("sync_volumes", "completed")]


def test_the_primary_dies_while_it_replicates(
    local_pair: LocalPair, monkeypatch: pytest.MonkeyPatch, rests: Rests
) -> None:
    impatient = functools.partial(poller.Pace, give_up_after=2.0)
    monkeypatch.setattr(poller, "Pace", impatient)
    local_pair.fault("slow-replication", seconds=600.0)
    rests.after(2, local_pair.site("a").kill)
    ran = protector(f"{FIRST} --wait -f json")
    assert ran.code == 12, ran.err
    assert ran.json["operation_type"] == "sync_volumes"
    assert "the failover of prod-web-app was not begun" in ran.err
    assert ran.told.splitlines()[-2:] == [
        "if site-a is down for good:",
        UNPLANNED,
    ]
    forced = protector(UNPLANNED.removeprefix("openstack protector "))
    assert forced.code == 0, forced.err


def test_the_primary_dies_between_the_two(
    local_pair: LocalPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow = _start.follow_started

    def and_dies(*given: object) -> object:
        found = follow(*given)  # type: ignore[arg-type]
        local_pair.site("a").kill()
        return found

    monkeypatch.setattr(_start, "follow_started", and_dies)
    ran = protector(f"{FIRST} --wait")
    assert ran.code == 6, ran.err
    assert ran.told.splitlines()[-2:] == [
        "if site-a is down for good:",
        UNPLANNED,
    ]


def test_nothing_is_replicated_over_what_still_writes(
    local_pair: LocalPair,
) -> None:
    forced = protector(f"{MOVE} --type unplanned --accept-divergence --wait")
    assert forced.code == 0, forced.err
    synced = protector(f"{GROUP} sync-force prod-web-app")
    assert synced.code == 0, synced.err
    ran = protector(f"{GROUP} failback prod-web-app --sync-first")
    assert (ran.code, ran.out) == (5, "")
    assert "run and write at site-a now" in ran.err
    assert "a sync would replicate over what they write" in ran.err
    assert ran.err.splitlines()[-1].startswith(
        "openstack --os-cloud site-a server stop web-1"
    )


def test_a_recovery_point_is_old_only_after_it(local_pair: LocalPair) -> None:
    local_pair.advance("4m")
    line = f"{MOVE} --max-recovery-point-age 60s"
    assert protector(line).code == 5
    ran = protector(f"{line} --sync-first")
    assert ran.code == 0, ran.err


def test_both_requests_are_shown(local_pair: LocalPair) -> None:
    ran = protector(f"{FIRST} --dry-run -f json")
    assert ran.code == 0, ran.err
    assert ran.json["sync_first"]["body"] == {"sync_volumes": {}}
    assert list(ran.json["body"]) == ["failover"]
    text = protector(f"{FIRST} --dry-run").out
    assert text.index('"sync_volumes"') < text.index('"failover"')
    assert operations() == []
