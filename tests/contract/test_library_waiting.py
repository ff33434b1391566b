"""Following live operations while the sites have a bad night."""

from collections.abc import Iterator
from typing import Any

import pytest

from fakeserver.local.pair import LocalPair
from protectorclient import exceptions
from protectorclient.exit_codes import code_for
from protectorclient.polling import poller
from tests.helpers.library_parts import DB, NETWORKS, WEB, Live, opened


@pytest.fixture(scope="module")
def opened_pair() -> Iterator[LocalPair]:
    yield from opened(token_lifetime=25.0)


@pytest.fixture
def live(opened_pair: LocalPair) -> Iterator[Live]:
    opened_pair.clear_faults()
    for site in opened_pair.sites.values():
        site.start()
    opened_pair.reset()
    yield Live(opened_pair)
    opened_pair.clear_faults()


class Night:
    """Time that passes while the client sleeps, and what happens then."""

    def __init__(self, live: Live, *happenings: tuple[float, str]) -> None:
        self._pair = live.pair
        self._left = list(happenings)
        self._began = live.pair.clock.time()

    @property
    def elapsed(self) -> float:
        return self._pair.clock.time() - self._began

    def sleep(self, seconds: float) -> None:
        self._pair.advance(seconds)
        while self._left and self._left[0][0] <= self.elapsed:
            _, what = self._left.pop(0)
            verb, *names = what.split()
            for name in names:
                getattr(self._pair.site(name), verb)()
            if verb == "work":
                self._pair.drain()

    def pace(self, **options: float) -> poller.Pace:
        return poller.Pace(
            clock=self._pair.clock.time, sleep=self.sleep, **options
        )


def started(live: Live) -> str:
    return live.sites().failover(WEB, network_mapping=NETWORKS).operation.id


def test_a_site_that_goes_away_and_comes_back(live: Live) -> None:
    identity = started(live)
    night = Night(live, (5, "kill a b"), (25, "start a b"), (40, "work"))
    events: list[poller.Event] = []
    done = live.client().operations.wait(
        identity, pace=night.pace(), on_event=events.append
    )
    assert done.status == "completed"
    (lost,) = [e for e in events if isinstance(e, poller.Lost)]
    (back,) = [e for e in events if isinstance(e, poller.Regained)]
    assert lost.site == "site-a"
    assert back.polls > 1
    assert 10 < back.seconds < 40


def test_tokens_that_expire_on_the_way(live: Live) -> None:
    client = live.client()
    identity = started(live)
    client.operations.get(identity)
    before = client.http.session.get_token()
    night = Night(live, (120, "work"))
    assert client.operations.wait(identity, pace=night.pace()).progress == 100
    assert client.http.session.get_token() != before


def test_a_site_that_stays_away(live: Live) -> None:
    identity = started(live)
    client = live.client()
    client.operations.get(identity)
    night = Night(live, (2, "kill a"))
    with pytest.raises(exceptions.OperationUnknown) as caught:
        client.operations.wait(identity, pace=night.pace(give_up_after=90))
    assert code_for(caught.value) == 12
    assert caught.value.operation is not None
    assert caught.value.operation.status == "pending"
    assert night.elapsed < 100


def test_the_time_is_over(live: Live) -> None:
    identity = started(live)
    night = Night(live)
    with pytest.raises(exceptions.WaitTimeout) as caught:
        live.client().operations.wait(identity, timeout=60, pace=night.pace())
    assert code_for(caught.value) == 8
    assert night.elapsed == pytest.approx(60, abs=0.1)


def test_an_operation_that_is_rolled_back(live: Live) -> None:
    live.pair.fault(
        "step", site="a", match="recreate_instances", message="out of hosts"
    )
    identity = started(live)
    night = Night(live, (3, "work"))
    with pytest.raises(exceptions.OperationFailed) as caught:
        live.client().operations.wait(identity, pace=night.pace())
    assert code_for(caught.value) == 10
    assert caught.value.operation is not None
    assert caught.value.operation.steps_failed == ("recreate_instances",)
    assert "out of hosts" in str(caught.value)
    assert live.group().status == "active"


