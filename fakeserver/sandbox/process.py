"""The processes of the sites: start them, find them, end them."""

import contextlib
import json
import os
import pathlib
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence

from fakeserver.sandbox.folder import Folder

#: how long a clean stop may take before it is made short, seconds
GRACE = 15.0
#: the variable that names the pipe of :class:`SiteStart` to its sites
PIPE = "PROTECTOR_SANDBOX_PIPE"
#: what a site that answers writes there
READY = "answers"
_TICK = 0.02


class SiteStart:
    """Sites that were started, and what is known of each.

    One process loads what they need, once, and splits into all of them when
    it is told to; it writes their pids into a pipe. Each site writes there
    when it answers, and the end of the pipe is the end of all that have not.
    """

    def __init__(self, pid: int, pipe: int, go: int) -> None:
        #: of the sites that run already
        self.pids: dict[str, int] = {}
        #: the sites that answer
        self.ready: set[str] = set()
        self._pid = pid
        self._go = go
        self._pipe = pipe
        self._rest = b""
        self._ended = False

    def go_on(self) -> None:
        """Let the sites begin: what they read is written."""
        # one that has ended already is found out soon
        with contextlib.suppress(BrokenPipeError):
            os.write(self._go, b"\n")

    def look(self, seconds: float) -> None:
        """Wait for news for a while, and take them in."""
        if self._ended:
            return
        if not select.select([self._pipe], [], [], seconds)[0]:
            return
        came = os.read(self._pipe, 4096)
        self._ended = not came
        *lines, self._rest = (self._rest + came).split(b"\n")
        for line in lines:
            site, said = line.decode().split()
            if said == READY:
                self.ready.add(site)
            else:
                self.pids[site] = int(said)

    def ended(self, site: str) -> bool:
        """Return whether a site ended before it answered."""
        if site in self.ready:
            return False
        pid = self.pids.get(site)
        return self._ended or (pid is not None and not alive(pid))

    def kill(self) -> None:
        """Kill every site, those too that are only about to begin."""
        end(self._pid, signal.SIGKILL)
        self.look(0)
        for pid in self.pids.values():
            end(pid, signal.SIGKILL)

    def close(self) -> None:
        os.close(self._pipe)
        os.close(self._go)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, 0)


def spawn(folder: Folder, sites: Sequence[str]) -> SiteStart:
    """Start the processes of sites, each in a session of its own."""
    command = [
        sys.executable,
        "-m",
        "fakeserver.cli.serve",
        str(folder.path),
        *sites,
    ]
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("OS_")
    }
    parent = str(pathlib.Path(__file__).resolve().parents[2])
    if os.path.basename(parent) not in ("site-packages", "dist-packages"):
        known = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = os.pathsep.join(
            [parent, *([known] if known else [])]
        )
    # thirty threads with memory of their own each would keep twice as much
    environment.setdefault("MALLOC_ARENA_MAX", "2")
    ours, theirs = os.pipe()
    begin, go = os.pipe()
    os.set_inheritable(theirs, True)
    environment[PIPE] = str(theirs)
    # not subprocess: the sites outlive this process, and nobody waits for
    # them; what is written before they begin is in the log of the first
    try:
        pid = os.posix_spawn(
            sys.executable,
            command,
            environment,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, begin, 0),
                (
                    os.POSIX_SPAWN_OPEN,
                    1,
                    str(folder.log(sites[0])),
                    os.O_WRONLY | os.O_CREAT | os.O_APPEND,
                    0o600,
                ),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
        )
    except BaseException:
        os.close(ours)
        os.close(go)
        raise
    finally:
        os.close(theirs)
        os.close(begin)
    return SiteStart(pid, ours, go)


def pid_file(folder: Folder, site: str) -> pathlib.Path:
    return folder.path / f"{site}.pid"


def write_pid(folder: Folder, site: str) -> None:
    """Write the pid file; the process of the site calls this itself."""
    from fakeserver.sandbox.folder import write_private

    pid = os.getpid()
    entry = json.dumps({"pid": pid, "born": born(pid)})
    write_private(pid_file(folder, site), entry + "\n")


def remove_pid(folder: Folder, site: str) -> None:
    """Remove the pid file when it is still this process's own."""
    if running(folder, site) == os.getpid():
        pid_file(folder, site).unlink(missing_ok=True)


def running(folder: Folder, site: str) -> int | None:
    """Return the pid of a site that runs.

    A pid alone does not say it: after a crash the number may belong to
    somebody else. So the file also has the moment the process was born.
    """
    try:
        entry = json.loads(pid_file(folder, site).read_text())
        pid, when = int(entry["pid"]), entry["born"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return pid if alive(pid) and born(pid) == when else None


def alive(pid: int) -> bool:
    """Return whether a process still runs; a zombie does not."""
    with contextlib.suppress(ChildProcessError, OSError):
        # our own child, when up and down are called in one process
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Return whether no thread runs. The first thread of a killed process may
    be dead while others still hold its port."""
    try:
        found = _stat(pid)
    except OSError:
        return _ps(pid, "state=").startswith("Z")
    return found[0] == "Z" and int(found[17]) <= 1


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the name, which may hold
    spaces."""
    text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    return text.rpartition(")")[2].split()


def born(pid: int) -> str:
    """Return when a process was started, in the format of the system."""
    try:
        return _stat(pid)[19]
    except OSError:
        return _ps(pid, "lstart=")


def _ps(pid: int, field: str) -> str:
    """Ask ps, where there is no /proc."""
    import subprocess

    answer = subprocess.run(
        ["ps", "-o", field, "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout.strip()


def end(pid: int, number: signal.Signals) -> None:
    """Send a signal and wait until the process has ended.

    One that was asked to stop and does not is killed in the end.
    """
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
    if not wait(lambda: not alive(pid), GRACE):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        wait(lambda: not alive(pid), GRACE)


def wait(done: Callable[[], bool], seconds: float) -> bool:
    """Repeat a question; return whether the answer came in time."""
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            return False
        time.sleep(_TICK)
    return True
