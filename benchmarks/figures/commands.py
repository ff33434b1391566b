"""Commands as whole processes, beside `openstack token issue`."""

import pathlib
import sys

from benchmarks.harness import processes
from benchmarks.harness.figure import Figure, Work
from benchmarks.harness.stage import Stage, operation, sandbox

TOKEN_ISSUE = "openstack token issue"
#: Runs a command of ours in this process; what it loaded is counted after it.
_COUNT = """\
import atexit, sys
path = sys.argv.pop()
atexit.register(lambda: print(len(sys.modules), file=open(path, "w")))
from protectorclient.shell import main
sys.exit(main(sys.argv[1:]))
"""


def _beside_token_issue(stage: Stage, ours: list[str]) -> tuple[Work, Work]:
    env = stage.once(sandbox).env
    peer = [stage.program("openstack"), "token", "issue"]
    return (
        lambda: processes.run(ours, env).wall,
        lambda: processes.run(peer, env).wall,
    )


def _show(stage: Stage) -> tuple[Work, Work]:
    return _beside_token_issue(stage, _show_command(stage))


def _show_command(stage: Stage) -> list[str]:
    identifier = stage.once(operation)
    return [stage.program("protector"), "operation", "show", identifier]


def _show_mib(stage: Stage) -> Work:
    env = stage.once(sandbox).env
    command = _show_command(stage)
    return lambda: processes.run(command, env).mib


def _show_modules(stage: Stage) -> Work:
    return lambda: modules(stage, _show_command(stage)[1:])


def modules(stage: Stage, arguments: list[str]) -> float:
    """Return how many modules a command of ours has loaded at its end."""
    counted = pathlib.Path(stage.place) / "modules"
    env = stage.once(sandbox).env
    command = [sys.executable, "-c", _COUNT, *arguments, str(counted)]
    processes.run(command, env)
    return float(counted.read_text())


def _help(stage: Stage) -> tuple[Work, Work]:
    return _beside_token_issue(stage, [stage.program("protector"), "--help"])


FIGURES = (
    Figure(
        "operation-show",
        "protector operation show, the first time",
        0.35,
        _show,
        TOKEN_ISSUE,
    ),
    Figure(
        "operation-show-modules",
        "modules that it loads",
        320,
        _show_modules,
        unit="modules",
    ),
    Figure(
        "operation-show-memory",
        "its largest resident set",
        40,
        _show_mib,
        unit="MiB",
    ),
    Figure("help", "protector --help", 0.12, _help, TOKEN_ISSUE),
)
