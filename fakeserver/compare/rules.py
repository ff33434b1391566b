"""What holds between the fields of one record, as a table."""

import dataclasses
import re
from collections.abc import Callable, Iterator
from typing import Any

from fakeserver.engine.model.plans import PLANS, REVERSING

Record = dict[str, Any]
_SECRET = re.compile(r"password|api_token|secret", re.IGNORECASE)
UNFINISHED = ("pending", "running", "rolling_back")
MOVING = ("failing_over", "failing_back")


@dataclasses.dataclass(frozen=True)
class Rule:
    """A sentence about one record, and whether it holds there."""

    name: str
    noun: str
    #: What has to hold, for the report and the docs.
    sentence: str
    #: What is found instead; None where it holds.
    broken: Callable[[Record], str | None]


RULES: list[Rule] = []
_Check = Callable[[Record], str | None]


def _rule(name: str, noun: str, sentence: str) -> Callable[[_Check], _Check]:
    def add(check: _Check) -> _Check:
        RULES.append(Rule(name, noun, sentence, check))
        return check

    return add


def broken(noun: str, record: Record) -> Iterator[tuple[str, str]]:
    """Yield (rule, sentence) for each rule that a record breaks."""
    for rule in RULES:
        if rule.noun == noun:
            try:
                found = rule.broken(record)
            except (KeyError, TypeError, AttributeError, ValueError):
                # of a type or form that does not fit: the schema says so
                continue
            if found is not None:
                yield rule.name, f"{rule.sentence}: {found}"


# Groups


@_rule("group-sites", "group", "a group has two different sites")
def _(group: Record) -> str | None:
    one, other = group["primary_site_id"], group["secondary_site_id"]
    return None if one != other else f"both are {one}"


@_rule(
    "group-current-site",
    "group",
    "the current primary is one of the group's two sites",
)
def _(group: Record) -> str | None:
    current = group["current_primary_site_id"]
    if current in (group["primary_site_id"], group["secondary_site_id"]):
        return None
    return f"it is {current}"


@_rule(
    "group-status-site",
    "group",
    "an active group runs at its primary site, a failed over one at the other",
)
def _(group: Record) -> str | None:
    at_home = group["current_primary_site_id"] == group["primary_site_id"]
    status = group["status"]
    if (status == "active" and not at_home) or (
        status in ("failed_over", "failed_over_partial") and at_home
    ):
        return f"{status} at {group['current_primary_site_id']}"
    return None


@_rule(
    "group-failover-count",
    "group",
    "a group that has failed over has counted it",
)
def _(group: Record) -> str | None:
    moved = group["status"] in ("failed_over", "failed_over_partial")
    if moved and not group["failover_count"]:
        return "failover_count is 0"
    return None


# Operations


@_rule(
    "operation-done",
    "operation",
    "a completed operation has 100 percent, no error and no failed step",
)
def _(operation: Record) -> str | None:
    if operation["status"] != "completed":
        return None
    if operation["progress"] != 100:
        return f"progress is {operation['progress']}"
    if operation["error_message"] is not None:
        return "error_message is set"
    if operation["steps_failed"]:
        return f"steps_failed is {operation['steps_failed']}"
    return None


@_rule(
    "operation-ended",
    "operation",
    "completed_at is set when an operation has ended, and not before",
)
def _(operation: Record) -> str | None:
    ended = operation["status"] in ("completed", "failed")
    known = ended or operation["status"] in UNFINISHED
    if known and ended != (operation["completed_at"] is not None):
        return f"{operation['status']}, {operation['completed_at']}"
    return None


@_rule(
    "operation-failed",
    "operation",
    "a failed operation says why",
)
def _(operation: Record) -> str | None:
    if operation["status"] == "failed" and not operation["error_message"]:
        return "error_message is empty"
    return None


@_rule(
    "operation-progress",
    "operation",
    "progress lies between the completed steps and the next one's end",
)
def _(operation: Record) -> str | None:
    plan = _plan(operation)
    done, progress = operation["steps_completed"], operation["progress"]
    if plan is None or operation["status"] not in ("pending", "running"):
        return None
    ends = {step.name: step.end for step in plan}
    least = max((ends.get(name, 0) for name in done), default=0)
    following = [step.end for step in plan if step.end > least]
    most = following[0] if following else 100
    if least <= progress <= most:
        return None
    return f"{progress} is not from {least} to {most}"


