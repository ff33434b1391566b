"""What came with the instances, and what is said of the rest."""

from typing import Any

from fakeserver.store.operations import Operation
from tests.chaos import attributes
from tests.chaos.case import MOVES, Case
from tests.chaos.facts import other

Lost = set[tuple[str, str]]
#: what makes something at the target
_BUILDS = (*MOVES, "test_failover")


def losses(one: Operation) -> Lost:
    """Member and attribute of all that an operation names as not kept."""
    result = one.record.to_json()["result_data"] or {}
    return {
        (loss["member"], attributes.plain(loss["attribute"]))
        for loss in result.get("not_kept") or ()
    }


def attributes_are_kept_or_named(case: Case) -> list[str]:
    """Those of the member equal what it had at first, or a move since says
    what it did not keep; what the last one says is so."""
    given = case.run.given
    if not given or case.operator is not case.run.operator:
        return []
    moves = [one for _, one in case.moves()]
    said: Lost = set().union(*map(losses, moves)) if moves else set()
    found = []
    for _, held in case.current():
        if held["instance_name"] == attributes.MEMBER:
            known = case.facts.servers[case.primary]
            if held["instance_id"] not in known:
                continue
            apart = _apart(case, case.primary, held["instance_id"])
            found += [
                f"{name} is {now}, and nobody says so"
                for name, now in apart.items()
                if (attributes.MEMBER, name) not in said
            ]
            last = losses(moves[-1]) if moves else set()
            found += [
                f"{name} is lost, says {moves[-1].id}, and it is there"
                for member, name in last
                if member == attributes.MEMBER
                and name in given
                and name not in apart
            ]
    return found


def drills_have_attributes(case: Case) -> list[str]:
    """The same of the instances of a drill, by its own record."""
    if not case.run.given or case.operator is not case.run.operator:
        return []
    operations = {one.id: one for _, one in case.operations}
    found = []
    for test in case.doc["tests"]:
        site = case.facts.names[test["site_id"]]
        # what an earlier move had lost was not there to be kept
        said = set().union(*(losses(one) for _, one in case.moves()))
        said |= losses(operations[test["operation_id"]])
        for one in test["instances"]:
            built = case.facts.servers[site].get(one["id"])
            name = one["name"].removesuffix("-test")
            if name != attributes.MEMBER or built is None:
                continue
            if case.operator.forced and not case.facts.addresses(
                site, one["id"]
            ):
                # its port is the member's now
                continue
            found += [
                f"the test has {field} {now}, and nobody says so"
                for field, now in _apart(case, site, one["id"]).items()
                if (name, field) not in said
            ]
    return found


def _apart(case: Case, site: str, server_id: str) -> dict[str, Any]:
    """What an instance has otherwise than the member had at first."""
    given = case.run.given
    now = attributes.of(case.run.pair, site, server_id)
    return {name: now[name] for name in given if now[name] != given[name]}


def no_secret_is_in_clear(case: Case) -> list[str]:
    found = []
    for site, parts in case.facts.parts.items():
        tables = ("pg_groups", "pg_members", "pg_operations", "pg_effects")
        for table in tables:
            rows = parts.db.all(f"SELECT * FROM {table}")
            text = str([tuple(row) for row in rows])
            if attributes.SECRET in text or attributes.USER_DATA in text:
                found.append(f"{table} at {site} has a secret")
    return found


# -- what stood in the way


def stopped_members_stay_stopped(case: Case) -> list[str]:
    """Unless a move was asked to start them; after a forced one they run
    where it was not known how they were."""
    placed = case.run.placed
    if placed is None or placed.kind not in ("stopped", "stopped-and-locked"):
        return []
    if case.operator is not case.run.operator or placed.site is None:
        return []
    found = []
    for member, held in case.current():
        if case.name_of(member) != placed.member:
            continue
        server = case.facts.servers[case.primary].get(held["instance_id"])
        if server is None or server["status"] == "SHUTOFF":
            continue
        moves = [one for _, one in case.moves() if one.id in placed.after]
        asked = any(member["id"] in one.state.power_on for one in moves)
        unknown = any(one.state.forced for one in moves)
        if not (asked or unknown):
            found.append(f"{placed.member} is {server['status']}")
    return found


def obstacles_refuse_what_they_should(case: Case) -> list[str]:
    """A planned operation, before anything is done; a forced one never."""
    placed = case.run.placed
    if placed is None or case.operator is not case.run.operator:
        return []
    if placed.site is None:
        return []
    found = []
    for site, one in case.operations:
        if one.type not in _BUILDS or one.id not in placed.met:
            continue
        name = f"{one.type} at {site}"
        why = one.record.error_message or ""
        blames = "is taken" in why or "is PAUSED" in why
        if one.state.forced:
            if blames:
                found.append(f"{name}, forced, is refused: {why}")
            continue
        if case.facts.names[one.state.target] != _target(placed):
            continue
        stops = one.state.moves_last_writes or one.state.stops_source
        if not placed.refuses(one.type, stops=bool(stops)):
            continue
        if one.status == "completed":
            found.append(f"{name} completed in spite of {placed.kind}")
        if not blames and not case.run.moments.struck:
            found.append(f"{name} fails for another reason: {why}")
        if blames and one.record.steps_completed:
            done = one.record.steps_completed
            found.append(f"{name} is refused after {done}")
        if "is taken" in why and placed.address not in why:
            found.append(f"{name} does not name the address: {why}")
    return found


def _target(placed: Any) -> str:
    if placed.address is not None:
        return str(placed.site)
    return other(placed.site)


JUDGES = (
    attributes_are_kept_or_named,
    drills_have_attributes,
    no_secret_is_in_clear,
    stopped_members_stay_stopped,
    obstacles_refuse_what_they_should,
)
