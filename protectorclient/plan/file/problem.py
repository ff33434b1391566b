"""What can be wrong with a plan."""

from __future__ import annotations

from collections.abc import Sequence

from protectorclient import exceptions
from protectorclient.exit_codes import ExitCode


class PlanProblem(exceptions.ProtectorError):
    """A plan, or the journal of one, that cannot be used."""

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        super().__init__(message)
        #: Every problem that was found, a sentence each, the first too.
        self.problems: tuple[str, ...] = tuple(problems) or (message,)


class PlanDoesNotFit(PlanProblem):
    """A plan that is good, and does not fit the groups or the run."""

    # a check has found it: nothing was begun
    exit_code = ExitCode.PROBLEM
