"""The demo: two sites on this machine, a planned failover, a failback.

Every command is shown as you would type it, then run; what it did is checked
with the clouds' own commands, and the demo fails when anything is off. The
sandbox lives in a temporary directory on free ports and is taken down at the
end, however the end comes.
"""

import contextlib
import json
import os
import pathlib
import shlex
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from typing import Any

PROGRAMS = sysconfig.get_path("scripts")
GROUP = "prod-web-app"
#: seconds that a step of an operation takes: long enough to be seen
PACE = "0.5"
#: a command that takes longer than this is hanging
COMMAND_TIMEOUT = 60

UP = "protector-sandbox up --pace {pace} --port {port} --peer-port {peer}"
LIST_GROUPS = "openstack protector protection-group list"
SHOW_GROUP = f"openstack protector protection-group show {GROUP}"
#: of the operation's record, what shows on one screen
RESULT = "-c status -c steps_completed"
FAILOVER = f"""\
openstack protector protection-group failover {GROUP} \\
    --network-mapping net-primary-web=net-secondary-web \\
    --flavor-mapping m1.large=m2.large \\
    --wait {RESULT}"""
FAILBACK = f"""\
openstack protector protection-group failback {GROUP} \\
    --reverse-replication \\
    --network-mapping net-secondary-web=net-primary-web \\
    --wait {RESULT}"""
SERVERS = "openstack --os-cloud {cloud} server list"
COLUMNS = "-c Name -c Status -c Networks -c Flavor"
DOWN = "protector-sandbox down"


class Wrong(Exception):
    """The demo did not do what it promises."""


class Stage:
    """A temporary home directory, and the commands that run in it."""

    def __init__(self, place: pathlib.Path) -> None:
        self.place = place
        self.ports = _free_ports()
        self._environ = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("OS_", "XDG_", "PYTHON"))
            and not name.lower().endswith("_proxy")
        }
        path = self._environ.get("PATH", os.defpath)
        self._environ |= {
            "HOME": str(place),
            "PATH": os.pathsep.join((PROGRAMS, path)),
            "OS_CLIENT_CONFIG_FILE": str(
                place / ".protector-sandbox" / "clouds.yaml"
            ),
            "OS_CLOUD": "site-a",
        }

    def type(self, command: str) -> None:
        """Print a command, then run it."""
        print(f"$ {command}", flush=True)
        self._run(command)

    def ask(self, command: str) -> Any:
        """Return the JSON of a command that checks another one."""
        return json.loads(self._run(f"{command} -f json", subprocess.PIPE))

    def servers(self, cloud: str) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.ask(SERVERS.format(cloud=cloud))
        return listed

    def status(self) -> str:
        return str(self.ask(SHOW_GROUP)["status"])

    def answers(self) -> bool:
        """Return whether either site still accepts connections."""
        for port in self.ports:
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return True
        return False

    def processes(self) -> list[int]:
        """List the processes that were started here and still run, by
        /proc."""
        mark = str(self.place).encode()
        found = []
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                told = (entry / "environ").read_bytes()
                if mark in told + (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
        return found

    def clear(self) -> None:
        """Stop everything after a failure or an interruption."""
        with contextlib.suppress(Wrong):
            self._run(DOWN)
        for pid in self.processes():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)

    def show_logs(self) -> None:
        """Print the logs of the sites, to find the cause of a failure."""
        for log in sorted(self.place.glob(".protector-sandbox/*.log")):
            lines = log.read_text(errors="replace").splitlines()[-20:]
            print(f"--- {log.name}", *lines, sep="\n", file=sys.stderr)

    def _run(self, command: str, stdout: int | None = None) -> str:
        words = shlex.split(command.replace("\\\n", ""))
        shown = shlex.join(words)
        try:
            done = subprocess.run(
                words,
                cwd=self.place,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                text=True,
                timeout=COMMAND_TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Wrong(
                f"`{shown}` did not end in {COMMAND_TIMEOUT} s"
            ) from None
        if done.returncode:
            raise Wrong(f"`{shown}` ended with {done.returncode}")
        return done.stdout or ""


def play(stage: Stage) -> None:
    port, peer = stage.ports
    say("Two sites, each with its own clouds, on this machine:")
    stage.type(UP.format(pace=PACE, port=port, peer=peer))
    say("The protection groups:")
    stage.type(LIST_GROUPS)
    at_home = stage.servers("site-a")
    check("nothing runs at site-b", not stage.servers("site-b"))

    say(f"Move {GROUP} from site-a to site-b:")
    stage.type(FAILOVER)
    say("Its instances, rebuilt at site-b:")
    stage.type(f"{SERVERS.format(cloud='site-b')} {COLUMNS}")
    moved = stage.servers("site-b")
    check("three instances run at site-b", running(moved) == 3)
    check(
        "they have the mapped network and flavor",
        all(
            set(server["Networks"]) == {"net-secondary-web"}
            and server["Flavor"] == "m2.large"
            for server in moved
        ),
    )
    check("the group is failed_over", stage.status() == "failed_over")

    say(f"Move {GROUP} back to site-a:")
    stage.type(FAILBACK)
    stage.type(f"{SERVERS.format(cloud='site-a')} {COLUMNS}")
    back = stage.servers("site-a")
    check("site-a runs what it ran before", shape(back) == shape(at_home))
    check("nothing runs at site-b", not stage.servers("site-b"))
    check("the group is active", stage.status() == "active")

    say("Take the sandbox down:")
    stage.type(DOWN)
    check("nothing answers any more", not stage.answers())
    check("no process is left", not stage.processes())


def say(text: str) -> None:
    print(f"\n# {text}", flush=True)


def check(promise: str, kept: bool) -> None:
    print(f"  {'ok' if kept else 'FAILED'}: {promise}", flush=True)
    if not kept:
        raise Wrong(f"this does not hold: {promise}")


def running(servers: list[dict[str, Any]]) -> int:
    return sum(server["Status"] == "ACTIVE" for server in servers)


def shape(servers: list[dict[str, Any]]) -> list[list[str]]:
    """Return what must be the same again; ids are new after a rebuild."""
    fields = ("Name", "Status", "Networks", "Flavor")
    return sorted([str(server[name]) for name in fields] for server in servers)


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


@contextlib.contextmanager
def _stage() -> Iterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="protector-demo-") as name:
        stage = Stage(pathlib.Path(name).resolve())
        try:
            yield stage
        except BaseException as error:
            stage.clear()
            if not isinstance(error, KeyboardInterrupt):
                stage.show_logs()
            raise


def _interrupted(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    signal.signal(signal.SIGTERM, _interrupted)
    signal.signal(signal.SIGHUP, _interrupted)
    began = time.monotonic()
    try:
        with _stage() as stage:
            play(stage)
    except Wrong as wrong:
        print(f"\nThe demo failed: {wrong}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; the sandbox is down.", file=sys.stderr)
        return 130
    took = time.monotonic() - began
    print(f"\nThe demo is complete, in {took:.0f} s; nothing runs any more.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
