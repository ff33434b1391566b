"""What is compared of each group: one table.

Read by ``protector drift``, by the checks of the same names and by the
readiness of all groups. Each row asks a site for one list of each kind, and
a list is asked once, however many groups there are.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from protectorclient.preflight.drift import (
    addresses,
    capacity,
    images,
    losses,
    members,
    neighbours,
    power,
)
from protectorclient.preflight.drift.difference import Difference
from protectorclient.preflight.drift.subject import Subject


@dataclasses.dataclass(frozen=True)
class Look:
    """A row of the table."""

    #: The id of the check.
    check: str
    compare: Callable[[Subject], list[Difference]]
    #: Whether it is about the site where the group goes.
    at_target: bool = True


LOOKS: tuple[Look, ...] = (
    Look(members.CHECK, members.find, at_target=False),
    Look(power.CHECK, power.find, at_target=False),
    Look(neighbours.CHECK, neighbours.find, at_target=False),
    Look(addresses.CHECK, addresses.find),
    Look(losses.CHECK, losses.find),
    Look(
        "quota-compute",
        capacity.differences("quota-compute", capacity.compute),
    ),
    Look(
        "quota-storage",
        capacity.differences("quota-storage", capacity.storage),
    ),
    Look(
        "quota-network",
        capacity.differences("quota-network", capacity.network),
    ),
    Look(images.CHECK, images.find),
)
