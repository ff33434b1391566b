"""The same night with real processes: two sites, and a command that waits.

Both sites are killed for twenty seconds of the sandbox's clock and started
again, the token expires twice, and half of the command's requests are
reset, cut or answered 503.
"""

from __future__ import annotations

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from fakeserver.cli.main import main
from fakeserver.sandbox import process
from fakeserver.sandbox.folder import Folder

pytestmark = pytest.mark.processes

SITES = ("site-a", "site-b")
SHELL = "import sys; from protectorclient.shell import main; sys.exit(main())"
FAILOVER = (
    "protection-group failover prod-web-app "
    "--network-mapping net-primary-web=net-secondary-web"
)
#: what the wait asks for, and what it signs in with
ASKED = ("*/operations*", "*/protection-groups/????????-*", "*/auth/tokens")
FAULTS = (("reset", 0.3), ("truncate", 0.1), ("503", 0.1))


class Sandbox:
    """Two sites as processes, and commands typed beside them."""

    def __init__(self, folder: pathlib.Path, seed: int) -> None:
        self.folder = Folder(folder)
        self._box = folder
        ports = ("--port", "0", "--peer-port", "0")
        self("up", *ports, "--pace", "3", "--seed", str(seed))

    def __call__(self, *words: str) -> None:
        assert main([*words, "--dir", str(self._box)]) == 0

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "OS_CLIENT_CONFIG_FILE": str(self._box / "clouds.yaml"),
            "OS_CLOUD": "site-a",
        }

    def type(self, command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", SHELL, *command.split()],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
        )

    def typed(self, command: str) -> tuple[int, Any]:
        started = self.type(command)
        out, _ = started.communicate(timeout=60)
        return started.returncode, json.loads(out)

    def close(self) -> None:
        for site in SITES:
            pid = process.running(self.folder, site)
            if pid is not None:
                process.end(pid, signal.SIGKILL)


@pytest.fixture(params=range(5))
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def sandbox(tmp_path: pathlib.Path, seed: int) -> Iterator[Sandbox]:
    made = Sandbox(tmp_path / "sandbox", seed + 1)
    try:
        yield made
    finally:
        made.close()


def test_a_night(sandbox: Sandbox, seed: int) -> None:
    dice = random.Random(seed)
    fails = seed == 3
    if fails:
        sandbox("fault", "add", "step", "--match", "recreate_instances")
    command = sandbox.type(f"{FAILOVER} --wait --timeout 15m -f json")
    assert command.stderr is not None
    told = []
    for line in command.stderr:
        told.append(line)
        # from here on no recovery point is needed: a day later the array
        # has dropped those of the evening
        if "promote_volumes_on_flasharray" in line:
            break
    (begun,) = [line for line in told if "has begun" in line]
    operation = begun.split()[-1]
    for kind, probability in FAULTS:
        for match in ASKED:
            chance = ("--probability", str(probability))
            sandbox("fault", "add", kind, "--match", match, *chance)
    time.sleep(dice.uniform(0, 1))
    for site in SITES:
        sandbox("kill", site)
    assert command.poll() is None, "it is still waiting"
    sandbox("clock", "advance", "20s")
    time.sleep(dice.uniform(0.5, 3))
    sandbox("clock", "advance", "25h")
    for site in dice.sample(SITES, 2):
        sandbox("start", site)
    time.sleep(dice.uniform(0, 2))
    sandbox("clock", "advance", "25h")
    try:
        out, rest = command.communicate(timeout=240)
    except subprocess.TimeoutExpired:
        command.kill()
        out, rest = command.communicate()
    sandbox("fault", "clear")
    code, truth = sandbox.typed(
        f"operation show {operation} --exit-status -f json"
    )
    said = "".join(told) + rest
    assert command.returncode == code == (10 if fails else 0), said
    outcome = "rolled_back" if fails else "completed"
    added = {"outcome": outcome, "audit_log": "written"}
    assert json.loads(out) == {**truth, **added}, said
    assert "site-a does not answer" in said
    assert "site-a answers again" in said
