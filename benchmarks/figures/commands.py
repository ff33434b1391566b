"""Commands as whole processes, beside `openstack token issue`."""

import pathlib
import sys
import time

from benchmarks.harness import processes
from benchmarks.harness.figure import Figure, Work
from benchmarks.harness.stage import Stage, operation, sandbox

TOKEN_ISSUE = "openstack token issue"
#: Runs a command of ours in this process; what it loaded is counted after it.
_COUNT = """\
import atexit, sys
path = sys.argv.pop()
def write():
    with open("/proc/self/status") as status, open(path, "w") as file:
        kib = next(line for line in status if line.startswith("VmHWM"))
        print(len(sys.modules), kib.split()[1], file=file)
atexit.register(write)
from protectorclient.shell import main
sys.exit(main(sys.argv[1:]))
"""


def _beside_token_issue(
    stage: Stage, ours: list[str], env: dict[str, str] | None = None
) -> tuple[Work, Work]:
    env = env or stage.once(sandbox).env
    peer = [stage.program("openstack"), "token", "issue"]
    return (
        lambda: processes.seconds(ours, env),
        lambda: processes.seconds(peer, env),
    )


def _show(stage: Stage) -> tuple[Work, Work]:
    return _beside_token_issue(stage, _show_command(stage))


def _show_command(stage: Stage) -> list[str]:
    identifier = stage.once(operation)
    return [stage.program("protector"), "operation", "show", identifier]


def _show_mib(stage: Stage) -> Work:
    return lambda: loaded(stage, _show_command(stage)[1:])[1]


def _show_modules(stage: Stage) -> Work:
    return lambda: loaded(stage, _show_command(stage)[1:])[0]


def loaded(
    stage: Stage, arguments: list[str], env: dict[str, str] | None = None
) -> tuple[float, float]:
    """Return the modules that a command of ours has loaded at its end, and
    its largest resident set in MiB.

    What wait4 tells of a child is never less than what its parent has.
    """
    counted = pathlib.Path(stage.place) / "modules"
    env = env or stage.once(sandbox).env
    command = [sys.executable, "-c", _COUNT, *arguments, str(counted)]
    processes.seconds(command, env)
    modules, kib = counted.read_text().split()
    return float(modules), float(kib) / 1024


def _kept(stage: Stage) -> dict[str, str]:
    """Return the environment of a user whose reads keep their sessions."""
    env = stage.once(sandbox).env | {
        "XDG_CACHE_HOME": str(stage.place / "cache")
    }
    processes.seconds([stage.program("protector"), "cache", "enable"], env)
    processes.seconds(_show_command(stage), env)
    return env


def _again(stage: Stage) -> tuple[Work, Work]:
    return _beside_token_issue(stage, _show_command(stage), stage.once(_kept))


def _again_mib(stage: Stage) -> Work:
    env = stage.once(_kept)
    return lambda: loaded(stage, _show_command(stage)[1:], env)[1]


def _again_modules(stage: Stage) -> Work:
    env = stage.once(_kept)
    return lambda: loaded(stage, _show_command(stage)[1:], env)[0]


def _asked(stage: Stage, env: dict[str, str]) -> Work:
    """Count the requests of the command at both sites, sign-in included."""
    site, command = stage.once(sandbox), _show_command(stage)

    def work() -> float:
        began = time.time()
        processes.seconds(command, env)
        return float(len(site.requests(began)))

    return work


def _show_requests(stage: Stage) -> Work:
    return _asked(stage, stage.once(sandbox).env)


def _again_requests(stage: Stage) -> Work:
    return _asked(stage, stage.once(_kept))


def _complete(stage: Stage) -> tuple[Work, Work]:
    return _beside_token_issue(stage, [stage.program("protector"), "complete"])


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
        most=3,
    ),
    Figure(
        "operation-show-memory",
        "its largest resident set",
        40,
        _show_mib,
        unit="MiB",
    ),
    Figure(
        "operation-show-requests",
        "requests of it, sign-in included",
        3,
        _show_requests,
        unit="requests",
        most=3,
    ),
    Figure(
        "operation-show-again",
        "the same by a session that is kept",
        0.17,
        _again,
        TOKEN_ISSUE,
    ),
    Figure(
        "operation-show-again-modules",
        "modules that it loads",
        290,
        _again_modules,
        unit="modules",
        most=3,
    ),
    Figure(
        "operation-show-again-memory",
        "its largest resident set",
        30,
        _again_mib,
        unit="MiB",
    ),
    Figure(
        "operation-show-again-requests",
        "requests of it",
        1,
        _again_requests,
        unit="requests",
        most=3,
    ),
    Figure("help", "protector --help", 0.12, _help, TOKEN_ISSUE),
    Figure("complete", "protector complete", 0.12, _complete, TOKEN_ISSUE),
)
