"""The ``protector`` script.

It imports nothing until it can be interrupted: who presses Ctrl-C while the
rest is loaded is told what that means, as at any other time.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from protectorclient.osc.app import ProtectorShell as ProtectorShell

#: The commands that start nothing, and are taken up by typing them again.
LOOKING_ON = (("operation", "wait"), ("operation", "watch"))
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``protector`` and return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    shell: ProtectorShell | None = None
    try:
        from protectorclient.osc import app, lean, streams

        streams.replace_closed()
        lean.defer()
        shell = app.ProtectorShell()
        status = shell.run(arguments)
    except KeyboardInterrupt:
        status = INTERRUPTED
    if status == INTERRUPTED and not (shell and shell.has_begun):
        _say_interrupted(arguments)
    return status


def _say_interrupted(arguments: Sequence[str]) -> None:
    """No command has begun: so much is known."""
    pairs = zip(arguments, arguments[1:], strict=False)
    lines = ["interrupted; nothing was started"]
    if any(pair in LOOKING_ON for pair in pairs):
        import shlex

        lines = [
            "interrupted",
            f"hint: {shlex.join(['protector', *arguments])}",
        ]
    if sys.stderr is not None:
        sys.stderr.write("".join(f"{line}\n" for line in lines))


def __getattr__(name: str) -> Any:
    if name == "ProtectorShell":
        from protectorclient.osc import app

        return app.ProtectorShell
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


if __name__ == "__main__":
    sys.exit(main())
