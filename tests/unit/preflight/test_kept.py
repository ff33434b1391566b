"""The plan before a move: what the members keep, line by line."""

from __future__ import annotations

import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from protectorclient.preflight import check_instances
from protectorclient.preflight.context import Parameters
from protectorclient.preflight.drift import losses, power
from protectorclient.preflight.drift.addresses import Address
from protectorclient.preflight.drift.difference import Difference
from protectorclient.preflight.drift.kept import MemberLosses
from protectorclient.preflight.drift.power import Power
from protectorclient.preflight.findings import Severity

FREE = Address("web-1", "net-a", "net-b", "10.0.0.1", ("10.0.0.0/24",))
TAKEN = Address(
    "web-2",
    "net-a",
    "net-b",
    "10.0.0.2",
    ("10.0.0.0/24",),
    taken_by="port p1 of db",
    port="p1",
)
OUTSIDE = Address("web-3", "net-a", "net-b", "10.9.0.3", ("10.0.0.0/24",))


def plan(**known: Any) -> dict[str, str]:
    made = MemberLosses("site-a", "site-b", **known)
    return dict(line.split(": ", 1) for line in made.lines())


def test_all_is_kept() -> None:
    assert plan(addresses=[FREE], down=[], losses=[]) == {
        "addresses": "all are kept",
        "power state": "all run",
        "attributes": "all that are known are kept",
    }
    known: Any = {"addresses": [FREE], "down": [], "losses": []}
    assert MemberLosses("a", "b", **known).is_whole


def test_what_no_site_answers_is_not_known() -> None:
    assert set(plan().values()) == {"not known"}


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ({}, "the operation fails"),
        ({"unplanned": True}, "it gets another address"),
        ({"unplanned": True, "keep_addresses": True}, "it is not built"),
    ],
)
def test_an_address_that_is_taken(known: dict[str, Any], told: str) -> None:
    assert plan(addresses=[FREE, TAKEN], **known)["addresses"] == (
        "10.0.0.2 of web-2 is taken on net-b: port p1 of db, and so " + told
    )
    made = MemberLosses("a", "b", addresses=[FREE, TAKEN])
    assert made.taken == [TAKEN] and not made.is_whole


def test_an_address_of_another_range_moves_nobody_away() -> None:
    made = MemberLosses("a", "b", addresses=[OUTSIDE])
    assert made.taken == []
    assert plan(addresses=[OUTSIDE])["addresses"] == (
        "10.9.0.3 of web-3 is outside 10.0.0.0/24 of net-b, and so it gets"
        " another address"
    )


def test_who_stays_stopped_and_who_cannot_be_stopped() -> None:
    down = [
        Power("web-1", "SHUTOFF", "ACTIVE"),
        Power("web-2", "SHUTOFF", "ACTIVE"),
        Power("web-3", "PAUSED", "ACTIVE", "id-3"),
        Power("web-4", "ACTIVE", "ACTIVE", "id-4", locked=True),
        Power("web-5", None, None),
    ]
    made = MemberLosses(
        "site-a", "site-b", down=down, power_on=frozenset({"web-2"})
    )
    assert made.stays_stopped == ["web-1"]
    assert [str(one) for one in made.obstacles] == [
        "web-3 is PAUSED",
        "web-4 is locked",
    ]
    assert list(made.lines())[1] == (
        "power state: web-1 is stopped, and stays so; --power-on starts it;"
        " web-2 starts there; web-3 is PAUSED, and so the operation fails;"
        " web-4 is locked, and so the operation fails; web-5 does not exist"
        " at site-a"
    )
    assert [one.cure("site-a") for one in down] == [
        "openstack --os-cloud site-a server start web-1",
        "openstack --os-cloud site-a server start web-2",
        "openstack --os-cloud site-a server unpause id-3",
        "openstack --os-cloud site-a server unlock id-4",
        None,
    ]


def test_a_dead_primary_has_stopped_members_of_some_time() -> None:
    read_at = "2026-01-01T10:00:00Z"
    down = [Power("web-1", "SHUTOFF", "SHUTOFF", read_at=read_at)]
    lost = Difference(
        "attributes", "site-b", "web-2", "power_state", message="web-2 starts"
    )
    told = plan(unplanned=True, down=down, losses=[lost])
    assert told["power state"] == (
        f"web-1 was stopped at {read_at}, and stays so; --power-on starts it;"
        " web-2 starts"
    )
    assert told["attributes"] == "all that are known are kept"


