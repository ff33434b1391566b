"""What a command knows of the operations that it follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from protectorclient import exceptions
from protectorclient.escape import ShellCommand


class Wait(Protocol):
    """The operations that a command follows, while it follows any.

    A command that starts or follows operations sets `Command.wait`; what
    it says of an error then names the operation.
    """

    #: What to type where the site of the operation is down for good.
    otherwise: tuple[str, ...]

    def interrupted(self) -> KeyboardInterrupt:
        """Return what to say when the keyboard ends the wait."""

    def complete(self, error: BaseException) -> None:
        """Add to an error the commands that take up the wait again."""

    def resume_after(self, error: BaseException) -> tuple[ShellCommand, ...]:
        """Return the command that waits again after a login has ended."""

    def advise(self, error: BaseException) -> None:
        """Write the leftovers, the likely cause and the fix to stderr."""

    def show_again(self) -> ShellCommand | None:
        """Return the command that shows a result that was lost."""


class SeveralFailed(exceptions.SomeFailed):
    """Of several operations, some have not completed.

    :param total: how many operations there were.
    """

    def __init__(
        self,
        message: str,
        *,
        errors: Mapping[str, BaseException],
        total: int,
    ) -> None:
        super().__init__(message, errors=errors)
        self.total = total


def each(
    names: Sequence[str],
    change: Callable[[str], object],
    explain: Callable[[BaseException], object],
) -> exceptions.SomeFailed | None:
    """Do one thing to several; one that fails does not stop the rest.

    A single one ends the command with its own error. Of several, each error
    is explained at once.

    :returns: the error that sums them up, where any failed.
    """
    errors: dict[str, BaseException] = {}
    names = list(dict.fromkeys(names))
    for name in names:
        try:
            change(name)
        except exceptions.ProtectorError as error:
            if len(names) == 1:
                raise
            explain(error)
            errors[name] = error
    if not errors:
        return None
    return exceptions.SomeFailed(
        f"{len(errors)} of {len(names)} failed: {', '.join(errors)}",
        errors=errors,
    )
