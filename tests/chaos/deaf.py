"""Arrays that hear of no server that was stopped, only of a detach.

So it is behind a real Nova: the volumes stay connected, and an array that is
asked takes them for written to.
"""

import contextlib
import random
from collections.abc import Iterator
from typing import Any
from unittest import mock

from fakeserver.base.seed_world import SITES
from fakeserver.cloud.compute.server import power
from fakeserver.sandbox.folder import BOTH

#: at which site
SOMEWHERE = ("", *SITES, BOTH)


def drawn(seed: int) -> str:
    return random.Random(f"deaf/{seed}").choice(SOMEWHERE)


@contextlib.contextmanager
def arrays(at: str) -> Iterator[None]:
    """Let the arrays of a site, of both or of none hear of no stop."""
    told = power.set_writing

    def hears(tx: Any, site: Any, server: Any) -> None:
        if at not in (BOTH, site.config.site) or server["status"] == "ACTIVE":
            told(tx, site, server)

    with mock.patch.object(power, "set_writing", hears):
        yield
