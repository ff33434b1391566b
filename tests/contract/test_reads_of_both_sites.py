"""Each read of a group asks both sites, and believes the one ahead."""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fakeserver.local.pair import LocalPair
from protectorclient import exceptions
from protectorclient.pair.both_sites import BothSites
from protectorclient.pair.reads.answer import Answer
from protectorclient.pair.site import SiteHandle
from protectorclient.pair.site_pair import SitePair
from protectorclient.polling import at_once
from protectorclient.records.operation import Operation
from protectorclient.reports.operation_facts import examine
from tests.helpers.library_parts import NETWORKS, WEB, Live

#: every read of one group, and what a person would look at
READS: dict[str, Callable[[SitePair], Answer[Any]]] = {
    "group": lambda pair: pair.reads.group(WEB),
    "members": lambda pair: pair.reads.members(WEB),
    "policy": lambda pair: pair.reads.policy(WEB),
    "consistency group": lambda pair: pair.reads.consistency_group(WEB),
}


@pytest.fixture
def live() -> Iterator[Live]:
    with LocalPair() as pair:
        yield Live(pair)


@pytest.fixture
def apart(live: Live) -> Live:
    """The group has failed over while site-a was dead; both answer."""
    live.pair.site("a").kill()
    started = live.sites().failover(
        WEB, unplanned=True, network_mapping=NETWORKS
    )
    live.finish(started.operation, "site-b")
    live.pair.site("a").start()
    return live


def turned(pair: SitePair) -> SitePair:
    """The same pair from the other entry."""
    return SitePair(pair.secondary, pair.primary)


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("entry", ["site-a", "site-b"])
def test_the_one_ahead_is_shown(apart: Live, read: str, entry: str) -> None:
    pair = apart.sites()
    if entry == "site-b":
        pair = turned(pair)
    found = READS[read](pair)
    assert found.site.name == "site-b"
    assert found.group is not None
    assert found.group.status == "failed_over"
    (warning,) = found.warnings
    assert "site-a holds version 1 (0 failovers, active)" in warning
    assert "site-b holds version 3 (1 failover, failed_over)" in warning
    assert warning.endswith("this is site-b's record, version 3")
    assert found.next == (
        f"openstack protector protection-group reconcile {WEB}",
    )


def test_equals_are_shown_without_a_word(live: Live) -> None:
    for read in READS.values():
        found = read(live.sites())
        assert (found.site.name, found.warnings) == ("site-a", ())
        assert found.next == ()


def test_each_site_is_asked_for_one_group_once(live: Live) -> None:
    """The group, and nothing more; the table's names apart."""
    asked: list[str] = []
    pair = live.sites()
    for handle in pair.handles:
        handle.client.http.prime()
        call = handle.client.http.call

        def noted(*args: Any, _call: Any = call, **kwargs: Any) -> Any:
            asked.append(args[1])
            return _call(*args, **kwargs)

        handle.client.http.call = noted  # type: ignore[method-assign]
    pair.reads.group(WEB)
    assert len(asked) == 2
    assert all(path.endswith("/protection-groups") for path in asked)


def test_a_list_takes_each_group_from_the_site_ahead(apart: Live) -> None:
    found = apart.sites().reads.groups()
    assert {one.name: one.status for one in found.value} == {
        "bare": "active",
        "prod-db": "active",
        WEB: "failed_over",
    }
    assert found.warnings == (
        f"the sites hold different records of {WEB}; site-b is ahead; shown"
        " is what site-b holds",
    )
    # a stale record is no answer to a filter
    active = apart.sites().reads.groups(status="active")
    assert [one.name for one in active.value] == ["bare", "prod-db"]
    moved = apart.sites().reads.groups(status="failed_over")
    assert [one.name for one in moved.value] == [WEB]
    pages = apart.sites().reads.groups(limit=2)
    assert [one.name for one in pages.value] == ["bare", "prod-db"]
    rest = apart.sites().reads.groups(limit=2, marker=pages.value[-1].id)
    assert [one.name for one in rest.value] == [WEB]


def test_each_group_that_differs_has_its_command(apart: Live) -> None:
    apart.pair.site("a").kill()
    started = apart.sites().failover(
        "prod-db",
        unplanned=True,
        network_mapping={"net-primary-db": "net-secondary-db"},
        flavor_mapping={"db.big": "db.large"},
    )
    apart.finish(started.operation, "site-b")
    apart.pair.site("a").start()
    for read in (apart.sites().reads.groups, apart.sites().reads.health):
        found = read()
        assert f"different records of prod-db, {WEB};" in found.warnings[0]
        assert found.next == tuple(
            f"openstack protector protection-group reconcile {name}"
            for name in ("prod-db", WEB)
        )


def test_health_is_that_of_the_site_ahead(apart: Live) -> None:
    found = apart.sites().reads.health()
    reports = {one.protection_group_name: one for one in found.value}
    assert "The group is failed_over" in reports[WEB].reasons
    assert len(found.warnings) == 1


def test_a_group_that_one_site_does_not_know(live: Live) -> None:
    pair = live.sites()
    group = live.group()
    b = live.pair.site("b")
    with b.parts.db.transaction() as tx:
        tx.execute("DELETE FROM pg_groups WHERE id = ?", (group.id,))
    found = pair.reads.group(WEB)
    assert found.value.id == group.id
    assert found.warnings == (
        f"site-b does not know {WEB}; this is site-a's record, version 1",
    )
    listed = live.sites().reads.groups()
    assert listed.warnings == (f"site-b does not know {WEB}",)


