"""Syncs of several groups that are asked for at the same moment."""

import sqlite3
from collections import Counter
from typing import Any

import pytest

from fakeserver.base.errors import RequestRefused
from fakeserver.base.ids import new_id
from fakeserver.engine.admission import Admission, Request
from fakeserver.engine.peer.answers import PeerRefused
from fakeserver.engine.peer.client import Peer
from fakeserver.engine.starts import GroupRequest, Starts
from fakeserver.store import groups, operations
from tests.contract.test_engine_requests import asked, questions
from tests.helpers.engine_parts import BARE, DB, UNREACHABLE, WEB, A, B, Two


def sync(two: Two, group: str, project: str = "demo") -> GroupRequest:
    request = Request("sync_volumes", {}, f"req-{new_id()}")
    return GroupRequest(
        two.world.project_id(A, project), two.ids.get(group, group), request
    )


@pytest.fixture
def starts(two: Two) -> Starts:
    service = two.pair.site(A).service
    parts = (service.site, service.access)
    admission = Admission(*parts, service.sync)
    return Starts(*parts, admission, service.sync)


def started_of(two: Two, group: str) -> list[str]:
    """The unfinished operations of a group, on disk."""
    db = two.pair.site(A).parts.db
    return [one.id for one in operations.unfinished(db, two.ids[group])]


def test_the_peer_and_the_database_are_asked_once(
    two: Two, starts: Starts
) -> None:
    two.done(A, "sync_volumes")
    before = asked(two)
    with questions(two) as sent:
        found = starts.start_all([sync(two, WEB), sync(two, DB)])
    assert asked(two) - before == Counter(
        {f"{B} GET /v1/{two.world.project_id(B, 'demo')}/sync-status": 1}
    )
    assert (sent[A]["BEGIN"], sent[A]["INSERT"]) == (1, 2)
    assert sent[A]["SELECT"] <= 5, sent
    for group, one in zip((WEB, DB), found, strict=True):
        assert one is not None
        assert started_of(two, group) == [one.id]
        assert two.operation(A, one.id) == one.record.to_json()


def test_what_is_not_as_usual_is_left_alone(two: Two, starts: Starts) -> None:
    """Each of them is refused elsewhere, and holds up nobody."""
    running = two.started(A, "sync_volumes", group=DB)
    again = sync(two, DB)
    found = starts.start_all(
        [
            sync(two, WEB),
            again,
            sync(two, BARE),
            sync(two, new_id()),
            sync(two, WEB, "rival"),
        ]
    )
    assert [one is not None for one in found] == [True] + [False] * 4
    assert started_of(two, DB) == [running]
    two.pair.drain()
    # the request id has its operation already
    assert two.started(
        A, "sync_volumes", group=DB, request_id=again.request.request_id
    ) not in ("", running)
    two.pair.drain()
    assert starts.start_all([again]) == [None]


def test_a_group_that_is_apart_holds_up_nobody(
    two: Two, starts: Starts
) -> None:
    db = two.pair.site(A).parts.db
    group = groups.find(db, two.ids[WEB])
    assert group is not None
    group.doc["version"] += 1
    with db.transaction() as tx:
        groups.save(tx, group)
    web, other = starts.start_all([sync(two, WEB), sync(two, DB)])
    assert web is None and other is not None
    answer = two.act(A, "sync_volumes")
    assert (answer.status, answer.reason) == (409, "out-of-sync")


def test_a_silent_peer_is_asked_once_for_all(
    two: Two, starts: Starts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what is against a group besides is said of that one."""
    two.pair.site(B).stop()
    put = []
    call = Peer._call

    def counted(self: Peer, *given: Any, **more: Any) -> Any:
        put.append(self.site)
        return call(self, *given, **more)

    monkeypatch.setattr(Peer, "_call", counted)
    asked = [WEB, DB, BARE, new_id()]
    found = starts.start_all([sync(two, one) for one in asked])
    assert put == [B]
    for one in found[:2]:
        assert isinstance(one, RequestRefused)
        assert (one.reason, one.message) == ("peer-unreachable", UNREACHABLE)
        assert one.details["site"] == B
    assert found[2:] == [None, None]
    assert started_of(two, WEB) == started_of(two, DB) == []


def test_what_is_not_written_is_the_error_of_those_who_wrote(
    two: Two, starts: Starts
) -> None:
    two.pair.fault("disk-full", site=A, times=1)
    found = starts.start_all([sync(two, one) for one in (WEB, BARE, DB)])
    web, none, other = found
    assert isinstance(web, sqlite3.OperationalError) and other is web
    assert none is None
    with pytest.raises(sqlite3.OperationalError):
        two.pair.fault("disk-full", site=A, times=1)
        starts.start(*sync(two, WEB))
    assert started_of(two, WEB) == started_of(two, DB) == []


def test_an_error_of_one_is_not_that_of_the_others(
    two: Two, starts: Starts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody has thought of is left to who asks for one alone."""

    def broken(*_given: object) -> None:
        raise KeyError("members")

    monkeypatch.setattr(groups, "without_members", broken)
    assert starts.start(*sync(two, WEB)) is None
    assert two.act(A, "sync_volumes").status == 202


def test_an_older_peer_is_asked_for_each(
    two: Two, starts: Starts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answer is remembered: the question of many is not put again."""
    put = []

    def states(self: Peer, *_given: object) -> None:
        put.append(self.site)
        raise PeerRefused(self.site, 404, "not-found", "nothing here")

    monkeypatch.setattr(Peer, "states", states)
    for _ in range(2):
        found = starts.start_all([sync(two, WEB), sync(two, DB)])
        assert None not in found
        db = two.pair.site(A).parts.db
        with db.transaction() as tx:
            for one in found:
                assert one is not None
                operations.discard(tx, one.id)
    assert put == [B]
