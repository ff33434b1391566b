"""The picture on a terminal: real processes, a real pty."""

from __future__ import annotations

import codecs
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

from fakeserver.local.pair import LocalPair
from tests.helpers.clirunner import protector

#: takes the terminal by itself: between a fork and an exec of a process
#: with threads, Python can wait for ever for a lock that nobody releases
CODE = """\
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from protectorclient.shell import main
sys.exit(main())
"""
SYNC = "consistency-group sync prod-db"
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"
HOME = "\x1b[H"
CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
COLOR = re.compile(r"\x1b\[[0-9;]*3[0-9][0-9;]*m")


#: to be closed when a test is over
OPEN: list[Terminal] = []


#: Seconds after which a process hangs; a busy machine takes half a minute.
HANGS = 120.0


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
        # a worker of the test runner has both, and they would stand
        own = {
            name: value
            for name, value in os.environ.items()
            if name not in ("COLUMNS", "LINES")
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", CODE, *command.split()],
            stdin=follower,
            stdout=follower if stdout is None else stdout,
            stderr=follower if stderr is None else stderr,
            env={**own, **given},
            text=True,
            start_new_session=True,
        )
        os.close(follower)
        self.seen = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")()
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
                    # a read may end inside a character
                    self.seen += self._decoder.decode(
                        os.read(self._leader, 65536)
                    )
                except OSError:
                    break
            elif self.process.poll() is not None:
                break
        return self.seen[before:]

    def until(self, text: str, seconds: float = HANGS) -> str:
        end = time.monotonic() + seconds
        told = ""
        while text not in told and time.monotonic() < end:
            told += CONTROL.sub("", self.read(0.2))
        if text not in told:
            raise AssertionError(f"no {text!r} in {told[-400:]!r}")
        return told

    def end(self) -> int:
        self.read(HANGS)
        return self.process.wait(timeout=HANGS)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        os.close(self._leader)

    def frame(self) -> list[str]:
        """The last picture that has come whole."""
        *_, last, _ = self.seen.split(HOME)
        lines = CONTROL.sub("", last).replace("\r", "").split("\n")
        return [line.rstrip() for line in lines]

    @property
    def left(self) -> str:
        """What stands on the terminal afterwards."""
        return CONTROL.sub("", self.seen.rpartition(LEAVE)[2])


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


@pytest.mark.processes
def test_the_seconds_go_on_by_themselves(
    slow: str, finish: Callable[[], None]
) -> None:
    terminal = Terminal(f"operation watch {slow}")
    terminal.until("▸ replicate_snapshot")
    drawn = CONTROL.sub("", terminal.read(2.5))
    assert len(set(re.findall(r"running  60 %  (\d+)s", drawn))) > 1
    finish()
    assert terminal.end() == 0


@pytest.mark.processes
def test_ctrl_c(slow: str) -> None:
    terminal = Terminal(f"operation watch {slow}")
    terminal.until("▸ replicate_snapshot")
    os.killpg(terminal.process.pid, signal.SIGINT)
    assert terminal.end() == 130
    assert "▸ replicate_snapshot" in terminal.left
    assert f"operation watch {slow}" in " ".join(terminal.left.split())


def test_the_terminal_is_given_back_when_it_is_killed(slow: str) -> None:
    terminal = Terminal(f"operation watch {slow}")
    terminal.until("▸ replicate_snapshot")
    terminal.process.terminate()
    assert terminal.end() == 143
    assert terminal.seen.count(ENTER) == terminal.seen.count(LEAVE) == 1
    assert terminal.seen.rindex("\x1b[?25h") > terminal.seen.index("\x1b[?25l")


@pytest.mark.processes
@pytest.mark.parametrize(
    ("environment", "colored"),
    [
        ({"NO_COLOR": "1"}, False),
        ({"CLICOLOR": "0"}, False),
        ({"CLICOLOR": "0", "CLICOLOR_FORCE": "1"}, True),
    ],
)
def test_without_colors(
    environment: dict[str, str],
    colored: bool,
    slow: str,
    finish: Callable[[], None],
) -> None:
    terminal = Terminal(f"operation watch {slow}", **environment)
    terminal.until("▸ replicate_snapshot")
    finish()
    assert terminal.end() == 0
    assert ENTER in terminal.seen
    assert bool(COLOR.search(terminal.seen)) is colored


