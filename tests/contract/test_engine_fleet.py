"""One server, many groups: all operations end, and threads are few."""

import concurrent.futures
import json
import os
import threading
import time
from collections import Counter

import pytest

from fakeserver.base.clock import stamp
from fakeserver.engine.cloud_client.cloud import RemoteCloud
from fakeserver.engine.model.document import current_entries
from fakeserver.engine.run import workers
from fakeserver.local.pair import LocalPair
from fakeserver.store import groups, operations

GROUPS = int(os.environ.get("FLEET_GROUPS", "16"))
WORKERS = 8


class Fleet:
    """A failover of each group, all asked for at the same moment."""

    def __init__(self, pair: LocalPair) -> None:
        self.pair = pair
        self.site = pair.site("a")
        self.world = self.site.world
        self.session = pair.session("site-a")
        self.session.get_token()
        self.most = 0

    def start(self, group) -> int:
        project = self.world.project_id("site-a", "demo")
        path = f"/v1/{project}/protection-groups/{group.id}/action"
        mapping = {
            self.world.network_id("site-a", "net-primary-web"): (
                self.world.network_id("site-b", "net-secondary-web")
            )
        }
        answer = self.session.post(
            self.site.url + path,
            json={"failover": {"network_mapping": mapping}},
            raise_exc=False,
        )
        return answer.status_code

    def start_all(self) -> Counter:
        count = len(self.world.groups)
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            started = pool.map(self.start, self.world.groups)
            return Counter(started)

    def until_done(self, seconds: float) -> Counter:
        end = time.monotonic() + seconds
        while self.site.unfinished() and time.monotonic() < end:
            self.most = max(self.most, threading.active_count())
            time.sleep(0.05)
        rows = self.site.parts.db.all(
            "SELECT status, count(*) AS n FROM pg_operations GROUP BY status"
        )
        return Counter({row["status"]: row["n"] for row in rows})


@pytest.mark.parametrize("sockets", [False, True], ids=["called", "sockets"])
def test_a_fleet_that_moves_at_once(sockets):
    before = threading.active_count()
    with LocalPair(
        scenario="fleet", groups=GROUPS, sockets=sockets, workers=WORKERS
    ) as pair:
        fleet = Fleet(pair)
        assert fleet.start_all() == {202: GROUPS}
        assert fleet.until_done(120) == {"completed": GROUPS}
        # workers and a keeper a site; with sockets what serves as well
        bound = 2 * (WORKERS + 1) + (2 * 13 if sockets else 0)
        assert fleet.most - before <= bound


def test_a_stop_does_not_begin_what_waits(monkeypatch):
    """Many wait, few run: a stop lets those few come to a safe place."""
    with LocalPair(scenario="fleet", groups=20, workers=2, pace=5.0) as pair:
        clock = pair.clock
        monkeypatch.setattr(
            clock, "sleep", lambda seconds, stop=None: stop.wait(seconds)
        )
        fleet = Fleet(pair)
        assert fleet.start_all() == {202: 20}
        began = time.monotonic()
        pair.site("a").stop_engine()
        # all of them would take longer than anybody waits for a stop
        assert time.monotonic() - began < workers.STOP_TIMEOUT
        waiting = operations.unfinished(pair.site("a").parts.db)
        assert len(waiting) == 20
        assert Counter(one.status for one in waiting)["pending"] >= 18
        monkeypatch.undo()
        pair.site("a").start_engine()
        assert fleet.until_done(60)["completed"] == 20


def test_a_stop_waits_for_a_request_that_is_on_its_way(monkeypatch):
    """Or the next start would look for what is only being made."""
    assert workers.STOP_TIMEOUT >= 30.0
    with LocalPair(workers=1) as pair:
        fleet = Fleet(pair)
        create, held = RemoteCloud.create_server, threading.Event()
        inside = threading.Event()

        def slow(self, **options):
            inside.set()
            held.wait(10)
            return create(self, **options)

        monkeypatch.setattr(RemoteCloud, "create_server", slow)
        group = next(g for g in fleet.world.groups if g.name == "prod-web-app")
        assert fleet.start(group) == 202
        assert inside.wait(10)
        stopping = threading.Thread(target=pair.site("a").stop_engine)
        stopping.start()
        stopping.join(0.1)
        assert stopping.is_alive()
        held.set()
        stopping.join(10)
        assert not stopping.is_alive()
        pair.site("a").start_engine()
        assert fleet.until_done(30) == {"completed": 1}
        made = pair.site("b").parts.db.one(
            "SELECT count(*) AS n FROM nova_servers"
        )
        assert made["n"] == 3


def test_a_look_at_power_states_lists_servers_once(monkeypatch):
    """However many groups have a new recovery point."""
    asked, listed = [], RemoteCloud.all_details
    monkeypatch.setattr(
        RemoteCloud,
        "all_details",
        lambda self: asked.append(self) or listed(self),
    )
    with LocalPair(scenario="fleet", groups=5) as pair:
        pair.clock.advance(400)
        service = pair.site("a").service
        service.tick()
        now = stamp(pair.clock.time())
        read = [
            held["attributes"]["power_state_at"]
            for id_ in [group.id for group in pair.site("a").world.groups]
            for _, held in current_entries(
                groups.find(service.site.db, id_).doc
            )
        ]
        looked = []
        newest = service.site.arrays.newest
        monkeypatch.setattr(
            service.site.arrays,
            "newest",
            lambda some: looked.append(len(some)) or newest(some),
        )
        for _ in range(3):
            service.tick()
        # what the looks themselves have written down, and then nothing
        assert looked[1:] == []
        pair.clock.advance(400)
        service.tick()
        assert looked[-1] == 5
    assert len(asked) == 2
    assert read == [now] * 5


def test_a_failover_beside_others_reads_and_writes_the_same(monkeypatch):
    """Counted are documents that are decoded, and texts that are encoded."""
    counted = []
    for name in ("loads", "dumps"):
        right = getattr(json, name)
        monkeypatch.setattr(
            json,
            name,
            lambda *a, right=right, **k: (
                counted.append(right) or right(*a, **k)
            ),
        )
    found = []
    for number in (2, 30):
        with LocalPair(scenario="fleet", groups=number) as pair:
            for _ in range(3):
                pair.drain()
            fleet = Fleet(pair)
            counted.clear()
            assert fleet.start(fleet.world.groups[0]) == 202
            pair.drain()
            found.append(len(counted))
            assert not fleet.site.unfinished()
    assert found[1] == found[0]
