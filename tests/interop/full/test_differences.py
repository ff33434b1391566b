"""Real clouds: what a test failover keeps, and that each difference that is
planted in what it built, at the source or at the target is found."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from fakeserver.base.seed_world import SITES
from protectorclient.exit_codes import ExitCode
from tests.helpers.clirunner import protector
from tests.interop.full.dressed import Dressed
from tests.interop.full.planted import (
    AGAIN,
    AT_SOURCE,
    AT_TARGET,
    GONE,
    IN_DRILL,
    SHOP,
    TILL,
    Row,
)

pytestmark = [
    pytest.mark.interop_full,
    pytest.mark.filterwarnings("ignore:::openstack"),
]
USERS = ("", "-admin")


@pytest.fixture(scope="module")
def app(
    dressed: Callable[[], Dressed], shown_once: Callable[[str], None]
) -> Dressed:
    made = dressed()
    made.protect()
    shown_once("four members with all attributes are made and protected")
    return made


@pytest.fixture(scope="module")
def untouched(app: Dressed) -> list[dict[str, Any]]:
    """What drift finds before anything is planted."""
    found: list[dict[str, Any]] = drift(app, "")
    return found


def drift(app: Dressed, user: str) -> list[dict[str, Any]]:
    ran = protector(f"--os-cloud {SITES[0]}{user} drift {app.group} -f json")
    assert ran.code in (0, 3), ran.err
    found: list[dict[str, Any]] = json.loads(ran.out)
    return found


def verify(operation: str, user: str) -> list[dict[str, Any]]:
    """What differs, and not because the move asks for it."""
    ran = protector(
        f"--os-cloud {SITES[0]}{user} drill verify {operation} -f json"
    )
    assert ran.code in (0, 3), ran.err
    return [one for one in json.loads(ran.out) if one["verdict"] == "differs"]


@pytest.fixture(scope="module")
def drill(
    app: Dressed,
    untouched: list[dict[str, Any]],
    shown_once: Callable[[str], None],
) -> dict[str, Any]:
    done = app.move("test-failover", "--retain-primary")
    shown_once("drill")
    return done


@pytest.fixture(scope="module")
def faithful(drill: dict[str, Any]) -> list[dict[str, Any]]:
    """What differs between a test and its source, which nobody touched."""
    return [one for user in USERS for one in verify(drill["id"], user)]


@pytest.fixture(scope="module")
def in_drill(
    app: Dressed,
    drill: dict[str, Any],
    faithful: list[dict[str, Any]],
    shown_once: Callable[[str], None],
) -> dict[str, set[tuple[str, str]]]:
    """What is found in a test in which differences are planted, by user."""
    app.plant_in_drill()
    found = {
        user: {
            (one["member"], one["attribute"])
            for one in verify(drill["id"], user)
        }
        for user in USERS
    }
    shown_once("differences are planted in the test and found")
    app.move("test-cleanup")
    shown_once("clean-up")
    return found


@pytest.fixture(scope="module")
def drifted(
    app: Dressed,
    in_drill: object,
    shown_once: Callable[[str], None],
) -> dict[str, set[tuple[str, str, str]]]:
    """What is found at both sites after differences are planted, by user."""
    app.plant_at_source()
    app.plant_at_target()
    found = {
        user: {
            (one["check"], one["member"] or "", one["attribute"])
            for one in drift(app, user)
        }
        for user in USERS
    }
    shown_once("differences are planted at both sites and found")
    return found


def test_nothing_is_found_where_nothing_was_planted(
    untouched: list[dict[str, Any]],
) -> None:
    """But for what a move cannot keep."""
    assert {
        (one["check"], one["member"], one["attribute"]) for one in untouched
    } == {
        ("attributes", SHOP, "key_pair"),
        ("addresses", SHOP, "networks[far].fixed_ip"),
        ("addresses", TILL, "networks[far].fixed_ip"),
    }


def test_all_is_kept_or_named(
    drill: dict[str, Any], faithful: list[dict[str, Any]]
) -> None:
    lost = {
        (one["member"], one["attribute"])
        for one in drill["result_data"]["not_kept"]
    }
    assert lost == {
        (SHOP, "key_pair"),
        (SHOP, "networks[far].fixed_ip"),
        (TILL, "networks[far].fixed_ip"),
    }
    # that another network has other addresses is as mapped
    assert {(one["member"], one["attribute"]) for one in faithful} == {
        (SHOP, "key_pair")
    }


@pytest.mark.parametrize("row", IN_DRILL, ids=lambda row: row.id)
def test_what_is_planted_in_a_test_is_found(
    row: Row, in_drill: dict[str, set[tuple[str, str]]]
) -> None:
    assert (row.member, row.attribute) in in_drill[row.user]


@pytest.mark.parametrize(
    "row", [*AT_SOURCE, *AT_TARGET], ids=lambda row: row.id
)
def test_what_is_planted_at_a_site_is_found(
    row: Row, drifted: dict[str, set[tuple[str, str, str]]]
) -> None:
    assert (row.check, row.member, row.attribute) in drifted[row.user]


def test_a_move_is_refused_for_the_taken_address(
    app: Dressed, drifted: object
) -> None:
    refused = protector(
        f"protection-group failover {app.group} --wait -f json"
    )
    assert refused.code == ExitCode.REFUSED, refused.err
    assert "is taken on apps" in refused.err
    assert app.running(SITES[0]).keys() >= {TILL, AGAIN}
    assert GONE not in app.running(SITES[0])
