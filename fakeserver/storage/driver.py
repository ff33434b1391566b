"""The interface of a pair of arrays, for the engine and the emulated Cinder.

A replication group is what Pure calls a protection group (async) or a pod
(sync). Its recovery points are snapshots of all its volumes at one moment;
one is complete at the target once every volume of it has arrived there.
"""

import contextlib
import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol


class StorageError(Exception):
    """An error of the array, in its own words; the step fails with them."""


@dataclasses.dataclass(frozen=True)
class ArrayVolume:
    array: str
    name: str
    #: the array's own number of it, which stays when the name changes
    serial: str
    size: int
    #: the recovery point it was made from, if any
    snapshot_id: str | None
    #: an instance writes to it now
    writing: bool
    #: when it was last written, seconds since the epoch; 0 is never
    written_at: float
    #: what it holds: the moment of the newest write that is in it
    content_at: float


@dataclasses.dataclass(frozen=True)
class RecoveryPoint:
    id: str
    group: str
    #: the array the volumes were on, and the one it was replicated to
    source: str
    target: str
    created_at: float
    complete: bool
    size: int
    #: volume name at the source -> moment of its newest write
    volumes: dict[str, float]


@dataclasses.dataclass(frozen=True)
class Link:
    """The state of a group's replication."""

    group: str
    source: str
    target: str
    running: bool
    interval: float
    synchronous: bool
    volumes: tuple[str, ...]


class LinkState(NamedTuple):
    """Whether a group's replication is at work, and how."""

    running: bool
    synchronous: bool


class ArrayDriver(Protocol):
    """Both arrays of a pair. Every call is idempotent."""

    def borrowing(self) -> contextlib.AbstractContextManager[None]:
        """Give back, at its end, what this thread holds open meanwhile."""

    def check(self, array: str, token: str | None) -> None:
        """Raise StorageError when the array refuses the token."""

    def takes(self, array: str, token: str | None) -> bool:
        """Return whether the array accepts the token; never raises."""

    def accepting(self, array: str) -> Callable[[str | None], bool]:
        """Return a test of whether the array accepts a token now, for many
        tokens."""

    def require_token(self, array: str, token: str | None) -> None:
        """Accept only this token from now on; None is the array's first
        one."""

    def volume(self, array: str, name: str) -> ArrayVolume | None: ...

    def find(
        self, array: str, name: str, serial: str | None
    ) -> ArrayVolume | None:
        """Return the volume with a serial number, whatever its name is now;
        the one with that name where no serial number is known."""

    def of_cinder(self, array: str, volume_id: str) -> list[ArrayVolume]:
        """List the volumes that are named after a volume of Cinder."""

    def rename(self, array: str, name: str, to: str) -> None:
        """Rename a volume, with its snapshots and in its replication."""

    def volumes(self, array: str) -> list[ArrayVolume]:
        """List all volumes; raise StorageError where there is no such
        array."""

    def create_volume(self, array: str, name: str, size: int) -> None: ...

    def extend_volume(self, array: str, name: str, size: int) -> None:
        """Make a volume larger, GiB; do nothing where it does not exist."""

    def delete_volume(self, array: str, name: str) -> None: ...

    def set_writing(self, array: str, name: str, writing: bool) -> None:
        """Note that an instance which uses the volume was started or
        stopped."""

    def link(self, group: str) -> Link | None: ...

    def link_states(self, groups: Sequence[str]) -> dict[str, LinkState]:
        """Return how the links of many groups are, of those that have
        one."""

    def replicate(
        self,
        group: str,
        source: str,
        target: str,
        volumes: tuple[str, ...],
        interval: float,
        synchronous: bool = False,
    ) -> None:
        """Start or change the replication of a group, in one direction."""

    def stop_replication(self, group: str) -> None: ...

    def drop_group(self, group: str) -> None:
        """Remove the group and its recovery points; volumes stay."""

    def snapshot(self, group: str, key: str) -> RecoveryPoint:
        """Create a recovery point, not yet at the target; ``key`` names it."""

    def transfer(self, group: str, key: str) -> RecoveryPoint:
        """Send a recovery point to the target; may raise StorageError, or take
        time."""

    def points(self, group: str) -> list[RecoveryPoint]:
        """List recovery points, newest first, with those of background
        replication."""

    def newest(self, groups: Sequence[str]) -> dict[str, float]:
        """Return the time of the newest complete recovery point of each group
        that has one; one question for many groups."""

    def changed(self, since: int | None) -> tuple[int, list[str]]:
        """Return the number of the last change, and the groups whose
        replication or recovery points have changed since another one; all
        groups for None."""

    def arrivals(self, groups: Sequence[str]) -> dict[str, float]:
        """Return when the next recovery point of each group is complete at
        the other array, as far as that is known."""

    def state(self) -> object | None:
        """Return what changes whenever the arrays do, or a fault on them;
        None while nothing shows that."""

    def latest(
        self, group: str, array: str, holding: Iterable[str] = ()
    ) -> RecoveryPoint | None:
        """Return the newest complete recovery point at that array with these
        volumes."""

    def latest_of(
        self, wanted: Mapping[str, tuple[str, Collection[str]]]
    ) -> dict[str, float]:
        """Return the time of what :meth:`latest` finds for many groups;
        ``wanted`` is group -> the array, and the volumes."""

    def make_from_snapshot(
        self, array: str, point: str, source_volume: str, name: str
    ) -> None:
        """Create a volume from a recovery point: a promote, or a clone."""

    def keep_snapshot(self, array: str, volume: str, key: str) -> str:
        """Create a snapshot of one volume that stays when the volume is
        deleted."""

    def kept(self, array: str) -> dict[str, float]:
        """List the kept snapshots, with the newest write in each."""

    def holds(self, point: str, names: Collection[str]) -> bool:
        """Return whether a complete recovery point holds a volume that has or
        had one of these names."""

    def covered(self, array: str, volume: str, group: str = "") -> bool:
        """Return whether every write of a volume is in some snapshot as well;
        the recovery points of ``group`` are looked at first."""

    def reset(self) -> None:
        """Remove everything, so that the seeded world can be written again."""
