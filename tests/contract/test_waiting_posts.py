"""The POST that may have arrived: never two failovers from one command.

The step fault lets each failover fail at once and roll back, so that the
service would accept a second one: nothing but the client stands between a
lost answer and a second failover.
"""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from fakeserver.local.pair import LocalPair
from protectorclient import exceptions
from protectorclient.polling.pace import search_pace
from protectorclient.polling.silence import NO_ANSWER
from protectorclient.records.operation import Operation
from protectorclient.v1.client import Client
from tests.helpers.broken_wire import FINE, PLACES, Fate, Network
from tests.helpers.library_parts import NETWORKS, WEB, Live, opened
from tests.helpers.sampling import sampled

RUNS = 500
CHUNK = 50
#: what breaks: the request, the answer, or first one and then the other
BREAKS = [
    (*requests_, *answers)
    for requests_, answers in itertools.product(
        [(), *[(Fate(request=place),) for place in PLACES]],
        [(), *[(Fate(answer=place),) for place in PLACES]],
    )
    if requests_ or answers
]
HOW = ("eof", "reset", "quiet")


@pytest.fixture(scope="module")
def opened_pair() -> Iterator[LocalPair]:
    yield from opened()


@dataclasses.dataclass
class Story:
    """One command: what breaks, where, and how often."""

    seed: int

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.deaf = self.seed % 2 == 1
        self.posts = [
            fate._replace(how=self.dice.choice(HOW))
            for fate in BREAKS[self.seed // 2 % len(BREAKS)]
        ]
        if self.dice.random() < 0.3:
            self.posts.append(Fate(busy=self.dice.choice(("before", "after"))))
        #: how many of the looks that follow are lost as well
        self.looks = self.dice.choice((0, 0, 1, 2, 99))

    def fate(self, request: requests.PreparedRequest) -> Fate:
        if request.method == "POST" and "/action" in str(request.url):
            self.posted = True
            return self.posts.pop(0) if self.posts else FINE
        if getattr(self, "posted", False) and self.looks:
            self.looks -= 1
            places = {"request": None, "answer": None}
            places[self.dice.choice(list(places))] = self.dice.choice(PLACES)
            return Fate(**places, how=self.dice.choice(HOW))
        return FINE


class Desk:
    """Who types the commands: one session, kept over all of them."""

    def __init__(self, pair: LocalPair) -> None:
        pair.fault("step", stage="before", match="validate_target_site")
        live = Live(pair)
        self.pair = pair
        self.truth = live.client()
        self.network = Network(pair, random.Random())
        self.session = self.network.session()
        prepared = live.sites().prepare(
            "failover", WEB, network_mapping=NETWORKS
        )
        assert prepared.networks is not None
        self.mapping = prepared.networks.ids()
        self.group = prepared.group.id

    def newest(self) -> list[Operation]:
        return list(self.truth.operations.list(limit=3))

    def run(self, story: Story) -> str:
        """Run one command; what it made of it, after it was checked."""
        before = {operation.id for operation in self.newest()}
        found: Operation | None = None
        error: exceptions.ProtectorError | None = None
        try:
            found = self._failover(story)
        except exceptions.ProtectorError as caught:
            error = caught
        begun = [one for one in self.newest() if one.id not in before]
        self.pair.drain()
        assert len(begun) <= 1, story
        if found is not None:
            assert [one.id for one in begun] == [found.id], story
            return "begun" if self.network.broken else "undisturbed"
        if isinstance(error, exceptions.OutcomeUnknown):
            assert error.request_id
            return "unknown"
        assert isinstance(error, NO_ANSWER), error
        assert not begun, story
        return "not begun"

    def _failover(self, story: Story) -> Operation:
        def sleep(seconds: float) -> None:
            self.pair.advance(seconds)
            if story.dice.random() < 0.7:
                self.pair.drain()

        network = self.network
        network.dice, network.deaf, network.broken = story.dice, story.deaf, 0
        network.fate = story.fate
        client = Client(
            session=self.session,
            endpoint_override=self.pair.site("a").url,
            site_name="site-a",
            search_pace=search_pace(clock=self.pair.clock.time, sleep=sleep),
        )
        return client.protection_groups.failover(
            self.group, network_mapping=self.mapping
        )


@pytest.fixture(scope="module")
def desk(opened_pair: LocalPair) -> Desk:
    return Desk(opened_pair)


@pytest.mark.parametrize("first", sampled(range(0, RUNS, CHUNK), 1))
def test_never_two(first: int, desk: Desk) -> None:
    ends = [desk.run(Story(seed)) for seed in range(first, first + CHUNK)]
    assert ends.count("begun") > CHUNK / 2
    assert "unknown" in ends
    assert "undisturbed" not in ends


def test_every_class_of_break_is_met() -> None:
    met = {
        (Story(seed).deaf, tuple(fate[:2] for fate in fates))
        for seed in range(RUNS)
        for fates in [BREAKS[seed // 2 % len(BREAKS)]]
    }
    assert len(met) == 2 * len(BREAKS) == 30


SOCKET_FAULTS = [
    ("reset", "before"),
    ("reset", "after"),
    ("truncate", "before"),
    ("truncate", "after"),
    ("503", "before"),
    ("503", "after"),
]


@pytest.fixture(scope="module")
def listening() -> Iterator[LocalPair]:
    with LocalPair(sockets=True) as pair:
        yield pair


@pytest.mark.parametrize(
    ("kind", "stage", "deaf"),
    sampled(
        ((*fault, deaf) for fault in SOCKET_FAULTS for deaf in (False, True)),
        5,
    ),
)
def test_over_real_sockets(
    kind: str, stage: str, deaf: bool, listening: LocalPair
) -> None:
    listening.reset()
    live = Live(listening)
    client = live.client()
    group = client.protection_groups.find(WEB).id
    if deaf:
        _take_ids_away(client)
    mapping = live.sites().prepare("failover", WEB, network_mapping=NETWORKS)
    assert mapping.networks is not None
    listening.fault(kind, stage=stage, match="POST */action", times=1)
    begun = client.protection_groups.failover(
        group, network_mapping=mapping.networks.ids()
    )
    done = client.operations.wait(begun)
    assert done.status == "completed"
    assert [one.id for one in client.operations.list()] == [begun.id]
    assert client.protection_groups.get(group).failover_count == 1


def _take_ids_away(client: Client) -> None:
    """A service that keeps ids of its own never sees the client's."""
    http = client.http.session.session
    send = http.send

    def without(request: requests.PreparedRequest, **kwargs: Any) -> Any:
        request.headers.pop("X-OpenStack-Request-ID", None)
        return send(request, **kwargs)

    http.send = without  # type: ignore[method-assign]
