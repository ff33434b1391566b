"""What commands write to: words never fail, a result fails once."""

from __future__ import annotations

import errno
import io
import os
import pathlib
import subprocess
import sys
import types

import pytest

from protectorclient import exceptions
from protectorclient.osc import prompts, std_streams


class Broken(io.StringIO):
    """Takes nothing, in one of the ways in which that happens."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def write(self, text: str) -> int:
        raise self._error

    def flush(self) -> None:
        raise self._error


FAULTS = {
    "full": OSError(errno.ENOSPC, "No space left on device"),
    "lost terminal": OSError(errno.EIO, "Input/output error"),
    "closed pipe": BrokenPipeError(errno.EPIPE, "Broken pipe"),
    "busy pipe": BlockingIOError(errno.EAGAIN, "would block"),
    "closed": ValueError("I/O operation on closed file"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_words_never_fail(fault: str) -> None:
    words = std_streams.Words(Broken(FAULTS[fault]))
    assert words.write("four") == 4
    words.writelines(["a", "b"])
    words.flush()
    print("more", file=words)


def test_words_arrive_where_they_can() -> None:
    stream = io.StringIO()
    words = std_streams.Words(stream)
    words.writelines(["a\n", "b\n"])
    assert stream.getvalue() == "a\nb\n"
    assert not words.isatty()


@pytest.mark.parametrize("fault", ["full", "lost terminal"])
def test_a_result_that_is_lost_is_told_once(fault: str) -> None:
    result = std_streams.Result(Broken(FAULTS[fault]))
    result.write("a table")
    with pytest.raises(exceptions.OutputNotWritten) as told:
        result.flush()
    error = FAULTS[fault]
    assert isinstance(error, OSError)
    assert str(told.value) == (
        f"standard output cannot be written: {error.strerror}"
    )
    # as Python does at the end of the process
    result.flush()


def test_a_pipe_that_nobody_reads_ends_a_result_at_once() -> None:
    result = std_streams.Result(Broken(FAULTS["closed pipe"]))
    with pytest.raises(BrokenPipeError):
        result.write("a table")
    result.write("more")
    result.flush()


def test_both_ends_of_a_shell_share_a_stream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    own = io.StringIO()
    app = types.SimpleNamespace(stdin=None, stdout=own, stderr=sys.stderr)
    std_streams.lend(app)
    assert app.stderr is sys.stderr
    assert isinstance(app.stderr, std_streams.Words)
    assert isinstance(app.stdout, std_streams.Result)
    assert app.stdout is not sys.stdout
    assert app.stdin.read() == ""
    app.stdin.close()
    before = app.stderr, app.stdout
    std_streams.lend(app)
    assert (app.stderr, app.stdout) == before


#: What a process ends with whose streams fail at its very end.
LAST = (
    "import contextlib, sys; from protectorclient.osc import std_streams\n"
    "std_streams.replace_closed()\n"
    "sys.stderr.write('words')\n"
    "with contextlib.suppress(BrokenPipeError):\n"
    "    sys.stdout.write('result')\n"
    "sys.exit(5)"
)


@pytest.mark.parametrize("into", ["/dev/full", "a pipe"])
def test_the_end_of_the_process_keeps_its_code(into: str) -> None:
    if into == "a pipe":
        reader, target = os.pipe()
        os.close(reader)
    else:
        target = os.open(into, os.O_WRONLY)
    # the buffer that fails at the end of a process, as people have it
    env = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    try:
        for stream in ("stdout", "stderr"):
            ran = subprocess.run(
                [sys.executable, "-X", "dev", "-c", LAST],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=target if stream == "stdout" else subprocess.PIPE,
                stderr=target if stream == "stderr" else subprocess.PIPE,
                text=True,
            )
            assert ran.returncode == 5
            # "Exception ignored in ..." would stand here
            assert (ran.stderr or "words") == "words"
    finally:
        os.close(target)


def test_a_question_on_a_terminal_that_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Gone(io.StringIO):
        def readline(self, size: int | None = -1) -> str:  # type: ignore[override]
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(sys, "stdin", Gone())
    for asked in (
        lambda: prompts.for_yes("Stop them?", io.StringIO()),
        lambda: prompts.for_name("prod-db", "Move it?", io.StringIO()),
    ):
        with pytest.raises(exceptions.NotConfirmed):
            asked()


def test_a_stream_that_is_closed_is_opened_on_nothing(
    tmp_path: pathlib.Path,
) -> None:
    made = tmp_path / "made"
    ran = subprocess.run(
        ["sh", "-c", 'exec "$0" -c "$1" >&- 2>&- <&-', sys.executable]
        + [
            "import os, sys; from protectorclient.osc import std_streams; "
            "std_streams.replace_closed(); "
            f"handle = os.open({str(made)!r}, os.O_CREAT | os.O_WRONLY); "
            "print('x'); print('y', file=sys.stderr, flush=True); "
            "sys.exit(handle)"
        ],
    )
    assert ran.returncode > 2
    assert made.read_text() == ""
