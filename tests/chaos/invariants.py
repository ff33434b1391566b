"""What must be true after every run, whatever happened in it."""

from typing import Any

from fakeserver.base.seed_world import SITES
from fakeserver.store import operations
from tests.chaos import (
    judge_attributes,
    judge_content,
    judge_documents,
    judge_records,
    judge_world,
)
from tests.chaos.case import Case
from tests.chaos.facts import Facts
from tests.chaos.moments import MAY_END_IN_ERROR

JUDGES = (
    *judge_records.JUDGES,
    *judge_world.JUDGES,
    *judge_content.JUDGES,
    *judge_documents.JUDGES,
    *judge_attributes.JUDGES,
)
#: one run in so many goes on with another move, to see that it can
USED_AGAIN = 4


def check(run: Any) -> list[str]:
    """Every invariant that does not hold, in a sentence each."""
    found = problems(run)
    broken = _doc(run)["status"] == "error"
    if not found and (broken or run.story.seed % USED_AGAIN == 0):
        found = [f"afterwards {what}" for what in used_again(run)]
    return found


def problems(run: Any) -> list[str]:
    facts = Facts(run.pair)
    if run.placed is not None:
        run.placed.note()
    cases = [Case(run, one, facts) for one in run.operators]
    found = []
    for case in cases:
        for judge in (*JUDGES, the_overtaken_gave_up, an_error_is_earned):
            found += [
                f"{judge.__name__}: {case.operator.name}: {what}"
                for what in judge(case)
            ]
    found += [f"bare_is_untouched: {what}" for what in _bystander(run, facts)]
    return found


def _doc(run: Any) -> dict[str, Any]:
    facts = Facts(run.pair)
    doc: dict[str, Any] = facts.groups[SITES[0]][run.operator.id].doc
    return doc


def used_again(run: Any) -> list[str]:
    """A group that is as it should be can be moved, and is then so too;
    one in error after an admin has put it back."""
    doc = _doc(run)
    if doc["tests"]:
        return []
    if doc["status"] == "error":
        said = run.operator.reset()
        run.log.append(f"reset: {said}")
        run.drain()
        doc = _doc(run)
        if doc["status"] == "error":
            return [f"no way out of the error: {said}"]
    actions = ["sync"]
    actions.append("failover" if doc["status"] == "active" else "failback")
    for action in actions:
        run.do(action)
        site, id_ = run.operator.accepted[-1]
        ended = operations.find(run.pair.site(site).parts.db, id_)
        if ended is None or ended.status != "completed":
            said = ended and ended.record.error_message
            return [f"{action} is {ended and ended.status}: {said}"]
    return problems(run)


def the_overtaken_gave_up(case: Case) -> list[str]:
    """Whoever comes back to find a forced failover does nothing."""
    run = case.run
    if len(run.moments.struck) > 1 or case.operator is not run.operator:
        # nobody may have been there to be found
        return []
    held = {one.id: one for _, one in case.operations}
    return [
        f"{id_} went on at {site}"
        for site, id_ in run.overtaken
        if id_ not in held or held[id_].status != "failed"
    ]


def an_error_is_earned(case: Case) -> list[str]:
    """Where the other site could be reached, an undo can be done."""
    struck = case.run.moments.struck
    if case.doc["status"] != "error":
        return []
    if {one.split()[0] for one in struck} & MAY_END_IN_ERROR:
        return []
    works = {site for site, _ in case.operator.accepted[-1:]}
    if any(
        f"crash at {site}" in one
        for one in struck
        for site in set(SITES) - works
    ):
        # it was the other site that died, and stayed dead for a while
        return []
    return [f"an error after {struck}: {case.leftovers}"]


def _bystander(run: Any, facts: Facts) -> list[str]:
    """A group that nobody spoke of is at both sites as it was at first."""
    world = facts.world
    [bare] = [group for group in world.groups if group.name == "bare"]
    said = []
    for site in SITES:
        doc = facts.groups[site][bare.id].doc
        if (doc["version"], doc["status"]) != (1, "active"):
            said.append(f"version {doc['version']} at {site}")
    for server in bare.servers:
        found = facts.servers[SITES[0]].get(server.id)
        if found is None or found["status"] != "ACTIVE":
            said.append(f"{server.name} is {found and found['status']}")
    return said
