"""The log of a site: it never grows for ever, whatever goes wrong."""

import logging
import os
import pathlib
from collections.abc import Iterator
from typing import TextIO

import pytest

from fakeserver.sandbox import bounded_log
from fakeserver.sandbox.bounded_log import BoundedLog, older

LIMIT = 2000


@pytest.fixture
def opened(tmp_path: pathlib.Path) -> Iterator[TextIO]:
    """A log as the process of a site has it: open for appending."""
    with (tmp_path / "site-a.log").open("a") as out:
        yield out


def logged(opened: TextIO, path: pathlib.Path) -> BoundedLog:
    made = BoundedLog(path, LIMIT)
    made.setStream(opened)
    return made


def record(number: int) -> logging.LogRecord:
    message = f"line {number:05} " + "x" * 88
    return logging.LogRecord("x", 20, "x", 1, message, None, None)


def test_it_keeps_the_newest_lines_in_bounded_space(opened: TextIO) -> None:
    path = pathlib.Path(opened.name)
    log = logged(opened, path)
    for number in range(1000):
        log.emit(record(number))
        assert path.stat().st_size <= LIMIT
    kept = older(path).read_text() + path.read_text()
    lines = kept.splitlines()
    assert lines[-1].startswith("line 00999 ")
    numbers = [int(line.split()[1]) for line in lines]
    assert numbers == list(range(1000 - len(lines), 1000))
    assert LIMIT <= len(kept) <= 3 * LIMIT


def test_what_else_is_written_counts_too(opened: TextIO) -> None:
    path = pathlib.Path(opened.name)
    log = logged(opened, path)
    opened.write("a traceback of some thread\n" * 1000)
    log.emit(record(1))
    assert path.stat().st_size == 0
    log.emit(record(2))
    assert path.read_text().startswith("line 00002")


def test_no_room_for_the_older_lines_does_not_lift_the_limit(
    opened: TextIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bounded_log.shutil, "copyfile", full)
    path = pathlib.Path(opened.name)
    log = logged(opened, path)
    for number in range(100):
        log.emit(record(number))
    assert path.stat().st_size <= LIMIT


def test_a_stream_that_is_not_that_file_is_left_alone(
    opened: TextIO, tmp_path: pathlib.Path
) -> None:
    other = tmp_path / "other"
    other.write_text("")
    log = logged(opened, other)
    for number in range(100):
        log.emit(record(number))
    assert pathlib.Path(opened.name).stat().st_size > LIMIT
    assert not older(other).exists()
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as out:
        log.setStream(out)
        log.emit(record(1))
    assert os.read(reading, 10) == b"line 00001"
    os.close(reading)
