"""Steps that make volumes at the target of a recovery point."""

import dataclasses
from typing import Any

from fakeserver.base.ids import derived_name
from fakeserver.engine.cloud_client.cloud import CloudRefused
from fakeserver.engine.model import attributes, orphans, sealed
from fakeserver.engine.model.document import entry
from fakeserver.engine.model.operation_record import Loss
from fakeserver.engine.run import on_array
from fakeserver.engine.run.step_context import StepContext, StepFailed
from fakeserver.engine.run.steps import replication
from fakeserver.storage.driver import ArrayVolume
from fakeserver.store.effects import EffectDetail


def promote(context: StepContext) -> None:
    """Promote the replicated volumes on the target's array."""
    context.sign_in(context.target)
    replication.halt(context)
    _make(context, "promote")


def clone(context: StepContext) -> None:
    """Clone the replicated volumes; the replication goes on."""
    context.sign_in(context.target)
    _make(context, "clone")


def _make(context: StepContext, kind: str) -> None:
    arrays = context.site.arrays
    array = context.array(context.target)
    wanted = planned_volumes(context)
    for n, volume in enumerate(wanted, 1):
        detail = EffectDetail(
            site=context.target, array=array, name=volume.array_name
        )

        def deed(
            volume: PlannedVolume = volume, detail: EffectDetail = detail
        ) -> EffectDetail:
            name = _taken_over(context, volume) or volume.array_name
            arrays.make_from_snapshot(
                array,
                str(context.state.snapshot_id),
                volume.source_array_name,
                name,
            )
            made = arrays.volume(array, name)
            assert made is not None
            return dataclasses.replace(detail, array_serial=made.serial)

        context.effect(kind, volume.array_name, detail, deed)
        context.progress(n, len(wanted))


def _taken_over(context: StepContext, volume: "PlannedVolume") -> str | None:
    """Return the name of a volume that the peer's unfinished operation had
    managed here; Cinder's driver may have renamed it."""
    if context.state.lineage == context.operation.id:
        return None
    managed = _managed_before(context, volume.array_name)
    if managed is None:
        return None
    serial = managed["metadata"].get(orphans.SERIAL)
    found = on_array.find(context, context.target, volume.array_name, serial)
    return None if found is None else found.name


@dataclasses.dataclass
class PlannedVolume:
    """A volume of a member, and the volume created from it at the target."""

    member_id: str
    instance_name: str
    source_array_name: str
    #: with which it is created; Cinder may rename it later
    array_name: str
    name: str
    size: int
    bootable: bool
    device: str
    volume_type: str
    #: what the volume has at the source
    at_source: dict[str, Any]


def planned_volumes(context: StepContext) -> list[PlannedVolume]:
    """Return every volume of every member, with its name at the target."""
    lineage = context.state.lineage
    members = {m["id"]: m for m in context.doc()["members"]}
    found = []
    for plan in context.state.plan:
        at_source = entry(members[plan.member_id], context.source)
        assert at_source is not None
        for n, volume in enumerate(at_source["volumes"]):
            name = volume["name"]
            found.append(
                PlannedVolume(
                    member_id=plan.member_id,
                    instance_name=at_source["instance_name"],
                    source_array_name=volume["array_name"],
                    array_name=derived_name(lineage, volume["id"]),
                    name=f"{name}-test" if context.is_drill else name,
                    size=volume["size"],
                    bootable=volume["bootable"],
                    device=volume["device"],
                    volume_type=plan.volume_types[n],
                    at_source=volume,
                )
            )
    return found


