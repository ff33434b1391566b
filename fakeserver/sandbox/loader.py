"""The process that loads what sites need, and then splits into them.

What it loads is the most of a start, so ``protector-sandbox up`` begins it
before anything else, even before it knows whether its arguments are right.
Until its pipe names the sites to start, the process writes no file and prints
nothing; where the pipe ends without a name, so does the process. Nothing is
loaded here but what Python has loaded already.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Sequence

#: the variable that names the pipe in which the process tells of its sites
PIPE = "PROTECTOR_SANDBOX_PIPE"
#: where the sandbox is without ``--dir``
DEFAULT_DIR = ".protector-sandbox"


class Loader:
    """A process that loads what sites need; as a context, it is ended at the
    end of the context unless its sites were taken over."""

    def __init__(self, directory: str, pid: int, pipe: int, go: int) -> None:
        #: where the sandbox is whose sites it can become
        self.directory = directory
        self.pid = pid
        #: it and its sites write here; the end of it is the end of all
        self.pipe = pipe
        self._go = go
        self._open = True

    def start(self, sites: Sequence[str]) -> None:
        """Let sites begin: what they read is written."""
        # one that has ended already is found out soon
        with contextlib.suppress(BrokenPipeError):
            os.write(self._go, f"{' '.join(sites)}\n".encode())

    def close(self) -> None:
        """Leave the process to itself, and wait until it has split."""
        if not self._open:
            return
        self._open = False
        os.close(self.pipe)
        os.close(self._go)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)

    def __enter__(self) -> "Loader":
        return self

    def __exit__(self, *_ended: object) -> None:
        if self._open:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.close()


def begin(directory: str) -> Loader:
    """Start the process for the sites of a sandbox; raise OSError when the
    system refuses it.

    :param directory: the absolute path of the sandbox, which need not exist.
    """
    # people find it by this, with ps; a file of the working directory is
    # none of its modules, whatever its name
    command = [sys.executable, "-P", "-m", "fakeserver.cli.serve", directory]
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("OS_")
    }
    parent = os.path.realpath(__file__)
    for _ in range(3):
        parent = os.path.dirname(parent)
    if os.path.basename(parent) not in ("site-packages", "dist-packages"):
        known = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = os.pathsep.join(
            [parent, *([known] if known else [])]
        )
    # thirty threads with memory of their own each would keep twice as much
    environment.setdefault("MALLOC_ARENA_MAX", "2")
    ours, theirs = _pipe()
    begin, go = _pipe()
    os.set_inheritable(theirs, True)
    environment[PIPE] = str(theirs)
    # not subprocess: the sites outlive this process, and nobody waits for
    # them; what goes wrong before they begin is written into their log
    nothing = (os.devnull, os.O_WRONLY, 0)
    try:
        pid = os.posix_spawn(
            sys.executable,
            command,
            environment,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, begin, 0),
                (os.POSIX_SPAWN_OPEN, 1, *nothing),
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
    return Loader(directory, pid, ours, go)


def _pipe() -> tuple[int, int]:
    """Return the ends of a pipe; none of them has the number of a standard
    stream that is closed here, which the process has."""
    ends = os.pipe()
    if min(ends) > 2:
        return ends
    import fcntl

    read, write = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 3) for end in ends)
    for end in ends:
        os.close(end)
    return read, write


def begin_early(argv: Sequence[str]) -> Loader | None:
    """Start the process when a command line may be one that starts sites.

    None is no error: who has use for the process starts it then.
    """
    directory = _directory(argv)
    if directory is None:
        return None
    try:
        return begin(os.path.join(os.getcwd(), directory))
    except OSError:
        return None


def _directory(argv: Sequence[str]) -> str | None:
    """Return where an ``up`` has its sandbox, whose arguments may be wrong;
    None for another command, or one that asks for help."""
    found, command = DEFAULT_DIR, None
    words = iter(argv)
    for word in words:
        if word in ("-h", "--help"):
            return None
        if word == "--dir":
            found = next(words, found)
        elif word.startswith("--dir="):
            found = word.partition("=")[2]
        elif command is None:
            command = word
    return found if command == "up" else None
