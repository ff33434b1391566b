"""How often an engine asks: a count for each thing, whatever the group."""

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Iterator

import pytest

from fakeserver.base import request_log
from fakeserver.store import operations
from fakeserver.store.operations import Operation
from tests.helpers.engine_parts import DB, WEB, A, B, Two


def asked(two: Two) -> Counter[str]:
    """What both sites were asked so far: the service or the cloud, and of
    it the method and the last word that is no id."""
    found: Counter[str] = Counter()
    for site in (A, B):
        folder = two.pair.site(site).config.directory
        for entry in request_log.entries(folder / f"{site}.journal"):
            path = entry["path"]
            if not path.startswith("/identity"):
                found[f"{site} {entry['method']} {path}"] += 1
    return found


@contextlib.contextmanager
def questions(two: Two) -> Iterator[dict[str, Counter[str]]]:
    """Count the statements that each site sends to its database."""
    found: dict[str, Counter[str]] = {}
    with contextlib.ExitStack() as stack:
        for site in (A, B):
            counted = found[site] = Counter()

            def count(sql: str, counted: Counter[str] = counted) -> None:
                counted[sql.split(maxsplit=1)[0]] += 1

            db = two.pair.site(site).service.site.db
            connections = [db.connection()]
            with db.as_writer():
                connections.append(db.connection())
            for connection in connections:
                connection.set_trace_callback(count)
                stack.callback(connection.set_trace_callback, None)
        yield found


def test_an_action_asks_six_times_before_it_is_answered(two: Two) -> None:
    """The peer once for what it holds, the target's clouds for four lists,
    and the peer once more to take the change."""
    before = asked(two)
    with questions(two) as sent:
        assert two.act(A, "failover").status == 202
    # on disk before the peer takes it, and then with what it has taken
    assert {site: sent[site]["BEGIN"] for site in sent} == {A: 2, B: 1}
    new = asked(two) - before
    own = {key for key in new if key.startswith(f"{A} POST /v1/")}
    assert sum(new.values()) - len(own) == 6, new
    assert all(key.startswith(B) for key in set(new) - own)


def test_a_sync_asks_once_before_it_is_answered(two: Two) -> None:
    two.done(A, "sync_volumes")
    before = asked(two)
    with questions(two) as sent:
        assert two.act(A, "sync_volumes").status == 202
    assert {site: sent[site]["BEGIN"] for site in sent} == {A: 1, B: 0}
    assert sent[A]["SELECT"] + sent[A]["PRAGMA"] <= 7, sent
    assert sent[B]["SELECT"] + sent[B]["PRAGMA"] <= 6, sent
    new = asked(two) - before
    assert sum(new.values()) == 2, new


def test_an_instance_costs_the_same_number_of_requests(two: Two) -> None:
    """Nothing is looked for that cannot be there, and volumes leave their
    group together: what a move asks for grows with the instances alone."""
    costs = {}
    for group in (WEB, DB):
        before = asked(two)
        assert two.done(A, "failover", group=group)["status"] == "completed"
        costs[group] = sum((asked(two) - before).values())
    # three instances with five volumes, and two with four
    instance, volume = 13, 5
    rest = {
        WEB: costs[WEB] - 3 * instance - 5 * volume,
        DB: costs[DB] - 2 * instance - 4 * volume,
    }
    assert max(rest.values()) <= 40, (costs, rest)
    assert abs(rest[WEB] - rest[DB]) <= 6, (costs, rest)


def test_the_state_is_written_as_often_whatever_the_members(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It grows with them: written for each it would grow by the square."""
    written: Counter[str] = Counter()
    save = operations.save

    def counted(tx: sqlite3.Connection, operation: Operation) -> None:
        written[operation.group_id] += 1
        save(tx, operation)

    monkeypatch.setattr(operations, "save", counted)
    for group in (WEB, DB):
        two.done(A, "failover", group=group)
    members = {n: two.group(A, n)["member_count"] for n in (WEB, DB)}
    assert members[WEB] > members[DB] > 0
    assert written[two.ids[WEB]] == written[two.ids[DB]]
