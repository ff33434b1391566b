"""What a site has room for, one group after the other.

Each group takes its share of the quotas: a group that fits alone may not fit
behind others.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from protectorclient import exceptions
from protectorclient.mapping.forecast import chosen_flavors, size_of
from protectorclient.pair.site_facts import SiteFacts
from protectorclient.preflight.drift import addresses
from protectorclient.preflight.drift.subject import Subject
from protectorclient.preflight.findings import Skip


@dataclasses.dataclass(frozen=True)
class Fit:
    """How much of a group a site has room for."""

    members: int
    fitting: int
    #: The quotas that are too small.
    short: tuple[str, ...] = ()
    #: Whether the volumes of the group fit: else nothing of it comes.
    volumes_fit: bool = True


class Room:
    """The rest of a site's quotas, while groups are put into it.

    A quota that the cloud does not report is no limit.
    """

    def __init__(self, side: SiteFacts) -> None:
        self.left: dict[str, int] = {}
        self.needed: dict[str, int] = {}
        for limits, names in (
            (_quietly(lambda: side.compute_limits), _COMPUTE),
            (_quietly(lambda: side.volume_limits), _STORAGE),
        ):
            for name, most, used in names:
                self._keep(name, limits.get(most), limits.get(used))
        ports = _quietly(lambda: side.network_quota).get("port")
        if isinstance(ports, Mapping):
            self._keep("ports", ports.get("limit"), ports.get("used"))

    def _keep(self, name: str, most: object, used: object) -> None:
        if isinstance(most, int) and isinstance(used, int) and most >= 0:
            self.left[name] = most - used

    def put(self, subject: Subject) -> Fit:
        """Put a group into the site, member by member.

        :returns: how much of it fits.
        """
        self._free(subject)
        volumes = subject.forecast.volumes
        wanted = {
            "volumes": len(volumes),
            "gigabytes": sum(int(one.get("size") or 0) for one in volumes),
        }
        members = _members(subject)
        short = self._take(wanted)
        if short:
            return Fit(len(members), 0, short, volumes_fit=False)
        fitting = 0
        missing: list[str] = []
        for needs in members:
            lacking = self._take(needs)
            missing += lacking
            fitting += not lacking
        if not fitting and members:
            # nothing of it could be built: the service takes it back
            for name, more in wanted.items():
                if name in self.left:
                    self.left[name] += more
        return Fit(len(members), fitting, tuple(dict.fromkeys(missing)))

    def _free(self, subject: Subject) -> None:
        """Give back the ports that the failover removes first."""
        if "ports" in self.left:
            self.left["ports"] += sum(
                one.frees_port for one in addresses.forecast(subject)
            )

    def _take(self, needs: Mapping[str, int]) -> tuple[str, ...]:
        """Take a share, or name what there is too little of."""
        for name, more in needs.items():
            self.needed[name] = self.needed.get(name, 0) + more
        short = tuple(
            name
            for name, more in needs.items()
            if more and name in self.left and self.left[name] < more
        )
        if not short:
            for name, more in needs.items():
                if name in self.left:
                    self.left[name] -= more
        return short


def _members(subject: Subject) -> list[dict[str, int]]:
    """Return what each member needs, in the order in which it is built."""
    resources = subject.match()
    found = []
    for instance, flavor in chosen_flavors(
        subject.forecast, resources.flavors, resources.target.flavors
    ):
        vcpus, ram, _ = size_of(flavor)
        networks = instance.here.get("networks") or ()
        found.append(
            {
                "ports": len(networks),
                "instances": 1,
                "cores": vcpus,
                "ram": ram,
            }
        )
    return found


def _quietly(question: Any) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = question()
    except (exceptions.ProtectorError, Skip):
        return {}
    return found


_COMPUTE = (
    ("instances", "maxTotalInstances", "totalInstancesUsed"),
    ("cores", "maxTotalCores", "totalCoresUsed"),
    ("ram", "maxTotalRAMSize", "totalRAMUsed"),
)
_STORAGE = (
    ("volumes", "maxTotalVolumes", "totalVolumesUsed"),
    ("gigabytes", "maxTotalVolumeGigabytes", "totalGigabytesUsed"),
)
