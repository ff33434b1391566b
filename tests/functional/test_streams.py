"""What becomes of the work when a stream, a file or a terminal fails."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fakeserver.local.pair import LocalPair
from protectorclient import SitePair
from protectorclient.v1 import protection_groups
from tests.helpers.clirunner import EITHER_SHELL, SHELLS, protector

WEB = "--network-mapping net-primary-web=net-secondary-web"
FAILOVER = f"protection-group failover prod-web-app {WEB}"
SYNC = "consistency-group sync prod-db"

#: The two scripts, as the interpreter is told to run them.
SCRIPTS = {
    "protector": (
        "import sys; from protectorclient.shell import main; sys.exit(main())"
    ),
    "openstack": (
        "import sys; sys.argv[0] = 'openstack'; "
        "from openstackclient.shell import main; sys.exit(main())"
    ),
}


def typed(shell: str, command: str) -> list[str]:
    """A command of either shell as a process of its own."""
    words = shlex.split(command)
    if shell == "openstack":
        words.insert(0, "protector")
    return [sys.executable, "-c", SCRIPTS[shell], *words]


@contextlib.contextmanager
def failing(kind: str) -> Iterator[int]:
    """A file that takes nothing."""
    if kind == "full":
        target = os.open("/dev/full", os.O_WRONLY)
    else:
        reader, target = os.pipe()
        os.close(reader)
    try:
        yield target
    finally:
        os.close(target)


def run(shell: str, command: str, **streams: Any) -> tuple[int, str, str]:
    """A process to its end: its code, stdout and stderr."""
    kept = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    # the buffer that fails at the end of a process, as people have it
    env = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    ran = subprocess.run(
        typed(shell, command),
        stdin=subprocess.DEVNULL,
        env=env,
        text=True,
        **{**kept, **streams},
    )
    return ran.returncode, ran.stdout or "", ran.stderr or ""


@pytest.mark.parametrize(
    ("kind", "shell", "command"),
    [
        ("full", "protector", FAILOVER),
        pytest.param(
            "full", "openstack", FAILOVER, marks=pytest.mark.thorough
        ),
        ("closed pipe", "protector", SYNC),
    ],
)
def test_stderr_decides_nothing(
    kind: str, shell: str, command: str, local_pair: LocalPair
) -> None:
    with failing(kind) as nowhere:
        code, out, _ = run(shell, f"{command} --wait -f json", stderr=nowhere)
    assert code == 0
    assert json.loads(out)["outcome"] == "completed"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("protection-group list --bogus", 2),
        ("no-such-command", 2),
        ("protection-group show nothing", 1),
        ("protection-group sync-status bare -f value -c status", 0),
        ("protection-group check bare", 3),
    ],
)
def test_a_code_is_the_same_without_anybody_to_read(
    command: str, code: int, local_pair: LocalPair
) -> None:
    with failing("full") as nowhere:
        assert run("protector", command, stderr=nowhere)[0] == code


def test_a_result_that_cannot_be_written(local_pair: LocalPair) -> None:
    for shell in SCRIPTS:
        with failing("full") as nowhere:
            code, _, said = run(shell, f"{SYNC} --wait", stdout=nowhere)
        assert code == 1, said
        told, hint = said.splitlines()[-2:]
        assert told == (
            "standard output cannot be written: No space left on device"
        )
        assert hint.startswith("openstack protector operation show op-")


@pytest.mark.parametrize(("kind", "code"), [("full", 10), ("closed pipe", 10)])
def test_the_end_of_the_work_comes_before_that_of_its_record(
    kind: str, code: int, local_pair: LocalPair
) -> None:
    local_pair.fault(
        "step", match="recreate_instances", message="no host is left"
    )
    with failing(kind) as nowhere:
        ended, _, said = run("protector", f"{FAILOVER} --wait", stdout=nowhere)
    assert ended == code
    assert "no host is left" in said
    assert "Exception ignored" not in said


@pytest.mark.parametrize(
    ("command", "closed"),
    # cliff's help minds a pager that was left by itself
    [("--help", 0), ("--version", 141), ("protection-group list --help", 0)],
)
def test_help_that_cannot_be_written(command: str, closed: int) -> None:
    for kind, expected, told in (
        ("full", 1, "standard output cannot be written: No space left on"),
        ("closed pipe", closed, ""),
    ):
        with failing(kind) as nowhere:
            code, _, said = run("protector", command, stdout=nowhere)
        assert code == expected
        assert said == (f"{told} device\n" if told else "")


# The audit log and the cache

#: Why a file cannot be written -> what the warning says of it.
UNWRITABLE: dict[str, tuple[Callable[[pathlib.Path], str], str]] = {
    "full disk": (lambda _: "/dev/full", "No space left on device"),
    "a file for a folder": (
        lambda place: str(place / "file" / "log"),
        "Not a directory",
    ),
    "a folder": (lambda place: str(place), "Is a directory"),
    "a pipe that nobody reads": (
        lambda place: str(place / "pipe"),
        "No such device or address",
    ),
}


@pytest.mark.parametrize("why", UNWRITABLE)
def test_an_audit_log_that_fails(
    why: str,
    local_pair: LocalPair,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make, reason = UNWRITABLE[why]
    (tmp_path / "file").write_text("")
    os.mkfifo(tmp_path / "pipe")
    path = make(tmp_path)
    monkeypatch.setenv("PROTECTOR_JOURNAL", path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    for shell in SHELLS.values():
        ran = shell(f"{SYNC} --wait -f json")
        assert ran.code == 0, ran.err
        assert ran.json["audit_log"] == "failed"
        warnings = [line for line in ran.err.splitlines() if "warning" in line]
        assert warnings == [
            f"warning: the audit log {path} cannot be written: {reason};"
            " PROTECTOR_JOURNAL names another file"
        ]


def test_a_user_without_a_home(
    local_pair: LocalPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container that runs under any number."""

    def homeless(*_: object) -> pathlib.Path:
        raise RuntimeError("Could not determine home directory.")

    with monkeypatch.context() as patch:
        patch.setattr(pathlib.Path, "home", homeless)
        patch.setattr(os.path, "expanduser", lambda path: path)
        ran = protector(f"{SYNC} --wait -f json")
    assert (ran.code, ran.json["audit_log"]) == (0, "failed")
    assert ran.err.startswith(
        "warning: the audit log cannot be written: this user has no home"
        " directory; PROTECTOR_JOURNAL names another file\n"
    )


