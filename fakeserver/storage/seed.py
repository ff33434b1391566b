"""The arrays of the seeded world."""

from fakeserver.base.seed_world import ARRAYS, World
from fakeserver.storage.driver import ArrayDriver

#: seconds between two replications of the seeded groups
INTERVAL = 300


def array_name(volume_id: str) -> str:
    """Return the name that a Cinder driver gives a volume on its array."""
    return f"volume-{volume_id}"


def seed_arrays(arrays: ArrayDriver, world: World) -> None:
    """Create the volumes of the first site; start the replication of its
    groups."""
    source, target = ARRAYS["site-a"], ARRAYS["site-b"]
    for group in world.groups:
        names = []
        for server in group.servers:
            for volume in server.volumes:
                name = array_name(volume.id)
                arrays.create_volume(source, name, volume.size)
                arrays.set_writing(source, name, True)
                names.append(name)
        if group.policy and world.registered:
            arrays.replicate(group.id, source, target, tuple(names), INTERVAL)
            # one cycle has run before anybody looks
            arrays.snapshot(group.id, "seed")
            arrays.transfer(group.id, "seed")
