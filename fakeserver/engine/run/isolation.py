"""Make the networks of an isolated test, and remove them by their tag."""

import dataclasses
import functools
from typing import Any

from fakeserver.engine.cloud_client.cloud import RemoteCloud
from fakeserver.engine.model import drill_networks
from fakeserver.engine.model.drill_networks import DrillNetwork
from fakeserver.engine.run import remove
from fakeserver.engine.run.step_context import StepContext
from fakeserver.store import effects, operations
from fakeserver.store.effects import Effect, EffectDetail

#: the kind of effect that such a network is
KIND = "network"


def make(context: StepContext) -> None:
    """Make the networks of the test, once, and plan its members into them."""
    operation_id = context.operation.id
    for number, one in enumerate(context.state.isolated, 1):
        one.name = drill_networks.name(operation_id, number)
        detail = EffectDetail(site=context.target, name=one.name)
        found = context.effect(
            KIND,
            one.name,
            detail,
            functools.partial(_make, context, one, detail),
        )
        one.id = found.id
    by_source = {one.source_id: one for one in context.state.isolated}
    for plan in context.state.plan:
        for network in plan.networks:
            made = by_source.get(network.stands_for or "")
            if made is not None and made.id is not None:
                network.id, network.name = made.id, made.name
    context.save()


def _make(
    context: StepContext, one: DrillNetwork, detail: EffectDetail
) -> EffectDetail:
    cloud = context.cloud(context.target)
    there = cloud.networks_named(one.name)
    if there:
        made = there[0]
    else:
        made = cloud.create_network(
            {
                "name": one.name,
                "description": f"drill {context.operation.id}: removed by "
                "test_cleanup",
            }
        )
    context.made(KIND, one.name, made["id"])
    cloud.tag_network(made["id"], drill_networks.tag(context.operation.id))
    known = {
        subnet["cidr"]
        for subnet in cloud.subnets()
        if subnet["network_id"] == made["id"]
    }
    for cidr in one.cidrs:
        if cidr not in known:
            cloud.create_subnet(
                {
                    "network_id": made["id"],
                    "cidr": cidr,
                    "ip_version": 6 if ":" in cidr else 4,
                    "name": one.name,
                    # no router: nothing in it reaches anything else
                    "gateway_ip": None,
                }
            )
    return dataclasses.replace(detail, id=made["id"])


def undo(context: StepContext, effect: Effect) -> None:
    """Remove a network of the operation, by its id, its tag or its name."""
    cloud = context.cloud(effect.detail.site)
    for network in _of(cloud, {context.operation.id}, {effect.key}):
        if network["id"] == effect.detail.id or network["name"] == effect.key:
            _delete(cloud, network["id"])


def remove_tagged(context: StepContext) -> list[str]:
    """Remove the networks of all tests of the group; the tag alone says
    which.

    Returns their names.
    """
    db, group_id = context.site.db, context.operation.group_id
    tests = context.doc()["tests"]
    undone = effects.left_networks(db, group_id)
    owners = {test["operation_id"] for test in tests}
    owners |= operations.tests_of(db, group_id)
    sites = {test["site_id"] for test in tests}
    sites |= {effect.detail.site for effect, _ in undone}
    removed = []
    for site_id in sorted(sites):
        cloud = context.cloud(site_id)
        for network in _of(cloud, owners, set()):
            _delete(cloud, network["id"])
            context.deeds += 1
            removed.append(network["name"])
    for effect, operation_id in undone:
        # gone now, or removed by somebody else before
        with db.transaction() as tx:
            effects.mark(tx, operation_id, KIND, effect.key, "undone")
    return removed


def _of(
    cloud: RemoteCloud, owners: set[str], names: set[str]
) -> list[dict[str, Any]]:
    return [
        one
        for one in cloud.networks()
        if drill_networks.operation_of(one) in owners or one["name"] in names
    ]


def _delete(cloud: RemoteCloud, network_id: str) -> None:
    """Delete a network, with ports that nobody uses."""
    for port in cloud.ports_on(network_id):
        if not port["device_id"]:
            remove.delete_port(cloud, port["id"])
    cloud.delete_network(network_id)


def left(context: StepContext, site_id: str) -> list[dict[str, str]]:
    """Return id and name of each network of the group's tests at a site."""
    owners = {test["operation_id"] for test in context.doc()["tests"]}
    return [
        {"id": one["id"], "name": one["name"]}
        for one in _of(context.cloud(site_id), owners, set())
    ]
