"""The processes of one run: started, remembered in one folder, ended."""

import contextlib
import fcntl
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType

HERE = pathlib.Path(__file__).parent
LOCK = "run.lock"
#: how long a process may take to end by itself, seconds
GRACE = 10.0


class Busy(Exception):
    """The folder is another run's, or none of a run's."""


class DidNotEnd(Exception):
    """A process of a run is left after it."""


class DidNotStart(Exception):
    """A process ended, or never answered; its log says why."""


class Processes:
    """Owns a folder while it is entered, and ends what it started.

    Each process is the leader of its own session and has the pipe as its
    stdin that ends with this process, however this process ends.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        #: pids of all that it ever started
        self._started: list[int] = []
        self._lock = -1

    def __enter__(self) -> "Processes":
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / LOCK
        if any(self.folder.iterdir()) and not path.exists():
            # all of it would be removed
            raise Busy(
                f"{self.folder} holds files that are not a run's; give an "
                "empty folder with --dir."
            )
        self._lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._lock, 32).decode().strip()
            os.close(self._lock)
            raise Busy(
                f"Process {holder or 'unknown'} runs in {self.folder}; wait "
                "until it has ended, or give another folder with --dir."
            ) from None
        os.ftruncate(self._lock, 0)
        os.write(self._lock, f"{os.getpid()}\n".encode())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.end_all()
        finally:
            os.close(self._lock)

    def start(
        self,
        name: str,
        command: Sequence[str | pathlib.Path],
        environment: Mapping[str, str] | None = None,
        *,
        shown: bool = False,
    ) -> int:
        """Start a process with its log beside its pid; the pid.

        :param shown: it writes where this process does, not into a log.
        """
        if name in self._running:
            self.end(name)
        with (self.folder / f"{name}.log").open("ab") as log:
            made = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=None if shown else log,
                stderr=None if shown else log,
                env={**_unconfigured(), **(environment or {})},
                start_new_session=True,
            )
        self._running[name] = made
        self._started.append(made.pid)
        (self.folder / f"{name}.pid").write_text(f"{made.pid}\n")
        return made.pid

    def run(
        self,
        name: str,
        command: Sequence[str | pathlib.Path],
        environment: Mapping[str, str] | None = None,
        *,
        shown: bool = False,
    ) -> int:
        """Start a process and wait until it has ended; its exit status.

        :raises DidNotStart: its output is not shown, and it failed.
        """
        self.start(name, command, environment, shown=shown)
        return self.wait(name, shown=shown)

    def wait(self, name: str, *, shown: bool = False) -> int:
        """Wait until a process has ended; its exit status.

        :raises DidNotStart: its output is not shown, and it failed.
        """
        process = self._running[name]
        try:
            code = process.wait()
        finally:
            # as from the keyboard: pytest then ends its tests properly
            self.end(name, signal.SIGINT)
        if code and not shown:
            raise DidNotStart(f"{name} failed: {self.last_words(name)}")
        return code

    def pid(self, name: str) -> int:
        return self._running[name].pid

    def has(self, name: str) -> bool:
        """Whether it was started, and not ended."""
        return name in self._running

    def alive(self, name: str) -> bool:
        return self._running[name].poll() is None

    def last_words(self, name: str) -> str:
        text = (self.folder / f"{name}.log").read_text(errors="replace")
        lines = [line for line in text.splitlines() if line.strip()]
        return lines[-1] if lines else "it said nothing"

    def end(
        self, name: str, number: int = signal.SIGTERM, grace: float = GRACE
    ) -> None:
        """Ask one to end, and kill it when it does not."""
        process = self._running.pop(name)
        process.send_signal(number)
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if process.stdin is not None:
            process.stdin.close()
        (self.folder / f"{name}.pid").unlink(missing_ok=True)

    def end_all(self) -> None:
        """End all, the youngest first."""
        for name in reversed(list(self._running)):
            self.end(name)

    def left(self) -> list[str]:
        """The command lines of what runs on in the sessions that it started,
        and of the sites of the sandbox in its folder."""
        known = {pid for each in self._started for pid in _session(each)}
        wanted = f"fakeserver.cli.serve {self.folder}"
        return [
            line
            for pid, line in _command_lines()
            if pid in known or wanted in line
        ]

    def end_together(self, names: Sequence[str]) -> None:
        """End those of some names that run, all at the same time."""
        running = [name for name in names if name in self._running]
        for name in running:
            self._running[name].terminate()
        for name in running:
            self.end(name)


def tethered(*command: str | pathlib.Path) -> list[str | pathlib.Path]:
    """A command that ends, at the latest, when its starter does."""
    # no site-packages, no variables: it starts in a few milliseconds
    return [sys.executable, "-IS", HERE / "tether.py", *command]


def _unconfigured() -> dict[str, str]:
    """The environment without what leads OpenStack or Python elsewhere."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OS_", "PYTHON"))
    }


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody has now."""
    with contextlib.ExitStack() as held:
        found = []
        for _ in range(count):
            port = held.enter_context(socket.socket())
            port.bind(("127.0.0.1", 0))
            found.append(int(port.getsockname()[1]))
        return found


def _command_lines() -> Iterator[tuple[int, str]]:
    """Each process that runs, with its command line."""
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            text = path.read_bytes().replace(b"\0", b" ")
            # a zombie has none
            if text:
                yield int(path.parent.name), text.decode(errors="replace")


def memory(pid: int) -> float:
    """The memory of a process and of all that it has started in its session,
    MiB; of what several share, each counts its share. 0 where the system
    does not say it."""
    return sum(_memory(each) for each in {pid, *_session(pid)})


def _session(leader: int) -> list[int]:
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # behind the name, which may hold anything: state, parent,
            # group, session
            if path.read_text().rpartition(")")[2].split()[3] == str(leader):
                found.append(int(path.parent.name))
    return found


def _memory(pid: int) -> float:
    try:
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


class Stopwatch:
    """Says on stderr what was done, and when."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def say(self, text: str) -> None:
        seconds = time.monotonic() - self._began
        print(f"[{seconds:5.1f} s] {text}", file=sys.stderr, flush=True)
