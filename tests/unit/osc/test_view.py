"""The picture of operations that run, line by line."""

from __future__ import annotations

import datetime
import io
import json
import pathlib
import re
import sys
from typing import Any

import pytest

from protectorclient import exceptions
from protectorclient.osc.formats import measure
from protectorclient.osc.live import frame, screen
from protectorclient.polling import events, progress_state, step_times
from protectorclient.records.operation import Operation

NAMES = {"pg-1": "prod-web-app", "sa": "site-a", "sb": "site-b"}
KEY = events.Key("site-a", "op-1")
STEPS = [
    "validate_target_site",
    "get_latest_snapshot",
    "promote_volumes_on_flasharray",
    "manage_volumes_into_cinder",
    "recreate_instances",
    "update_protection_group_state",
]

ON_ITS_WAY = """\
failover of prod-web-app, site-a to site-b
op-1
▸ running  48 %  2m 12s, about 3m 8s left, by 3 failovers of this group
  Preparation
    ✓ validate_target_site                 10s
    ✓ get_latest_snapshot                   5s
  Storage failover
    ✓ promote_volumes_on_flasharray     1m 15s
    ▸ manage_volumes_into_cinder           42s
  Instance recreation
    · recreate_instances
  Finalization
    · update_protection_group_state

Ctrl-C stops watching; what runs goes on.
"""

FAILED = """\
failover of prod-web-app, site-a to site-b
op-1
✗ failed, rolled back  64 %  1m 20s
  Preparation
    ✓ validate_target_site
    ✓ get_latest_snapshot
  Storage failover
    ✓ promote_volumes_on_flasharray
    ✓ manage_volumes_into_cinder
  Instance recreation
    ✗ recreate_instances
  Finalization
    · update_protection_group_state
  no host is left that could take an instance of this flavor, no host is left
  that could take an instance of this flavor,
"""

MANY = """\
▸ prod-web-app     failover        0 %      10s  validate_target_site
▸ prod-web-app     failover       32 %      12s  promote_volumes_on_flasharray
▸ prod-web-app     failover       48 %      13s  manage_volumes_into_cinder
▸ prod-web-app     failover       64 %      14s  recreate_instances
✓ prod-web-app     failover       96 %       1m  completed

Ctrl-C stops watching; what runs goes on.
"""


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def record(done: int, at: int, status: str = "running", **more: Any) -> Any:
    return Operation.from_dict(
        {
            "id": "op-1",
            "protection_group_id": "pg-1",
            "operation_type": "failover",
            "status": status,
            "progress": done * 16,
            "source_site_id": "sa",
            "target_site_id": "sb",
            "started_at": "2025-11-03T10:00:00Z",
            "updated_at": f"2025-11-03T10:{at // 60:02}:{at % 60:02}Z",
            "steps_completed": STEPS[:done],
            **more,
        }
    )


def past(seconds: int) -> Operation:
    end = f"2025-11-03T10:{seconds // 60:02}:{seconds % 60:02}Z"
    return record(6, 0, "completed", id=f"op-{seconds}", completed_at=end)


class Followed:
    """A state, and time that passes between the records it is shown."""

    def __init__(self, *keys: events.Key, **options: Any) -> None:
        self.clock = Clock()
        self.state = progress_state.ProgressState(
            keys or (KEY,), names=NAMES, clock=self.clock, **options
        )
        self.last: dict[str, Operation] = {}

    def see(self, operation: Operation, key: events.Key = KEY) -> None:
        self.state(
            events.Changed(
                at=0.0,
                key=key,
                operation=operation,
                previous=self.last.get(operation.id),
            )
        )
        self.last[operation.id] = operation

    def end(self, outcome: events.Outcome, key: events.Key = KEY) -> None:
        self.state(
            events.Ended(
                at=0.0,
                key=key,
                outcome=outcome,
                operation=self.last.get(key.operation_id),
            )
        )

    def lines(
        self, width: int = 80, height: int = 24, **options: Any
    ) -> list[str]:
        return frame.plain(frame.frame(self.state, width, height, **options))


