"""What is planted in the sandbox is found, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import protectorclient
from fakeserver.cloud.shared.schema import NETWORKS, SUBNETS
from fakeserver.local.pair import LocalPair
from protectorclient.preflight import run
from protectorclient.preflight.drift import attributes
from protectorclient.reports import overview
from tests.helpers import planted_fidelity
from tests.helpers.library_parts import DB, WEB, Live
from tests.helpers.planted import PLANTED, Planted, Planter, undone
from tests.interop.full import planted


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


def drift(
    live: Live, *groups: str, user: str = ""
) -> protectorclient.DriftReport:
    sites = live.sites(user)
    pair = protectorclient.SitePair(sites.primary, sites.secondary)
    return pair.drift(groups or (WEB,))


@pytest.mark.parametrize("user", ["", "-auditor"])
def test_nothing_is_found_where_nothing_was_planted(
    live: Live, user: str
) -> None:
    """A reader's token is enough."""
    found = protectorclient.SitePair(
        live.handle("site-a-auditor" if user else "site-a"),
        live.handle("site-b"),
    ).drift()
    assert [group.name for group in found.groups] == sorted(
        group.name for group in found.groups
    )
    assert found.differences == ()
    assert found.is_complete
    assert {
        check: why
        for group in found.groups
        for check, why in group.unknown.items()
    } == {}


@pytest.mark.parametrize(
    "row",
    [row for row in PLANTED if row.found_by == "drift"],
    ids=lambda row: row.id,
)
def test_what_is_planted_is_found(row: Planted, live: Live) -> None:
    row.plant(Planter(live.pair))
    found = drift(live, user=row.user)
    (group,) = found.groups
    assert (row.check, row.member, row.attribute) in {
        (one.check, one.member, one.attribute) for one in group.differences
    }
    for one in group.differences:
        at = "site-b" if one.check in AT_TARGET else "site-a"
        assert one.site.removesuffix(row.user) == at
        assert one.message
        assert "hunter2" not in str(one.to_dict())


@pytest.mark.parametrize(
    "row",
    [row for row in PLANTED if not row.user],
    ids=lambda row: row.id,
)
def test_a_check_finds_the_same_however_it_asks(
    row: Planted, live: Live
) -> None:
    """Of one group the sites are asked for what concerns it alone."""
    row.plant(Planter(live.pair))
    alone, several = (
        run.run_checks(live.sites(), WEB, alone=how) for how in (True, False)
    )
    assert alone == several


def test_each_look_is_at_what_is_there_now(live: Live) -> None:
    """Whoever watches sees a network that got another name, or another
    range."""
    pair = protectorclient.SitePair(
        live.handle("site-a"), live.handle("site-b")
    )

    def look() -> tuple[bool, ...]:
        (row,) = overview.look(pair, [DB]).rows
        (board,) = pair.readiness(if_dead="site-a", groups=[DB]).groups
        (group,) = pair.drift([WEB]).groups
        return (
            any(one.startswith("No network") for one in row.reasons),
            any("net-primary-db" in one for one in board.reasons),
            any(one.check == "addresses" for one in group.differences),
        )

    assert look() == (True, True, False)
    planter = Planter(live.pair)
    planter.change("b", NETWORKS, "net-secondary-db", name="net-primary-db")
    subnet = planter.subnet("b", "net-secondary-web")
    planter.put("b", SUBNETS, {**subnet, "cidr": "10.99.0.0/24"})
    assert look() == (False, False, True)


def test_ports_that_no_answer_needs_are_not_missed(live: Live) -> None:
    """Where each instance is protected, no port shows one that is not."""
    live.pair.fault("503", match="GET */ports*")
    (group,) = drift(live).groups
    live.pair.clear_faults()
    assert "drift" in group.unknown
    assert "neighbours" not in group.unknown


AT_TARGET = {
    "addresses",
    "attributes",
    "images",
    "quota-compute",
    "quota-storage",
    "quota-network",
}


def test_each_attribute_is_planted() -> None:
    """A row more of the table of attributes needs one of this."""
    keys = {
        row.key
        for of in (attributes.INSTANCE, attributes.PORT, attributes.VOLUME)
        for row in of
    }
    planted = {row.attribute.rpartition(".")[2] for row in PLANTED}
    assert keys <= planted
    assert len(PLANTED) >= 40
    assert len({row.id for row in PLANTED}) == len(PLANTED)


def test_each_is_planted_at_real_clouds_or_has_a_reason() -> None:
    here = {row.title for row in (*PLANTED, *planted_fidelity.PLANTED)}
    there = {row.title for row in planted.every()}
    assert there | set(planted.NOT_PLANTED) == here
    assert not there & set(planted.NOT_PLANTED)
