"""The states of a server, and what Nova allows in each. Data, no HTTP."""

import dataclasses
from collections.abc import Mapping

from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.web import CloudError

#: status -> power state, vm state
STATES: Mapping[str, tuple[int, str]] = {
    "ACTIVE": (1, "active"),
    "SHUTOFF": (4, "stopped"),
    "PAUSED": (3, "paused"),
    "SUSPENDED": (4, "suspended"),
    "SHELVED_OFFLOADED": (4, "shelved_offloaded"),
    "VERIFY_RESIZE": (1, "resized"),
    "ERROR": (0, "error"),
}
RUNNING = 1


@dataclasses.dataclass(frozen=True)
class Move:
    """An action that moves a server from one status to another."""

    #: what Nova calls it in its refusals and in the history
    verb: str
    before: tuple[str, ...]
    after: str


MOVES: Mapping[str, Move] = {
    "os-start": Move("start", ("SHUTOFF",), "ACTIVE"),
    "os-stop": Move("stop", ("ACTIVE", "ERROR"), "SHUTOFF"),
    "pause": Move("pause", ("ACTIVE",), "PAUSED"),
    "unpause": Move("unpause", ("PAUSED",), "ACTIVE"),
    "suspend": Move("suspend", ("ACTIVE",), "SUSPENDED"),
    "resume": Move("resume", ("SUSPENDED",), "ACTIVE"),
    # a volume-backed server is offloaded at once
    "shelve": Move(
        "shelve",
        ("ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED"),
        "SHELVED_OFFLOADED",
    ),
    # Nova names SHELVED alone, where no server of this cloud stays
    "shelveOffload": Move("shelveOffload", (), "SHELVED_OFFLOADED"),
    "unshelve": Move("unshelve", ("SHELVED_OFFLOADED",), "ACTIVE"),
}
#: the kinds of a reboot, and the statuses that each is allowed in
REBOOTED: Mapping[str, tuple[str, ...]] = {
    "SOFT": ("ACTIVE",),
    "HARD": ("ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED", "ERROR"),
}
#: what is no move, and the statuses that it is allowed in
ALLOWED: Mapping[str, tuple[str, ...]] = {
    "resize": ("ACTIVE", "SHUTOFF"),
    "confirmResize": ("VERIFY_RESIZE",),
    "revertResize": ("VERIFY_RESIZE",),
    "rebuild": ("ACTIVE", "SHUTOFF", "ERROR"),
    "attach_volume": (
        "ACTIVE",
        "PAUSED",
        "SHUTOFF",
        "VERIFY_RESIZE",
        "SHELVED_OFFLOADED",
    ),
    "detach_volume": (
        "ACTIVE",
        "PAUSED",
        "SHUTOFF",
        "VERIFY_RESIZE",
        "SHELVED_OFFLOADED",
    ),
    "attach_interface": ("ACTIVE", "PAUSED", "SHUTOFF"),
    "detach_interface": ("ACTIVE", "PAUSED", "SHUTOFF"),
    "update metadata": ("ACTIVE", "PAUSED", "SUSPENDED", "SHUTOFF"),
    "delete metadata": ("ACTIVE", "PAUSED", "SUSPENDED", "SHUTOFF"),
}


def running(row: Doc) -> bool:
    """Return whether a server writes to its disks."""
    # what was resized while it was stopped stays so until it is started
    stopped = row.get("stopped_before", False)
    return STATES[row["status"]][0] == RUNNING and not stopped


def require(row: Doc, verb: str, statuses: tuple[str, ...]) -> None:
    """Refuse an action in the wrong status; one that never reached a host
    is in ERROR for good."""
    if row["status"] in statuses and not row.get("fault"):
        return
    _, state = STATES[row["status"]]
    raise CloudError(
        409,
        f"Cannot '{verb}' instance {row['id']} while it is in vm_state "
        f"{state}",
    )


def allow(caller: Token, row: Doc, verb: str) -> None:
    """Refuse what a lock, or the status of a server, does not allow."""
    require_unlocked(caller, row)
    require(row, verb, ALLOWED[verb])


def require_unlocked(caller: Token, row: Doc) -> None:
    """Refuse to change a locked server to everybody but an admin."""
    if row.get("locked") and not caller.is_admin:
        raise CloudError(409, f"Instance {row['id']} is locked")