def test_a_failover_on_its_way() -> None:
    followed = Followed(history=lambda *_: [past(300), past(320), past(340)])
    followed.see(record(0, 0, "pending"))
    followed.see(record(1, 10))
    followed.see(record(2, 15))
    followed.see(record(3, 90))
    followed.clock.now += 42
    assert followed.lines() == ON_ITS_WAY.splitlines()
    followed.clock.now += 1
    assert "43s" in followed.lines()[8], "it ticks by itself"


def test_a_failure() -> None:
    followed = Followed()
    followed.see(record(4, 60))
    followed.see(record(4, 70, "rolling_back", steps_failed=[STEPS[4]]))
    assert followed.lines()[2] == "▸ rolling back  64 %  1m 10s"
    message = "no host is left that could take an instance of this flavor, "
    followed.see(
        record(
            4,
            80,
            "failed",
            steps_failed=[STEPS[4]],
            error_message=message * 2,
        )
    )
    followed.end(events.Outcome.ROLLED_BACK)
    assert followed.lines() == FAILED.splitlines()


def test_a_wide_terminal_has_a_bar() -> None:
    followed = Followed()
    followed.see(record(3, 90))
    assert followed.lines(200, 50)[2] == (
        "▸ running  48 %  " + "━" * 14 + "─" * 16 + "  1m 30s"
    )


def test_a_small_one_has_what_matters() -> None:
    followed = Followed()
    followed.see(record(2, 15))
    followed.see(record(3, 90))
    assert followed.lines(40, 6) == [
        "failover of prod-web-app, site-a to sit…",
        "▸ running  48 %  1m 30s",
        "  ▸ manage_volumes_into_cinder        0s",
        "",
        "Ctrl-C only stops watching.",
    ]
    assert followed.lines(30, 4)[0].startswith("▸ prod-web-app ")
    for width in (1, 5, 20, 33, 80, 300):
        for height in (1, 2, 3, 7, 24):
            lines = followed.lines(width, height)
            assert len(lines) <= height
            assert all(len(line) <= width for line in lines)


def test_a_silent_site_is_told_of() -> None:
    followed = Followed()
    followed.see(record(1, 10))
    gone = exceptions.SiteUnreachable("connection refused", site="site-a")
    followed.state(events.Lost(at=0, site="site-a", error=gone))
    followed.clock.now += 12
    assert followed.lines()[-2] == (
        "no answer from site-a for 12s (connection refused)"
    )
    followed.state(events.Regained(at=0, site="site-a", polls=3, seconds=12))
    assert not [line for line in followed.lines() if "no answer" in line]


def lost(silent_for: float, patience: float | None = None) -> events.Lost:
    gone = exceptions.SiteUnreachable(
        "no answer from http://127.0.0.1:18788/v1/2f0c9e/operations/op-1:"
        " connection refused",
        site="site-a",
        brief="connection refused",
    )
    return events.Lost(
        at=0,
        site="site-a",
        error=gone,
        silent_for=silent_for,
        patience=patience,
    )


def test_what_is_not_heard_does_not_tick(tmp_path: pathlib.Path) -> None:
    book = step_times.StepTimes(tmp_path / "steps.json")
    for _ in range(6):
        book.note("http://a", "failover", STEPS[2], 3)
    book.save()
    book = step_times.StepTimes(tmp_path / "steps.json")
    followed = Followed(
        history=lambda *_: [past(300), past(320), past(340)],
        times=book,
        place=lambda site: "http://a",
    )
    followed.see(record(1, 10))
    followed.see(record(2, 15))
    followed.clock.now += 9
    followed.state(lost(5, 295))
    followed.clock.now += 232
    lines = followed.lines()
    assert lines[2] == "? last seen running  32 %, 3m 57s ago"
    step = "    ▸ promote_volumes_on_flasharray         4s"
    assert lines[7] == step, "nor is it slow"
    assert lines[-2] == (
        "no answer from site-a for 3m 57s (connection refused);"
        " giving up in 1m 3s"
    )
    assert len(lines[-2]) <= 80
    assert followed.lines(65)[-2] == (
        "no answer from site-a for 3m 57s (connectio…); giving up in 1m 3s"
    )
    (row,) = followed.lines(80, 4)[:1]
    assert row.endswith("19s  last seen 3m 57s ago")
    followed.state(events.Regained(at=0, site="site-a", polls=9, seconds=1))
    assert followed.lines()[7].endswith(
        "  4m 1s  slow: 95 % of 6 took at most 3s"
    )
    assert "running  32 %  4m 16s" in followed.lines()[2]


