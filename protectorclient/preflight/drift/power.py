"""Whether the instances of a group run."""

from __future__ import annotations

import dataclasses

from protectorclient.escape import at, shell_word
from protectorclient.preflight.drift.attributes import MISSING
from protectorclient.preflight.drift.difference import Difference
from protectorclient.preflight.drift.subject import Subject

CHECK = "running"
RUNS = "ACTIVE"


@dataclasses.dataclass(frozen=True)
class Power:
    """A member that does not run."""

    member: str
    #: As Nova says; None where the instance is gone.
    status: str | None
    #: As it was when it was last kept; None where it is not kept.
    kept: str | None


def down(subject: Subject) -> list[Power]:
    """Return the members that do not run now.

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
        if status != RUNS:
            kept = (instance.here.get("attributes") or {}).get(
                "power_state", MISSING
            )
            found.append(
                Power(instance.name, status, None if kept is MISSING else kept)
            )
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
            fix=(at(site, "server start", shell_word(one.member)),),
        )
        for one in down(subject)
        # that there is none is another difference
        if one.status is not None and one.status != (one.kept or RUNS)
    ]
