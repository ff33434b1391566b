"""``protector plan``, typed in the real shell; and the examples."""

import configparser
import datetime
import io
import json
import os
import pathlib
import re
import runpy
import shlex
import shutil
import stat
import subprocess
import sys
import types
from typing import Any

import pytest

from fakeserver.local.pair import LocalPair
from protectorclient import plan
from protectorclient.osc.live import plan_frame
from protectorclient.plan.file.model import Gate
from tests.helpers import plan_parts
from tests.helpers.clirunner import protector

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """The examples, in a folder of the user's own."""
    target = tmp_path / "examples"
    shutil.copytree(EXAMPLES, target)
    for path in target.iterdir():
        path.chmod(path.stat().st_mode & ~0o022)
    return target


def without_gates(folder: pathlib.Path) -> pathlib.Path:
    path = folder / "plan.yaml"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(one for one in lines if "gate" not in one))
    return path


def test_a_plan_from_its_first_draft_to_its_end(
    local_pair: LocalPair, folder: pathlib.Path
) -> None:
    draft = folder / "draft.yaml"
    ran = protector(f"plan init {draft}")
    assert (ran.code, ran.out) == (0, "")
    assert stat.S_IMODE(draft.stat().st_mode) == 0o600
    drafted = plan.load(draft)
    assert drafted.waves[0].groups[0].name == "bare"
    assert drafted.mappings.networks["net-primary-db"] == "net-secondary-db"
    assert protector(f"plan init {draft}").code == 1
    # bare has no policy
    assert protector(f"plan check {draft}").code == 3

    path = without_gates(folder)
    ran = protector(f"plan check {path}")
    assert ran.code == 0, ran.err
    assert "never verified" in ran.err
    ran = protector(f"plan show {path} -f json")
    assert [(one["Wave"], one["Group"]) for one in ran.json] == [
        ("databases", "prod-db"),
        ("applications", "prod-web-*"),
    ]
    assert "verified (" in ran.err
    journal = folder / "run.jsonl"
    ran = protector(f"plan run {path} --journal {journal} -f json")
    assert ran.code == 0, ran.err
    assert [(one["Group"], one["Status"]) for one in ran.json] == [
        ("prod-db", "done"),
        ("prod-web-app", "done"),
    ]
    assert protector(f"plan watch {journal}").code == 0
    shown = protector(f"plan show {journal} -f json")
    assert "critical path: prod-db (" in shown.err
    events = protector(f"plan watch {journal} --events").out.splitlines()
    assert json.loads(events[-1])["event"] == "ended"
    # there is nothing left to do, and nothing is done twice
    assert protector(f"plan resume {journal}").code == 0
    ran = protector(f"plan retry {journal} prod-db --reason x")
    assert ran.code == 5
    assert "prod-db is done" in ran.err


def test_a_changed_plan_says_what_has_changed(
    local_pair: LocalPair, folder: pathlib.Path
) -> None:
    path = without_gates(folder)
    assert protector(f"plan check {path}").code == 0
    path.write_text(path.read_text().replace("parallel: 4", "parallel: 1"))
    ran = protector(f"plan show {path}")
    assert "changed since verified" in ran.err
    assert "-parallel: 4\n+parallel: 1" in ran.err


@pytest.mark.parametrize("form", ["markdown", "html"])
def test_a_runbook_with_plain_commands(
    local_pair: LocalPair, folder: pathlib.Path, form: str
) -> None:
    ran = protector(f"plan render {folder / 'plan.yaml'} --to {form}")
    assert ran.code == 0, ran.err
    assert (
        "openstack protector protection-group failover prod-web-app"
        " --network-mapping net-primary-web=net-secondary-web"
    ) in ran.out
    assert "Do the databases answer?" in ran.out
    ran = protector(
        f"plan render {folder / 'plan.yaml'} --type unplanned --to {form}"
    )
    assert "--type unplanned" in ran.out


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        ("check no-such.yaml", 1, "cannot read no-such.yaml: No such file"),
        ("run {plan} --type unplanned --action failback", 2, "--action"),
        ("resume {plan}", 1, "is not the journal of a plan"),
        ("approve {plan} --reason x", 1, "is not the journal of a plan"),
        ("watch no-such", 1, "cannot read the journal no-such"),
        ("skip {plan} prod-db", 2, "--reason"),
    ],
)
def test_refused_in_one_sentence(
    local_pair: LocalPair,
    folder: pathlib.Path,
    typed: str,
    code: int,
    said: str,
) -> None:
    ran = protector(f"plan {typed.format(plan=folder / 'plan.yaml')}")
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_forty_groups_fit_on_a_terminal(tmp_path: pathlib.Path) -> None:
    from protectorclient.plan.execution import journal
    from protectorclient.plan.file import load

    names = [f"application-{n:02}" for n in range(40)]
    waves = [names[n : n + 10] for n in range(0, 40, 10)]
    text = "name: forty\nwaves:\n" + "\n".join(
        f"- {{name: wave-{n}, groups: [{', '.join(some)}]}}"
        for n, some in enumerate(waves)
    )
    path = tmp_path / "j"
    with journal.Journal.create(path) as file:
        file.add(
            "run",
            **journal.first_line(
                load.parse(text),
                "r",
                "failover",
                False,
                {},
                (
                    (name, name, f"wave-{n}", index)
                    for n, some in enumerate(waves)
                    for index, name in enumerate(some)
                ),
            ),
        )
        file.add("wave-began", wave="wave-0")
        file.add(
            "posting", group=names[3], attempt=1, request_id="q", site="s"
        )
        file.add("group-ended", group=names[4], status="failed", why="x" * 200)
    run = plan_parts.fold(path)
    lines = plan_frame.frame(run, journal.utc_now(), 80, 24)
    shown = ["".join(part[0] for part in line) for line in lines]
    assert len(shown) <= 24
    assert all(len(line) <= 80 for line in shown)
    whole = "\n".join(shown)
    for part in (
        "wave-3: waiting",
        "application-03: posting",
        "application-04: failed",
        "0 of 40",
    ):
        assert part in whole


