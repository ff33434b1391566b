"""One site: everything that a process of the sandbox holds."""

import concurrent.futures
import dataclasses
from typing import TYPE_CHECKING

from fakeserver.base import descriptors
from fakeserver.base.clock import Clock
from fakeserver.base.config import SiteConfig
from fakeserver.base.db import Database
from fakeserver.base.fault_points import Faults
from fakeserver.base.seed_world import World
from fakeserver.base.wire import Wire
from fakeserver.storage.driver import ArrayDriver

if TYPE_CHECKING:
    from fakeserver.base.request_log import RequestLog
    from fakeserver.base.vault import Vault
    from fakeserver.cloud.identity.keystone import Keystone
    from fakeserver.engine.service import Service


def _askers() -> concurrent.futures.Executor:
    """For the groups whose peer is asked at the same time, over all
    requests of a site."""
    return concurrent.futures.ThreadPoolExecutor(
        descriptors.share(descriptors.ASKERS), "askers"
    )


@dataclasses.dataclass
class Site:
    """Parts that are handed down, never looked up."""

    config: SiteConfig
    world: World
    clock: Clock
    db: Database
    arrays: ArrayDriver
    wire: Wire
    faults: Faults
    #: encrypts what is kept at this site, and what travels to the peer
    vault: "Vault"
    pair: "Vault"
    #: threads that ask the peer for several groups at the same time
    askers: concurrent.futures.Executor = dataclasses.field(
        default_factory=_askers
    )
    # the parts that run; given when the site is composed
    keystone: "Keystone" = dataclasses.field(init=False)
    service: "Service" = dataclasses.field(init=False)
    journal: "RequestLog | None" = dataclasses.field(init=False, default=None)
