"""Both sites in this process, over a world that is written once: what the
sites use is the processor time of this process, and every run begins from
the same files."""

import contextlib
import gc
import pathlib
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.harness.seeded import world_of
from fakeserver.engine import power_states
from fakeserver.local.pair import LocalPair
from protectorclient import Client
from protectorclient.records.protection_group import ProtectionGroup


class World:
    """A seeded world in a folder, of which each run gets a copy."""

    def __init__(
        self,
        place: pathlib.Path,
        groups: Mapping[str, int],
        networks: int = 0,
    ) -> None:
        self._groups = groups
        self._kept = pathlib.Path(tempfile.mkdtemp(dir=place))
        world_of(groups, networks)(self._kept, 1, 2)
        with self._opened(self._kept) as pair:
            self._look_after(pair)

    @contextlib.contextmanager
    def pair(self) -> Iterator[LocalPair]:
        """Open both sites over a copy, which is removed at the end."""
        copy = pathlib.Path(tempfile.mkdtemp(dir=self._kept.parent))
        shutil.copytree(self._kept, copy, dirs_exist_ok=True)
        try:
            with self._opened(copy) as pair:
                yield pair
        finally:
            shutil.rmtree(copy)

    def _opened(self, folder: pathlib.Path) -> LocalPair:
        return LocalPair(folder, scenario="fleet", groups=len(self._groups))

    def _look_after(self, pair: LocalPair) -> None:
        """Look after all groups, as sites have that run for a minute.

        A site that has just started does so a few groups a second, whatever
        else it is asked for meanwhile.
        """
        for _ in range(len(self._groups) // power_states.MOST + 1):
            for site in pair.sites.values():
                site.service.tick()

    def cpu_of_failover(self, group: str) -> float:
        """Fail a group over; return the processor seconds until its end, the
        POST included.

        Raises RuntimeError for an end that is not `completed`.
        """
        with self.pair() as pair:
            client = client_of(pair)
            found = client.protection_groups.find(group)
            # a site that runs has logged in at the other one before
            client.protection_groups.sync_status(found)
            self._look_after(pair)
            # what the run before has left is not looked through in this one
            gc.collect()
            began = time.process_time()
            begun = client.protection_groups.failover(found)
            pair.drain()
            spent = time.process_time() - began
            ended: Any = client.operations.get(begun.id)
        if ended.status != "completed":
            raise RuntimeError(f"failover of {group}: {ended.error_message}")
        return spent


def cpu_of_add(client: Client, group: ProtectionGroup) -> float:
    """Remove the last member of a group and add it again; return the
    processor seconds of the second."""
    *_, last = client.members.list(group)
    client.members.remove(group, last)
    began = time.process_time()
    client.members.add(group, str(last.instance_id))
    return time.process_time() - began


def client_of(pair: LocalPair) -> Client:
    """Return a client of the seeded tenant at site-a."""
    return Client(session=pair.session("site-a"))
