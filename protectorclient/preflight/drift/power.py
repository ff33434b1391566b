"""Whether the instances of a group run."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Any

from protectorclient.escape import ShellCommand, at, shell_word
from protectorclient.preflight.drift.attributes import MISSING
from protectorclient.preflight.drift.difference import Difference
from protectorclient.preflight.drift.subject import Subject

CHECK = "running"
RUNS = "ACTIVE"
STOPPED = "SHUTOFF"
#: What a person does to an instance that cannot be stopped as it is.
_CURES = {
    "PAUSED": "server unpause",
    "SUSPENDED": "server resume",
    "SHELVED": "server unshelve",
    "SHELVED_OFFLOADED": "server unshelve",
    "RESCUE": "server unrescue",
    "VERIFY_RESIZE": "server resize confirm",
}


@dataclasses.dataclass(frozen=True)
class Power:
    """A member that does not run."""

    member: str
    #: As Nova says; None where the instance is gone.
    status: str | None
    #: As it was when it was last kept; None where it is not kept.
    kept: str | None
    #: The id of its instance.
    instance: str = ""
    #: Whether it runs, and somebody has locked it.
    locked: bool = False
    #: When that was read, as the service writes it; None for now.
    read_at: str | None = None

    @property
    def is_obstacle(self) -> bool:
        """Return whether an operation cannot stop it as it is."""
        if self.status in (None, STOPPED):
            return False
        return self.locked or self.status != RUNS

    def __str__(self) -> str:
        if self.locked:
            return f"{self.member} is locked"
        return f"{self.member} is {self.status or 'gone'}"

    def cure(self, site: str) -> ShellCommand | None:
        """Make the command with which an operation can stop it, or with
        which it runs."""
        if self.status is None:
            return None
        if self.locked:
            return at(site, "server unlock {id}", id=self.instance)
        if self.status == STOPPED:
            return at(site, "server start", shell_word(self.member))
        words = _CURES.get(self.status, "server show")
        return at(site, f"{words} {{id}}", id=self.instance)


def down(subject: Subject) -> list[Power]:
    """Return the members that do not run now, or that are locked.

    What a test failover has stopped counts as running: its clean-up starts
    it.
    """
    subject.need_quiet()
    found = []
    for instance in subject.forecast.instances:
        identity = str(instance.here.get("instance_id"))
        if identity in subject.stopped_by_test:
            continue
        server = subject.servers.get(identity)
        status = str(server.get("status")) if server else None
        locked = status == RUNS and bool((server or {}).get("locked"))
        if status != RUNS or locked:
            kept = (instance.here.get("attributes") or {}).get(
                "power_state", MISSING
            )
            found.append(
                Power(
                    instance.name,
                    status,
                    None if kept is MISSING else kept,
                    identity,
                    locked,
                )
            )
    return found


def as_kept(subject: Subject) -> list[Power]:
    """Return the members that were stopped at the recovery point.

    Those whose state then is not known are started: they are not here.
    """
    found = []
    for instance in subject.forecast.instances:
        held = instance.here.get("attributes")
        if not isinstance(held, Mapping):
            continue
        state = held.get("power_state")
        if state == STOPPED and unknown(held, subject.recovery_point) is None:
            read_at = str(held.get("power_state_at"))
            found.append(
                Power(instance.name, STOPPED, STOPPED, read_at=read_at)
            )
    return found


def assumed(subject: Subject) -> list[Power]:
    """Return the members of which nobody knows that they ran at the recovery
    point, and that count as running: they ran before it, or that is not
    kept."""
    found = []
    for instance in subject.forecast.instances:
        kept = instance.here.get("attributes")
        held = kept if isinstance(kept, Mapping) else {"power_state": RUNS}
        if held.get("power_state") != RUNS:
            # it stays stopped, or is a difference
            continue
        if unknown(held, subject.recovery_point) is not None:
            when = _read_at(held)
            read_at = None if when is None else str(held["power_state_at"])
            found.append(Power(instance.name, RUNS, RUNS, read_at=read_at))
    return found


def find(subject: Subject) -> list[Difference]:
    """Return the members that do not run, and did when that was kept."""
    site = subject.here.name
    return [
        Difference(
            check=CHECK,
            site=site,
            member=one.member,
            attribute="power_state",
            protected=one.kept or RUNS,
            found=one.status,
            message=f"{one.member} is {one.status}",
            fix=(cure,) if (cure := one.cure(site)) else (),
        )
        for one in down(subject)
        # that there is none is another difference
        if one.status is not None and one.status != (one.kept or RUNS)
    ]


def unknown(
    held: Mapping[str, Any], point: datetime.datetime | None
) -> str | None:
    """Return why a kept power state leaves open how a member was at a
    recovery point; None where it does not.

    :param held: the attributes of the member.
    """
    when = _read_at(held)
    if when is None or held.get("power_state") is None:
        return "its power state is not known"
    if point is not None and when < point.replace(microsecond=0):
        read_at = held["power_state_at"]
        return f"its power state is of {read_at}, before the recovery point"
    return None


def _read_at(held: Mapping[str, Any]) -> datetime.datetime | None:
    """Return when a power state was read; None where that is not known. A
    time without a zone is UTC."""
    try:
        when = datetime.datetime.fromisoformat(str(held.get("power_state_at")))
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=datetime.UTC)
