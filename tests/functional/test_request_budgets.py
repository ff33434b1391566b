"""How many questions each command may ask, in one table.

A change that asks one more raises the number here, and says why. Nothing
is asked twice. Sign-in is counted apart: at most three requests a site, for
the token, for the versions of the service and for the records of both
sites, which say which of the two has answered.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from fakeserver.local.pair import LocalPair
from tests.helpers.clirunner import SHELLS, Ran

SIGN_IN = 3
MAP = "--network-mapping net-primary-web=net-secondary-web"
MAPPED = "networks: {net-primary-web: net-secondary-web}\n"


class Row(NamedTuple):
    """One command, and what it may ask of each site."""

    command: str
    #: Questions to site-a, and to site-b.
    most: tuple[int, int]
    #: The world in which it runs: one of `WORLDS`.
    world: str = "seeded"
    cloud: str = "site-a"
    code: int = 0
    #: It asks for an operation again and again.
    waits: bool = False


BUDGETS: tuple[Row, ...] = (Row("status", (7, 7)),)


def seeded(pair: LocalPair) -> dict[str, str]:
    """As on the first day."""
    return {}


def moved(pair: LocalPair) -> dict[str, str]:
    """prod-web-app has failed over."""
    ran = run(pair, f"protection-group failover prod-web-app {MAP} --wait")
    assert ran.code == 0, ran.err
    listed = run(pair, "operation list -f value -c ID")
    return {"op": listed.out.split()[0]}


def tested(pair: LocalPair) -> dict[str, str]:
    """prod-web-app has a test that is not cleaned up."""
    ran = run(
        pair,
        f"protection-group test-failover prod-web-app {MAP} --retain-primary"
        " --wait",
    )
    assert ran.code == 0, ran.err
    return {}


WORLDS = {one.__name__: one for one in (seeded, moved, tested)}


def run(
    pair: LocalPair,
    command: str,
    cloud: str = "site-a",
    shell: str = "protector",
) -> Ran:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OS_CLIENT_CONFIG_FILE", str(pair.clouds_yaml))
        patch.setenv("OS_CLOUD", cloud)
        return SHELLS[shell](command)
