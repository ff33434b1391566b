"""What can be wrong with a plan."""

from __future__ import annotations

from collections.abc import Sequence

from protectorclient import exceptions


class PlanProblem(exceptions.ProtectorError):
    """A plan, or the journal of one, that cannot be used."""

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        super().__init__(message)
        #: Every problem that was found, a sentence each, the first too.
        self.problems: tuple[str, ...] = tuple(problems) or (message,)
