"""What the documents, and the replication, went through on the way."""

import math
from collections.abc import Iterator
from typing import Any

from fakeserver.base.seed_world import SITES
from fakeserver.engine.model.document import entry
from fakeserver.store.operations import Operation
from tests.chaos.case import MOVES, Case
from tests.chaos.facts import Found, other, written
from tests.chaos.ledger import TICK, Row

#: what an operation may change of the document, besides the version
ITS_OWN = {
    "failover": {
        "status",
        "current_primary_site_id",
        "failover_count",
        "members",
    },
    "failback": {"status", "current_primary_site_id", "members"},
    "test_failover": {"tests"},
    "test_cleanup": {"tests"},
    "sync_volumes": set[str](),
}


def failovers_are_counted(case: Case) -> list[str]:
    """Each site counts exactly the failovers that it has completed."""
    said = []
    for site in SITES:
        done = [
            one
            for where, one in case.operations
            if where == site and one.type == "failover" and one.state.committed
        ]
        counted = 0
        for before, after, imported in _changes(case, site):
            if not imported:
                more = after["failover_count"] - before["failover_count"]
                counted += max(more, 0)
        if counted != len(done):
            said.append(f"{site} counted {counted} and completed {len(done)}")
    return said


def documents_go_forward(case: Case) -> list[str]:
    """Nobody takes an older document than his own, unless told to; and
    what a site takes back is what it had before."""
    said = []
    for site in SITES:
        seen: set[str] = set()
        for before, after, imported in _changes(case, site):
            seen.add(_unversioned(before))
            ahead = _rank(after) > _rank(before)
            if imported and not ahead and not case.operator.named_winner:
                said.append(f"{site} took {_rank(after)} over {_rank(before)}")
            old = _unversioned(after) in seen
            if not (imported or ahead or old):
                said.append(f"{site} went back to {_rank(after)}")
    return said


def _changes(case: Case, site: str) -> Iterator[tuple[Found, Found, bool]]:
    """Before, after, and whether it came from the other site."""
    history = case.facts.history
    there: dict[str, float] = {}
    for one in history.documents(other(site), case.operator.id):
        there.setdefault(written(one.row["doc"]), one.at)
    docs = history.documents(site, case.operator.id)
    mine: set[str] = set()
    for old, new in zip(docs, docs[1:], strict=False):
        mine.add(written(old.row["doc"]))
        text = written(new.row["doc"])
        first = there.get(text, math.inf)
        imported = first <= new.at and text not in mine
        yield old.row["doc"], new.row["doc"], imported


def _rank(doc: Found) -> tuple[int, int]:
    return int(doc["failover_count"]), int(doc["version"])


def _unversioned(doc: Found) -> str:
    return written({**doc, "version": 0})


def a_rollback_puts_all_back(case: Case) -> list[str]:
    """The document after it is the one from before the operation."""
    if case.operator.forced:
        return []
    said = []
    for site, one in case.operations:
        if one.status != "failed" or one.type not in MOVES:
            continue
        docs = [
            found.row["doc"]
            for found in case.facts.history.documents(site, one.group_id)
        ]
        during = [
            n
            for n, doc in enumerate(docs)
            if (doc["operation"] or {}).get("id") == one.id
        ]
        if not during or during[0] == 0 or during[-1] + 1 >= len(docs):
            continue
        before, after = docs[during[0] - 1], docs[during[-1] + 1]
        if after["status"] != "error" and (
            _unversioned(before) != _unversioned(after)
        ):
            apart = [k for k in before if before[k] != after[k]]
            said.append(f"after {one.type} at {site}: {apart}")
    return said


def operations_keep_to_their_own(case: Case) -> list[str]:
    """An operation changes of the document what is its to change."""
    said = []
    for site, one, before, after in case.commits():
        name = f"{one.type} at {site}"
        changed = {key for key in before if before[key] != after[key]}
        foreign = changed - ITS_OWN[one.type] - {"version", "operation"}
        if foreign:
            said.append(f"{name} changed {sorted(foreign)}")
        if after["version"] != before["version"] + 1:
            said.append(f"{name}: version {after['version']}")
        more = after["failover_count"] - before["failover_count"]
        if more != (one.type == "failover"):
            said.append(f"{name} counted {more} failovers")
        if one.type == "test_cleanup" and after["tests"]:
            said.append(f"{name} left tests")
        if one.type in MOVES:
            said += [f"{name}: {what}" for what in _members(one, after)]
    return said


def _members(one: Operation, after: Found) -> Iterator[str]:
    """Each is at the target now, and says so."""
    source, target = one.state.source, one.state.target
    lost = {found.member_id for found in one.state.not_rebuilt}
    home = target == after["primary_site_id"]
    for member in after["members"]:
        wanted = "protected" if home else "failed_over"
        if member["id"] in lost:
            wanted = "error"
        if member["status"] != wanted:
            yield f"a member is {member['status']}"
        had = entry(member, source) or {}
        if not one.state.forced and had.get("instance_id"):
            yield "a member has its old instance still"


def replication_is_put_back(case: Case) -> list[str]:
    """A rollback leaves it as it was before the operation."""
    if case.operator.forced:
        return []
    said = []
    links = [
        one
        for one in case.facts.history.arrays.get("arr_links", [])
        if one.row["pg"] == case.operator.id and one.what != "delete"
    ]
    for site, one in case.operations:
        if one.status != "failed":
            continue
        log = case.facts.history.operations(site, one.id)
        begun, ended = log[0].at - TICK, log[-1].at + TICK
        before = [found.row for found in links if found.at < begun]
        during = [found.row for found in links if begun <= found.at <= ended]
        if before and during and _way(before[-1]) != _way(during[-1]):
            said.append(
                f"{one.type} at {site}: {before[-1]}, now {during[-1]}"
            )
    return said


def _way(link: Row) -> tuple[Any, ...]:
    volumes = tuple(sorted(link["volumes"]))
    return link["source"], link["target"], link["running"], volumes


def documents_say_what_people_said(case: Case) -> list[str]:
    """In none of them was anything that nobody ever asked for."""
    seeded = next(g for g in case.world.groups if g.id == case.operator.id)
    said = set()
    for site in SITES:
        for one in case.facts.history.documents(site, case.operator.id):
            doc = one.row["doc"]
            past = case.changes.past
            policy = doc["policy"] or {}
            names = frozenset(case.name_of(m) for m in doc["members"])
            held = (
                policy.get("replication_interval"),
                policy.get("rpo_minutes"),
            )
            if doc["name"] != seeded.name:
                said.add(f"the name was {doc['name']} at {site}")
            for what in (held, doc["description"], names):
                if what not in past:
                    said.add(f"{what} at {site}")
    return sorted(said)


JUDGES = (
    failovers_are_counted,
    documents_go_forward,
    a_rollback_puts_all_back,
    operations_keep_to_their_own,
    replication_is_put_back,
    documents_say_what_people_said,
)
