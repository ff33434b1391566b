"""The exit status of each command, and of each error.

The numbers are one list, so that a script can rely on them and a reader
can find them.
"""

import enum
from collections.abc import Sequence

from protectorclient import exceptions


class ExitCode(enum.IntEnum):
    """The exit status of every command."""

    #: Done.
    OK = 0
    #: Any error that has no number of its own.
    ERROR = 1
    #: The command line is wrong.
    USAGE = 2
    #: A check found a problem; a dead peer is one.
    PROBLEM = 3
    #: A check found only warnings, and ``--strict`` was given.
    WARNING = 4
    #: Refused: state, sync, an expectation, a primary that still answers.
    REFUSED = 5
    #: A site does not answer, and the command needs it.
    UNREACHABLE = 6
    #: Not authenticated or not allowed.
    NOT_ALLOWED = 7
    #: The operation still runs.
    RUNNING = 8
    #: The operation failed and was rolled back.
    ROLLED_BACK = 10
    #: The operation failed and left something behind, or ended partial.
    LEFTOVERS = 11
    #: No site that knows the operation answers.
    UNKNOWN = 12
    #: The question was not answered with yes.
    NOT_CONFIRMED = 13
    #: Several groups, and some failed.
    SOME_FAILED = 14
    #: Interrupted from the keyboard; the operation goes on.
    INTERRUPTED = 130
    #: Ended by SIGHUP: the terminal is gone; the operation goes on.
    HUNG_UP = 129
    #: Ended by SIGTERM; the operation goes on.
    TERMINATED = 143


#: The nearest class up the tree decides.
BY_ERROR: dict[type[BaseException], ExitCode] = {
    exceptions.ProtectorError: ExitCode.ERROR,
    exceptions.UsageProblem: ExitCode.USAGE,
    exceptions.GuardRefused: ExitCode.REFUSED,
    exceptions.NotConfirmed: ExitCode.NOT_CONFIRMED,
    exceptions.SomeFailed: ExitCode.SOME_FAILED,
    exceptions.SiteUnreachable: ExitCode.UNREACHABLE,
    exceptions.ServiceUnavailable: ExitCode.UNREACHABLE,
    exceptions.AuthenticationFailed: ExitCode.NOT_ALLOWED,
    exceptions.OutcomeUnknown: ExitCode.UNKNOWN,
    exceptions.Unauthorized: ExitCode.NOT_ALLOWED,
    exceptions.Forbidden: ExitCode.NOT_ALLOWED,
    exceptions.Conflict: ExitCode.REFUSED,
    exceptions.NameConflict: ExitCode.ERROR,
    exceptions.InUse: ExitCode.ERROR,
    exceptions.PeerUnreachable: ExitCode.UNREACHABLE,
    exceptions.OperationFailed: ExitCode.ROLLED_BACK,
    exceptions.OperationLeftovers: ExitCode.LEFTOVERS,
    exceptions.OperationPartial: ExitCode.LEFTOVERS,
    exceptions.WaitTimeout: ExitCode.RUNNING,
    exceptions.OperationUnknown: ExitCode.UNKNOWN,
    KeyboardInterrupt: ExitCode.INTERRUPTED,
}


def code_for(error: BaseException) -> ExitCode:
    """Return the exit status of a command that ended with this error.

    An error of a part above this one brings its own along.
    """
    own = getattr(error, "exit_code", None)
    if isinstance(own, ExitCode):
        return own
    for kind in type(error).__mro__:
        if kind in BY_ERROR:
            return BY_ERROR[kind]
    return ExitCode.ERROR


def code_for_several(codes: Sequence[ExitCode], count: int) -> ExitCode:
    """Return the exit status of a command over several operations.

    :param codes: of those that did not end well.
    :param count: how many there were.
    """
    if not codes:
        return ExitCode.OK
    if len(set(codes)) == 1 and len(codes) == count:
        return codes[0]
    if set(codes) - {ExitCode.RUNNING, ExitCode.UNKNOWN}:
        return ExitCode.SOME_FAILED
    return max(codes)
