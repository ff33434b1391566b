"""What the sandbox's instances answer, and who may see their consoles."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from fakeserver.cli import main as command
from fakeserver.local.pair import LocalPair
from protectorclient import exceptions
from protectorclient.probes import network, sandbox, spec
from tests.helpers.library_parts import Live

ADDRESS = "10.10.0.11"


@pytest.fixture(scope="module")
def opened() -> Iterator[LocalPair]:
    with LocalPair(sockets=True) as pair:
        yield pair


@pytest.fixture
def pair(opened: LocalPair) -> Iterator[LocalPair]:
    yield opened
    sandbox_command(opened, "clear")


def sandbox_command(pair: LocalPair, *words: str) -> int:
    return command.main(["answer", *words, "--dir", str(pair.directory)])


def ask(pair: LocalPair, text: str) -> str:
    path = pair.cloud("site-a")["protector_sandbox_instances"]
    return network.ask(
        spec.parse(text), ADDRESS, 10.0, dial=sandbox.dial(path)
    )


def test_an_instance_answers_what_it_was_set_to(
    pair: LocalPair, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(network.NoAnswer, match="connection refused"):
        ask(pair, "tcp:22")
    assert sandbox_command(pair, "add", "web-*", "--tcp", "22") == 0
    assert ask(pair, "tcp:22") == f"{ADDRESS}:22 is open"
    with pytest.raises(network.NoAnswer, match="connection refused"):
        ask(pair, "tcp:23")
    words = ("add", "web-1", "--http", "80", "--status", "302")
    assert sandbox_command(pair, *words) == 0
    with pytest.raises(network.NoAnswer, match="a redirect, is not followed"):
        ask(pair, "http:80/")
    # the last one that fits counts
    words = ("add", "web-1", "--http", "80", "--text", "fine")
    assert sandbox_command(pair, *words) == 0
    assert ask(pair, "http:80/=fine")
    capsys.readouterr()
    assert sandbox_command(pair, "list") == 0
    assert "web-1  both  http 80 200 fine" in capsys.readouterr().out
    assert sandbox_command(pair, "clear", "answer-99") == 1


def test_one_that_is_stopped_answers_nothing(pair: LocalPair) -> None:
    pair.answer("*", kind="tcp", port=22)
    session = pair.session()
    server = Live(pair).handle("site-a").finder.server("web-1").id
    url = f"{pair.site('a').url}/compute/v2.1/servers/{server}/action"
    session.post(url, json={"os-stop": None})
    try:
        with pytest.raises(network.NoAnswer, match="connection refused"):
            ask(pair, "tcp:22")
        finder = Live(pair).handle("site-a").finder
        assert finder.console_output(server).startswith("Booting web-1")
        session.post(url, json={"shelve": None})
        with pytest.raises(exceptions.Conflict):
            finder.console_output(server)
    finally:
        session.post(url, json={"unshelve": None})
    assert ask(pair, "tcp:22")


def test_answers_outlive_a_site(pair: LocalPair) -> None:
    pair.answer("*", kind="tcp", port=22, site="a")
    site = pair.site("a")
    site.kill()
    with pytest.raises(network.NoAnswer, match="the sandbox does not run"):
        ask(pair, "tcp:22")
    site.start()
    assert ask(pair, "tcp:22")


def test_a_console_is_for_members(pair: LocalPair) -> None:
    live = Live(pair)
    server = live.handle("site-a").finder.server("web-1").id
    pair.answer("web-*", kind="console", text="login:")
    text = live.handle("site-a").finder.console_output(server)
    assert text == "Booting web-1\nlogin:\n"
    with pytest.raises(exceptions.Forbidden):
        live.handle("site-a-auditor").finder.console_output(server)
    with pytest.raises(exceptions.NotFound):
        live.handle("site-a-rival").finder.console_output(server)


@pytest.mark.parametrize(
    "words",
    [
        ("add", "web-1"),
        ("add", "web-1", "--tcp", "0"),
        ("add", "web-1", "--tcp", "22", "--http", "80"),
        ("add", "web-1", "--http", "80", "--status", "99"),
    ],
)
def test_what_is_wrong_is_refused(
    words: tuple[str, ...], pair: LocalPair
) -> None:
    with pytest.raises(SystemExit) as ended, contextlib.redirect_stderr(None):
        sandbox_command(pair, *words)
    assert ended.value.code == 2
