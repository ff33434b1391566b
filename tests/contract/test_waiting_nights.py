"""Two hundred nights: a wait that has begun ends with the truth.

Both sites are killed for twenty seconds, the token expires twice, and of
the requests 30 % are reset, 10 % cut in the body and 10 % answered 503.
What the wait says then is compared with what the sites say by day.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator

import pytest
import requests

from fakeserver.local.pair import LocalPair
from protectorclient import exceptions
from protectorclient.config.cloud import Access
from protectorclient.exit_codes import ExitCode, code_for
from protectorclient.pair.site import SiteHandle
from protectorclient.pair.site_pair import SitePair
from protectorclient.polling import poller
from protectorclient.records.operation import Operation
from tests.helpers.broken_wire import FINE, PLACES, Fate, Network
from tests.helpers.library_parts import DB, NETWORKS, WEB, Live, opened
from tests.helpers.sampling import sampled

NIGHTS = 200
CHUNK = 20
LIFETIME = 40.0
OUTAGE = 20.0

#: what happens, how often of twenty, and the status it has to end with
KINDS = {
    "replication": (10, ExitCode.OK),
    "failed": (4, ExitCode.ROLLED_BACK),
    "failover": (2, ExitCode.OK),
    "leftovers": (1, ExitCode.LEFTOVERS),
    "deadline": (2, ExitCode.RUNNING),
    "darkness": (1, ExitCode.UNKNOWN),
}


@pytest.fixture(scope="module")
def opened_pair() -> Iterator[LocalPair]:
    yield from opened(token_lifetime=LIFETIME)


@dataclasses.dataclass
class Night:
    """One night by its seed."""

    pair: LocalPair
    seed: int

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        slots = [kind for kind, (n, _) in KINDS.items() for _ in range(n)]
        self.kind = slots[self.seed % len(slots)]
        self.began = self.pair.clock.time()
        down = self.dice.uniform(1, 20)
        work = self.dice.uniform(110, 150)
        self.plan = [(down, "kill"), (down + OUTAGE, "start"), (work, "work")]
        if self.kind == "deadline":
            self.plan.pop()
        elif self.kind == "darkness":
            del self.plan[1:]
        self.tokens = 0

    @property
    def elapsed(self) -> float:
        return self.pair.clock.time() - self.began

    def sleep(self, seconds: float) -> None:
        self.pair.advance(seconds)
        while self.plan and self.plan[0][0] <= self.elapsed:
            _, what = self.plan.pop(0)
            if what == "work":
                self.pair.drain()
                continue
            for site in self.pair.sites.values():
                getattr(site, what)()

    def fate(self, request: requests.PreparedRequest) -> Fate:
        at = self.dice.random()
        if at < 0.3:
            side = self.dice.choice(("request", "answer"))
            return Fate(how="reset")._replace(
                **{side: self.dice.choice(PLACES)}
            )
        if at < 0.4:
            return Fate(answer="body")
        if at < 0.5:
            return Fate(busy=self.dice.choice(("before", "after")))
        self.tokens += request.path_url.endswith("/auth/tokens")
        return FINE


@dataclasses.dataclass
class Sleeper:
    """Who waits: sessions of its own, over the broken network."""

    live: Live
    network: Network

    @classmethod
    def of(cls, pair: LocalPair) -> Sleeper:
        network = Network(pair, random.Random())
        return cls(Live(pair), network)

    def sites(self) -> SitePair:
        return SitePair(
            *(
                SiteHandle(
                    name,
                    Access(
                        name,
                        self.network.session(name),
                        region_name="RegionOne",
                    ),
                )
                for name in self.live.pair.sites
            )
        )

    def begin(self, night: Night) -> Operation:
        """Start what is waited for, while the evening is still calm."""
        pair = self.live.pair
        if night.kind in ("failover", "leftovers"):
            pair.reset()
            if night.kind == "leftovers":
                pair.fault("step", match="recreate_instances")
                pair.fault("step", stage="undo")
            started = self.live.sites().failover(WEB, network_mapping=NETWORKS)
            return started.operation
        if night.kind == "failed":
            pair.fault("step", stage="before", match="create_snapshot")
        client = self.live.client()
        group = client.protection_groups.find(DB)
        return client.protection_groups.sync_volumes(group)

    def wait(self, night: Night) -> tuple[ExitCode, Operation | None, str]:
        """Wait through a night: the status, the last record, the id."""
        self.network.fate = lambda request: FINE
        begun = self.begin(night)
        sites = self.sites()
        # "a --wait started before": it knows its way already
        sites.primary.client.operations.get(begun)
        self.network.dice, self.network.fate = night.dice, night.fate
        options = {"timeout": 160.0 if night.kind == "deadline" else None}
        pace = poller.Pace(
            clock=self.live.pair.clock.time,
            sleep=night.sleep,
        )
        try:
            if night.seed % 2:
                done = sites.wait(begun, pace=pace, **options)
            else:
                client = sites.primary.client
                done = client.operations.wait(begun, pace=pace, **options)
        except exceptions.OperationError as error:
            return code_for(error), error.operation, begun.id
        return ExitCode.OK, done, begun.id

    def bring_the_morning(self) -> None:
        """Both sites are up, and what was under way has ended."""
        pair = self.live.pair
        self.network.fate = lambda request: FINE
        pair.clear_faults()
        for site in pair.sites.values():
            site.start()
        pair.drain()


@pytest.fixture(scope="module")
def sleeper(opened_pair: LocalPair) -> Sleeper:
    return Sleeper.of(opened_pair)


@pytest.mark.parametrize("first", sampled(range(0, NIGHTS, CHUNK), 1))
def test_nights(first: int, sleeper: Sleeper) -> None:
    met = set()
    renewed = 0
    for seed in range(first, first + CHUNK):
        night = Night(sleeper.live.pair, seed)
        met.add(night.kind)
        where = f"seed {seed}, {night.kind}"
        try:
            code, record, identity = sleeper.wait(night)
        finally:
            sleeper.bring_the_morning()
        assert code is KINDS[night.kind][1], where
        truth = sleeper.live.client().operations.get(identity)
        if code in (ExitCode.RUNNING, ExitCode.UNKNOWN):
            assert truth.status == "completed", where
            assert record is None or record.status == "pending", where
        else:
            assert record == truth, where
        assert night.elapsed >= 2 * LIFETIME, where
        renewed += night.tokens
    assert renewed >= 2 * CHUNK
    assert met == set(KINDS)
