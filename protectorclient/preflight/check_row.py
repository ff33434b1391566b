"""A row of the table of checks: the question, the site, the judgement."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable

from protectorclient.advice.actions import ACTIONS
from protectorclient.advice.row import Advice
from protectorclient.preflight.findings import Severity, Verdict

Judge = Callable[..., Verdict]

#: The actions that build instances at the other site.
BUILDS = frozenset(key for key, one in ACTIONS.items() if one.builds)
#: The actions of which both sites must know.
PLANNED = frozenset(
    key for key, one in ACTIONS.items() if not one.is_unplanned
)
ALL = frozenset(ACTIONS)


class Where(enum.Enum):
    """Where a check is made, and so how many rows it has."""

    EACH = "at each site"
    #: Save a primary that is thought to be dead.
    NEEDED = "at each site that is needed"
    ASKED = "at the site that is asked"
    TARGET = "at the target"
    PAIR = "of both"


@dataclasses.dataclass(frozen=True)
class Check:
    """One row of the table.

    The cause and the fix are a row of `protectorclient.advice`.
    """

    id: str
    title: str
    judge: Judge
    where: Where
    #: What causes it, and what clears it, where the function does not know
    #: better.
    advice: Advice
    impact: str
    #: The service's word for it, without the prefix.
    reason: str | None = None
    purposes: frozenset[str] = ALL
    severity: Severity = Severity.PROBLEM
    #: What is refused as long as it stands, of the purposes. What fails
    #: only later, or may, is not.
    blocks: frozenset[str] = frozenset()

    @property
    def compares(self) -> bool:
        """Return whether it compares the group with what is there."""
        return self.judge.__module__.endswith(".drift.verdicts")
