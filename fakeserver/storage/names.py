"""The names that a Cinder driver gives its volumes on the array.

One keeps the name of a volume that it manages. The other renames it as
Pure's driver does: to the name that it gives its own volumes, in a pod where
it is replicated synchronously; and again when it is unmanaged.
"""

from fakeserver.base.ids import stable_hex

POD = "cinder-pod"


def created(volume_id: str, renames: bool, synchronous: bool = False) -> str:
    """Return the name of a volume that the driver has created."""
    name = f"volume-{volume_id}"
    if not renames:
        return name
    pod = f"{POD}::" if synchronous else ""
    return f"{pod}{name}-cinder"


def unmanaged(name: str) -> str:
    """Return the name that a renaming driver gives what it unmanages."""
    return f"{name}-unmanaged"


def serial(array: str, name: str) -> str:
    """Return the serial number of a volume that was created with a name."""
    return stable_hex(0, "array serial", array, name)[:24].upper()
