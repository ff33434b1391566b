"""Volumes of the arrays, under the names that the arrays have for them now.

Cinder's driver may rename a volume that it manages, and again when it
unmanages it; Pure's does both. Cinder tells no tenant these names: the list
of manageable volumes and ``provider_id`` are for admins, and the engine's
account at the peer is none. So the array is asked, by the serial number that
it gave the volume when the engine made it, which no rename changes.
"""

from fakeserver.engine.model.operation_state import OldVolume
from fakeserver.engine.run.step_context import StepContext
from fakeserver.storage.driver import ArrayVolume
from fakeserver.store.effects import Effect


def find(
    context: StepContext, site_id: str, name: str, serial: str | None
) -> ArrayVolume | None:
    """Return a volume of a site's array; None where it is gone."""
    return context.site.arrays.find(context.array(site_id), name, serial)


def of_effect(context: StepContext, effect: Effect) -> ArrayVolume | None:
    """Return the volume that an effect has promoted or cloned."""
    made = effect.detail
    return context.site.arrays.find(made.array, made.name, made.array_serial)


def note(
    context: StepContext, site_id: str, volume: OldVolume
) -> ArrayVolume | None:
    """Ask for the name of an old volume and note it; the caller saves it.

    To be done before the volume is unmanaged: the serial number finds it
    after that.
    """
    found = find(context, site_id, volume.array_name, volume.array_serial)
    if found is not None:
        volume.array_name = found.name
        volume.array_serial = found.serial
    return found


def delete(
    context: StepContext, site_id: str, name: str, serial: str | None
) -> None:
    """Delete a volume; accept that it is gone."""
    found = find(context, site_id, name, serial)
    if found is not None:
        context.site.arrays.delete_volume(found.array, found.name)
