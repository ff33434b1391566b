"""The journal of a run, its lock, its orders and its hooks."""

import json
import os
import pathlib
import signal
import stat
import sys

import pytest

from protectorclient import exceptions
from protectorclient.plan.execution import fold, hooks, journal, orders
from protectorclient.plan.file import load
from protectorclient.plan.file.model import Hook
from protectorclient.plan.file.problem import PlanProblem


def test_lines_are_added_and_read_again(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "j"
    with journal.Journal.create(path) as one:
        one.add("run", name="b\u00fccher")
        one.add("next", value=[1])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first, second = journal.read(path)
    assert (first["n"], first["event"], first["name"]) == (1, "run", "bücher")
    assert (second["n"], second["value"]) == (2, [1])


def test_a_line_that_was_cut_is_skipped(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "j"
    with journal.Journal.create(path) as one:
        one.add("run")
        one.add("cut")
    path.write_bytes(path.read_bytes()[:-9])
    with journal.Journal.reopen(path) as again:
        again.add("whole")
    assert [entry["event"] for entry in journal.read(path)] == ["run", "whole"]


def test_a_line_that_was_taken_out(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "j"
    with journal.Journal.create(path) as file:
        for number in range(4):
            file.add("x", number=number)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:3], lines[3][:9]]))
    assert [one["number"] for one in journal.read(path)] == [0, 1, 2]
    path.write_text("".join([lines[0], "rubbish\n", *lines[2:]]))
    with pytest.raises(PlanProblem, match="line 2 of the journal is missing"):
        list(journal.read(path))


@pytest.mark.parametrize(
    ("line", "change", "said"),
    [
        (0, {"format": 2}, "newer version"),
        (0, {"groups": [["g", "g", "w", 7]]}, "line 1 is not as"),
        (0, {"plan": 5}, "line 1 is not as"),
        (1, {"at": "soon"}, "line 2 is not as"),
        (1, {"at": "2026-01-01T00:00:00"}, "line 2 is not as"),
        (1, {"wave": "x"}, "line 2 is not as"),
        (1, {"wave": []}, "line 2 is not as"),
    ],
)
def test_a_line_that_was_altered(
    tmp_path: pathlib.Path, line: int, change: dict[str, object], said: str
) -> None:
    path = tmp_path / "j"
    text = "name: x\nwaves: [{name: w, groups: [g]}]"
    with journal.Journal.create(path) as file:
        file.add(
            "run",
            **journal.first_line(
                load.parse(text),
                "r",
                "failover",
                False,
                {},
                [("g", "g", "w", 0)],
            ),
        )
        file.add("wave-began", wave="w")
    entries = list(journal.read(path))
    assert fold.fold(iter(entries), "j").waves["w"].phase == "open"
    entries[line] |= change
    with pytest.raises(PlanProblem, match=said):
        fold.fold(iter(entries), "j")


def test_the_lock_goes_with_its_process(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "j"
    with journal.Journal.create(path):
        assert journal.is_running(path)
        with pytest.raises(exceptions.GuardRefused, match="another runner"):
            journal.Journal.reopen(path)
    assert not journal.is_running(path)


@pytest.mark.parametrize("mode", [0o602, 0o620])
def test_a_journal_that_others_may_write(
    tmp_path: pathlib.Path, mode: int
) -> None:
    path = tmp_path / "j"
    with journal.Journal.create(path) as one:
        one.add("run")
    path.chmod(mode)
    with pytest.raises(PlanProblem, match="others may write"):
        list(journal.read(path))


def test_a_folder_that_is_not_there(tmp_path: pathlib.Path) -> None:
    with pytest.raises(PlanProblem, match="nothing was begun"):
        journal.Journal.create(tmp_path / "no" / "j")


def test_the_second_of_two_same_orders(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "j"
    first, new = orders.give(path, "approve", "wave", reason="a")
    again, second = orders.give(path, "approve", "wave", reason="b")
    other, third = orders.give(path, "retry", "g", reason="c", attempt=1)
    assert (new, second, third) == (True, False, True)
    assert again == first
    assert list(orders.read(path)) == [first, other]
    mode = orders.path_of(path).stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


# Hooks

SHOW = (
    "import json, os, sys; given = json.load(sys.stdin);"
    " print(json.dumps([given, sorted(n for n in os.environ"
    " if n.startswith(('OS_', 'PROTECTOR_'))), os.getcwd()]))"
)


def test_what_a_hook_gets(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OS_PASSWORD", "sesame")
    hook = Hook((sys.executable, "-c", SHOW))
    result = hooks.run(
        hook, {"a": 1}, run_id="r", attempt=2, folder=str(tmp_path)
    )
    assert result.is_good, result
    given, names, folder = json.loads(result.output)
    assert given == {"a": 1}
    assert names == ["PROTECTOR_ATTEMPT", "PROTECTOR_RUN_ID"]
    assert folder == os.path.realpath(tmp_path)


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (("/no/such",), "/no/such cannot be run: No such file or directory"),
        (("sh", "-c", "exit 3"), "sh ended with exit status 3"),
        (("sh", "-c", "kill -9 $$"), "sh was ended by the signal SIGKILL"),
    ],
)
def test_a_hook_that_fails(run: tuple[str, ...], said: str) -> None:
    result = hooks.run(Hook(run), {}, run_id="r", attempt=1)
    assert (result.is_good, result.error) == (False, said)


def test_a_hook_that_takes_too_long_ends_with_all_it_started(
    tmp_path: pathlib.Path,
) -> None:
    held = tmp_path / "held"
    os.mkfifo(held)
    end = os.open(held, os.O_RDONLY | os.O_NONBLOCK)
    command = f"exec 3>{held}; sleep 1000 & sleep 1000"
    hook = Hook(("sh", "-c", command), timeout=0.3)
    result = hooks.run(hook, {}, run_id="r", attempt=1)
    assert result.error == "sh took longer than 0.3 s"
    # ends when no process holds the other end any more
    os.set_blocking(end, True)
    assert os.read(end, 1) == b""
    os.close(end)


def test_its_output_is_bounded_and_masked() -> None:
    text = (
        "print('password=\"' + 's3same ' * 20000 + '\"');"
        "print('x' * 100000); print('db_password=sesame,"
        ' {"token": "sesame"}\'); print(\'X-Auth-Token: sesame\')'
    )
    hook = Hook((sys.executable, "-c", text))
    result = hooks.run(hook, {}, run_id="r", attempt=1)
    assert len(result.output.encode()) <= hooks.LARGEST_OUTPUT
    assert "sesame" not in result.output
    assert "s3same" not in result.output
    assert result.output.endswith("X-Auth-Token: ***\n")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("+ mysql --password sesame -u x", "+ mysql --password *** -u x"),
        ("to https://u:sesame@host/path", "to https://u:***@host/path"),
        (f"it is gAAAA{'sesame' * 9}==", "it is ***"),
        (
            "-----BEGIN PRIVATE KEY-----\nsesame",
            "-----BEGIN PRIVATE KEY-----***",
        ),
        ("12 keys are there", "12 keys are there"),
    ],
)
def test_what_looks_like_a_secret(text: str, masked: str) -> None:
    assert hooks.mask(text) == masked


def test_what_a_hook_leaves_running_holds_nothing_up() -> None:
    hook = Hook(("sh", "-c", "echo begun; sleep 1000 & echo $!"))
    result = hooks.run(hook, {}, run_id="r", attempt=1)
    begun, process = result.output.split()
    os.kill(int(process), signal.SIGKILL)
    assert (result.is_good, begun) == (True, "begun")