def manage(context: StepContext) -> None:
    """Manage the volumes of the array into the target's Cinder."""
    host = context.access.record(context.target)["volume_backend_host"]
    wanted = planned_volumes(context)
    serials = {
        effect.key: effect.detail.array_serial
        for effect in context.effects()
        if effect.kind in ("promote", "clone")
    }
    for n, volume in enumerate(wanted, 1):
        detail = EffectDetail(
            site=context.target,
            name=volume.name,
            array_name=volume.array_name,
            array_serial=serials.get(volume.array_name),
        )

        def deed(
            volume: PlannedVolume = volume, detail: EffectDetail = detail
        ) -> EffectDetail:
            made = None
            if context.tried_before:
                made = _managed_before(context, volume.array_name)
            if made is None:
                made = _ask_cinder(context, host, volume, detail)
            context.made("manage", volume.array_name, made["id"])
            shown = _wait_managed(context, made["id"])
            found = _on_array(context, volume, detail)
            if volume.at_source.get("read_only"):
                cloud = context.cloud(context.target)
                cloud.set_read_only(made["id"])
                shown = cloud.volume(made["id"]) or {}
            kept = {
                name: value
                for name, value in attributes.of_volume(shown).items()
                # what may be a secret is taken from the metadata
                if name != "properties"
            }
            return dataclasses.replace(
                detail,
                id=made["id"],
                array_name=found.name,
                array_serial=found.serial,
                volume=kept,
                losses=_losses(context, volume, kept),
            )

        context.effect("manage", volume.array_name, detail, deed)
        context.progress(n, len(wanted))


def _losses(
    context: StepContext, volume: PlannedVolume, now: dict[str, Any]
) -> list[Loss]:
    """Return what the new volume has not of the old one."""
    found = []
    if volume.at_source.get("multiattach") and not now.get("multiattach"):
        found.append(
            Loss(
                volume.instance_name,
                f"volumes[{volume.at_source['name']}].multiattach",
                True,
                f"Volume type {volume.volume_type} at "
                f"{context.name(context.target)} makes none",
            )
        )
    return found


def _on_array(
    context: StepContext, volume: PlannedVolume, detail: EffectDetail
) -> ArrayVolume:
    """Ask the array for a volume, under whatever name."""
    found = on_array.find(
        context, context.target, volume.array_name, detail.array_serial
    )
    if found is None:
        raise StepFailed(
            f"Volume {volume.name} is gone from FlashArray "
            f"{context.array(context.target)}"
        )
    return found


def _managed_before(
    context: StepContext, array_name: str
) -> dict[str, Any] | None:
    mark = {orphans.KEY: array_name}
    return next(
        iter(context.cloud(context.target).volumes(metadata=mark)), None
    )


def _ask_cinder(
    context: StepContext,
    host: str,
    volume: PlannedVolume,
    detail: EffectDetail,
) -> dict[str, Any]:
    # a first try that was cut short may have renamed it
    found = _on_array(context, volume, detail)
    try:
        return context.cloud(context.target).manage_volume(
            host=host,
            ref_name=found.name,
            name=volume.name,
            volume_type=volume.volume_type,
            bootable=volume.bootable,
            metadata=sealed.open_properties(
                context.doc(),
                context.site.pair,
                volume.at_source.get("properties", {}),
            )
            | orphans.marks(
                volume.member_id,
                context.state.lineage,
                volume.array_name,
                drill=context.is_drill,
                serial=found.serial,
            ),
        )
    except CloudRefused as refusal:
        # a first try that was slow on its way has it already
        made = _managed_before(context, volume.array_name)
        if made is not None:
            return made
        raise StepFailed(
            f"Cinder at {context.name(context.target)} refused to manage "
            f"volume {volume.name}: HTTP {refusal.status}: "
            f"{refusal.message}"
        ) from refusal


def _wait_managed(context: StepContext, volume_id: str) -> dict[str, Any]:
    """Wait until Cinder has managed the volume; return what it shows."""
    cloud = context.cloud(context.target)
    shown: dict[str, Any] = {}

    def ready() -> bool:
        shown.clear()
        shown.update(cloud.volume(volume_id) or {"status": "gone"})
        return shown["status"] not in ("creating", "managing")

    context.wait_until(f"Managing volume {volume_id}", ready)
    if shown["status"] not in ("available", "in-use"):
        raise StepFailed(
            f"Volume {volume_id} at {context.name(context.target)} is "
            f"{shown['status']} after it was managed"
        )
    return shown
