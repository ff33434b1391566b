"""What is asked where somebody can answer: real processes, a real pty."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time

import pytest

from fakeserver.harness import LocalPair
from protectorclient import SitePair

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


def test_a_planned_failover_does_not_ask(local_pair: LocalPair) -> None:
    command = f"protection-group failover prod-web-app {WEB} --wait -c status"
    code, out, _ = at_terminal(f"{command} -f value", None)
    assert (code, out) == (0, "completed\n")


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