def test_a_person_is_not_shown_what_went_well(local_pair: LocalPair) -> None:
    assert "audit_log" not in protector(f"{SYNC} --wait").out
    assert protector(f"{SYNC} --wait -f json").json["audit_log"] == "written"


# Signals

STATUS = {signal.SIGTERM: 143, signal.SIGHUP: 129}


def begun(shell: str, command: str) -> tuple[subprocess.Popen[str], str]:
    """A process that follows an operation, and the operation."""
    started = subprocess.Popen(
        ["sh", "-c", 'trap "$0" HUP; exec "$@"']
        + ["" if "IGNORE" in command else "-"]
        + typed(shell, command.replace("IGNORE", "")),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stderr is not None
    for line in started.stderr:
        if " has begun: " in line:
            return started, line.split()[-1]
    raise AssertionError(f"it has not begun: {started.wait()}")


@pytest.mark.parametrize(
    ("shell", "number"),
    [
        ("protector", signal.SIGTERM),
        ("protector", signal.SIGHUP),
        pytest.param("openstack", signal.SIGTERM, marks=pytest.mark.thorough),
    ],
)
def test_a_signal_ends_the_wait_alone(
    shell: str, number: signal.Signals, local_pair: LocalPair
) -> None:
    local_pair.fault("slow-replication", seconds=600.0)
    started, operation = begun(shell, f"{FAILOVER} --wait -f json")
    started.send_signal(number)
    out, err = started.communicate()
    assert started.returncode == STATUS[number], err
    assert err.splitlines()[-2:] == [
        f"no longer waiting; {operation} goes on",
        f"openstack protector operation wait {operation}",
    ]
    if out:
        # it had begun to follow: what was seen last is printed
        assert json.loads(out)["outcome"] == "running"
    shown = protector(f"operation show {operation} -f value -c status")
    assert shown.out in ("running\n", "pending\n")


def test_what_nohup_has_ignored_stays_so(local_pair: LocalPair) -> None:
    local_pair.fault("slow-replication", seconds=600.0)
    started, _ = begun("protector", f"IGNORE {SYNC} --wait -f value -c status")
    started.send_signal(signal.SIGHUP)
    local_pair.clear_faults()
    local_pair.advance("15m")
    out, err = started.communicate()
    assert (started.returncode, out) == (0, "completed\n"), err


def arriving(number: signal.Signals) -> Callable[..., None]:
    """A call during which a signal arrives; not one that ends the tests."""

    def arrives(*_: object, **__: object) -> None:
        assert callable(signal.getsignal(number)), "nobody minds it"
        signal.raise_signal(number)

    return arrives


@pytest.mark.parametrize("shell", EITHER_SHELL)
@pytest.mark.parametrize("number", STATUS)
def test_a_signal_at_another_moment(
    number: signal.Signals,
    shell: str,
    local_pair: LocalPair,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_here = SHELLS[shell]
    arrives = arriving(number)
    with monkeypatch.context() as patch:
        patch.setattr(SitePair, "prepare", arrives)
        ran = run_here(f"{FAILOVER} --wait")
    assert (ran.code, ran.out) == (STATUS[number], "")
    assert "interrupted; nothing was started\nopenstack protector " in ran.err
    with monkeypatch.context() as patch:
        manager = protection_groups.ProtectionGroupManager
        patch.setattr(manager, "act", arrives)
        ran = run_here(f"{FAILOVER} --wait")
    assert (ran.code, ran.out) == (STATUS[number], "")
    told, hint = ran.told.splitlines()[-2:]
    assert told == (
        "interrupted; whether the failover has begun is not known (req-ID)"
    )
    assert hint.startswith("openstack protector operation list ")
    with monkeypatch.context() as patch:
        patch.setattr("protectorclient.reports.overview.look", arrives)
        ran = run_here("status")
    assert (ran.code, ran.err) == (
        STATUS[number],
        "interrupted\nopenstack protector status\n",
    )


@pytest.mark.parametrize("number", STATUS)
def test_a_signal_before_a_command_has_begun(
    number: signal.Signals,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from protectorclient import shell

    monkeypatch.setattr(
        "protectorclient.osc.script.deferred_sdk.defer", arriving(number)
    )
    assert shell.main(["protection-group", "failover", "x"]) == STATUS[number]
    assert capsys.readouterr().err == "interrupted; nothing was started\n"
