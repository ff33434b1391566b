"""What the peer answers, and the ways in which it gives no answer."""

import dataclasses
from typing import Any


class PeerSilent(Exception):
    """The peer gave no answer that can be used: the result is not known."""

    def __init__(self, site: str, cause: object) -> None:
        super().__init__(f"{site} does not answer: {cause}")
        self.site = site


class PeerUnreadable(PeerSilent):
    """The answer did not come from a protector service."""

    def __init__(self, site: str, came: str) -> None:
        super().__init__(site, came)
        #: what it was, in a few words
        self.came = came


class PeerRefused(Exception):
    """The peer refused the request."""

    def __init__(
        self, site: str, status: int, reason: str, message: str
    ) -> None:
        super().__init__(f"{site} refused: {message}")
        self.site = site
        self.status = status
        self.reason = reason
        self.message = message


@dataclasses.dataclass(frozen=True)
class PeerState:
    """What the peer holds of a group."""

    version: int
    checksum: str
    failover_count: int
    last_operation: str | None
    #: an operation of the group that is not finished there
    unfinished: str | None = None

    @property
    def rank(self) -> tuple[int, int]:
        return self.failover_count, self.version


def state_of(found: dict[str, Any]) -> PeerState:
    """Read a sync status; KeyError, TypeError or ValueError where it is
    none."""
    return PeerState(
        version=int(found["local_version"]),
        checksum=str(found["local_checksum"]),
        failover_count=int(found.get("local_failover_count") or 0),
        last_operation=found.get("last_operation_id"),
        unfinished=found.get("unfinished_operation_id"),
    )
