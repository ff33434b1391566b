"""The processes of the sites: start them, find them, end them."""

import contextlib
import json
import os
import pathlib
import select
import signal
import time
from collections.abc import Callable, Sequence

from fakeserver.sandbox.folder import Folder
from fakeserver.sandbox.loader import Loader, begin

#: how long a clean stop may take before it is made short, seconds
GRACE = 15.0
#: what a site that answers writes there
READY = "answers"
_TICK = 0.02


class SiteStart:
    """Sites that were started, and what is known of each.

    One process has loaded what they need and splits into all of them; it
    writes their pids into a pipe. Each site writes there when it answers, and
    the end of the pipe is the end of all that have not.
    """

    def __init__(self, loader: Loader) -> None:
        #: of the sites that run already
        self.pids: dict[str, int] = {}
        #: the sites that answer
        self.ready: set[str] = set()
        self._loader = loader
        self._rest = b""
        self._ended = False

    def go_on(self, sites: Sequence[str]) -> None:
        """Let the sites begin: what they read is written."""
        self._loader.start(sites)

    def look(self, seconds: float) -> None:
        """Wait for news for a while, and take them in."""
        if self._ended:
            return
        pipe = self._loader.pipe
        if not select.select([pipe], [], [], seconds)[0]:
            return
        came = os.read(pipe, 4096)
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
        end(self._loader.pid, signal.SIGKILL)
        self.look(0)
        for pid in self.pids.values():
            end(pid, signal.SIGKILL)

    def close(self) -> None:
        self._loader.close()


def spawn(folder: Folder, loader: Loader | None = None) -> SiteStart:
    """Start the processes of sites, each in a session of its own.

    :param loader: has been started already, for a sandbox that may be this
        one.
    """
    if loader is None or pathlib.Path(loader.directory) != folder.path:
        loader = begin(str(folder.path))
    return SiteStart(loader)


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
