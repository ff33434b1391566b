"""What is planted in rebuilt instances is found, and nothing else."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator

import pytest

import protectorclient
from fakeserver.cloud.shared.schema import SERVERS
from fakeserver.local.pair import LocalPair
from protectorclient import exceptions
from protectorclient.fidelity import baseline
from protectorclient.fidelity.comparison import Comparison
from protectorclient.records.operation import Operation
from tests.helpers.library_parts import NETWORKS, WEB, Live
from tests.helpers.planted import Planted, Planter, undone
from tests.helpers.planted_fidelity import BUILT, PLANTED


@pytest.fixture(scope="module")
def drilled() -> Iterator[tuple[Live, Operation]]:
    with LocalPair() as pair:
        live = Live(pair)
        started = live.sites().test_failover(
            WEB, network_mapping=NETWORKS, retain_primary=True
        )
        yield live, live.finish(started.operation)


@pytest.fixture
def live(drilled: tuple[Live, Operation]) -> Iterator[Live]:
    with undone(drilled[0].pair):
        yield drilled[0]


@pytest.fixture
def operation(drilled: tuple[Live, Operation]) -> Operation:
    return drilled[1]


@pytest.fixture(autouse=True)
def state(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def pair_of(live: Live, user: str = "") -> protectorclient.SitePair:
    first, second = live.handle(f"site-a{user}"), live.handle(f"site-b{user}")
    return protectorclient.SitePair(first, second, audit_log=False)


def differing(found: protectorclient.FidelityReport) -> set[tuple[str, str]]:
    return {(one.member, one.attribute) for one in found.new}


def test_an_untouched_drill_is_faithful(
    live: Live, operation: Operation
) -> None:
    """A reader's token is enough."""
    found = pair_of(live, "-auditor").fidelity(operation)
    assert differing(found) == set()
    assert found.error is None
    assert {one.member for one in found.comparisons} == {
        "web-1",
        "web-2",
        "web-3",
    }
    mapped = {
        one.attribute
        for one in found.comparisons
        if one.verdict == "differs_as_mapped" and one.member == "web-3"
    }
    assert mapped == {
        "instance_name",
        "networks[net-primary-web]",
        "volumes[web-3-root].name",
    }
    unknown = {
        one.attribute.rpartition(".")[2]
        for one in found.comparisons
        if one.verdict == "not_comparable"
    }
    assert unknown == {"image_id", "user_data"}


@pytest.mark.parametrize("row", PLANTED, ids=lambda row: row.id)
def test_what_is_planted_is_found(
    row: Planted, live: Live, operation: Operation
) -> None:
    row.plant(Planter(live.pair))
    found = pair_of(live).fidelity(operation.id)
    assert ("web-1", row.attribute) in differing(found)


def test_a_secret_is_compared_and_not_shown(
    live: Live, operation: Operation
) -> None:
    planter = Planter(live.pair)
    for site, name, value in (
        ("a", "web-1", "hunter2"),
        ("b", BUILT, "hunter3"),
    ):
        row = planter.row(site, SERVERS, name)
        metadata = {**row["metadata"], "db_password": value}
        planter.put(site, SERVERS, {**row, "metadata": metadata})
    found = pair_of(live).fidelity(operation)
    assert differing(found) == {("web-1", "properties")}
    assert "hunter" not in json.dumps(found.to_dict())
    assert "hunter" not in found.accept().read_text()


def test_a_baseline_leaves_what_changed(
    live: Live, operation: Operation
) -> None:
    planter = Planter(live.pair)
    planter.change("b", SERVERS, BUILT, tags=["new"])
    first = pair_of(live).fidelity(operation)
    assert differing(first) == {("web-1", "tags")}
    path = first.accept()
    assert path.stat().st_mode & 0o777 == 0o600
    assert pair_of(live).fidelity(operation).new == ()
    planter.change("b", SERVERS, BUILT, tags=["newer"])
    again = pair_of(live).fidelity(operation)
    assert differing(again) == {("web-1", "tags")}
    path.write_text("{")
    with pytest.raises(exceptions.ProtectorError, match="it is no baseline"):
        pair_of(live).fidelity(operation)
    path.unlink()
    path.mkdir()
    with pytest.raises(exceptions.ProtectorError, match="cannot be written"):
        again.accept()


def test_a_group_is_no_path() -> None:
    assert baseline.path_of("../../x").name == "______x.json"
    assert baseline.read("x") == frozenset()


def test_a_silent_target_is_no_result(
    live: Live, operation: Operation
) -> None:
    live.pair.site("b").stop()
    try:
        with pytest.raises(exceptions.SiteUnreachable):
            pair_of(live).fidelity(operation)
    finally:
        live.pair.site("b").start()


def moved(live: Live) -> Iterator[protectorclient.FidelityReport]:
    pair = pair_of(live)
    started = pair.failover(WEB, network_mapping=NETWORKS)
    yield pair.fidelity(live.finish(started.operation))
    back = pair.failback(WEB)
    yield pair.fidelity(live.finish(back.operation, "site-b"))


def test_moves_are_compared_with_the_metadata() -> None:
    with LocalPair() as local:
        live = Live(local)
        for found in moved(live):
            assert differing(found) == set()
            rows = [
                one
                for one in found.comparisons
                if one.attribute == "networks[net-primary-web]"
            ]
            assert {one.verdict for one in rows} <= {"differs_as_mapped"}


def test_a_dead_source_leaves_what_the_metadata_hold() -> None:
    with LocalPair() as local:
        live = Live(local)
        live.pair.site("a").kill()
        pair = pair_of(live)
        started = pair.failover(WEB, network_mapping=NETWORKS, unplanned=True)
        local.drain()
        found = pair.fidelity(started.operation)
        assert isinstance(found.error, exceptions.SiteUnreachable)
        assert differing(found) == set()
        assert found.counts["equal"] > 30


def test_what_cannot_be_compared_is_refused() -> None:
    with LocalPair() as local:
        live = Live(local)
        pair = pair_of(live)
        sync = live.finish(pair.sync_volumes(WEB).operation)
        with pytest.raises(exceptions.UsageProblem, match="builds no inst"):
            pair.fidelity(sync)
        started = pair.test_failover(
            WEB, network_mapping=NETWORKS, retain_primary=True
        )
        with pytest.raises(exceptions.GuardRefused, match="has completed"):
            pair.fidelity(started.operation)
        live.finish(started.operation)
        live.finish(pair.test_cleanup(WEB).operation)
        with pytest.raises(exceptions.ProtectorError, match="removed them"):
            pair.fidelity(started.operation)


def test_as_data() -> None:
    one = Comparison("web-1", "tags", "Nova", "differs", [], ["x"])
    assert one.is_new
    assert one.to_dict()["verdict"] == "differs"
