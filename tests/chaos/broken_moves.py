"""Engines that move other things than they should, or move them wrongly."""

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from fakeserver.base.ids import derived_name
from fakeserver.engine.model.member_plan import MemberPlan
from fakeserver.engine.run import cleanup_source, commit, on_array
from fakeserver.engine.run.step_context import ServiceStop, StepContext
from fakeserver.engine.run.steps import (
    STEPS,
    cleanup,
    instances,
    prepare,
    replication,
    volumes,
)
from fakeserver.storage.arrays import Arrays
from fakeserver.store import effects
from tests.chaos import resumes

# -- recovery points


def takes_the_oldest_point(patch: pytest.MonkeyPatch) -> None:
    def oldest(right, context, array, holding=()):
        newest = right(context, array, holding)
        names = set(holding)
        found = [
            one
            for one in context.site.arrays.points(context.operation.group_id)
            if one.complete
            and one.target == array
            and names <= one.volumes.keys()
        ]
        return found[-1] if found else newest

    resumes.instead(patch, prepare, "_require_point", oldest)


def does_not_wait_for_the_point(patch: pytest.MonkeyPatch) -> None:
    def at_once(right, context, key):
        return context.site.arrays.snapshot(context.operation.group_id, key)

    def any_point(right, context, array, holding=()):
        return context.site.arrays.points(context.operation.group_id)[0]

    resumes.instead(patch, replication, "last_point", at_once)
    resumes.instead(patch, prepare, "_require_point", any_point)


def makes_no_last_point(patch: pytest.MonkeyPatch) -> None:
    """The newest that is there is good enough."""

    def there(right, context, key):
        return prepare._require_point(context, context.array(context.target))

    resumes.instead(patch, replication, "last_point", there)


def leaves_the_source_running(patch: pytest.MonkeyPatch) -> None:
    """The list of what is to be stopped stands for the stops."""

    def believed(right, context):
        if context.state.stopped is None:
            context.state.stopped = []
            context.save()
        # none was stopped just now
        return {}

    resumes.instead(patch, prepare, "_stop_source", believed)


def keeps_no_snapshot(patch: pytest.MonkeyPatch) -> None:
    """What an old primary wrote and never replicated is not kept."""

    def unkept(right, context):
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(
                Arrays,
                "keep_snapshot",
                lambda self, array, volume, key: f"{volume}.{key}",
            )
            right(context)

    def destroyed(right, context, site_id, volume, keep, quiet):
        serial = volume.array_serial
        on_array.delete(context, site_id, volume.array_name, serial)

    resumes.instead(patch, STEPS, "validate_target_site", unkept)
    resumes.instead(patch, cleanup_source, "_destroy", destroyed)


# -- what is rebuilt


def _rebuilds(
    patch: pytest.MonkeyPatch,
    change: Callable[[Any, MemberPlan], dict[str, Any]],
) -> None:
    """Instances are rebuilt from another plan."""

    def one(right, context, target, kind, plan, *rest):
        return right(
            context,
            target,
            kind,
            dataclasses.replace(plan, **change(context, plan)),
            *rest,
        )

    resumes.instead(patch, instances, "_Instance", one)


def takes_another_flavor(patch: pytest.MonkeyPatch) -> None:
    def last(context, plan):
        wrong = [
            one
            for one in context.cloud(context.target).flavors()
            if one["id"] != plan.flavor.id
        ]
        return {"flavor": dataclasses.replace(plan.flavor, id=wrong[-1]["id"])}

    _rebuilds(patch, last)


def takes_any_address(patch: pytest.MonkeyPatch) -> None:
    def free(context, plan):
        return {
            "networks": [
                # nor does it know that another one was wanted
                dataclasses.replace(one, fixed_ip=None, wanted_ip=None)
                for one in plan.networks
            ]
        }

    _rebuilds(patch, free)


