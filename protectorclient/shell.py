"""The ``protector`` script: the same commands as ``openstack protector``.

It has a shell of its own for its speed: ``protector --version`` takes 180 ms
of CPU, ``openstack --version`` 1000, which loads the SDK and every plugin
(``benchmarks/startup.py``).

It imports nothing until it can be interrupted: Ctrl-C while the rest is
loaded ends with the same message as at any other time.
"""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from protectorclient.osc.script.app import ProtectorShell as ProtectorShell

#: The commands that start nothing; typed again, they go on.
POLLING_COMMANDS = tuple(
    (noun, verb) for noun in ("operation", "op") for verb in ("wait", "watch")
)
#: How many new objects, and collections of younger ones, come before a look
#: through the objects of each age; the interpreter's own are 700, 10 and 10.
_SELDOM = (20_000, 20, 20)
INTERRUPTED = 130
#: As the shell has it for a tool that SIGPIPE ends.
CLOSED_PIPE = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``protector`` and return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    from protectorclient.osc import signals

    if argv is None:
        # the metadata of a fleet are many objects, and they stay: to look
        # through them is a twentieth of a check beside 500 groups
        gc.set_threshold(*_SELDOM)
    with signals.listening():
        status = _run(arguments)
        if argv is None:
            # the interpreter looks through all objects once more before it
            # ends: a sixth of the processor time of a short command
            gc.freeze()
        return signals.status(status)


def _run(arguments: list[str]) -> int:
    from protectorclient.osc import signals

    shell: ProtectorShell | None = None
    if not _has_folder():
        return 1
    try:
        from protectorclient.osc import std_streams
        from protectorclient.osc.script import deferred_sdk

        std_streams.replace_closed()
        deferred_sdk.defer()
        from protectorclient.osc.script import app

        shell = app.ProtectorShell()
        status = _flushed(shell.run, arguments)
    except KeyboardInterrupt:
        status = INTERRUPTED
    if status == INTERRUPTED and not (shell and shell.has_begun):
        signals.ending()
        _say_interrupted(arguments)
    return status


def _has_folder() -> bool:
    """Return whether there is a current directory, which libraries look up."""
    import os

    try:
        os.getcwd()
    except OSError as error:
        with contextlib.suppress(AttributeError, OSError, ValueError):
            sys.stderr.write(
                "the current directory cannot be used:"
                f" {error.strerror}; type cd first\n"
            )
        return False
    return True


def _flushed(run: Callable[[list[str]], int], arguments: list[str]) -> int:
    """Run the shell, and flush stdout, as ``--help`` does not."""
    from protectorclient import exceptions

    try:
        try:
            return run(arguments)
        finally:
            sys.stdout.flush()
    except exceptions.OutputNotWritten as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except BrokenPipeError:
        return CLOSED_PIPE


def _say_interrupted(arguments: Sequence[str]) -> None:
    """Print that the command was interrupted."""
    pairs = zip(arguments, arguments[1:], strict=False)
    lines = ["interrupted; nothing was started"]
    if any(pair in POLLING_COMMANDS for pair in pairs):
        import shlex

        lines = [
            "interrupted",
            shlex.join(["protector", *arguments]),
        ]
    # a stream that is not there, or not guarded yet
    with contextlib.suppress(AttributeError, OSError, ValueError):
        sys.stderr.write("".join(f"{line}\n" for line in lines))


def __getattr__(name: str) -> Any:
    if name == "ProtectorShell":
        from protectorclient.osc.script import app

        return app.ProtectorShell
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


if __name__ == "__main__":
    sys.exit(main())