@pytest.mark.parametrize(
    ("held", "drill", "named"),
    [
        ({"power_state": "ACTIVE"}, False, True),
        ({"power_state": "ACTIVE"}, True, False),
        ({"power_state": "ACTIVE", "locked": None}, False, False),
        (None, False, False),
        ([], False, False),
    ],
)
def test_a_lock_that_an_old_nova_does_not_show(
    held: Any, drill: bool, named: bool
) -> None:
    instance: Any = SimpleNamespace(
        name="web-1", here={"attributes": held}, volumes=[], there=None
    )
    subject: Any = SimpleNamespace(
        drill=drill,
        unplanned=False,
        there=SimpleNamespace(name="site-b", volume_types=[]),
        forecast=SimpleNamespace(instances=[instance]),
    )
    assert [one.message for one in losses.find(subject)] == (
        [
            "locked of web-1 is not kept at site-b: a Nova older than 2.9"
            " does not show it"
        ]
        if named
        else []
    )


def member(name: str, **held: str) -> Any:
    here = {"attributes": held} if held else {}
    return SimpleNamespace(name=name, here=here)


def test_who_is_started_although_nobody_knows_that_it_ran() -> None:
    """It ran when that was read, and a recovery point was made since."""
    then, since = "2025-12-31T23:00:00Z", "2026-01-01T01:00:00Z"
    subject: Any = SimpleNamespace(
        recovery_point=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
        forecast=SimpleNamespace(
            instances=[
                member("web-1", power_state="ACTIVE", power_state_at=then),
                member("web-2", power_state="ACTIVE", power_state_at=since),
                member("web-3", power_state="SHUTOFF", power_state_at=then),
                member("web-4", power_state="ACTIVE", power_state_at=then),
                member("web-5", power_state="ACTIVE", power_state_at="soon"),
                member("web-6"),
            ]
        ),
    )
    found = power.assumed(subject)
    assert plan(unplanned=True, down=[], assumed=found)["power state"] == (
        f"web-1, web-4 ran at {then}, before the recovery point, and the"
        " failover starts each; not known of web-5, web-6"
    )
    assert plan(unplanned=True, down=[], assumed=found[:1])["power state"] == (
        f"web-1 ran at {then}, before the recovery point, and the failover"
        " starts it"
    )


@pytest.mark.parametrize(
    ("held", "why"),
    [
        (
            {
                "power_state": "SHUTOFF",
                "power_state_at": "2026-01-02T00:00:00Z",
            },
            None,
        ),
        (
            {
                "power_state": "SHUTOFF",
                "power_state_at": "2025-12-31T00:00:00",
            },
            "its power state is of 2025-12-31T00:00:00, before the recovery"
            " point",
        ),
        ({"power_state": "SHUTOFF"}, "its power state is not known"),
        (
            {"power_state_at": "2026-01-02T00:00:00Z"},
            "its power state is not known",
        ),
        (
            {"power_state": "SHUTOFF", "power_state_at": "soon"},
            "its power state is not known",
        ),
    ],
)
def test_a_power_state_before_the_recovery_point_is_unknown(
    held: dict[str, str], why: str | None
) -> None:
    point = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    assert power.unknown(held, point) == why


@pytest.mark.parametrize(
    ("purpose", "retains", "blocks", "told"),
    [
        ("failover", None, True, "web-1 is PAUSED"),
        ("test-failover", False, True, "web-1 is PAUSED"),
        ("test-failover", True, False, "web-1 is PAUSED"),
        (
            "test-failover",
            None,
            False,
            "web-1 is PAUSED; a test failover needs --retain-primary",
        ),
    ],
)
def test_who_stops_a_paused_instance(
    purpose: str,
    retains: bool | None,
    blocks: bool,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paused = [Power("web-1", "PAUSED", "ACTIVE", "id-1")]
    monkeypatch.setattr(check_instances.power, "down", lambda _: paused)
    monkeypatch.setattr(check_instances, "_asked", lambda _, site: site)
    context: Any = SimpleNamespace(
        purpose=purpose,
        source=SimpleNamespace(name="site-a"),
        subject=None,
        forecast=SimpleNamespace(instances=["web-1"]),
        wanted=Parameters(retain_primary=retains),
    )
    found = check_instances.running(context)
    assert (found.message, found.blocks) == (told, blocks)
    severity = Severity.PROBLEM if blocks else None
    assert found.severity is severity
    assert found.steps == ("openstack --os-cloud site-a server unpause id-1",)