def takes_another_network(patch: pytest.MonkeyPatch) -> None:
    def other(context, plan):
        used = {one.id for one in plan.networks}
        wrong = [
            one
            for one in context.cloud(context.target).networks()
            if one["id"] not in used
        ]
        first = dataclasses.replace(
            plan.networks[0], id=wrong[0]["id"], fixed_ip=None
        )
        return {"networks": [first]}

    _rebuilds(patch, other)


def forgets_an_attachment(patch: pytest.MonkeyPatch) -> None:
    def root_alone(right, context, target, kind, plan, at_source, *rest):
        less = {**at_source, "volumes": at_source["volumes"][:1]}
        return right(context, target, kind, plan, less, *rest)

    resumes.instead(patch, instances, "_Instance", root_alone)


def drops_a_volume(patch: pytest.MonkeyPatch) -> None:
    def roots(right, context):
        return [one for one in right(context) if one.bootable]

    for module in (volumes, commit):
        resumes.instead(patch, module, "planned_volumes", roots)
    forgets_an_attachment(patch)


def resizes(patch: pytest.MonkeyPatch) -> None:
    def larger(right, context):
        right(context)
        names = [one.detail.name for one in context.effects("promote")]
        with context.site.arrays.db.transaction() as tx:
            tx.executemany(
                "UPDATE arr_volumes SET size = size + 1 WHERE name = ?",
                [(name,) for name in names],
            )

    resumes.instead(patch, STEPS, "promote_volumes_on_flasharray", larger)


def another_name_each_time(patch: pytest.MonkeyPatch) -> None:
    """A repeated create has another name than its first try."""
    numbers = itertools.count()
    plan = volumes.planned_volumes
    names: dict[str, str] = {}

    def planned(context):
        done = [e.key for e in context.effects() if e.state == "done"]
        found = plan(context)
        for one in found:
            derived = one.array_name
            kept = [key for key in done if key.startswith(derived)]
            one.array_name = (*kept, f"{derived}-{next(numbers)}")[0]
            names[derived] = one.array_name
        return found

    def named(operation_id, source_id):
        derived = derived_name(operation_id, source_id)
        return names.get(derived, derived)

    for module in (volumes, commit):
        patch.setattr(module, "planned_volumes", planned)
    patch.setattr(instances, "derived_name", named)


def derives_names_twice(patch: pytest.MonkeyPatch) -> None:
    """A clean-up deletes volumes by the names that they had in Cinder."""

    def by_name(context, site_id, name, serial):
        array = context.array(site_id)
        context.site.arrays.delete_volume(array, name)

    patch.setattr(cleanup.on_array, "delete", by_name)


def checkpoint_after(patch: pytest.MonkeyPatch) -> None:
    """A deed is written down when it is done, and not before."""

    def effect(self, kind, key, detail, deed):
        db = self.site.db
        found = effects.find(db, self.operation.id, kind, key)
        if found is not None:
            return found.detail
        if self.stop.is_set():
            raise ServiceStop
        done = deed() or detail
        self.inside()
        with db.transaction() as tx:
            effects.intend(tx, self.operation.id, kind, key, done)
            effects.mark(tx, self.operation.id, kind, key, "done", done)
        self.deeds += 1
        return done

    patch.setattr(StepContext, "effect", effect)
    patch.setattr(StepContext, "intend", lambda self, kind, items: None)
    patch.setattr(StepContext, "made", lambda self, kind, key, id_: None)


def names_no_losses(patch: pytest.MonkeyPatch) -> None:
    """What an instance did not get is nowhere."""
    patch.setattr(commit, "_not_kept", lambda context: None)


def starts_the_stopped(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        instances.power_states, "stays_stopped", lambda context, member: False
    )


def puts_a_bare_port_back(patch: pytest.MonkeyPatch) -> None:
    """A rollback knows the address of a port, and nothing else."""
    patch.setattr(prepare, "_held", lambda shown, network, address: None)
