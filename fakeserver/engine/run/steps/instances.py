"""Instances at the target, rebuilt from the stored metadata."""

import dataclasses
from collections.abc import Callable
from typing import Any

from fakeserver.base.ids import derived_name
from fakeserver.engine.cloud_client.cloud import CloudRefused
from fakeserver.engine.model import orphans
from fakeserver.engine.model.document import entry
from fakeserver.engine.model.member_plan import MemberPlan, NetworkPlan
from fakeserver.engine.model.operation_record import MemberNotRebuilt
from fakeserver.engine.run.step_context import StepFailed, Work
from fakeserver.store.effects import EffectDetail


def recreate(work: Work) -> None:
    """The group's instances, as they were.

    A forced failover keeps what it could rebuild: a site that lives on
    with two of three instances beats one that lives on with none.
    """
    failed = _rebuild(work, "server", lambda name: name, work.forced)
    if failed and len(failed) == len(work.state.plan):
        raise StepFailed(
            "No instance could be rebuilt; the first: " + failed[0].why
        )
    work.state.not_rebuilt = failed
    work.save()


def create_tests(work: Work) -> None:
    """Instances for a drill, told apart by their names."""
    _rebuild(work, "server", lambda name: f"{name}-test", False)


def _rebuild(
    work: Work, kind: str, naming: Callable[[str], str], go_on: bool
) -> list[MemberNotRebuilt]:
    managed = {
        effect.detail.array_name: str(effect.detail.id)
        for effect in work.effects("manage")
    }
    members = {m["id"]: m for m in work.doc()["members"]}
    plans = work.state.plan
    failed = []
    for n, plan in enumerate(plans, 1):
        at_source = entry(members[plan.member_id], work.source)
        assert at_source is not None
        name = naming(at_source["instance_name"])
        try:
            _one(work, kind, plan, at_source, name, managed)
        except (CloudRefused, StepFailed) as error:
            why = f"Instance {name}: {error}"
            if not go_on:
                raise StepFailed(why) from error
            failed.append(MemberNotRebuilt(plan.member_id, why))
        work.progress(n, len(plans))
    return failed


def _one(
    work: Work,
    kind: str,
    plan: MemberPlan,
    at_source: dict[str, Any],
    name: str,
    managed: dict[str, str],
) -> None:
    cloud = work.cloud(work.target)
    lineage = work.state.lineage
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
                plan.member_id, lineage, key, drill=work.is_drill
            ),
        )

    def deed() -> EffectDetail:
        made = _made_before(work, name, key)
        if made is None:
            try:
                made = create()
            except CloudRefused:
                # a first try that was slow on its way holds the volumes
                made = _made_before(work, name, key)
                if made is None:
                    raise
        work.made(kind, key, made["id"])
        _active(work, made["id"], name)
        return dataclasses.replace(
            detail, id=made["id"], addresses=_addresses(work, made["id"])
        )

    detail = EffectDetail(
        site=work.target, name=name, member_id=plan.member_id
    )
    work.effect(kind, key, detail, deed)


def _port(network: NetworkPlan) -> dict[str, str]:
    port = {"uuid": network.id}
    if network.fixed_ip:
        port["fixed_ip"] = network.fixed_ip
    return port


def _made_before(work: Work, name: str, key: str) -> dict[str, Any] | None:
    for server in work.cloud(work.target).servers(name=name):
        if server.get("metadata", {}).get(orphans.KEY) == key:
            return server
    return None


def _active(work: Work, server_id: str, name: str) -> None:
    cloud = work.cloud(work.target)
    state: dict[str, str] = {}

    def ready() -> bool:
        found = cloud.server(server_id)
        state["now"] = "gone" if found is None else found["status"]
        return state["now"] != "BUILD"

    work.wait_until(f"Building instance {name}", ready)
    if state["now"] != "ACTIVE":
        raise StepFailed(f"it is {state['now']} after it was built")


def _addresses(work: Work, server_id: str) -> dict[str, str]:
    """Network name -> address, as Nova reports it."""
    server = work.cloud(work.target).server(server_id) or {}
    return {
        name: ports[0]["addr"]
        for name, ports in server.get("addresses", {}).items()
        if ports
    }
