"""What is asked where somebody can answer: real processes, a real pty."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from fakeserver.local.pair import LocalPair
from protectorclient import SitePair, exceptions
from protectorclient.osc import prompts
from tests.helpers import clirunner

GROUP = "protection-group"
WEB = "--network-mapping net-primary-web=net-secondary-web"
UNPLANNED = (
    f"protection-group failover prod-web-app --type unplanned {WEB} "
    "--wait -f value -c status"
)
TEST = f"protection-group test-failover prod-web-app {WEB}"
CODE = "import sys; from protectorclient.shell import main; sys.exit(main())"


def at_terminal(command: str, answer: str | None) -> tuple[int, str, str]:
    """Run a command whose stdin and stderr are a terminal.

    :param answer: what is typed at the question; None where none may come.
    :returns: its status, its stdout, and all that the terminal showed.
    """
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, *command.split()],
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=follower,
        env={**os.environ},
        text=True,
    )
    os.close(follower)
    shown = ""
    deadline = time.monotonic() + 60
    try:
        while process.poll() is None and time.monotonic() < deadline:
            shown += _read(leader)
            asked = shown.rstrip().endswith((":", "[y/N]"))
            if answer is not None and asked:
                os.write(leader, f"{answer}\n".encode())
                answer = None
        shown += _read(leader)
        out = process.stdout.read() if process.stdout else ""
        return process.wait(timeout=10), out, shown
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()
        os.close(leader)


def _read(leader: int) -> str:
    ready, _, _ = select.select([leader], [], [], 0.1)
    if not ready:
        return ""
    try:
        return os.read(leader, 65536).decode()
    except OSError:  # the other end is closed
        return ""


def started() -> int:
    client = SitePair.open("site-a", "site-b").secondary.client
    return len(list(client.operations.list()))


def test_an_unplanned_failover_asks_for_the_name(
    local_pair: LocalPair,
) -> None:
    local_pair.site("a").kill()
    for wrong in ("", "yes", "prod-db"):
        code, out, shown = at_terminal(UNPLANNED, wrong)
        assert (code, out) == (13, "")
        assert "from site-a to site-b: what was written since" in shown
        assert "Type prod-web-app to go on:" in shown
        assert "not confirmed; nothing was changed" in shown
    assert started() == 0
    code, out, shown = at_terminal(UNPLANNED, "prod-web-app")
    assert (code, out) == (0, "completed\n"), shown


def test_yes_does_not_ask(local_pair: LocalPair) -> None:
    local_pair.site("a").kill()
    code, out, shown = at_terminal(f"{UNPLANNED} --yes", None)
    assert (code, out) == (0, "completed\n"), shown
    assert "Type" not in shown


@pytest.mark.parametrize("answer", ["n", "", "y"])
def test_a_test_that_stops_the_primary_asks(
    answer: str, local_pair: LocalPair
) -> None:
    code, out, shown = at_terminal(TEST, answer)
    assert "are stopped until the clean-up" in shown
    assert code == (0 if answer == "y" else 13), shown
    assert bool(out) is (answer == "y")


MOVE = f"protection-group failover prod-web-app {WEB} --wait -c status"
BACK = "protection-group failback prod-web-app --wait -c status -f value"


def words(shown: str) -> str:
    """What a terminal shows, whatever the lines."""
    return " ".join(shown.split())


@pytest.mark.processes
def test_a_planned_failover_and_a_failback_ask_once(
    local_pair: LocalPair,
) -> None:
    for answer in ("", "n", "prod-web-app"):
        code, out, shown = at_terminal(f"{MOVE} -f value", answer)
        assert (code, out) == (13, "")
        assert shown.count("[y/N]") == 1
        assert (
            "web-1, web-2, web-3 at site-a are stopped, and deleted there"
            " once they run at site-b. Move prod-web-app from site-a to"
            " site-b? [y/N]"
        ) in words(shown)
        assert "not confirmed; nothing was changed" in shown
    code, out, shown = at_terminal(f"{MOVE} -f value", "y")
    assert (code, out) == (0, "completed\n"), shown
    code, out, shown = at_terminal(BACK, "no")
    assert (code, out) == (13, "")
    assert (
        "The group is not replicated after it. Move prod-web-app from site-b"
        " to site-a? [y/N]"
    ) in words(shown)
    code, out, shown = at_terminal(BACK, "yes")
    assert (code, out) == (0, "completed\n"), shown


def test_a_failback_names_what_was_left_at_home(
    local_pair: LocalPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    forced = f"{GROUP} failover prod-web-app --type unplanned {WEB} --wait"
    local_pair.site("a").kill()
    assert clirunner.protector(forced).code == 0
    local_pair.site("a").start()
    synced = clirunner.protector(f"{GROUP} sync-force prod-web-app")
    assert synced.code == 0
    asked = answering(monkeypatch, "n")
    ran = clirunner.protector(f"{GROUP} failback prod-web-app")
    assert ran.code == 13
    assert asked == [
        "web-1, web-2, web-3 at site-b are stopped, and deleted there once"
        " they run at site-a. What still exists of the group at site-a"
        " (web-1, web-2, web-3) is stopped first and deleted at the end; a"
        " snapshot of each volume is kept there. The group is not replicated"
        " after it. Move prod-web-app from site-b to site-a?"
    ]


def answering(monkeypatch: pytest.MonkeyPatch, answer: str) -> list[str]:
    """Somebody at a terminal; what is asked."""
    asked: list[str] = []

    def for_yes(question: str, err: object) -> None:
        asked.append(question)
        if answer != "y":
            raise exceptions.NotConfirmed("not confirmed")

    monkeypatch.setattr(prompts, "on_terminal", lambda: True)
    monkeypatch.setattr(prompts, "for_yes", for_yes)
    return asked


@pytest.mark.parametrize(
    "command",
    [
        f"{GROUP} failover prod-web-app {WEB} --check",
        f"{GROUP} failover prod-web-app {WEB} --dry-run",
        f"{GROUP} test-failover prod-web-app {WEB} --dry-run",
        f"{GROUP} test-failover prod-web-app {WEB} --retain-primary",
        f"{GROUP} failover prod-web-app {WEB} --yes",
        "consistency-group sync prod-web-app",
        f"{GROUP} sync-force prod-web-app",
        f"{GROUP} sync-force prod-web-app --winner site-a --yes",
        f"{GROUP} delete bare",
    ],
)
def test_what_does_not_ask(
    command: str, local_pair: LocalPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answering(monkeypatch, "n")
    ran = clirunner.protector(command)
    assert (ran.code, asked) == (0, []), ran.err


@pytest.mark.parametrize(
    "run", clirunner.SHELLS.values(), ids=clirunner.SHELLS
)
def test_a_test_has_the_preview_of_a_move(
    run: Callable[[str], clirunner.Ran], local_pair: LocalPair
) -> None:
    ran = run(f"{GROUP} test-failover prod-web-app {WEB} --dry-run")
    assert ran.code == 0
    lines = ran.err[ran.err.index("test_failover of ") :].splitlines()
    assert lines[0] == "test_failover of prod-web-app from site-a to site-b"
    assert lines[1] == "  instances: web-1, web-2, web-3; 5 volumes, 160 GiB"
    assert lines[2].startswith("  recovery point: ")
    assert lines[2].endswith(" old; the test starts from it")
    assert lines[3:9] == [
        "  networks: net-primary-web -> net-secondary-web (mapped)",
        "  flavors: m1.large -> m1.large (same name)",
        "  addresses: all are kept",
        "  power state: all run",
        "  attributes: all that are known are kept",
        "  instances at site-a: are stopped until test-cleanup;"
        " --retain-primary leaves them running",
    ]


def test_a_winner_is_asked_about(
    local_pair: LocalPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answering(monkeypatch, "n")
    ran = clirunner.protector(
        f"{GROUP} sync-force prod-web-app --winner site-a"
    )
    assert ran.code == 13
    assert asked == [
        "Where both sites have changed prod-web-app, the metadata that site-b"
        " holds are overwritten; instances and volumes stay. Keep the"
        " metadata of site-a?"
    ]


def test_a_secret_is_asked_for_without_echo(local_pair: LocalPair) -> None:
    command = (
        "policy set bare --primary-fa-url https://a.example.com "
        "--secondary-fa-url https://b.example.com "
        "--secondary-fa-api-token-env SECOND -f value -c credentials_set"
    )
    os.environ["SECOND"] = "fa-token-b-91d7ac44"
    code, out, shown = at_terminal(command, "typed-secret")
    assert (code, out) == (0, "True\n"), shown
    assert "typed-secret" not in shown