@pytest.mark.parametrize("read", READS)
def test_a_dead_site_is_a_warning(live: Live, read: str) -> None:
    live.pair.site("a").kill()
    found = READS[read](live.sites())
    assert found.site.name == "site-b"
    (warning,) = found.warnings
    assert warning.startswith("site-a: Keystone does not answer: ")
    assert warning.endswith("; this is site-b's record, version 1")


def test_both_dead(live: Live) -> None:
    for name in ("a", "b"):
        live.pair.site(name).kill()
    with pytest.raises(exceptions.SiteUnreachable, match="neither site"):
        live.sites().reads.group(WEB)
    with pytest.raises(exceptions.OperationUnknown):
        live.sites().reads.operation("op-x")


def test_an_operation_nobody_knows(live: Live) -> None:
    with pytest.raises(exceptions.NotFound):
        live.sites().reads.operation("op-x")
    live.pair.site("b").kill()
    with pytest.raises(exceptions.OperationUnknown):
        live.sites().reads.operation("op-x")


def test_operations_go_on_after_one_of_either_site(apart: Live) -> None:
    reads = apart.sites().reads
    sync = apart.client().consistency_groups.sync(apart.group("prod-db"))
    apart.finish(sync, "site-a")
    every = [one.id for one, _ in reads.operations().items]
    assert len(every) == 2
    for n, identity in enumerate(every):
        after = reads.operations(marker=identity, limit=5)
        assert [one.id for one, _ in after.items] == every[n + 1 :]


# A site that hangs


@pytest.fixture
def hanging(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[SiteHandle], list[float | None]]]:
    """Make a site never answer, and let no time pass: what is waited for
    when one has answered is over at once."""
    released = threading.Event()
    waited: list[float | None] = []

    def wait(pending: Any, timeout: float | None, return_when: str) -> Any:
        waited.append(timeout)
        if timeout is None:
            return concurrent.futures.wait(pending, None, return_when)
        return set(), set(pending)

    def hang(handle: SiteHandle) -> list[float | None]:
        def silent(*args: Any, **kwargs: Any) -> Any:
            released.wait()
            raise exceptions.SiteUnreachable("at last", site=handle.name)

        handle.client.http.call = silent  # type: ignore[method-assign]
        return waited

    monkeypatch.setattr(at_once, "wait", wait)
    yield hang
    released.set()


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("entry", ["site-a", "site-b"])
def test_the_grace(
    live: Live,
    hanging: Callable[[SiteHandle], list[float | None]],
    read: str,
    entry: str,
) -> None:
    pair = live.sites()
    waited = hanging(pair.primary)
    if entry == "site-b":
        pair = turned(pair)
    found = READS[read](pair)
    assert found.warnings == (
        "site-a did not answer within 2 s; this is site-b's record, version 1",
    )
    assert waited == [None, 2.0]


@pytest.mark.parametrize("entry", ["site-a", "site-b"])
def test_a_diagnosis_waits_no_longer(
    live: Live,
    hanging: Callable[[SiteHandle], list[float | None]],
    entry: str,
) -> None:
    pair = live.sites()
    (group,) = [
        one
        for one in pair.secondary.client.protection_groups.list()
        if one.name == WEB
    ]
    known = pair.secondary.client.operations
    operation = Operation.from_dict(
        {"id": "op-1", "protection_group_id": group.id, "status": "completed"}
    )
    known.get = lambda _: operation  # type: ignore[assignment, method-assign]
    waited = hanging(pair.primary)
    if entry == "site-b":
        pair = turned(pair)
    facts = examine("op-1", BothSites(pair.handles))
    assert facts.operation is operation
    (silent,) = facts.silent
    assert str(silent.error) == "site-a did not answer within 2 s"
    assert facts.group is not None
    assert waited[:2] == [None, 2.0]


def test_the_grace_is_what_was_asked_for(
    live: Live, hanging: Callable[[SiteHandle], list[float | None]]
) -> None:
    pair = SitePair(*live.sites().handles, site_grace=0.5)
    waited = hanging(pair.primary)
    (warning,) = pair.reads.group(WEB).warnings
    assert warning.startswith("site-a did not answer within 0.5 s; ")
    assert waited == [None, 0.5]


def test_who_is_late_is_not_asked_again(
    live: Live, hanging: Callable[[SiteHandle], list[float | None]]
) -> None:
    pair = live.sites()
    waited = hanging(pair.primary)
    reads = pair.reads
    reads.group(WEB)
    reads.members(WEB)
    # the other one alone is asked, and nobody is waited for
    assert waited == [None, 2.0]


def test_a_thread_left_behind_does_not_keep_the_process() -> None:
    never = threading.Event()
    at_once.start(never.wait)
    left = [t for t in threading.enumerate() if t.name == "protector-question"]
    assert left
    assert all(thread.daemon for thread in left)
    never.set()


# Two entries of one site


def test_one_site_is_refused_by_every_read(live: Live) -> None:
    twins = SitePair(live.handle("site-a"), live.handle("site-a-admin"))
    for read in READS.values():
        with pytest.raises(exceptions.SameSite, match="are the same site"):
            read(twins)
    for ask in (
        lambda: twins.sync_status(WEB),
        lambda: twins.operations(),
        lambda: twins.operation("op-x"),
        lambda: twins.failover(WEB),
        lambda: next(twins.watch(["op-x"])),
        lambda: twins.need_both(),
    ):
        with pytest.raises(exceptions.SameSite):
            ask()


def test_one_service_behind_two_keystones(live: Live) -> None:
    """Other addresses of Keystone, and one service behind both."""
    pair = live.sites()
    url = live.pair.site("a").url
    for handle in pair.handles:
        handle.access.overrides["protector"] = url
    with pytest.raises(exceptions.SameSite):
        pair.reads.group(WEB)