@pytest.mark.parametrize(
    ("outcome", "line"),
    [
        (
            events.Outcome.RUNNING,
            "? last seen running  32 %, 24s ago",
        ),
        (
            events.Outcome.UNKNOWN,
            "? unknown, last seen running  32 %, 24s ago",
        ),
    ],
)
def test_the_last_picture_of_a_silence(
    outcome: events.Outcome, line: str
) -> None:
    followed = Followed()
    followed.see(record(2, 15))
    followed.state(lost(0))
    followed.state(
        events.Ended(
            at=0.0,
            key=KEY,
            outcome=outcome,
            operation=followed.last["op-1"],
            silent_for=24.0,
        )
    )
    followed.clock.now += 100
    assert followed.lines()[2] == line
    assert not [line for line in followed.lines() if "no answer" in line]


def test_a_site_that_is_not_asked_any_more_is_not_told_of() -> None:
    followed = Followed(events.Key("", "op-1"))
    followed.state(
        events.Lost(at=0, site="site-b", error=lost(0).error, patience=300)
    )
    assert "no answer from site-b" in followed.lines()[-2]
    followed.see(record(2, 15))
    assert not [line for line in followed.lines() if "no answer" in line]


def test_a_step_that_is_slower_than_usual(tmp_path: pathlib.Path) -> None:
    book = step_times.StepTimes(tmp_path / "steps.json")
    for seconds in (3, 4, 4, 5, 6, 6):
        book.note("http://a", "failover", STEPS[1], seconds)
    book.save()
    book = step_times.StepTimes(tmp_path / "steps.json")
    followed = Followed(times=book, place=lambda site: "http://a")
    followed.see(record(0, 0))
    followed.see(record(1, 10))
    followed.clock.now += 6
    assert followed.lines()[5] == (
        "    ▸ get_latest_snapshot                   6s"
    )
    followed.clock.now += 1
    assert followed.lines()[5] == (
        "    ▸ get_latest_snapshot                   7s"
        "  slow: 95 % of 6 took at most 6s"
    )
    followed.see(record(2, 17))
    book.save()
    again = step_times.StepTimes(tmp_path / "steps.json")
    assert again.taken("http://a", "failover", STEPS[0]) == (10.0,)
    assert again.taken("http://a", "failover", STEPS[1])[-1] == 7.0


def test_what_was_not_seen_whole_is_not_noted() -> None:
    followed = Followed()
    followed.see(record(2, 15))
    followed.see(record(3, 20))
    followed.see(record(5, 50))
    followed.see(record(6, 60))
    (one,) = followed.state.operations
    assert one.taken == {STEPS[5]: 10.0}, "two at once cannot be parted"


def test_the_sites_clock_where_it_is_known() -> None:
    began = datetime.datetime(2025, 11, 3, 10, tzinfo=datetime.UTC)
    later = began + datetime.timedelta(minutes=20)
    followed = Followed(server_time=lambda site: later)
    followed.see(record(1, 10))
    (one,) = followed.state.operations
    assert followed.state.elapsed(one) == 1200
    early = began - datetime.timedelta(minutes=20)
    followed = Followed(server_time=lambda site: early)
    followed.see(record(1, 10))
    (one,) = followed.state.operations
    assert followed.state.elapsed(one) == 10, "never behind its own stamps"


# Many operations


