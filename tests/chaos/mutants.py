"""Engines that are broken on purpose, each in one place.

Most of them work as they should until they take an operation up again:
what a resume does wrong is what nobody sees in a quiet night. A mutant names
the stories in which it can show at all, and the invariant that has to notice.
"""

import copy
import dataclasses
import itertools
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from fakeserver.engine import outcome, settle, undo
from fakeserver.engine.executor import Executor
from fakeserver.engine.steps import (
    STEPS,
    cleanup,
    instances,
    prepare,
    replication,
    volumes,
)
from fakeserver.engine.work import Stopping, Work
from fakeserver.ids import derived_name
from fakeserver.storage.arrays import Arrays
from fakeserver.store import effects, groups, operations
from tests.chaos.driver import Story

Patch = pytest.MonkeyPatch

MAKERS = {
    "failover",
    "failback",
    "failback-reversed",
    "failover-again",
    "test",
    "test-stopped",
    "forced",
    "forced-back",
}
PLANNED = {"failover", "failback", "failback-reversed", "failover-again"}


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A mistake, where it can show, and who has to see it."""

    breaks: Callable[[Patch], None]
    fits: Callable[[Story], bool]
    noticed_by: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.breaks.__name__


# -- the stories


def crashes(
    actions: set[str], first: float = 0.0, last: float = 1.0
) -> Callable[[Story], bool]:
    """One crash, at a moment in between, and nothing else."""

    def fits(story: Story) -> bool:
        return (
            story.action in actions
            and [blow.kind for blow in story.blows] == ["crash"]
            and first <= story.blows[0].moment <= last
        )

    return fits


def crash_and_roll_back(story: Story) -> bool:
    first, *more = [blow.kind for blow in story.blows]
    return (
        story.action in MAKERS
        and first == "crash"
        and more in (["step"], ["partition-long"])
    )


def roll_back(story: Story) -> bool:
    return story.action in MAKERS and "step" in story.kinds


def give_up(story: Story) -> bool:
    return bool(story.kinds & {"partition-hours", "cinder-403"})


def forced_meanwhile(story: Story) -> bool:
    return story.forces


def any_story(story: Story) -> bool:
    return True


# -- knowing a resume


def _know_a_resume(patch: Patch) -> None:
    begin = Work.__init__

    def begun(self: Any, site: Any, *rest: Any) -> None:
        begin(self, site, *rest)
        self.resumed = self.operation.status != "pending"
        found = groups.find(site.db, self.operation.group_id)
        self.held = found and copy.deepcopy(found.doc["members"])

    patch.setattr(Work, "__init__", begun)


def _in_a_resume(patch: Patch, where: Any, name: str, other: Any) -> None:
    """``other`` takes the place of a function, once an operation has been
    taken up again; it is handed the right one, and its arguments."""
    _know_a_resume(patch)
    right = where[name] if isinstance(where, dict) else getattr(where, name)

    def either(work: Any, *rest: Any, **named: Any) -> Any:
        if getattr(work, "resumed", False):
            return other(right, work, *rest, **named)
        return right(work, *rest, **named)

    if isinstance(where, dict):
        patch.setitem(where, name, either)
    else:
        patch.setattr(where, name, either)


# -- recovery points


def takes_the_oldest_point(patch: Patch) -> None:
    def oldest(right, work, array, holding=()):
        newest = right(work, array, holding)
        names = set(holding)
        found = [
            one
            for one in work.site.arrays.points(work.operation.group_id)
            if one.complete
            and one.target == array
            and names <= one.volumes.keys()
        ]
        return found[-1] if found else newest

    _in_a_resume(patch, prepare, "_require_point", oldest)


def does_not_wait_for_the_point(patch: Patch) -> None:
    def at_once(right, work, key):
        return work.site.arrays.snapshot(work.operation.group_id, key)

    def any_point(right, work, array, holding=()):
        return work.site.arrays.points(work.operation.group_id)[0]

    _in_a_resume(patch, replication, "last_point", at_once)
    _in_a_resume(patch, prepare, "_require_point", any_point)


def makes_no_last_point(patch: Patch) -> None:
    """The newest that is there is good enough."""

    def there(right, work, key):
        return prepare._require_point(work, work.array(work.target))

    _in_a_resume(patch, replication, "last_point", there)


def leaves_the_source_running(patch: Patch) -> None:
    """The list of what is to be stopped stands for the stops."""

    def believed(right, work):
        if "stopped" not in work.notes:
            work.note(stopped=[])

    _in_a_resume(patch, prepare, "_stop_source", believed)


def keeps_no_snapshot(patch: Patch) -> None:
    """What an old primary wrote and never replicated is not kept."""

    def unkept(right, work):
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(
                Arrays,
                "keep_snapshot",
                lambda self, array, volume, key: f"{volume}.{key}",
            )
            right(work)

    def destroyed(right, work, site_id, volume, keep):
        array = work.array(site_id)
        work.site.arrays.delete_volume(array, volume["array_name"])

    _in_a_resume(patch, STEPS, "validate_target_site", unkept)
    _in_a_resume(patch, settle, "_destroy", destroyed)


# -- what is rebuilt


def _rebuilds(
    patch: Patch, change: Callable[[Any, dict[str, Any]], dict[str, Any]]
) -> None:
    """Instances are rebuilt from another plan."""

    def one(right, work, kind, plan, *rest):
        return right(work, kind, {**plan, **change(work, plan)}, *rest)

    _in_a_resume(patch, instances, "_one", one)


def takes_another_flavor(patch: Patch) -> None:
    def last(work, plan):
        wrong = [
            one
            for one in work.cloud(work.target).flavors()
            if one["id"] != plan["flavor"]["id"]
        ]
        return {"flavor": {"id": wrong[-1]["id"]}}

    _rebuilds(patch, last)


def takes_any_address(patch: Patch) -> None:
    def free(work, plan):
        return {
            "networks": [{**one, "fixed_ip": None} for one in plan["networks"]]
        }

    _rebuilds(patch, free)


def takes_another_network(patch: Patch) -> None:
    def other(work, plan):
        used = {one["id"] for one in plan["networks"]}
        wrong = [
            one
            for one in work.cloud(work.target).networks()
            if one["id"] not in used
        ]
        return {"networks": [{**wrong[0], "fixed_ip": None}]}

    _rebuilds(patch, other)


def forgets_an_attachment(patch: Patch) -> None:
    def root_alone(right, work, kind, plan, at_source, *rest):
        less = {**at_source, "volumes": at_source["volumes"][:1]}
        return right(work, kind, plan, less, *rest)

    _in_a_resume(patch, instances, "_one", root_alone)


def drops_a_volume(patch: Patch) -> None:
    def roots(right, work):
        return [one for one in right(work) if one["bootable"]]

    for module in (volumes, outcome):
        _in_a_resume(patch, module, "planned_volumes", roots)
    forgets_an_attachment(patch)


def resizes(patch: Patch) -> None:
    def larger(right, work):
        right(work)
        names = [one.doc["name"] for one in work.effects("promote")]
        with work.site.arrays.db.transaction() as tx:
            tx.executemany(
                "UPDATE arr_volumes SET size = size + 1 WHERE name = ?",
                [(name,) for name in names],
            )

    _in_a_resume(patch, STEPS, "promote_volumes_on_flasharray", larger)


def another_name_each_time(patch: Patch) -> None:
    """A repeated create has another name than its first try."""
    numbers = itertools.count()
    plan = volumes.planned_volumes
    names: dict[str, str] = {}

    def planned(work):
        done = [e.key for e in work.effects() if e.state == "done"]
        found = plan(work)
        for one in found:
            derived = one["array_name"]
            kept = [key for key in done if key.startswith(derived)]
            one["array_name"] = (*kept, f"{derived}-{next(numbers)}")[0]
            names[derived] = one["array_name"]
        return found

    def named(operation_id, source_id):
        derived = derived_name(operation_id, source_id)
        return names.get(derived, derived)

    for module in (volumes, outcome):
        patch.setattr(module, "planned_volumes", planned)
    patch.setattr(instances, "derived_name", named)


def checkpoint_after(patch: Patch) -> None:
    """A deed is written down when it is done, and not before."""

    def effect(self, kind, key, doc, deed):
        db = self.site.db
        found = effects.find(db, self.operation.id, kind, key)
        if found is not None:
            return found.doc
        if self.stop.is_set():
            raise Stopping
        made = deed() or {}
        self.inside()
        done = {**doc, **made}
        with db.transaction() as tx:
            effects.intend(tx, self.operation.id, kind, key, done)
            effects.mark(tx, self.operation.id, kind, key, "done", done)
        self.deeds += 1
        return done

    patch.setattr(Work, "effect", effect)
    patch.setattr(Work, "intend", lambda self, kind, items: None)
    patch.setattr(Work, "made", lambda self, kind, key, id_: None)


# -- the state of the group


def _writes(
    patch: Patch, type_: str, change: Callable[[Any, Any], None]
) -> None:
    """The last step writes something else."""

    def written(right, work, group):
        result = right(work, group)
        change(work, group)
        return result

    _in_a_resume(patch, outcome._WRITERS, type_, written)


def counts_twice(patch: Patch) -> None:
    def twice(work, group):
        group.doc["failover_count"] += 1

    _writes(patch, "failover", twice)


def loses_the_policy(patch: Patch) -> None:
    def lost(work, group):
        group.doc["policy"] = None

    for type_ in ("failover", "failback"):
        _writes(patch, type_, lost)


def takes_the_default_policy(patch: Patch) -> None:
    def default(work, group):
        group.doc["policy"] |= {"replication_interval": 300, "rpo_minutes": 5}

    for type_ in ("failover", "failback", "test_failover"):
        _writes(patch, type_, default)


def takes_members_for_protected(patch: Patch) -> None:
    def protected(work, group):
        for member in group.doc["members"]:
            member["status"] = "protected"

    _writes(patch, "failover", protected)


def forgets_what_a_drill_stopped(patch: Patch) -> None:
    def nothing(work, group):
        group.doc["tests"][-1]["stopped"] = []

    _writes(patch, "test_failover", nothing)


# -- after the state is written


def pushes_a_stale_document(patch: Patch) -> None:
    """The members as they were when the operation was taken up."""

    def stale(right, work):
        group = work.group()
        group.doc["members"] = work.held
        work.metadata.deliver(group)
        group = work.group()
        work.metadata.delivered(group)
        with work.site.db.transaction() as tx:
            groups.save(tx, group)

    _in_a_resume(patch, settle, "push", stale)


def takes_the_push_for_done(patch: Patch) -> None:
    def believed(right, work):
        group = work.group()
        work.metadata.delivered(group)
        with work.site.db.transaction() as tx:
            groups.save(tx, group)

    _in_a_resume(patch, settle, "push", believed)


def does_not_clean_the_source(patch: Patch) -> None:
    _in_a_resume(patch, settle, "clean", lambda right, work: [])


def takes_a_test_for_cleaned(patch: Patch) -> None:
    """What is left of a step that was begun is taken for done."""
    _in_a_resume(patch, cleanup, "_each", lambda right, work, what: [])


# -- the way back


def _does_not_undo(patch: Patch, kind: str) -> None:
    right = undo.UNDO[kind]
    _know_a_resume(patch)

    def undone(work, effect):
        if not work.resumed:
            right.undo(work, effect)

    patch.setitem(undo.UNDO, kind, undo.Undoing(undone, right.noun))


def leaves_the_source_stopped(patch: Patch) -> None:
    _does_not_undo(patch, "stop")


def leaves_the_volumes_promoted(patch: Patch) -> None:
    _does_not_undo(patch, "promote")


def leaves_the_replication_turned(patch: Patch) -> None:
    _does_not_undo(patch, "link")


def rolls_back_forwards(patch: Patch) -> None:
    """A rollback that begins with what was done first."""
    patch.setattr(undo, "reversed", iter, raising=False)


def names_no_leftovers(patch: Patch) -> None:
    """A rollback that gives up, and says nothing of what is left."""
    patch.setattr(
        undo,
        "_named",
        lambda work, effect, why: {
            "kind": "",
            "id": "",
            "name": "",
            "site": "",
            "why": why,
        },
    )


# -- who asked for it


def begins_again_by_itself(patch: Patch) -> None:
    """What was rolled back after a restart is tried once more."""

    def again(right, work, leftovers, in_error):
        before = copy.deepcopy(work.operation.work)
        right(work, leftovers, in_error=in_error)
        if in_error:
            return
        old = work.operation
        id_ = f"op-{uuid.UUID(old.id[3:]).int ^ 1:032x}"
        doc = {
            **copy.deepcopy(old.doc),
            "id": id_,
            "status": "pending",
            "steps_completed": [],
            "steps_failed": [],
            "result_data": None,
            "completed_at": None,
        }
        kept = ("snapshot_id", "stopped", "undo_until", "stale")
        notes = {k: v for k, v in before.items() if k not in kept}
        notes |= {"lineage": id_, "announced": True}
        with work.site.db.transaction() as tx:
            operations.add(
                tx,
                operations.Operation(
                    id_,
                    old.project_id,
                    old.group_id,
                    old.type,
                    old.request_id,
                    doc,
                    notes,
                ),
            )

    _in_a_resume(patch, settle, "end_rollback", again)


def forgets_old_requests(patch: Patch) -> None:
    """A request that comes again is known while its operation runs."""
    right = operations.by_request

    def running(*asked):
        found = right(*asked)
        return None if found is None or found.finished else found

    patch.setattr(operations, "by_request", running)


def does_not_ask_the_peer(patch: Patch) -> None:
    """A resume that does not ask whether the peer has moved on."""
    patch.setattr(Executor, "_ask_superseded", lambda self, work: None)


CONTENT = ("moves_carry_every_write",)
REBUILT = ("members_are_as_they_were",)
ACCOUNTED = ("everything_is_accounted_for", "nothing_is_there_twice")
_BUILDING = crashes(MAKERS - {"test", "test-stopped"}, 0.3, 0.9)
_LAST_STEPS = crashes(PLANNED, 0.2, 0.95)

MUTANTS = (
    Mutant(
        takes_the_oldest_point,
        crashes(PLANNED | {"test", "forced"}, 0.0, 0.35),
        CONTENT,
    ),
    Mutant(does_not_wait_for_the_point, crashes(PLANNED, 0.05, 0.35), CONTENT),
    Mutant(makes_no_last_point, crashes(PLANNED, 0.0, 0.35), CONTENT),
    Mutant(
        leaves_the_source_running,
        crashes(PLANNED, 0.0, 0.35),
        ("never_at_two_sites", *CONTENT),
    ),
    Mutant(
        keeps_no_snapshot,
        crashes({"forced-back"}, 0.0, 0.3),
        ("no_write_is_destroyed",),
    ),
    Mutant(takes_another_flavor, _BUILDING, REBUILT),
    Mutant(takes_any_address, _BUILDING, REBUILT),
    Mutant(takes_another_network, _BUILDING, REBUILT),
    Mutant(forgets_an_attachment, _BUILDING, REBUILT),
    Mutant(drops_a_volume, _BUILDING, REBUILT),
    Mutant(resizes, _BUILDING, (*CONTENT, *REBUILT)),
    Mutant(another_name_each_time, crashes(MAKERS), ACCOUNTED),
    Mutant(checkpoint_after, crash_and_roll_back, ACCOUNTED),
    Mutant(
        counts_twice,
        crashes({"failover", "failover-again"}),
        ("failovers_are_counted",),
    ),
    Mutant(loses_the_policy, _LAST_STEPS, ("nothing_of_the_group_is_lost",)),
    Mutant(
        takes_the_default_policy,
        _LAST_STEPS,
        ("nothing_of_the_group_is_lost",),
    ),
    Mutant(
        takes_members_for_protected,
        crashes({"failover", "failover-again"}),
        ("operations_keep_to_their_own",),
    ),
    Mutant(
        forgets_what_a_drill_stopped,
        crashes({"test-stopped"}, 0.2, 0.9),
        ("members_run",),
    ),
    Mutant(pushes_a_stale_document, _LAST_STEPS, ("copies_agree",)),
    Mutant(takes_the_push_for_done, _LAST_STEPS, ("copies_agree",)),
    Mutant(does_not_clean_the_source, _LAST_STEPS, ACCOUNTED),
    Mutant(
        takes_a_test_for_cleaned,
        crashes({"cleanup", "cleanup-stopped"}, 0.0, 0.8),
        ACCOUNTED,
    ),
    Mutant(leaves_the_source_stopped, crash_and_roll_back, ("members_run",)),
    Mutant(leaves_the_volumes_promoted, crash_and_roll_back, ACCOUNTED),
    Mutant(
        leaves_the_replication_turned,
        crash_and_roll_back,
        ("replication_is_put_back",),
    ),
    Mutant(rolls_back_forwards, roll_back, ("an_error_is_earned",)),
    Mutant(names_no_leftovers, give_up, ACCOUNTED),
    Mutant(
        begins_again_by_itself, crash_and_roll_back, ("nobody_acts_unasked",)
    ),
    Mutant(forgets_old_requests, any_story, ("nobody_acts_unasked",)),
    Mutant(
        does_not_ask_the_peer,
        forced_meanwhile,
        (
            "the_overtaken_gave_up",
            "documents_go_forward",
            "moves_carry_every_write",
            "members_are_as_they_were",
        ),
    ),
)
