"""A row of the table of advice: a cause, its fix and the commands."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping

from protectorclient.escape import ShellCommand, fill


@dataclasses.dataclass(frozen=True)
class Advice:
    """A cause, its fix, and the commands to type.

    ``{group}``, ``{operation}``, ``{site}`` and others stand for names; see
    `protectorclient.escape.fill`.
    """

    #: A word for the row; of a check its id.
    key: str
    cause: str
    #: What to do, in order.
    fix: tuple[str, ...] = ()
    #: Commands to type, in order, and sentences between them.
    commands: tuple[str, ...] = ()
    #: What to type first: of these, the first whose names are known.
    next: tuple[ShellCommand, ...] = ()
    #: What is seen, where an operation or a page shows it.
    symptom: str = ""
    #: Reasons of the service it belongs to, without the prefix.
    reasons: tuple[str, ...] = ()
    #: Steps at which an operation that shows it has failed.
    steps: tuple[str, ...] = ()
    #: Operations it is limited to.
    types: tuple[str, ...] = ()
    #: What the message says, as a regular expression. Of the rows with the
    #: same reason or step, the first that fits is taken.
    message: str | None = None

    def filled(
        self,
        *,
        group: str = "GROUP",
        operation: str = "OPERATION",
        site: str = "SITE",
    ) -> Advice:
        """Put the names of group, operation and site into the row."""
        return self.naming(group=group, operation=operation, site=site)

    def naming(self, **names: str) -> Advice:
        """Put the given names into the row; others stay as they are."""
        return dataclasses.replace(
            self,
            cause=fill(self.cause, **names),
            fix=tuple(fill(text, **names) for text in self.fix),
            commands=tuple(fill(line, **names) for line in self.commands),
            next=tuple(fill(line, **names) for line in self.next),
        )

    def fits(self, message: str) -> bool:
        """Return whether the row's pattern, if it has one, is in a message."""
        return self.message is None or bool(re.search(self.message, message))

    @property
    def short(self) -> tuple[str, ...]:
        """Return the fix in a line or two, as a check shows it."""
        first = self.next[:1]
        if self.symptom:
            # the sentences of the published page are too many
            return first or self.fix
        return (*self.fix, *(self.commands or first))

    def first(self, names: Mapping[str, str]) -> ShellCommand | None:
        """Return the command to type first, with the names that are known.

        :returns: None where too few are.
        """
        for line in self.next:
            if set(re.findall(r"{(\w+)}", line)) <= set(names):
                return fill(line, **names)
        return None
