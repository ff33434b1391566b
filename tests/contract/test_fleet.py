"""A world of many groups: quickly there, and each can fail over."""

import time
from typing import Any

import pytest

from fakeserver.base import request_log
from fakeserver.base.seed_world import FLEET_MOST, build
from fakeserver.local.pair import LocalPair

GROUPS = 300


def test_every_server_of_a_fleet_has_an_address_of_its_own() -> None:
    groups = build("fleet", 1, 2000).groups
    addresses = {s.fixed_ip for group in groups for s in group.servers}
    names = {group.name for group in groups}
    assert len(addresses) == len(names) == 2000


def test_a_fleet_fits_its_network() -> None:
    with pytest.raises(ValueError, match="at most"):
        build("fleet", 1, FLEET_MOST + 1)


def test_the_network_is_the_fleets_alone() -> None:
    assert "net-fleet" not in build("default", 1).networks("site-a")


def test_fleet() -> None:
    began = time.process_time()
    with LocalPair(scenario="fleet", groups=GROUPS) as pair:
        # it takes half a second; with a query for each pair of servers, or
        # a transaction for each group, it takes many
        assert time.process_time() - began < 5
        session = pair.session("site-a")
        site = pair.site("a")
        project = session.get_project_id()
        headers = {"OpenStack-API-Version": "protector latest"}

        def call(method: str, path: str, **more: object) -> dict[str, Any]:
            url = f"{site.url}/v1/{project}/{path}"
            return session.request(url, method, headers=headers, **more).json()

        found = call("GET", "protection-groups?limit=1000")
        names = [one["name"] for one in found["protection_groups"]]
        assert names == [f"app-{n:04}" for n in range(GROUPS)]
        last = found["protection_groups"][-1]
        assert last["last_replication_at"] is not None
        started = call(
            "POST",
            f"protection-groups/{last['id']}/action",
            json={"failover": {}},
        )
        pair.drain()
        done = call("GET", f"operations/{started['operation']['id']}")
        assert done["operation"]["status"] == "completed", done


def test_a_report_on_many_groups_asks_the_peer_once_and_writes_nothing() -> (
    None
):
    with LocalPair(scenario="fleet", groups=101) as pair:
        session = pair.session("site-a")
        url = f"{pair.site('a').url}/v1/health?limit=1000"
        headers = {"OpenStack-API-Version": "protector 1.2"}
        pair.clock.advance(1000)
        databases = [
            database
            for site in ("a", "b")
            for database in (
                pair.site(site).parts.db,
                pair.site(site).parts.arrays.db,
            )
        ]

        def report() -> list[dict[str, Any]]:
            found = session.get(url, headers=headers).json()["health"]
            return list(found)

        report()
        log = pair.folder.request_log("site-b")
        asked = len(list(request_log.entries(log)))
        before = [database.state() for database in databases]
        reports = report()
        assert [database.state() for database in databases] == before
        peers = list(request_log.entries(log))[asked:]
        assert [one["path"].rpartition("/")[2] for one in peers] == [
            "sync-status"
        ]
    assert len(reports) == 101
    lags = {one["replication_lag_seconds"] for one in reports}
    assert lags == {1000 % 300}
    assert all(one["failover_ready"] for one in reports)
