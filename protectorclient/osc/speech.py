"""What a command writes beside its result, and what it says is next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from protectorclient.escape import ShellCommand, escaped


class Speaks:
    """The part of a command that speaks to a person."""

    app: Any
    cmd_name: str | None

    def write(self, line: str) -> None:
        """A line of a result that has a form of its own."""
        self.app.stdout.write(f"{escaped(line)}\n")

    def say(self, text: str) -> None:
        """A line of progress or a hint; not with ``--quiet``."""
        if self.app.options.verbose_level > 0:
            self.tell(text)

    def warn(self, text: str) -> None:
        self.tell(f"warning: {text}")

    def tell(self, text: str) -> None:
        """One line on stderr; on a terminal broken at words.

        A newline in it is in a name, and is spelt out.
        """
        self._put(_fitted(text, self.app.stderr))

    def _put(self, lines: Iterable[str]) -> None:
        self.app.stderr.write("".join(f"{line}\n" for line in lines))
        self.app.stderr.flush()

    # What is typed next

    def next(self, *lines: str) -> None:
        """Say what to type next: each command on a line of its own.

        Nothing stands before or behind it, and it is never broken: three
        clicks mark it. It is one that reaches the sites that this one has
        reached.

        :param lines: in order, each a `ShellCommand` or a sentence.
        """
        from protectorclient.osc import next_commands

        for line in lines:
            if isinstance(line, ShellCommand):
                reaching = next_commands.reaching(line, self.app.options)
                self._put([escaped(reaching)])
            else:
                self.tell(line)

    def hint(self, line: str) -> None:
        """What may help, beside a result; not with ``--quiet``."""
        if self.app.options.verbose_level > 0:
            command = isinstance(line, ShellCommand)
            self.next(line if command else f"hint: {line}")

    def again(self, *more: str, without: Sequence[str] = ()) -> ShellCommand:
        """The command that runs, as it was typed, to be typed again.

        :param more: options that are added.
        :param without: words that are left out.
        """
        from protectorclient.osc import next_commands

        return next_commands.typed_again(
            self.cmd_name, self._typed, more, without
        )

    #: What was typed behind the words of the command.
    _typed: tuple[str, ...] = ()


def _fitted(text: str, stream: TextIO) -> list[str]:
    """The lines of a sentence."""
    from protectorclient.osc.formats import formatters, measure

    line = escaped(text)
    if not stream.isatty():
        return [line]
    return measure.hanging(line, formatters.terminal_width(stream))


def sentence(error: BaseException) -> str:
    """One line, whatever the error."""
    if isinstance(error, KeyboardInterrupt) and not str(error):
        return "interrupted"
    lines = [line.strip() for line in str(error).splitlines()]
    text = " ".join(line for line in lines if line)
    request_id = getattr(error, "request_id", None)
    if request_id:
        text = f"{text} ({request_id})"
    return text or type(error).__name__