def test_somebody_elses_operation_is_not_found(live: Live) -> None:
    identity = started(live)
    with pytest.raises(exceptions.NotFound):
        live.client("site-b").operations.wait(identity)


def test_a_user_that_is_refused(live: Live) -> None:
    identity = started(live)
    client = live.client()
    client.operations.get(identity)
    live.pair.fault("503", site="a", match="/identity")
    night = Night(live, (50, "work"))
    with pytest.raises(exceptions.OperationUnknown):
        client.operations.wait(identity, pace=night.pace(give_up_after=60))


def test_two_at_once_share_their_requests(live: Live) -> None:
    groups = live.client().protection_groups
    both = [groups.sync_volumes(live.group(name)) for name in (WEB, DB)]
    night = Night(live, (6, "work"))
    client = live.client()
    fetched: list[int] = []
    original = client.operations.fetch

    def counted(ids: list[str]) -> object:
        fetched.append(len(ids))
        return original(ids)

    client.operations.fetch = counted  # type: ignore[method-assign, assignment]
    events = list(client.operations.watch(both, pace=night.pace()))
    ends = [e for e in events if isinstance(e, poller.Ended)]
    assert {e.outcome for e in ends} == {poller.Outcome.COMPLETED}
    assert len(ends) == 2
    assert set(fetched) == {2}


def test_a_pair_waits_wherever_it_was_started(live: Live) -> None:
    identity = started(live)
    night = Night(live, (10, "work"))
    assert live.sites().wait(identity, pace=night.pace()).id == identity


def test_a_pair_asks_patiently_who_knows(live: Live) -> None:
    identity = started(live)
    live.pair.site("a").kill()
    night = Night(live, (30, "start a"), (40, "work"))
    events: list[poller.Event] = []
    done = live.sites().wait(
        identity, pace=night.pace(), on_event=events.append
    )
    assert done.status == "completed"
    assert [type(event).__name__ for event in events[:2]] == [
        "Lost",
        "Regained",
    ]


def test_a_pair_does_not_ask_for_ever(live: Live) -> None:
    identity = started(live)
    live.pair.site("a").kill()
    night = Night(live)
    with pytest.raises(exceptions.OperationUnknown) as caught:
        live.sites().wait(identity, pace=night.pace(give_up_after=60))
    assert code_for(caught.value) == 12
    assert night.elapsed == pytest.approx(60, abs=0.1)


def test_a_pair_that_knows_better(live: Live) -> None:
    absent = "op-00000000-0000-4000-8000-000000000000"
    with pytest.raises(exceptions.NotFound):
        live.sites().wait(absent, pace=Night(live).pace())


def test_a_pair_follows_both_sites(live: Live) -> None:
    first = started(live)
    live.pair.drain()
    back = live.sites().failback(
        WEB, network_mapping={"net-secondary-web": "net-primary-web"}
    )
    night = Night(live, (10, "work"))
    events = list(
        live.sites().watch([first, back.operation], pace=night.pace())
    )
    ends = {
        e.key.site: e.outcome for e in events if isinstance(e, poller.Ended)
    }
    assert ends == {
        "site-a": poller.Outcome.COMPLETED,
        "site-b": poller.Outcome.COMPLETED,
    }


def test_many_cost_one_request_at_each_tick() -> None:
    with LocalPair(scenario="fleet", groups=12) as pair:
        live = Live(pair)
        client = live.client()
        groups = list(client.protection_groups.list())
        begun = [client.protection_groups.sync_volumes(g) for g in groups]
        assert len(begun) == 12
        asked: list[str] = []
        call = client.http.call

        def counted(method: str, path: str, **options: Any) -> Any:
            asked.append(path)
            return call(method, path, **options)

        client.http.call = counted  # type: ignore[method-assign]
        night = Night(live, (60, "work"))
        ticks = 0
        for event in client.operations.watch(begun, pace=night.pace()):
            ticks += isinstance(event, poller.Ended)
        assert ticks == 12
        assert {path.rpartition("/")[2] for path in asked} == {"operations"}
        assert len(asked) < 15
