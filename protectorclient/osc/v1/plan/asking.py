"""What a command does at the terminal while a plan runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from protectorclient.escape import escaped
from protectorclient.osc import command, prompts


class RunInterrupted(KeyboardInterrupt):
    """Interrupted while a plan ran; its operations go on."""

    def __init__(self, message: str, *lines: str) -> None:
        super().__init__(message)
        self.message = message
        self.next = lines


def terminal(command: command.Command) -> Callable[..., bool | None]:
    """Return what asks a gate's question on the terminal, without waiting."""
    known: set[str] = set()
    asked: set[str] = set()

    def ask(wave: str, gate: Any) -> bool | None:
        import select
        import sys

        if not prompts.on_terminal():
            return None
        if wave not in known:
            # what has happened before is written first
            known.add(wave)
            return None
        if wave not in asked:
            asked.add(wave)
            command.app.stderr.write(
                f"{escaped(gate.question)} Go on? [yes/no] "
            )
            command.app.stderr.flush()
        ready, _, _ = select.select([sys.stdin], [], [], 0)
        if not ready:
            return None
        said = sys.stdin.readline().strip().lower()
        if said in ("yes", "y"):
            return True
        if said in ("no", "n"):
            return False
        asked.discard(wave)
        return None

    return ask
