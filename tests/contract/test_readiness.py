"""What would come back: the board, against what an engine then does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

import protectorclient
from fakeserver.local.pair import LocalPair
from protectorclient import exceptions
from protectorclient.reports.readiness import Verdict
from tests.helpers.library_parts import WEB, Live
from tests.helpers.planted import Planter, quota, taken, undone


@pytest.fixture(scope="module")
def module_live() -> Iterator[Live]:
    with LocalPair() as pair:
        made = Live(pair)
        made.map_networks()
        yield made


@pytest.fixture
def live(module_live: Live) -> Iterator[Live]:
    with undone(module_live.pair):
        yield module_live


def board(live: Live, dead: str = "site-a") -> protectorclient.Readiness:
    sites = live.sites()
    pair = protectorclient.SitePair(sites.primary, sites.secondary)
    return pair.readiness(if_dead=dead)


def row(live: Live, dead: str = "site-a") -> protectorclient.GroupReadiness:
    (found,) = [one for one in board(live, dead).groups if one.name == WEB]
    return found


def test_a_group_that_comes(live: Live) -> None:
    live.pair.advance(90)
    found = row(live)
    assert (found.verdict, found.order) == (Verdict.COMES, 1)
    assert (found.reasons, found.losses, found.addresses) == ((), (), ())
    assert found.duration is None
    assert found.members == 3
    assert found.loss is not None and 0 <= found.loss <= 300
    assert json.dumps(board(live).to_dict())


def test_a_group_that_runs_on(live: Live) -> None:
    found = board(live, "site-b")
    assert {one.verdict for one in found.groups} == {Verdict.RUNS_ON}
    assert found.is_well
    assert found.needed == {}


def test_the_site_that_dies_may_be_dead(live: Live) -> None:
    live.pair.site("a").stop()
    try:
        found = board(live)
        assert found.error is not None
        (web,) = [one for one in found.groups if one.name == WEB]
        assert web.verdict is Verdict.COMES
        with pytest.raises(exceptions.SiteUnreachable):
            board(live, "site-b")
    finally:
        live.pair.site("a").start()


def test_a_site_that_is_none(live: Live) -> None:
    with pytest.raises(exceptions.BadArgument, match="neither of the two"):
        board(live, "site-c")


@pytest.mark.parametrize(
    ("plant", "verdict", "reason"),
    [
        (
            quota("network", "port", 2),
            Verdict.PARTLY,
            "the quota of ports is too small: 2 of 3 members come",
        ),
        (
            quota("compute", "instances", 0),
            Verdict.BLOCKED,
            "the quota of instances is too small",
        ),
        (
            quota("volume", "gigabytes", 10),
            Verdict.BLOCKED,
            "the quota of gigabytes is too small",
        ),
    ],
    ids=["ports", "instances", "gigabytes"],
)
def test_a_quota_that_is_too_small(
    live: Live,
    plant: Callable[[Planter], object],
    verdict: Verdict,
    reason: str,
) -> None:
    plant(Planter(live.pair))
    found = row(live)
    assert (found.verdict, found.reasons) == (verdict, (reason,))


def test_an_address_that_is_taken_is_lost(live: Live) -> None:
    taken(Planter(live.pair))
    found = row(live)
    assert found.verdict is Verdict.COMES
    (lost,) = found.addresses
    assert (lost.member, lost.address) == ("web-1", "10.10.0.11")


def test_the_reasons_that_block(live: Live) -> None:
    found = {one.name: one for one in board(live).groups}
    assert found["bare"].reasons == (
        "there is no replication policy",
        "no network at site-b matches net-primary-web: map it with"
        " --network-mapping",
        "site-b has no recovery point",
    )
    assert [one.order for one in board(live).groups] == [1, 2, 3]
    assert board(live).count(Verdict.BLOCKED) == 2
    assert not board(live).is_well
