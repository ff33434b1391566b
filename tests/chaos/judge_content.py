"""What became of the writes, and where the instances ran on the way."""

import math
from collections.abc import Iterator

from fakeserver.base.clock import parse_stamp
from fakeserver.base.seed_world import ARRAYS, SITES
from fakeserver.engine.model.document import current_array_names, entry
from fakeserver.store.operations import Operation
from tests.chaos.case import MOVES, Case
from tests.chaos.facts import Found, is_drill
from tests.chaos.ledger import TICK, Entry, Row

#: moments of writes are the same where they differ by less, in seconds: a
#: database writes fifteen digits of one
SAME = 0.001


# -- what was written, and where it is now


def moves_carry_every_write(case: Case) -> list[str]:
    """A planned move: all that was written before the source stopped; a
    forced one and a drill: the newest complete recovery point."""
    said = []
    for site, one, before, after in case.commits():
        name = f"{one.type} at {site}"
        if one.type in MOVES:
            pairs = list(_moved(case, one, before, after))
        elif one.type == "test_failover":
            pairs = [
                (None, volume["array_name"])
                for volume in after["tests"][-1]["volumes"]
            ]
            wanted = len(current_array_names(before))
            if len(pairs) != wanted:
                said.append(f"{name}: {len(pairs)} of {wanted} volumes")
        else:
            continue
        for source, target in pairs:
            what = _judged(case, one, before, source, target)
            said += [f"{name}: {target} {what}"] if what else []
    return said


def _moved(
    case: Case, one: Operation, before: Found, after: Found
) -> Iterator[tuple[str, str]]:
    """Each volume's name on the array that it left, and on the other."""
    source, target = one.state.source, one.state.target
    there = {member["id"]: member for member in after["members"]}
    for member in before["members"]:
        had = entry(member, source)
        has = entry(there[member["id"]], target)
        if had is None or has is None or has["instance_id"] is None:
            continue
        for old, new in zip(had["volumes"], has["volumes"], strict=False):
            yield old["array_name"], new["array_name"]


def _judged(
    case: Case,
    one: Operation,
    before: Found,
    source: str | None,
    target: str,
) -> str | None:
    history = case.facts.history
    array = ARRAYS[case.facts.names[one.state.target]]
    here = ARRAYS[case.facts.names[one.state.source]]
    target = history.first_name(array, target)
    if source is not None:
        source = history.first_name(here, source)
    made = history.volume(
        array, target, lambda e: e.what == "insert" and bool(e.row["point"])
    )
    if made is None:
        return "came out of no recovery point"
    point = history.points[made.row["point"]]
    names = {
        history.first_name(here, name) for name in current_array_names(before)
    }
    if not names <= point["volumes"].keys():
        return "is of a recovery point that lacks some of the volumes"
    if not point["complete"] or point["complete"] > _ended(one):
        return "is of a recovery point that was not complete"
    if source is None or one.state.forced:
        newer = _newer(case, one, point, array, names)
        if newer:
            return f"is of a recovery point {newer:.0f} s too old"
    if source is None:
        return None
    content, size = point["volumes"][source]
    if made.row["size"] != size or not _same(made.row["content"], content):
        return "holds something else than its recovery point"
    if one.state.forced:
        return None
    last = history.volume(here, source, lambda e: e.seq < made.seq)
    if last is None:
        return "was made of a volume that nobody knows"
    site = case.facts.names[one.state.source]
    written, writing = last.row["content"], bool(last.row["writing"])
    if case.run.story.is_deaf(site):
        written, writing = _by_nova(case, site, source, made.at)
        # the point is of a later moment: nothing was written in between
        content = min(content, written)
    if writing:
        return "was made while its source was written to"
    if last.row["size"] != size or not _same(written, content):
        lost = written - content
        return f"lacks the writes of {lost:.0f} s, or has another size"
    return None


def _by_nova(
    case: Case, site: str, volume: str, until: float
) -> tuple[float, bool]:
    """When the member that has an array volume was stopped last, and whether
    it runs since: for an array that hears of no stop."""
    history = case.facts.history
    ids = {
        found["instance_id"]
        for where in SITES
        for one in history.documents(where, case.operator.id)
        for member in one.row["doc"]["members"]
        for site_id, found in member["sites"].items()
        if case.facts.names[site_id] == site
        for held in found["volumes"]
        if history.first_name(ARRAYS[site], held["array_name"]) == volume
    }
    states = [
        one.row["doc"]
        for one in history.servers(site)
        if one.row["id"] in ids and one.what != "delete" and one.at <= until
    ]
    if not states:
        return math.inf, True
    return states[-1]["updated"], states[-1]["status"] == "ACTIVE"


