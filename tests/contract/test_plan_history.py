"""Which sites are waited for before a runner begins something."""

import concurrent.futures
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from fakeserver.local.pair import LocalPair
from protectorclient.pair.site_pair import SitePair
from protectorclient.plan.execution import history
from protectorclient.polling import at_once
from tests.helpers.library_parts import Live


@pytest.fixture
def live() -> Iterator[Live]:
    with LocalPair() as pair:
        yield Live(pair)


@pytest.fixture
def slow(live: Live, monkeypatch: pytest.MonkeyPatch) -> Iterator[SitePair]:
    """Two sites, of which one answers when the other one has, and is waited
    for without a limit."""
    pair = live.sites()
    waited_for = threading.Event()
    first: list[bool] = []

    def wait(pending: Any, timeout: float | None, return_when: str) -> Any:
        if first and timeout is not None:
            return set(), pending
        if first:
            waited_for.set()
        first.append(True)
        return concurrent.futures.wait(pending, None, return_when)

    operations = pair.primary.client.operations
    listed = operations.list

    def late(**filters: Any) -> Any:
        waited_for.wait()
        return listed(**filters)

    monkeypatch.setattr(operations, "list", late)
    monkeypatch.setattr(at_once, "wait", wait)
    yield pair
    waited_for.set()


def test_a_planned_run_waits_for_a_slow_site(slow: SitePair) -> None:
    assert history.look(slow, {}, unplanned=False).errors == {}


def test_an_unplanned_run_does_not_wait_for_it(slow: SitePair) -> None:
    assert set(history.look(slow, {}, unplanned=True).errors) == {"site-a"}


def test_what_a_slow_site_has_begun_is_found(
    slow: SitePair, live: Live
) -> None:
    group = live.group("prod-web-app")
    sync = live.client().consistency_groups.sync(group)
    identity = sync.request_id or ""
    found = history.find(slow, str, group.id, [identity])
    assert found is not None
    assert found.operation.id == sync.id