def test_the_page_names_every_event() -> None:
    page = EXAMPLES.parent / "doc/source/user/plans.rst"
    rows = re.findall(r"(?m)^``([\w-]+)`` +``(\w+)``$", page.read_text())
    kinds = {name: kind.__name__ for name, kind in plan.events.KINDS.items()}
    assert dict(rows) == kinds


def test_a_runbook_of_hostile_words(folder: pathlib.Path) -> None:
    from protectorclient.plan import render
    from protectorclient.plan.file import load

    name = "a'; rm -rf / #<b>*x* [l](javascript:x) & `id` $(id)"
    script = "echo 'one'\\\necho \u202etwo"
    found = load.parse(
        json.dumps(
            {
                "name": name,
                "hooks": {"before": [["sh", "-c", script]]},
                "waves": [{"name": name, "groups": [name]}],
            }
        )
    )
    chapters = render.chapters(found, (), "failover", False)
    commands = [
        one
        for each in chapters
        for step in each.steps
        for one in step.commands
    ]
    assert [shlex.split(one)[4] for one in commands[1:]] == [name, name]
    # bash reads the words as they are
    shown = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {commands[0]}"],
        capture_output=True,
        check=True,
    )
    assert shown.stdout.decode().split("\0")[:-1] == ["sh", "-c", script]
    page = render.as_html(name, chapters)
    assert "<b>" not in page
    assert "\u202e" not in page
    text = render.markdown(name, chapters)
    prose = [one for one in text.splitlines() if not one.startswith("      ")]
    assert not re.search(r"(?<!\\)[<`*]", "\n".join(prose))


@pytest.mark.parametrize(
    ("unplanned", "said"),
    [
        (False, "2 groups with 3 instances: what runs is stopped at the"),
        (
            True,
            "Unplanned failover of 2 groups with 3 instances: data written"
            " since the last replication will be lost. No replication is known"
            " of b. The oldest replication is of a, 5m ago.",
        ),
    ],
)
def test_what_a_run_does_is_said_before(unplanned: bool, said: str) -> None:
    from protectorclient.osc.v1.plan import asking
    from protectorclient.records.protection_group import ProtectionGroup

    now = datetime.datetime(2026, 11, 27, tzinfo=datetime.UTC)
    before = now - datetime.timedelta(minutes=5)
    groups = [
        ProtectionGroup(name="a", member_count=2, last_replication_at=before),
        ProtectionGroup(name="b", member_count=1),
    ]
    assert asking.what_happens(groups, unplanned, now).startswith(said)


def test_a_gate_is_asked_on_the_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from protectorclient.osc import prompts
    from protectorclient.osc.v1.plan import asking

    shown = io.StringIO()
    command: Any = types.SimpleNamespace(
        app=types.SimpleNamespace(stderr=shown)
    )
    typed, keys = os.pipe()
    gate = Gate("Go?")
    with os.fdopen(typed) as stdin, os.fdopen(keys, "w") as keyboard:
        monkeypatch.setattr(sys, "stdin", stdin)
        monkeypatch.setattr(prompts, "on_terminal", lambda: True)
        ask = asking.terminal(command)
        # first what has happened before is written
        assert (ask("one", gate), shown.getvalue()) == (None, "")
        assert ask("one", gate) is None
        assert shown.getvalue() == "Go? Go on? [yes/no] "
        for said, answer in (("perhaps", None), ("yes", True), ("n", False)):
            keyboard.write(f"{said}\n")
            keyboard.flush()
            assert ask("one", gate) is answer
    # asked once more after a word that is no answer
    assert shown.getvalue().count("Go?") == 2


# The examples, as they stand


def test_the_runbook_in_python(
    local_pair: LocalPair,
    folder: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = without_gates(folder)
    monkeypatch.setenv("OS_SECONDARY_CLOUD", "site-b")
    argv = ["runbook.py", str(path), str(folder / "j.jsonl")]
    monkeypatch.setattr(sys, "argv", argv)
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(folder / "runbook.py"), run_name="__main__")
    said = capsys.readouterr().out
    assert caught.value.code == 0, said
    assert "prod-db is cleaned up" in said


@pytest.mark.processes
def test_the_runbook_in_shell(
    local_pair: LocalPair, folder: pathlib.Path
) -> None:
    path = without_gates(folder)
    where = pathlib.Path(sys.executable).parent
    ran = subprocess.run(
        [folder / "runbook.sh", path],
        env={**os.environ, "PATH": f"{where}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert [one["Status"] for one in json.loads(ran.stdout)] == ["done"] * 2


def test_the_systemd_timer_names_what_there_is() -> None:
    units = {}
    for kind in ("service", "timer"):
        parser = configparser.ConfigParser(
            strict=False, interpolation=None, delimiters=("=",)
        )
        parser.optionxform = str  # type: ignore[assignment]
        parser.read(EXAMPLES / f"protector-overdue.{kind}")
        units[kind] = parser
    command = units["service"]["Service"]["ExecStart"]
    words = command.removeprefix("/usr/bin/env protector ")
    assert protector(f"{words} --nonsense").err.startswith(
        "usage: protector drill overdue"
    )
    assert units["timer"]["Timer"]["OnCalendar"] == "daily"
