"""The process of one site: start it, find it, end it."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable

from fakeserver.sandbox.folder import Folder

#: how long a clean stop may take before it is made short, seconds
GRACE = 15.0
_TICK = 0.02


def spawn(folder: Folder, site: str) -> int:
    """Start the process of a site in a session of its own; return its pid."""
    command = [
        sys.executable,
        "-m",
        "fakeserver.cli.serve",
        str(folder.path),
        site,
    ]
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("OS_")
    }
    parent = str(pathlib.Path(__file__).resolve().parents[2])
    paths = sysconfig.get_paths()
    if parent not in (paths["purelib"], paths["platlib"]):
        known = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = os.pathsep.join(
            [parent, *([known] if known else [])]
        )
    # not subprocess: the site outlives this process, and nobody waits for it
    return os.posix_spawn(
        sys.executable,
        command,
        environment,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (
                os.POSIX_SPAWN_OPEN,
                1,
                str(folder.log(site)),
                os.O_WRONLY | os.O_CREAT | os.O_APPEND,
                0o600,
            ),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
    )


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
