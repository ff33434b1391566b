"""Engine time: it stands still, it jumps, and it is nobody's real time."""

import itertools
import time

import pytest

from fakeserver.base.clock import SharedClock, polls
from fakeserver.local.pair import LocalPair
from fakeserver.store import groups
from tests.helpers.engine_parts import WEB, A, B, Two


def until(said, meanwhile=None, seconds=60.0):
    """Wait in real time for something that threads do.

    :param meanwhile: what is done again and again; a clock that is frozen
        may be advanced before they have looked at it.
    """
    end = time.monotonic() + seconds
    while not said():
        assert time.monotonic() < end, "it did not happen"
        if meanwhile is not None:
            meanwhile()
        time.sleep(0.05)


@pytest.fixture
def live(tmp_path):
    """Two sites in threads, on the clock of a sandbox, with a pace."""
    pair = LocalPair(tmp_path / "pair", sockets=True, pace=30.0)
    assert isinstance(pair.clock, SharedClock)
    with pair:
        yield Two(pair)


def test_a_whole_drill_takes_no_time_at_pace_0(two):
    before = two.pair.clock.time()
    assert two.done(A, "test_failover")["status"] == "completed"
    assert two.done(A, "test_cleanup")["status"] == "completed"
    assert two.pair.clock.time() == before


def test_a_frozen_clock_holds_an_operation_in_its_step(live):
    live.pair.clock.freeze()
    started = live.started(A, "sync_volumes")

    def progress() -> int:
        return live.operation(A, started)["progress"]

    until(lambda: progress() > 0)
    held = progress()
    time.sleep(0.3)
    assert progress() == held
    assert live.operation(A, started)["status"] == "running"
    until(
        lambda: live.operation(A, started)["status"] == "completed",
        meanwhile=lambda: live.pair.advance(30),
    )
    live.pair.clock.run()


def test_a_stall_of_a_quarter_of_an_hour_is_one_advance(live):
    """Nothing happens for longer than anybody should have to wait."""
    live.pair.clock.freeze()
    started = live.started(A, "sync_volumes")
    until(lambda: live.operation(A, started)["status"] == "running")
    live.pair.site(A).stop_engine()
    before = live.operation(A, started)
    live.pair.advance("15m")
    assert live.operation(A, started)["progress"] == before["progress"]
    assert live.operation(A, started)["updated_at"] == before["updated_at"]
    moved = live.pair.clock.time()
    live.pair.site(A).start_engine()
    until(
        lambda: live.operation(A, started)["status"] == "completed",
        meanwhile=lambda: live.pair.advance(30),
    )
    assert live.pair.clock.time() > moved


def test_patience_is_engine_time(live):
    live.pair.clock.freeze()
    started = live.started(A, "failover")
    until(lambda: live.operation(A, started)["status"] == "running")
    live.pair.fault("partition")
    live.pair.advance(29)
    time.sleep(0.5)
    assert live.operation(A, started)["status"] == "running"
    # then the undo has a quarter of an hour; what it stopped runs at once
    until(
        lambda: live.operation(A, started)["status"] == "failed",
        meanwhile=lambda: live.pair.advance(31),
    )


def test_a_stop_does_not_wait_for_the_clock(live):
    live.pair.clock.freeze()
    started = live.started(A, "failover")
    until(lambda: live.operation(A, started)["status"] == "running")
    began = time.monotonic()
    live.pair.site(A).stop_engine()
    # its step would last for ever; a stop is patient for half a minute
    assert time.monotonic() - began < 25.0
    assert live.kept(A, started).status == "running"


def test_pushes_are_repeated_while_the_clock_stands_still(live):
    live.pair.clock.freeze()
    body = {"protection_group": {"description": "x"}}
    parts = live.pair.site(A).parts
    assert live.ask(A, "PATCH", live.of(WEB), body).status == 200
    found = groups.find(parts.db, live.ids[WEB])
    found.doc.update(description="y", version=3)
    live.pair.site(A).service.metadata.owe(found, forced=False)
    with parts.db.transaction() as tx:
        groups.save(tx, found)
    until(lambda: live.held(B)["description"] == "y")


def test_what_is_waited_for_is_looked_at_soon_and_then_less_often() -> None:
    waits = list(itertools.islice(polls(), 8))
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (0.1, 1.0)
    assert sum(waits[:3]) < 0.5
