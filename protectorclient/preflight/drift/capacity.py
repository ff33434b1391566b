"""Whether the quotas of the target have room for a group."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from protectorclient.escape import AS_ADMIN, at
from protectorclient.mapping.forecast import chosen_flavors, size_of
from protectorclient.preflight.drift.difference import Difference
from protectorclient.preflight.drift.subject import Subject
from protectorclient.preflight.findings import Skip

#: What a group needs of a service, and where its limits say it: what is
#: allowed, and what is used.
_COMPUTE = (
    ("instances", "maxTotalInstances", "totalInstancesUsed"),
    ("cores", "maxTotalCores", "totalCoresUsed"),
    ("ram", "maxTotalRAMSize", "totalRAMUsed"),
)
_STORAGE = (
    ("volumes", "maxTotalVolumes", "totalVolumesUsed"),
    ("gigabytes", "maxTotalVolumeGigabytes", "totalGigabytesUsed"),
)


@dataclasses.dataclass(frozen=True)
class Room:
    """How much of a quota a group needs, and how much is left."""

    #: As ``quota set`` calls it; memory is in MiB.
    resource: str
    more: int
    #: Below 0 there is no limit.
    allowed: int
    taken: int

    @property
    def short(self) -> bool:
        """Return whether it is not enough."""
        return self.more > 0 and 0 <= self.allowed < self.taken + self.more

    @property
    def left(self) -> int:
        """Return the rest; a quota may be lowered below what is in use."""
        return max(0, self.allowed - self.taken)

    def __str__(self) -> str:
        if self.allowed < 0:
            return f"{self.resource} without limit"
        if self.short:
            return f"{self.more} {self.resource}, and {self.left} are left"
        return f"{self.more} of {self.left} {self.resource}"


def compute(subject: Subject) -> list[Room]:
    """Return the room in Nova of the target."""
    limits = subject.there.compute_limits
    resources = subject.match()
    sizes = [
        size_of(flavor)
        for _, flavor in chosen_flavors(
            subject.forecast, resources.flavors, resources.target.flavors
        )
    ]
    needs = (
        len(sizes),
        sum(size[0] for size in sizes),
        sum(size[1] for size in sizes),
    )
    return [
        _room(what, more, limits.get(most), limits.get(used))
        for more, (what, most, used) in zip(needs, _COMPUTE, strict=True)
    ]


def storage(subject: Subject) -> list[Room]:
    """Return the room in Cinder of the target."""
    limits = subject.there.volume_limits
    volumes = subject.forecast.volumes
    needs = (
        len(volumes),
        sum(int(volume.get("size") or 0) for volume in volumes),
    )
    return [
        _room(what, more, limits.get(most), limits.get(used))
        for more, (what, most, used) in zip(needs, _STORAGE, strict=True)
    ]


def network(subject: Subject) -> list[Room]:
    """Return the room in Neutron of the target: a port for each network."""
    quota = subject.there.network_quota.get("port")
    if not isinstance(quota, dict):
        raise Skip("the cloud does not report its limit of ports")
    needed = sum(
        len(instance.here.get("networks") or ())
        for instance in subject.forecast.instances
    )
    return [_room("ports", needed, quota.get("limit"), quota.get("used"))]


def _room(what: str, more: int, allowed: object, taken: object) -> Room:
    if not isinstance(allowed, int) or not isinstance(taken, int):
        raise Skip(f"the cloud does not report its limit of {what}")
    return Room(what, more, allowed, taken)


def fix(subject: Subject, rooms: list[Room]) -> tuple[str, ...]:
    """Make the command that raises what is short."""
    options = [
        f"--{one.resource} {one.taken + one.more}"
        for one in rooms
        if one.short
    ]
    project = str(subject.there.client.project_id)
    command = at(subject.there.name, "quota set", *options, project)
    return (AS_ADMIN, command) if options else ()


def differences(
    check: str, room: Callable[[Subject], list[Room]]
) -> Callable[[Subject], list[Difference]]:
    """Return what finds the quotas that are not enough."""

    def find(subject: Subject) -> list[Difference]:
        rooms = room(subject)
        return list(_short(check, subject, rooms))

    return find


def _short(
    check: str, subject: Subject, rooms: list[Room]
) -> Iterator[Difference]:
    for one in rooms:
        if one.short:
            yield Difference(
                check=check,
                site=subject.there.name,
                member="",
                attribute=f"quota.{one.resource}",
                protected=one.more,
                found=one.left,
                message=f"the group needs {one}",
                fix=fix(subject, rooms),
            )
