"""The picture on a terminal: real processes, a real pty."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator

import pytest
from clirunner import protector

from fakeserver.harness import LocalPair

CODE = "import sys; from protectorclient.shell import main; sys.exit(main())"
SYNC = "consistency-group sync prod-db"
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"
CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
COLOR = re.compile(r"\x1b\[[0-9;]*3[0-9][0-9;]*m")


#: to be closed when a test is over
OPEN: list[Terminal] = []


class Terminal:
    """A process on a terminal of its own, and what is seen there."""

    def __init__(
        self,
        command: str,
        *,
        size: tuple[int, int] = (24, 80),
        stderr: int | None = None,
        stdout: int | None = None,
        **environment: str,
    ) -> None:
        self._leader, follower = pty.openpty()
        self.resize(*size)
        given = {"TERM": "xterm-256color", "LANG": "C.UTF-8", **environment}
        self.process = subprocess.Popen(
            [sys.executable, "-c", CODE, *command.split()],
            stdin=follower,
            stdout=follower if stdout is None else stdout,
            stderr=follower if stderr is None else stderr,
            env={**os.environ, **given},
            text=True,
            preexec_fn=_take_terminal,
        )
        os.close(follower)
        self.seen = ""
        OPEN.append(self)

    def resize(self, rows: int, columns: int) -> None:
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._leader, termios.TIOCSWINSZ, size)

    def read(self, seconds: float) -> str:
        """What has come until then, or until it is over."""
        end = time.monotonic() + seconds
        before = len(self.seen)
        while time.monotonic() < end:
            ready, _, _ = select.select([self._leader], [], [], 0.05)
            if ready:
                try:
                    self.seen += os.read(self._leader, 65536).decode()
                except OSError:
                    break
            elif self.process.poll() is not None:
                break
        return self.seen[before:]

    def until(self, text: str, seconds: float = 20) -> str:
        end = time.monotonic() + seconds
        told = ""
        while text not in told and time.monotonic() < end:
            told += CONTROL.sub("", self.read(0.2))
        if text not in told:
            raise AssertionError(f"no {text!r} in {told[-400:]!r}")
        return told

    def end(self) -> int:
        self.read(30)
        return self.process.wait(timeout=5)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        os.close(self._leader)

    @property
    def left(self) -> str:
        """What stands on the terminal afterwards."""
        return CONTROL.sub("", self.seen.rpartition(LEAVE)[2])


def _take_terminal() -> None:
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture(autouse=True)
def _all_are_closed() -> Iterator[None]:
    yield
    while OPEN:
        OPEN.pop().close()


@pytest.fixture
def slow(local_pair: LocalPair) -> str:
    """An operation that goes on until it is told not to."""
    local_pair.fault("slow-replication", seconds=600.0)
    begun = protector(f"{SYNC} -f value -c id")
    assert begun.code == 0, begun.err
    return begun.out.strip()


@pytest.fixture
def finish(local_pair: LocalPair) -> Callable[[], None]:
    def finish() -> None:
        local_pair.clear_faults()
        local_pair.advance("15m")

    return finish


def test_the_seconds_go_on_by_themselves(
    slow: str, finish: Callable[[], None]
) -> None:
    terminal = Terminal(f"operation watch {slow}")
    terminal.until("▸ replicate_snapshot")
    drawn = CONTROL.sub("", terminal.read(2.5))
    assert len(set(re.findall(r"running  60 %  (\d+)s", drawn))) > 1
    finish()
    assert terminal.end() == 0


def test_ctrl_c(slow: str) -> None:
    terminal = Terminal(f"operation watch {slow}")
    terminal.until("▸ replicate_snapshot")
    os.killpg(terminal.process.pid, signal.SIGINT)
    assert terminal.end() == 130
    assert "▸ replicate_snapshot" in terminal.left
    assert f"operation watch {slow}" in terminal.left.replace("\r\n", "")


def test_the_terminal_is_given_back_when_it_is_killed(slow: str) -> None:
    terminal = Terminal(f"operation watch {slow}")
    terminal.until("▸ replicate_snapshot")
    terminal.process.terminate()
    assert terminal.end() == 143
    assert terminal.seen.count(ENTER) == terminal.seen.count(LEAVE) == 1
    assert terminal.seen.rindex("\x1b[?25h") > terminal.seen.index("\x1b[?25l")


def test_without_colors(slow: str, finish: Callable[[], None]) -> None:
    terminal = Terminal(f"operation watch {slow}", NO_COLOR="1")
    terminal.until("▸ replicate_snapshot")
    finish()
    assert terminal.end() == 0
    assert ENTER in terminal.seen
    assert not COLOR.search(terminal.seen)


@pytest.mark.parametrize("term", ["dumb", "unknown", ""])
def test_a_terminal_that_cannot_draw(
    term: str, slow: str, finish: Callable[[], None]
) -> None:
    finish()
    terminal = Terminal(f"operation watch {slow}", TERM=term)
    assert terminal.end() == 0
    assert "\x1b" not in terminal.seen
    assert terminal.seen.rstrip().endswith("100% completed")


def test_an_ascii_terminal(slow: str, finish: Callable[[], None]) -> None:
    terminal = Terminal(f"operation watch {slow}", PYTHONIOENCODING="ascii")
    terminal.until("> replicate_snapshot")
    finish()
    assert terminal.end() == 0
    assert "+ completed" in terminal.left


def test_stderr_goes_elsewhere(slow: str, finish: Callable[[], None]) -> None:
    """What is watched is on stdout; a wait's progress is on stderr."""
    terminal = Terminal(f"operation watch {slow}", stderr=subprocess.DEVNULL)
    terminal.until("▸ replicate_snapshot")
    waiting = Terminal(
        f"operation wait {slow} -f value -c status", stderr=subprocess.PIPE
    )
    waiting.read(1.5)
    finish()
    assert terminal.end() == 0
    waiting.read(20)
    assert waiting.process.stderr is not None
    told = waiting.process.stderr.read()
    assert waiting.end() == 0
    assert waiting.seen == "completed\r\n"
    assert "\x1b" not in told
    assert told.endswith("100% completed\n")


def test_stdout_goes_elsewhere(slow: str, finish: Callable[[], None]) -> None:
    """A result for a program, and the picture for who waits."""
    terminal = Terminal(
        f"operation wait {slow} -f json -c status", stdout=subprocess.PIPE
    )
    terminal.until("▸ replicate_snapshot")
    finish()
    terminal.read(20)
    assert terminal.process.stdout is not None
    out = terminal.process.stdout.read()
    assert terminal.end() == 0
    assert out == '{\n  "status": "completed"\n}\n'
    assert "✓ completed" in terminal.left
