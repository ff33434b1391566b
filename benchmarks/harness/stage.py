"""Where figures are measured: a temporary home, a sandbox, peers; each is
started when the first figure asks for it and stopped at the end."""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sysconfig
from collections.abc import Callable
from typing import Any, TypeVar

_SCRIPTS = pathlib.Path(sysconfig.get_path("scripts"))
#: what is measured against, and must not change what ours stands on
PEERS = pathlib.Path(__file__).resolve().parents[2] / ".venv-bench"
_Thing = TypeVar("_Thing")


class Stage:
    def __init__(
        self, place: pathlib.Path, stack: contextlib.ExitStack
    ) -> None:
        self.place = place
        self._stack = stack
        self._made: dict[object, object] = {}

    def once(self, make: "Callable[[Stage], _Thing]") -> _Thing:
        """Return what `make` made when it was asked for first."""
        if make not in self._made:
            self._made[make] = make(self)
        return self._made[make]  # type: ignore[return-value]

    def enter(
        self, context: contextlib.AbstractContextManager[_Thing]
    ) -> _Thing:
        """Enter a context that ends with the run."""
        return self._stack.enter_context(context)

    def program(self, name: str) -> str:
        """Return the path of a script of this environment."""
        return str(_SCRIPTS / name)

    def peer(self, name: str) -> str:
        """Return the path of a program that we are measured against.

        Raises RuntimeError where `make bench` has not installed it.
        """
        found = PEERS / "bin" / name
        if not found.exists():
            raise RuntimeError(f"{found} is missing: make bench installs it")
        return str(found)

    def env(self, **more: str) -> dict[str, str]:
        """Return an environment without clouds, proxies or settings of the
        caller's, in which the sandbox's clouds.yaml is the user's."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("OS_", "XDG_", "PYTHON", "PROTECTOR_"))
            and not name.lower().endswith("_proxy")
        }
        return kept | {"HOME": str(self.place)} | more


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Sandbox:
    """Both sites as processes of their own."""

    def __init__(
        self,
        stage: Stage,
        name: str,
        *options: str,
        cloud: str = "site-a",
        seed: Callable[[pathlib.Path, int, int], None] | None = None,
    ) -> None:
        """Start both sites.

        :param seed: writes another world than those of `up`, given the
            folder and the ports.
        """
        self.folder = stage.place / name
        self.port, self.peer_port = free_port(), free_port()
        self._stage = stage
        if seed is not None:
            seed(self.folder, self.port, self.peer_port)
        self._options = (
            *("--pace", "0", "--port", str(self.port)),
            *("--peer-port", str(self.peer_port)),
            *options,
        )
        self.up()
        self.env = stage.env(
            OS_CLIENT_CONFIG_FILE=str(self.folder / "clouds.yaml"),
            OS_CLOUD=cloud,
        )

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_ended: object) -> None:
        self.down()

    def up(self) -> None:
        """Start both sites, over the data of the folder if it has any."""
        self.call("up", *self._options)

    def down(self) -> None:
        self.call("down")

    @property
    def pids(self) -> tuple[int, int]:
        """Return the processes of both sites."""
        return self.pid("site-a"), self.pid("site-b")

    def pid(self, site: str) -> int:
        """Return the process of a site."""
        entry = json.loads((self.folder / f"{site}.pid").read_text())
        return int(entry["pid"])

    def json(self, *arguments: str) -> Any:
        """Return what a `protector` command prints with `-f json`."""
        done = subprocess.run(
            [self._stage.program("protector"), *arguments, "-f", "json"],
            check=True,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        return json.loads(done.stdout)

    def call(self, verb: str, *options: str) -> str:
        """Run `protector-sandbox`; return what it prints."""
        program = self._stage.program("protector-sandbox")
        done = subprocess.run(
            [program, "--dir", str(self.folder), verb, *options],
            check=True,
            env=self._stage.env(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        return done.stdout

    def requests(self, since: float) -> list[dict[str, Any]]:
        """Return what both sites were asked after a moment, sign-in and the
        questions between the sites included.

        :param since: seconds since the epoch, by the machine's clock.
        """
        lines = self.call("journal", "--json").splitlines()
        entries = (json.loads(line) for line in lines)
        return [entry for entry in entries if entry["real"] >= since]


def sandbox(stage: Stage) -> Sandbox:
    """Start the pair that `protector-sandbox up` makes."""
    return stage.enter(Sandbox(stage, "sandbox"))


def operation(stage: Stage) -> str:
    """Return the id of an operation of the seeded pair, at its end."""
    done = stage.once(sandbox).json(
        "consistency-group", "sync", "prod-web-app", "--wait"
    )
    found: str = done["id"]
    return found
