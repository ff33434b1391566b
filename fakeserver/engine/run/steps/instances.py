"""Steps that rebuild instances at the target from the metadata."""

import dataclasses
from collections.abc import Callable
from typing import Any

from fakeserver.base.clock import stamp
from fakeserver.base.ids import derived_name
from fakeserver.engine.cloud_client.cloud import CloudRefused, RemoteCloud
from fakeserver.engine.model import attributes, orphans, power
from fakeserver.engine.model.document import entry
from fakeserver.engine.model.member_plan import MemberPlan
from fakeserver.engine.model.operation_record import MemberNotRebuilt
from fakeserver.engine.run import isolation, ports
from fakeserver.engine.run.step_context import StepContext, StepFailed
from fakeserver.engine.run.steps import power_states
from fakeserver.engine.run.steps.attributes import (
    InstanceRequest,
    TargetCloud,
)
from fakeserver.store.effects import EffectDetail


def recreate(context: StepContext) -> None:
    """Rebuild the group's instances.

    A forced failover keeps what it could rebuild: a site that lives on
    with two of three instances beats one that lives on with none.
    """
    failed = _rebuild(context, "server", lambda name: name, context.forced)
    if failed and len(failed) == len(context.state.plan):
        raise StepFailed(
            "No instance could be rebuilt; the first: " + failed[0].why
        )
    context.state.not_rebuilt = failed
    context.save()


def create_tests(context: StepContext) -> None:
    """Create test instances, whose names end in ``-test``."""
    isolation.make(context)
    _rebuild(context, "server", lambda name: f"{name}-test", False)


def _rebuild(
    context: StepContext, kind: str, naming: Callable[[str], str], go_on: bool
) -> list[MemberNotRebuilt]:
    managed = {
        effect.key: str(effect.detail.id)
        for effect in context.effects("manage")
    }
    members = {m["id"]: m for m in context.doc()["members"]}
    plans = context.state.plan
    target = TargetCloud(
        context.cloud(context.target), context.name(context.target)
    )
    failed = []
    for n, plan in enumerate(plans, 1):
        at_source = entry(members[plan.member_id], context.source)
        assert at_source is not None
        name = naming(at_source["instance_name"])
        stops = power_states.stays_stopped(context, members[plan.member_id])
        one = _Instance(context, target, kind, plan, at_source, name, stops)
        try:
            _require_addresses(context, plan)
            one.build(managed)
        except (CloudRefused, StepFailed) as error:
            why = f"Instance {name}: {error}"
            if not go_on:
                raise StepFailed(why) from error
            failed.append(MemberNotRebuilt(plan.member_id, why))
        context.progress(n, len(plans))
    return failed


def _require_addresses(context: StepContext, plan: MemberPlan) -> None:
    """Fail a member that does not get its addresses, where that was asked."""
    if not context.state.keep_addresses:
        return
    for network in plan.networks:
        if network.why_not is not None:
            raise StepFailed(network.why_not)