@_rule(
    "operation-steps",
    "operation",
    "steps are those of the operation's type, each once, in their order",
)
def _(operation: Record) -> str | None:
    plan = _plan(operation)
    if plan is None:
        return None
    names = [step.name for step in plan]
    done, failed = operation["steps_completed"], operation["steps_failed"]
    unknown = sorted({*done, *failed} - set(names))
    if unknown:
        return f"there is no step {', '.join(unknown)}"
    if done != names[: len(done)]:
        return f"completed are {', '.join(done)}"
    if operation["status"] == "completed" and len(done) < len(names):
        return f"{names[len(done)]} is not completed"
    return None


@_rule("operation-sites", "operation", "source and target are two sites")
def _(operation: Record) -> str | None:
    source = operation["source_site_id"]
    return None if source != operation["target_site_id"] else f"both {source}"


@_rule("operation-result", "operation", "result_data names its result")
def _(operation: Record) -> str | None:
    found = operation.get("result_data")
    if found is None or operation["status"] != "completed":
        return None
    made = found.get("instances")
    count = found.get("instances_created")
    if isinstance(made, list) and count is not None and len(made) != count:
        return f"{count} instances created, {len(made)} named"
    return None


def _plan(operation: Record) -> Any:
    kind = operation["operation_type"]
    if kind == "failback" and operation["parameters"].get(
        "reverse_replication"
    ):
        return REVERSING
    # a sync that discards nothing and a reset have no steps
    if kind == "sync_force" and not operation["steps_completed"]:
        return None
    return PLANS.get(kind)


# Everything that has times


def _order(*names: str) -> _Check:
    def check(record: Record) -> str | None:
        times = [(n, record[n]) for n in names if record.get(n) is not None]
        for (one, first), (two, second) in zip(times, times[1:], strict=False):
            if isinstance(first, str) and first > second:
                return f"{one} is {first}, {two} is {second}"
        return None

    return check


for _noun, _names in {
    "group": ("created_at", "updated_at"),
    "site": ("created_at", "updated_at"),
}.items():
    _rule("times", _noun, "times follow each other")(_order(*_names))
_rule("times", "operation", "times follow each other")(
    _order("started_at", "completed_at")
)
_rule("times", "operation", "times follow each other")(
    _order("started_at", "updated_at")
)


# Secrets


def _secrets(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            here = f"{path}.{key}" if path else str(key)
            if _SECRET.search(str(key)) and isinstance(inner, str):
                yield here
            yield from _secrets(inner, here)
    elif isinstance(value, list):
        for inner in value:
            yield from _secrets(inner, path)


def _no_secret(record: Record) -> str | None:
    found = sorted(set(_secrets(record)))
    return f"{', '.join(found)} is there" if found else None


for _noun in ("site", "policy", "group", "operation"):
    _rule("secret", _noun, "no answer has a password or a token")(_no_secret)


# The rest


@_rule(
    "sync-status",
    "sync_status",
    "IN_SYNC means the same version and checksum at both sites",
)
def _(found: Record) -> str | None:
    same = (
        found["local_version"] == found["remote_version"]
        and found["local_checksum"] == found["remote_checksum"]
    )
    if found["status"] == "IN_SYNC" and not same:
        return "they differ"
    if found["status"] == "OUT_OF_SYNC" and same:
        return "OUT_OF_SYNC, and they are the same"
    return None


@_rule(
    "health-reasons",
    "health",
    "failover_ready is false with reasons, and true without",
)
def _(found: Record) -> str | None:
    if found["failover_ready"] != (not found["reasons"]):
        return (
            f"failover_ready is {found['failover_ready']} with "
            f"{len(found['reasons'])} reasons"
        )
    return None


@_rule(
    "health-ready",
    "health",
    "a group without replication or out of sync is not ready",
)
def _(found: Record) -> str | None:
    lacking = found["link_status"] == "not_configured" or (
        found["sync_status"] == "OUT_OF_SYNC"
    )
    if found["failover_ready"] and lacking:
        return f"ready with {found['link_status']}, {found['sync_status']}"
    return None


@_rule(
    "recovery-points",
    "consistency_group",
    "recovery points are newest first, each once",
)
def _(found: Record) -> str | None:
    points = found["recovery_points"]
    times = [point["created_at"] for point in points]
    if times != sorted(times, reverse=True):
        return "they are not"
    ids = [point["id"] for point in points]
    return None if len(set(ids)) == len(ids) else "an id comes twice"


@_rule("version-range", "version", "min_version is not above max_version")
def _(found: Record) -> str | None:
    least, most = found["min_version"], found["max_version"]
    pair = [tuple(int(n) for n in v.split(".")) for v in (least, most)]
    if pair[0] > pair[1] or found["version"] != most:
        return f"{least}, {found['version']}, {most}"
    return None