@pytest.mark.processes
def test_the_terminal_is_resized_while_it_draws(slow: str) -> None:
    terminal = Terminal(f"operation watch {slow}")
    terminal.until("Ctrl-C stops watching; what runs goes on.")
    terminal.resize(5, 36)
    # a phone: the whole picture again, in as few lines as there are
    terminal.until("Ctrl-C only stops watching.")
    terminal.until("Ctrl-C only stops watching.")
    drawn = terminal.frame()
    assert drawn[0] == "replication of prod-db, site-a to s…"
    assert drawn[1].startswith("▸ running  60 %")
    assert drawn[2].startswith("  ▸ replicate_snapshot")
    assert drawn[4] == "Ctrl-C only stops watching."
    terminal.resize(50, 200)
    # as wide as it is, there is a bar
    terminal.until("━" * 18)
    terminal.until("Ctrl-C stops watching; what runs goes on.")
    os.killpg(terminal.process.pid, signal.SIGINT)
    assert terminal.end() == 130


@pytest.mark.processes
@pytest.mark.parametrize("term", ["dumb", "unknown", ""])
def test_a_terminal_that_cannot_draw(
    term: str, slow: str, finish: Callable[[], None]
) -> None:
    finish()
    terminal = Terminal(f"operation watch {slow}", TERM=term)
    assert terminal.end() == 0
    assert "\x1b" not in terminal.seen
    assert terminal.seen.rstrip().endswith("100% completed")


@pytest.mark.processes
def test_an_ascii_terminal(slow: str, finish: Callable[[], None]) -> None:
    terminal = Terminal(f"operation watch {slow}", PYTHONIOENCODING="ascii")
    terminal.until("> replicate_snapshot")
    finish()
    assert terminal.end() == 0
    assert "+ completed" in terminal.left


@pytest.mark.processes
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
    waiting.read(HANGS)
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
    terminal.read(HANGS)
    assert terminal.process.stdout is not None
    out = terminal.process.stdout.read()
    assert terminal.end() == 0
    assert out == '{\n  "status": "completed"\n}\n'
    assert "✓ completed" in terminal.left


@pytest.fixture
def fleet(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalPair]:
    with LocalPair(sockets=True, scenario="fleet", groups=40) as pair:
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(pair.clouds_yaml))
        monkeypatch.setenv("OS_CLOUD", "site-a")
        yield pair


@pytest.mark.processes
def test_forty_groups_on_a_terminal_of_any_size(fleet: LocalPair) -> None:
    """Never more than fits, and all of them when it is left."""
    terminal = Terminal("status --watch --interval 1s")
    terminal.until("and 24 more: 24 ready")
    terminal.until("Ctrl-C stops watching.")
    terminal.resize(12, 40)
    terminal.until("and 34 more: 34 ready")
    terminal.until("and 34 more: 34 ready")
    drawn = terminal.frame()
    assert len(drawn) <= 12
    assert max(map(len, drawn)) <= 40
    assert protector("policy delete app-0033").code == 0
    terminal.until("app-0033: There is no replication policy")
    terminal.resize(60, 132)
    terminal.until("| app-0039 ")
    os.killpg(terminal.process.pid, signal.SIGINT)
    assert terminal.end() == 130
    assert terminal.seen.count(ENTER) == terminal.seen.count(LEAVE) == 1
    assert terminal.left.count("| app-") == 40
    assert terminal.left.index("app-0033") < terminal.left.index("app-0000")
    assert "Ctrl-C" not in terminal.left


@pytest.mark.processes
@pytest.mark.parametrize("term", ["dumb", None])
def test_a_status_where_nothing_can_be_drawn(
    term: str | None, local_pair: LocalPair
) -> None:
    environment = {} if term is None else {"TERM": term}
    out = subprocess.PIPE if term is None else None
    terminal = Terminal(
        "status --watch --interval 1s", stdout=out, **environment
    )
    if out is None:
        for _ in range(2):
            terminal.until("| prod-web-app |")
    else:
        assert terminal.process.stdout is not None
        told = ""
        while told.count("Primary") < 2:
            told += terminal.process.stdout.readline()
        terminal.seen = told
    os.killpg(terminal.process.pid, signal.SIGINT)
    assert "\x1b" not in terminal.seen
