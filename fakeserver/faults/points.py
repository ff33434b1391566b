"""The points at which a fault can apply, as tables.

One that never can is a mistake of whoever asks for it: it is refused, with
what is possible, and not kept to wait for ever.
"""

import fnmatch

from fakeserver.base.seed_world import SITES
from fakeserver.engine.model.plans import PLANS, REVERSING
from fakeserver.faults.kinds import Kind

#: every step once, in the order of the plans
STEPS = tuple(
    dict.fromkeys(
        step.name for plan in (*PLANS.values(), REVERSING) for step in plan
    )
)
#: steps that handle things with names, one after the other: STEP/NAME
EACH = (
    "validate_target_site",
    "get_latest_snapshot",
    "promote_volumes_on_flasharray",
    "clone_volumes_on_flasharray",
    "manage_volumes_into_cinder",
    "recreate_instances",
    "create_test_instances",
)
#: the stages of a step at which one of its things can be met
EACH_STAGES = ("before", "inside")
#: stage -> the names of the points that are passed at it
POINTS = {
    "before": (*STEPS, "rollback"),
    "inside": STEPS,
    "after": (*STEPS, "rollback"),
    "undo": (
        "server",
        "manage",
        "promote",
        "clone",
        "link",
        "network",
        "unplug",
        "stop",
    ),
    "commit": ("push", "clean"),
    "array": (
        "check",
        "create",
        "delete",
        "replicate",
        "snapshot",
        "transfer",
        "latest",
        "make",
    ),
}
#: what a fault of another family is matched with
_OTHERS = {
    "link": SITES,
    "delay": ("transfer", "groups"),
    "database": ("write",),
    # a policy file is what it is
    "policy": (),
    # and an array's token is one
    "token": (),
}
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_WILD = "*?["


def fits(pattern: str, subject: str) -> bool:
    """Match a shell pattern; a word without wildcards fits where it is
    found."""
    if not any(sign in pattern for sign in _WILD):
        pattern = f"*{pattern}*"
    return fnmatch.fnmatchcase(subject, pattern)


def fits_point(pattern: str, point: str) -> bool:
    """Match STEP against a step, STEP/NAME against a resource of it: web-1 is
    not web-10."""
    step, of_thing, thing = pattern.partition("/")
    at, at_thing, name = point.partition("/")
    if of_thing != at_thing or not fits(step, at):
        return False
    return not of_thing or fnmatch.fnmatchcase(name, thing)


def complaint(kind: Kind, stage: str, match: str) -> str | None:
    """Return why such a fault can never apply; None where it can."""
    stages = stages_of(kind)
    if stage not in stages:
        if len(stages) == 1:
            return f"the fault {kind.name} has no --stage"
        shown = [one for one in stages if one not in ("commit", "array")]
        return (
            f"the fault {kind.name} has no stage {stage}; its stages are "
            f"{', '.join(shown[:-1])} and {shown[-1]}"
        )
    if match == "*" or _can_fit(kind, stage, match):
        return None
    return f"no {_possible(kind, stage, match)}"


def stages_of(kind: Kind) -> tuple[str, ...]:
    """Return the stages that a kind can be asked for at."""
    if kind.family == "transport":
        return ("before", "after")
    if kind.family == "point" and kind.stage != "array":
        return tuple(POINTS)
    return (kind.stage,)


def _can_fit(kind: Kind, stage: str, match: str) -> bool:
    if kind.family == "transport":
        return _can_fit_request(match)
    if kind.family != "point":
        return any(fits(match, one) for one in _OTHERS[kind.family])
    step, of_thing, thing = match.partition("/")
    if not of_thing:
        return any(fits_point(match, point) for point in POINTS[stage])
    met = bool(thing) and stage in EACH_STAGES
    return met and any(fits(step, one) for one in EACH)


def _can_fit_request(match: str) -> bool:
    """Return whether a pattern can match METHOD /path, whatever the path
    is."""
    wild = min((match.index(s) for s in _WILD if s in match), default=-1)
    if wild < 0:
        return "/" in match or match in _METHODS
    # a pattern with wildcards is one of the whole, from its method on
    begins = match[:wild]
    return any(
        f"{method} /".startswith(begins) or begins.startswith(f"{method} /")
        for method in _METHODS
    )


def _possible(kind: Kind, stage: str, match: str) -> str:
    """Describe what would match instead."""
    if kind.family == "transport":
        return (
            f"request fits {match!r}: it is a method and a path, as in "
            "'POST */action'"
        )
    if kind.family in ("policy", "token"):
        return f"match goes with the fault {kind.name}"
    if kind.family != "point":
        there = ", ".join(_OTHERS[kind.family])
        return f"target of the fault {kind.name} fits {match!r}: try {there}"
    if "/" not in match:
        there = ", ".join(POINTS[stage])
        noun = "step" if POINTS[stage][0] in STEPS else f"{stage} point"
        return f"{noun} fits {match!r}: there are {there}"
    if stage not in EACH_STAGES:
        both = " and ".join(EACH_STAGES)
        return f"STEP/NAME is met at the stage {stage}: only at {both}"
    there = ", ".join(EACH)
    return f"STEP/NAME fits {match!r}: the steps with names are {there}"
