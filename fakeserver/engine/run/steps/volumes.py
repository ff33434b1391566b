"""Volumes at the target: out of the recovery point, then into Cinder."""

import dataclasses
from typing import Any

from fakeserver.base.ids import derived_name
from fakeserver.engine.cloud_client.cloud import CloudRefused
from fakeserver.engine.model import orphans
from fakeserver.engine.model.document import entry
from fakeserver.engine.run.step_context import StepFailed, Work
from fakeserver.engine.run.steps import replication
from fakeserver.store.effects import EffectDetail


def promote(work: Work) -> None:
    """The replicated volumes become volumes of the target's array."""
    work.sign_in(work.target)
    replication.halt(work)
    _make(work, "promote")


def clone(work: Work) -> None:
    """Copies of the replicated volumes; replication goes on."""
    work.sign_in(work.target)
    _make(work, "clone")


def _make(work: Work, kind: str) -> None:
    arrays = work.site.arrays
    array = work.array(work.target)
    wanted = planned_volumes(work)
    for n, volume in enumerate(wanted, 1):

        def deed(volume: PlannedVolume = volume) -> None:
            arrays.make_from_snapshot(
                array,
                str(work.state.snapshot_id),
                volume.source_array_name,
                volume.array_name,
            )

        detail = EffectDetail(
            site=work.target, array=array, name=volume.array_name
        )
        work.effect(kind, volume.array_name, detail, deed)
        work.progress(n, len(wanted))


@dataclasses.dataclass
class PlannedVolume:
    """A volume of a member, and what becomes of it at the target."""

    member_id: str
    source_array_name: str
    array_name: str
    name: str
    size: int
    bootable: bool
    device: str
    volume_type: str


def planned_volumes(work: Work) -> list[PlannedVolume]:
    """Every volume of every member, with the name it gets."""
    lineage = work.state.lineage
    members = {m["id"]: m for m in work.doc()["members"]}
    found = []
    for plan in work.state.plan:
        at_source = entry(members[plan.member_id], work.source)
        assert at_source is not None
        for n, volume in enumerate(at_source["volumes"]):
            name = volume["name"]
            found.append(
                PlannedVolume(
                    member_id=plan.member_id,
                    source_array_name=volume["array_name"],
                    array_name=derived_name(lineage, volume["id"]),
                    name=f"{name}-test" if work.is_drill else name,
                    size=volume["size"],
                    bootable=volume["bootable"],
                    device=volume["device"],
                    volume_type=plan.volume_types[n],
                )
            )
    return found


def manage(work: Work) -> None:
    """Hand the array's volumes to the target's Cinder."""
    host = work.access.record(work.target)["volume_backend_host"]
    wanted = planned_volumes(work)
    for n, volume in enumerate(wanted, 1):
        detail = EffectDetail(
            site=work.target, name=volume.name, array_name=volume.array_name
        )

        def deed(
            volume: PlannedVolume = volume, detail: EffectDetail = detail
        ) -> EffectDetail:
            made = _managed_before(work, volume.array_name)
            if made is None:
                made = _ask_cinder(work, host, volume)
            work.made("manage", volume.array_name, made["id"])
            _settled(work, made["id"])
            return dataclasses.replace(detail, id=made["id"])

        work.effect("manage", volume.array_name, detail, deed)
        work.progress(n, len(wanted))


def _managed_before(work: Work, array_name: str) -> dict[str, Any] | None:
    mark = {orphans.KEY: array_name}
    return next(iter(work.cloud(work.target).volumes(metadata=mark)), None)


def _ask_cinder(
    work: Work, host: str, volume: PlannedVolume
) -> dict[str, Any]:
    try:
        return work.cloud(work.target).manage_volume(
            host=host,
            ref_name=volume.array_name,
            name=volume.name,
            volume_type=volume.volume_type,
            bootable=volume.bootable,
            metadata=orphans.marks(
                volume.member_id,
                work.state.lineage,
                volume.array_name,
                drill=work.is_drill,
            ),
        )
    except CloudRefused as refusal:
        # a first try that was slow on its way has it already
        made = _managed_before(work, volume.array_name)
        if made is not None:
            return made
        raise StepFailed(
            f"Cinder at {work.name(work.target)} refused to manage "
            f"volume {volume.name}: HTTP {refusal.status}: "
            f"{refusal.message}"
        ) from refusal


def _settled(work: Work, volume_id: str) -> None:
    """Wait until Cinder has taken the volume in."""
    cloud = work.cloud(work.target)
    state: dict[str, str] = {}

    def ready() -> bool:
        found = cloud.volume(volume_id)
        state["now"] = "gone" if found is None else found["status"]
        return state["now"] not in ("creating", "managing")

    work.wait_until(f"Managing volume {volume_id}", ready)
    if state["now"] not in ("available", "in-use"):
        raise StepFailed(
            f"Volume {volume_id} at {work.name(work.target)} is "
            f"{state['now']} after it was managed"
        )