def many(count: int) -> Followed:
    keys = [events.Key("site-a", f"op-{n}") for n in range(count)]
    followed = Followed(*keys)
    for n, key in enumerate(keys):
        followed.see(record(n % 6, 10 + n, id=key.operation_id), key)
    return followed


def test_two_fit_whole() -> None:
    lines = many(2).lines(80, 40)
    assert [line for line in lines if line.startswith("op-")] == [
        "op-0",
        "op-1",
    ]


def test_two_use_the_room_there_is() -> None:
    """At 80x24 not both fit whole: each has its steps at least."""
    lines = many(2).lines(80, 20)
    assert [line for line in lines if "recreate_instances" in line] == [
        "    · recreate_instances",
        "    · recreate_instances",
    ]
    assert not [line for line in lines if line.startswith("op-")]
    lines = many(2).lines(80, 24)
    assert len(lines) == 24
    assert "op-0" in lines, "the first is whole as soon as it fits"
    assert "op-1" not in lines
    followed = many(2)
    followed.see(record(6, 60, "completed", id="op-1"))
    followed.end(events.Outcome.COMPLETED, events.Key("site-a", "op-1"))
    lines = followed.lines(80, 16)
    (at,) = (n for n, line in enumerate(lines) if "completed" in line)
    assert lines[at + 1] == "", "what still runs has the room"
    assert len([line for line in lines if "·" in line]) == 5


def test_many_are_a_line_each() -> None:
    followed = many(5)
    followed.see(record(6, 60, "completed", id="op-1"))
    followed.end(events.Outcome.COMPLETED, events.Key("site-a", "op-1"))
    assert followed.lines(80, 8) == MANY.splitlines()


def test_more_than_fit_are_counted() -> None:
    lines = many(40).lines(80, 10)
    assert len(lines) == 10
    assert lines[7] == "and 33 more: 33 running"