def _same(first: float, second: float) -> bool:
    return abs(first - second) < SAME


def _ended(one: Operation) -> float:
    ended = one.record.completed_at
    return math.inf if ended is None else parse_stamp(ended) + 1


def _newer(
    case: Case, one: Operation, point: Row, array: str, names: set[str]
) -> float:
    """How much newer the newest one was that was there from the start."""
    begun = parse_stamp(one.record.started_at)
    moments = [
        found["created"] - point["created"]
        for found in case.facts.history.points.values()
        if found["pg"] == case.operator.id
        and found["target"] == array
        and found["complete"] is not None
        and found["complete"] <= begun
        and names <= found["volumes"].keys()
    ]
    return float(max([*moments, 0.0]))


def no_write_is_destroyed(case: Case) -> list[str]:
    """Nothing is deleted from an array that a document ever spoke of, and
    of which some write was nowhere else."""
    history = case.facts.history
    spoken = {
        (array, history.first_name(array, volume["array_name"]))
        for site in SITES
        for one in history.documents(site, case.operator.id)
        for member in one.row["doc"]["members"]
        for site_id, found in member["sites"].items()
        for array in (ARRAYS[case.facts.names[site_id]],)
        for volume in found["volumes"]
    }
    said = []
    changes = history.arrays.get("arr_volumes", [])
    for one in changes:
        key = one.row["array"], one.row["name"]
        if one.what != "delete" or key not in spoken:
            continue
        if not _is_elsewhere(case, one, changes):
            said.append(f"{key[1]} on {key[0]} was the only copy")
    return said


def _is_elsewhere(case: Case, gone: Entry, changes: list[Entry]) -> bool:
    """Whether the newest write of a volume was also in a snapshot: one
    that was kept, the one it came from, or one at the other array."""
    array, name = gone.row["array"], gone.row["name"]
    arrays = case.facts.history.arrays
    held = [
        one.row["content"]
        for one in arrays.get("arr_kept", [])
        if (one.row["array"], one.row["volume"]) == (array, name)
        and one.seq < gone.seq
    ]
    made = [
        one
        for one in changes
        if (one.row["array"], one.row["name"]) == (array, name)
        and one.seq < gone.seq
        and one.what == "insert"
    ]
    held += [one.row["content"] for one in made[-1:] if one.row["point"]]
    held += [
        one.row["volumes"][name][0]
        for one in arrays.get("arr_points", [])
        if one.row["source"] == array
        and name in one.row["volumes"]
        and one.row["complete"] is not None
        and one.seq < gone.seq
    ]
    written = gone.row["content"]
    site = next(site for site in SITES if ARRAYS[site] == array)
    if case.run.story.is_deaf(site):
        stopped, runs = _by_nova(case, site, name, gone.at)
        written = written if runs else min(written, stopped)
    return any(one >= written - SAME for one in held)


# -- where it ran


def never_at_two_sites(case: Case) -> list[str]:
    """At no moment, unless a failover was forced, or a rollback says that
    it could not get at the copy that it had made."""
    if case.operator.forced:
        return []
    spans = {site: _spans(case, site) for site in SITES}
    said = []
    for name, some in spans[SITES[0]].items():
        for begun, ended in some:
            for begun_too, ended_too in spans[SITES[1]].get(name, []):
                both = min(ended, ended_too) - max(begun, begun_too)
                if both > TICK:
                    said.append(f"{name} ran at both sites for {both:.3f} s")
    return said


def _spans(case: Case, site: str) -> dict[str, list[tuple[float, float]]]:
    """Name of a member -> from when to when an instance of it ran."""
    since: dict[str, float] = {}
    found: dict[str, list[tuple[float, float]]] = {}
    names: dict[str, str] = {}
    for one in case.facts.history.servers(site):
        server = one.row["doc"]
        id_, name = one.row["id"], server["name"]
        if name not in case.seeded or is_drill(server):
            continue
        if case.is_left(site, server):
            continue
        runs = one.what != "delete" and server["status"] == "ACTIVE"
        names[id_] = name
        if runs and id_ not in since:
            since[id_] = one.at
        elif not runs and id_ in since:
            found.setdefault(name, []).append((since.pop(id_), one.at))
    for id_, begun in since.items():
        found.setdefault(names[id_], []).append((begun, math.inf))
    return found


JUDGES = (
    moves_carry_every_write,
    no_write_is_destroyed,
    never_at_two_sites,
)
