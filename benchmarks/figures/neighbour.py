"""What every other `openstack` command pays because ours is installed."""

import dataclasses
import json
import pathlib

from benchmarks.harness import environments, processes
from benchmarks.harness.figure import Figure, Work
from benchmarks.harness.stage import Stage, sandbox

_ISSUE = """\
import sys
from openstackclient.shell import main
sys.exit(main(["token", "issue"]))
"""
#: the same, and the names of what it has loaded at its end
_NAMES = """\
import atexit, json, sys
def write():
    with open(sys.argv[1], "w") as file:
        json.dump(sorted(sys.modules), file)
atexit.register(write)
"""
_OURS = ("protectorclient", "fakeserver")


@dataclasses.dataclass(frozen=True)
class Both:
    """The interpreters of an environment with ours, and of one without."""

    ours: pathlib.Path
    without: pathlib.Path


def _both(stage: Stage) -> Both:
    return Both(
        environments.make(stage.place / "with", with_ours=True),
        environments.make(stage.place / "without", with_ours=False),
    )


def _issue(stage: Stage) -> tuple[Work, Work]:
    env, both = stage.once(sandbox).env, stage.once(_both)
    return (
        lambda: processes.cpu_seconds([str(both.ours), "-c", _ISSUE], env),
        lambda: processes.cpu_seconds([str(both.without), "-c", _ISSUE], env),
    )


def _loaded(stage: Stage, python: pathlib.Path) -> set[str]:
    file = stage.place / "loaded"
    command = [str(python), "-c", _NAMES + _ISSUE, str(file)]
    processes.seconds(command, stage.once(sandbox).env)
    return set(json.loads(file.read_text()))


def _modules(stage: Stage) -> Work:
    """Count the modules of ours that are loaded."""

    def work() -> float:
        names = _loaded(stage, stage.once(_both).ours)
        return float(sum(name.split(".")[0] in _OURS for name in names))

    return work


def _others(stage: Stage) -> Work:
    """Count the modules of others that are loaded because of ours."""

    def work() -> float:
        both = stage.once(_both)
        more = _loaded(stage, both.ours) - _loaded(stage, both.without)
        return float(sum(name.split(".")[0] not in _OURS for name in more))

    return work


FIGURES = (
    Figure(
        "token-issue",
        "openstack token issue with ours installed, CPU",
        1.01,
        _issue,
        "the same without ours",
        pairs=11,
        turns=3,
    ),
    Figure(
        "token-issue-modules",
        "modules of ours that it loads",
        12,
        _modules,
        unit="modules",
        most=3,
    ),
    Figure(
        "token-issue-others",
        "modules of others that it loads for ours",
        0,
        _others,
        unit="modules",
        most=3,
    ),
)
