"""Which instances run beside their group, from what the sites tell."""

from __future__ import annotations

import random
from typing import Any

import pytest

from protectorclient.escape import commands
from protectorclient.preflight import copies

A, B = "id-a", "id-b"


def member(number: int, *sites: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"m-{number}",
        "sites": {
            site: {
                "instance_id": f"{site}-{number}",
                "instance_name": f"web-{number}",
                **more,
            }
            for site in sites
        },
    }


def document(*members: dict[str, Any], primary: str = B) -> dict[str, Any]:
    return {
        "members": list(members),
        "current_primary_site_id": primary,
        "tests": [],
    }


def server(identity: str, status: str = "ACTIVE", **more: Any) -> Any:
    return {
        "id": identity,
        "name": f"web-{identity[-1]}",
        "status": status,
        **more,
    }


def found(
    servers: list[Any],
    *documents: dict[str, Any],
    at: str = A,
    primary: str = B,
) -> tuple[copies.Copy, ...]:
    site = {A: "site-a", B: "site-b"}[at]
    return copies.find(documents, primary, at, site, servers)


def test_what_a_forced_failover_left_runs() -> None:
    there = [server("id-a-1"), server("id-a-2", "SHUTOFF"), server("other")]
    told = found(there, document(member(1, A, B), member(2, A, B)))
    assert [(one.name, one.runs) for one in told] == [
        ("web-1", True),
        ("web-2", False),
    ]
    assert [one.name for one in copies.live(told)] == ["web-1"]


def test_what_the_primary_runs_is_the_group() -> None:
    there = [server("id-b-1"), server("id-b-2")]
    both = document(member(1, A, B), member(2, A, B))
    assert found(there, both, at=B) == ()


def test_what_nova_has_no_more_is_not_there() -> None:
    assert found([], document(member(1, A, B))) == ()


def test_an_older_generation_at_the_primary() -> None:
    left = {"instance_id": "id-b-9", "name": "web-1", "volumes": []}
    there = [server("id-b-1"), server("id-b-9")]
    (one,) = found(there, document(member(1, B, left=left)), at=B)
    assert one.instance_id == "id-b-9"
    assert copies.sentence([one], "site-b") == (
        "older copy of web-9 runs and writes at site-b now, beside the group"
    )


def test_a_record_from_before_the_move_names_what_is_older_now() -> None:
    """site-a has it again by force; site-b does not know that yet."""
    old = document(member(1, A, B), primary=B)
    new = document(member(1, B), primary=A)
    new["members"][0]["sites"][A] = {"instance_id": "id-a-7"}
    there = [server("id-a-7"), server("id-a-1")]
    (one,) = found(there, old, new, primary=A)
    assert one.instance_id == "id-a-1"


def test_a_drill_is_none() -> None:
    tested = document(member(1, A), primary=A)
    tested["tests"] = [{"instances": [{"id": "t-1"}]}]
    marks = {copies.MARK: "m-1"}
    there = [
        server("t-1", metadata=marks),
        server("t-2", metadata={**marks, copies.DRILL: "true"}),
        server("s-3", metadata=marks),
        server("s-4", metadata={copies.MARK: "of another group"}),
    ]
    (stray,) = found(there, tested, at=B, primary=A)
    assert (stray.instance_id, stray.known) == ("s-3", False)


#: status, power state, whether it may write
POWER = [
    ("ACTIVE", 1, True),
    ("ACTIVE", None, True),
    ("active", None, True),
    ("REBOOT", 1, True),
    ("VERIFY_RESIZE", 1, True),
    ("UNKNOWN", None, True),
    ("ERROR", 1, True),
    ("ERROR", 0, False),
    ("ERROR", None, False),
    ("BUILD", 0, False),
    ("SHUTOFF", 4, False),
    ("SHUTOFF", None, False),
    ("PAUSED", 3, False),
    ("SUSPENDED", 4, False),
    ("SHELVED_OFFLOADED", 4, False),
    ("ACTIVE", 4, False),
]


@pytest.mark.parametrize(("status", "power", "runs"), POWER)
def test_who_may_write(status: str, power: int | None, runs: bool) -> None:
    one = {"status": status, "OS-EXT-STS:power_state": power}
    assert copies.runs(one) is runs


def test_many_are_counted_in_a_sentence_and_all_are_stopped() -> None:
    numbers = list(range(1, 41))
    random.Random(1).shuffle(numbers)
    group = document(*(member(n, A, B) for n in numbers))
    there = [
        {"id": f"id-a-{n}", "name": f"web-{n:02}", "status": "ACTIVE"}
        for n in numbers
    ]
    told = found(there, group)
    assert len(told) == 40
    assert copies.sentence(told, "site-b") == (
        "web-01, web-02, web-03, web-04, web-05, web-06 and 34 more run and"
        " write at site-a now, beside the group at site-b"
    )
    (stop,) = copies.stop(told)
    # by name, where no other instance is called so
    assert set(stop.split()[5:]) == {f"web-{n:02}" for n in numbers}


def test_the_cure_is_the_failback_where_there_is_one() -> None:
    (one,) = found([server("id-a-1")], document(member(1, A, B)))
    stop = "openstack --os-cloud site-a server stop web-1"
    back = (
        "openstack protector protection-group failback 'my group'"
        " --reverse-replication --wait"
    )
    sync = "openstack protector protection-group sync-force 'my group'"
    away = copies.cure(
        [one], group="my group", status="failed_over", primary="site-b"
    )
    assert away.lines == [back, "or, where the group stays at site-b:", stop]
    assert commands(away.lines) == (back, stop)
    apart = copies.cure(
        [one],
        group="my group",
        status="failed_over",
        primary="site-b",
        in_sync=False,
    )
    assert apart.commands == (sync, back)
    home = copies.cure(
        [one], group="my group", status="active", primary="site-b"
    )
    assert home.lines == [stop]
