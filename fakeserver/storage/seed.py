"""The arrays of the seeded world."""

from fakeserver.base.seed_world import ARRAYS, World
from fakeserver.storage import names
from fakeserver.storage.driver import ArrayDriver

#: seconds between two replications of the seeded groups
INTERVAL = 300


def seed_arrays(
    arrays: ArrayDriver, world: World, renames: bool = False
) -> None:
    """Create the volumes of the first site; start the replication of its
    groups.

    :param renames: the site's Cinder driver has names of its own.
    """
    source, target = ARRAYS["site-a"], ARRAYS["site-b"]
    for group in world.groups:
        made = []
        for server in group.servers:
            for volume in server.volumes:
                name = names.created(volume.id, renames)
                arrays.create_volume(source, name, volume.size)
                arrays.set_writing(source, name, True)
                made.append(name)
        if group.policy and world.registered:
            arrays.replicate(group.id, source, target, tuple(made), INTERVAL)
            # one cycle has run before anybody looks
            arrays.snapshot(group.id, "seed")
            arrays.transfer(group.id, "seed")
