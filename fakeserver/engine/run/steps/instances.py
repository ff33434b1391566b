"""Steps that rebuild instances at the target from the metadata."""

import dataclasses
from collections.abc import Callable
from typing import Any

from fakeserver.base.ids import derived_name
from fakeserver.engine.cloud_client.cloud import CloudRefused
from fakeserver.engine.model import orphans
from fakeserver.engine.model.document import entry
from fakeserver.engine.model.member_plan import MemberPlan, NetworkPlan
from fakeserver.engine.model.operation_record import MemberNotRebuilt
from fakeserver.engine.run.step_context import StepContext, StepFailed
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
    failed = []
    for n, plan in enumerate(plans, 1):
        at_source = entry(members[plan.member_id], context.source)
        assert at_source is not None
        name = naming(at_source["instance_name"])
        try:
            _one(context, kind, plan, at_source, name, managed)
        except (CloudRefused, StepFailed) as error:
            why = f"Instance {name}: {error}"
            if not go_on:
                raise StepFailed(why) from error
            failed.append(MemberNotRebuilt(plan.member_id, why))
        context.progress(n, len(plans))
    return failed


def _one(
    context: StepContext,
    kind: str,
    plan: MemberPlan,
    at_source: dict[str, Any],
    name: str,
    managed: dict[str, str],
) -> None:
    cloud = context.cloud(context.target)
    lineage = context.state.lineage
    # the instance that was there first, also when this is its third life
    key = derived_name(lineage, plan.member_id)

    def create() -> dict[str, Any]:
        return cloud.create_server(
            name=name,
            flavor_id=plan.flavor.id,
            networks=[_port(network) for network in plan.networks],
            volumes=[
                {
                    "id": managed[derived_name(lineage, volume["id"])],
                    "boot_index": 0 if volume["bootable"] else -1,
                    "device": volume["device"],
                }
                for volume in at_source["volumes"]
            ],
            metadata=orphans.marks(
                plan.member_id, lineage, key, drill=context.is_drill
            ),
        )

    def deed() -> EffectDetail:
        made = _made_before(context, name, key)
        if made is None:
            try:
                made = create()
            except CloudRefused:
                # a first try that was slow on its way holds the volumes
                made = _made_before(context, name, key)
                if made is None:
                    raise
        context.made(kind, key, made["id"])
        _wait_active(context, made["id"], name)
        return dataclasses.replace(
            detail, id=made["id"], addresses=_addresses(context, made["id"])
        )

    detail = EffectDetail(
        site=context.target, name=name, member_id=plan.member_id
    )
    context.effect(kind, key, detail, deed)


def _port(network: NetworkPlan) -> dict[str, str]:
    port = {"uuid": network.id}
    if network.fixed_ip:
        port["fixed_ip"] = network.fixed_ip
    return port


def _made_before(
    context: StepContext, name: str, key: str
) -> dict[str, Any] | None:
    for server in context.cloud(context.target).servers(name=name):
        if server.get("metadata", {}).get(orphans.KEY) == key:
            return server
    return None


def _wait_active(context: StepContext, server_id: str, name: str) -> None:
    cloud = context.cloud(context.target)
    state: dict[str, str] = {}

    def ready() -> bool:
        found = cloud.server(server_id) or {}
        state["now"] = found.get("status", "gone")
        # the rollback deletes the instance, and its fault with it
        state["fault"] = (found.get("fault") or {}).get("message") or ""
        return state["now"] != "BUILD"

    context.wait_until(f"Building instance {name}", ready)
    if state["now"] != "ACTIVE":
        why = f": {state['fault']}" if state["fault"] else ""
        raise StepFailed(f"it is {state['now']} after it was built{why}")


def _addresses(context: StepContext, server_id: str) -> dict[str, str]:
    """Return the address in each network, by the network's name."""
    server = context.cloud(context.target).server(server_id) or {}
    return {
        name: ports[0]["addr"]
        for name, ports in server.get("addresses", {}).items()
        if ports
    }
