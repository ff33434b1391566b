"""What the records say at the end: the operations, and both documents."""

from fakeserver.engine.model.plans import plan_of
from fakeserver.store.operations import Operation
from tests.chaos.case import Case
from tests.chaos.facts import written

SETTLED = ("active", "failed_over", "failed_over_partial", "error")


# -- the records of the operations


def operations_end(case: Case) -> list[str]:
    said = []
    for site, one in case.operations:
        record, name = one.record, f"{one.type} at {site}"
        if not one.finished:
            said.append(f"{name} is {one.status}")
        elif not record.completed_at:
            said.append(f"{name} ended at no time")
        if one.status == "failed" and not record.error_message:
            said.append(f"{name} failed without a word")
    known = {one.id for _, one in case.operations}
    said += [
        f"the accepted {id_} at {site} is lost"
        for site, id_ in case.operator.accepted
        if id_ not in known
    ]
    return said


def nobody_acts_unasked(case: Case) -> list[str]:
    """Every operation was asked for, and each only once."""
    said = list(case.operator.complaints)
    asked = {
        (one.site, one.request_id): one.action for one in case.operator.asked
    }
    for site, one in case.operations:
        if one.type == "reset_status":
            continue
        wanted = asked.pop((site, one.request_id), None)
        if wanted != one.type:
            said.append(f"{one.id}, a {one.type} at {site}: {wanted} asked")
    return said


def success_is_whole(case: Case) -> list[str]:
    """A completed operation has done each of its steps, and says so."""
    said = []
    for site, one in case.operations:
        if one.type == "reset_status":
            continue
        name = f"{one.type} at {site}"
        done = one.status == "completed"
        if done != one.state.committed and one.finished:
            said.append(f"{name} is {one.status}, its state written or not")
        if not done:
            continue
        plan = plan_of(one.type, one.state.reverse_replication)
        if one.record.steps_completed != [step.name for step in plan]:
            said.append(f"{name} did {one.record.steps_completed}")
        if one.record.progress != 100 or one.record.steps_failed:
            said.append(f"{name} ended at {one.record.progress} %")
        said += _counted(name, one)
    return said


def _counted(name: str, one: Operation) -> list[str]:
    result = one.record.to_json()["result_data"]
    if "instances" not in result:
        return []
    built = len(one.state.plan) - len(one.state.not_rebuilt)
    if len(result["instances"]) != built:
        return [f"{name} built {len(result['instances'])} of {built}"]
    return []


# -- both copies of the metadata


def copies_agree(case: Case) -> list[str]:
    """The whole document, not two numbers of it."""
    texts = {name: written(doc) for name, doc in case.docs.items()}
    if len(set(texts.values())) == 1:
        return []
    first, second = case.docs.values()
    apart = [key for key in first if first[key] != second.get(key)]
    ranks = [(d["failover_count"], d["version"]) for d in (first, second)]
    return [f"the documents differ in {apart}, ranks {ranks}"]


def group_is_at_rest(case: Case) -> list[str]:
    said = []
    if case.doc["status"] not in SETTLED or case.doc["operation"]:
        said.append(f"{case.doc['status']}, with {case.doc['operation']}")
    home = case.doc["primary_site_id"] == case.site_id(case.primary)
    if case.doc["status"] == ("failed_over" if home else "active"):
        said.append(f"{case.doc['status']} at {case.primary}")
    for site, group in case.groups.items():
        if not case.operator.forced and group.local.push != "ok":
            said.append(f"a push waits at {site}: {group.local.push}")
    return said


def nothing_of_the_group_is_lost(case: Case) -> list[str]:
    """Its name, policy, secrets and members are what people made them."""
    doc, changes, said = case.doc, case.changes, []
    if doc["description"] not in changes.descriptions:
        said.append(f"the description is {doc['description']!r}")
    policy = doc["policy"]
    if policy is None:
        return [*said, "the policy is gone"]
    found = policy["replication_interval"], policy["rpo_minutes"]
    if found not in changes.policies:
        said.append(f"the policy is {found}, not {changes.policies}")
    members = frozenset(case.name_of(one) for one in doc["members"])
    if members not in changes.members:
        said.append(f"the members are {sorted(members)}")
    return said


def secrets_open(case: Case) -> list[str]:
    """Each site reads the tokens that the policy had at first."""
    wanted = case.run.tokens[case.operator.id]
    return [
        f"the tokens are others at {site}"
        for site, doc in case.docs.items()
        if doc["policy"] and case.facts.secrets(site, doc) != wanted
    ]


JUDGES = (
    operations_end,
    nobody_acts_unasked,
    success_is_whole,
    copies_agree,
    group_is_at_rest,
    nothing_of_the_group_is_lost,
    secrets_open,
)
