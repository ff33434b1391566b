"""What a drill was asked for; the first line of its journal holds it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from protectorclient.durations import PROBES_TIMEOUT
from protectorclient.plan.file import model

#: The service keeps so many characters of a reason.
LONGEST_REASON = 255


@dataclasses.dataclass(frozen=True)
class DrillOptions:
    """What a drill was asked for."""

    #: Probes of every group, beside those of the plan.
    probes: tuple[str, ...] = ()
    #: All probes of a group may take so many seconds together.
    probe_timeout: float = PROBES_TIMEOUT
    #: Commands that judge every group, beside those of the plan.
    verify: tuple[model.Hook, ...] = ()
    #: Whether the test of a group that fails stays there.
    keep_on_failure: bool = False
    #: Whether the tests get networks of their own, without a router.
    isolated: bool = False
    #: Whether the instances are compared with their sources.
    fidelity: bool = True

    def to_dict(self) -> dict[str, Any]:
        """As data, for the journal."""
        return {
            **dataclasses.asdict(self),
            "verify": [
                {"run": list(one.run), "timeout": one.timeout}
                for one in self.verify
            ],
        }

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> DrillOptions:
        """Read them from a journal."""
        return cls(
            probes=tuple(given.get("probes", ())),
            probe_timeout=float(given.get("probe_timeout", PROBES_TIMEOUT)),
            verify=tuple(
                model.Hook(tuple(one["run"]), float(one["timeout"]))
                for one in given.get("verify", ())
            ),
            keep_on_failure=bool(given.get("keep_on_failure")),
            isolated=bool(given.get("isolated")),
            fidelity=bool(given.get("fidelity", True)),
        )


def reason(run_id: str, text: str | None = None) -> str:
    """Return the reason that the service keeps with an operation of a drill.

    Who reads it later knows from it that a drill has made the test.
    """
    said = f"{MARK}{run_id}"
    if text:
        said += f": {text}"
    return said[:LONGEST_REASON]


#: What such a reason begins with; the id of the run follows.
MARK = "drill "


def run_of(text: object) -> str | None:
    """Return the id of the run that a reason names, if it is a drill's."""
    if not isinstance(text, str) or not text.startswith(MARK):
        return None
    return text[len(MARK) :].split(":")[0].strip() or None