class _Instance:
    """One instance that is rebuilt."""

    def __init__(
        self,
        context: StepContext,
        target: TargetCloud,
        kind: str,
        plan: MemberPlan,
        at_source: dict[str, Any],
        name: str,
        stops: bool,
    ) -> None:
        self._context = context
        self._target = target
        self._kind = kind
        self._plan = plan
        self._at_source = at_source
        self._name = name
        self._stops = stops
        # the instance that was there first, also when this is its third life
        self._key = derived_name(context.state.lineage, plan.member_id)

    def build(self, managed: dict[str, str]) -> None:
        """Create the instance, once, and bring it to its power state.

        :param managed: the volumes at the target, by name on the array.
        """
        detail = EffectDetail(
            site=self._context.target,
            name=self._name,
            member_id=self._plan.member_id,
        )
        self._context.effect(
            self._kind, self._key, detail, lambda: self._deed(managed, detail)
        )

    def _deed(
        self, managed: dict[str, str], detail: EffectDetail
    ) -> EffectDetail:
        context = self._context
        wanted = InstanceRequest(context, self._target, self._at_source)
        wired = ports.make(
            self._target.cloud,
            self._key,
            self._plan,
            self._at_source,
            wanted.security_groups,
            any_address=context.forced and not context.state.keep_addresses,
            tried_before=context.tried_before,
        )
        made = None
        if context.tried_before:
            made = _made_before(context, self._name, self._key)
        if made is None:
            try:
                made = self._create(managed, wanted, wired)
            except CloudRefused:
                # a first try that was slow on its way holds the volumes
                made = _made_before(context, self._name, self._key)
                if made is None:
                    raise
        context.made(self._kind, self._key, made["id"])
        built = _wait_built(context, made["id"], self._name, self._stops)
        shown = self._finish(built, wanted)
        return dataclasses.replace(
            detail,
            id=made["id"],
            networks=wired.networks,
            attributes=shown,
            losses=wired.losses + wanted.losses(shown),
        )

    def _create(
        self,
        managed: dict[str, str],
        wanted: InstanceRequest,
        wired: ports.PortsAnswer,
    ) -> dict[str, Any]:
        lineage = self._context.state.lineage
        marks = orphans.marks(
            self._plan.member_id,
            lineage,
            self._key,
            drill=self._context.is_drill,
        )
        return self._target.cloud.create_server(
            name=self._name,
            flavor_id=self._plan.flavor.id,
            networks=[{"port": port["id"]} for port in wired.ports],
            volumes=[
                {
                    "id": managed[derived_name(lineage, volume["id"])],
                    "boot_index": 0 if volume["bootable"] else -1,
                    "device": volume["device"],
                }
                for volume in self._at_source["volumes"]
            ],
            metadata=wanted.properties() | marks,
            attributes=wanted.attributes,
            server_group=wanted.server_group,
        )

    def _finish(
        self, built: dict[str, Any], wanted: InstanceRequest
    ) -> dict[str, Any]:
        """Stop and lock the instance where its source was; return what the
        target shows of it, without what may be a secret."""
        context, cloud = self._context, self._target.cloud
        server_id = built["id"]
        moment = stamp(context.site.clock.time())
        shown = attributes.shown(cloud, built, moment).attributes
        shown.pop("properties", None)
        shown.pop("user_data", None)
        if self._stops:
            cloud.stop_server(server_id)
            context.wait_until(
                f"Stopping instance {self._name}",
                lambda: _status(cloud, server_id) != power.RUNNING,
            )
            shown["power_state"] = power.STOPPED
        if wanted.locks:
            cloud.lock_server(server_id)
            shown["locked"] = True
        return shown


def _status(cloud: RemoteCloud, server_id: str) -> str | None:
    found = cloud.server(server_id)
    return None if found is None else str(found["status"])


def _made_before(
    context: StepContext, name: str, key: str
) -> dict[str, Any] | None:
    for server in context.cloud(context.target).servers(name=name):
        if server.get("metadata", {}).get(orphans.KEY) == key:
            return server
    return None


def _wait_built(
    context: StepContext, server_id: str, name: str, stops: bool
) -> dict[str, Any]:
    """Wait until Nova has built an instance; one that an earlier try has
    stopped again is built, too. Return all that Nova shows of it."""
    cloud = context.cloud(context.target)
    found: dict[str, Any] = {}

    def ready() -> bool:
        found.clear()
        found.update(cloud.details(server_id) or {"status": "gone"})
        return bool(found["status"] != "BUILD")

    context.wait_until(f"Building instance {name}", ready)
    if found["status"] == power.STOPPED and context.tried_before and not stops:
        # an earlier try, maybe the peer's, knew that it was to stay stopped
        cloud.unlock_server(server_id)
        cloud.start_server(server_id)
        context.wait_until(
            f"Starting instance {name}",
            lambda: ready() and found["status"] != power.STOPPED,
        )
    built = (power.RUNNING, power.STOPPED) if stops else (power.RUNNING,)
    if found["status"] not in built:
        # the rollback deletes the instance, and its fault with it
        fault = (found.get("fault") or {}).get("message")
        why = f": {fault}" if fault else ""
        raise StepFailed(f"it is {found['status']} after it was built{why}")
    return found