@pytest.mark.parametrize("height", [1, 2, 4, 8, 24, 50])
@pytest.mark.parametrize("width", [1, 10, 40, 60, 80, 200])
def test_at_any_size_it_fits(
    width: int, height: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In cells, and with names of any script."""
    wide = {"pg-1": "世界世界世界-שלום-עולם", "sa": "אתר", "sb": "地点" * 20}
    for name, title in wide.items():
        monkeypatch.setitem(NAMES, name, title)
    for count in (1, 2, 5, 40):
        followed = many(count)
        followed.see(record(3, 60, "failed", error_message="错误 " * 60))
        lines = followed.lines(width, height)
        assert len(lines) <= height
        assert measure.widest(lines) <= width


def test_the_longest_steps_are_whole_on_a_phone() -> None:
    followed = Followed()
    followed.see(record(0, 5))
    lines = followed.lines(40, 24)
    for name in STEPS:
        assert any(name in line for line in lines), name
    # what has no room beside it has a line of its own
    assert lines[:2] == ["failover of prod-web-app, site-a to", "  site-b"]


def test_nothing_heard_yet() -> None:
    assert Followed().lines() == [
        "op-1",
        "? nothing heard yet",
        "",
        "Ctrl-C stops watching; what runs goes on.",
    ]


def test_what_does_not_exist() -> None:
    followed = Followed()
    followed.state(
        events.Ended(
            at=0.0,
            key=KEY,
            outcome=events.Outcome.UNKNOWN,
            error=exceptions.NotFound("no site knows it"),
        )
    )
    assert followed.lines() == ["op-1", "? no such operation"]


def test_signs_for_a_terminal_that_knows_no_others() -> None:
    followed = Followed()
    followed.see(record(3, 90))
    for line in followed.lines(200, 50, signs=frame.ASCII):
        line.encode("ascii")


# The screen


def test_where_pictures_can_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    assert not screen.can_draw(io.StringIO())
    with open("/dev/null", "w") as nothing:
        assert not screen.can_draw(nothing)


@pytest.mark.parametrize(
    ("encoding", "signs"),
    [("utf-8", frame.UNICODE), ("ascii", frame.ASCII), ("junk", frame.ASCII)],
)
def test_what_a_stream_can_take(encoding: str, signs: frame.Signs) -> None:
    class Stream(io.StringIO):
        pass

    stream = Stream()
    monkey: Any = Stream
    monkey.encoding = encoding
    assert screen.signs_for(stream) is signs


def test_rich_is_loaded_by_none_but_the_screen() -> None:
    import subprocess

    program = (
        "import sys;"
        "from protectorclient.osc.live import frame, screen;"
        "from protectorclient.osc.v1 import operation_watch, operation_wait;"
        "print('rich' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True
    )
    assert ran.stdout == "False\n"


# The notebook


def test_a_notebook_that_cannot_be_read(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "steps.json"
    for text in ("", "[1]", '{"a": 1}', '{"a": ["x"]}', "\x00"):
        path.write_text(text)
        assert step_times.StepTimes(path).taken("a", "b", "c") == ()


def test_a_notebook_keeps_the_newest(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "deep" / "steps.json"
    for turn in range(3):
        book = step_times.StepTimes(path)
        for second in range(50):
            book.note("a", "b", "c", turn * 50 + second)
        book.save()
    kept = json.loads(path.read_text())["a b c"]
    assert kept == [float(n) for n in range(50, 150)]


def test_a_notebook_that_cannot_be_written(tmp_path: pathlib.Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    book = step_times.StepTimes(blocked / "steps.json")
    book.note("a", "b", "c", 1)
    book.save()


def test_where_the_notebook_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert step_times.default_path() == pathlib.Path(
        "/somewhere/protectorclient/steps.json"
    )


# The same on a terminal whose size changes between two pictures


class Screenful(io.StringIO):
    """What a terminal would show, and how large it is at the moment."""

    encoding = "utf-8"

    def __init__(self, width: int, height: int) -> None:
        super().__init__()
        self.size = width, height

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise io.UnsupportedOperation

    def drawn(self, picture: screen.Screen) -> list[str]:
        """The lines of the next picture."""
        self.seek(0)
        self.truncate()
        picture.refresh()
        whole = self.getvalue()
        assert whole.startswith("\x1b[H"), "it does not begin at the top"
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", whole).split("\n")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Screenful:
    for name in ("COLUMNS", "LINES", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    return Screenful(80, 24)


def test_the_terminal_is_resized_between_two_pictures(
    terminal: Screenful,
) -> None:
    followed = Followed()
    followed.see(record(3, 90))

    def draw(
        width: int, height: int, signs: frame.Signs, footer: bool
    ) -> list[frame.Line]:
        return frame.frame(
            followed.state, width, height, signs=signs, footer=footer
        )

    with screen.Screen(
        draw, terminal, size=lambda: terminal.size, ticks=False
    ) as picture:
        for width, height in ((80, 24), (50, 12), (200, 50), (50, 12)):
            terminal.size = width, height
            followed.clock.now += 1
            lines = terminal.drawn(picture)
            # the whole of it is painted: nothing of the last one is left
            assert len(lines) == height
            assert {len(line) for line in lines} == {width}
            shown = [line.rstrip() for line in lines]
            while not shown[-1]:
                shown.pop()
            assert shown == followed.lines(width, height)
            assert any("manage_volumes_into_cinder" in line for line in shown)
            assert shown[-1].startswith("Ctrl-C")
        terminal.size = 200, 50
        (state,) = (
            line for line in terminal.drawn(picture) if "running" in line
        )
        assert "━" in state, "there is room for a bar"
        terminal.seek(0)
        terminal.truncate()
    left = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.getvalue())
    assert "Ctrl-C" not in left
    assert "manage_volumes_into_cinder" in left


def test_a_terminal_of_one_line_and_one_of_none(terminal: Screenful) -> None:
    followed = Followed()
    followed.see(record(3, 90))
    with screen.Screen(
        lambda width, height, *_: frame.frame(followed.state, width, height),
        terminal,
        size=lambda: terminal.size,
        ticks=False,
    ) as picture:
        for size in ((80, 1), (1, 1), (80, 24)):
            terminal.size = size
            assert len(terminal.drawn(picture)) == size[1]
