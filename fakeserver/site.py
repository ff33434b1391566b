"""The ground parts of one site, on which its services stand."""

import contextlib
import dataclasses
from collections.abc import Iterator

from fakeserver.base.clock import Clock
from fakeserver.base.config import SiteConfig
from fakeserver.base.db import Database
from fakeserver.base.fault_points import Faults
from fakeserver.base.seed_world import World
from fakeserver.base.vault import Vault
from fakeserver.base.wire import Wire
from fakeserver.storage.driver import ArrayDriver


@dataclasses.dataclass(frozen=True)
class Site:
    """The record of what the services of a site are built on."""

    config: SiteConfig
    world: World
    clock: Clock
    db: Database
    arrays: ArrayDriver
    wire: Wire
    faults: Faults
    #: encrypts what is kept at this site, and what travels to the peer
    vault: Vault
    pair: Vault

    @contextlib.contextmanager
    def borrowing(self) -> Iterator[None]:
        """Give back, at its end, the connections that this thread takes to
        the databases meanwhile."""
        with self.db.borrowing(), self.arrays.borrowing():
            yield
