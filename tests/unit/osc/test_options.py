"""Shared options, and where a secret may come from."""

from __future__ import annotations

import argparse
import datetime
import io
import pathlib

import pytest

from protectorclient import durations, exceptions
from protectorclient.osc import options, prompts


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90.0),
        ("90s", 90.0),
        ("1.5m", 90.0),
        ("1h30m", 5400.0),
        ("2d", 172800.0),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert options.duration(text) == seconds


@pytest.mark.parametrize("text", ["", "x", "5x", "1h30", "-5", "5 m", "m"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="not a duration"):
        options.duration(text)


@pytest.mark.parametrize("text", ["0", "-1", "x", "", "1.5", "²"])
def test_what_is_no_count(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="above 0"):
        options.positive(text)


@pytest.mark.parametrize(
    ("prog", "where"),
    [
        (
            "openstack protector site list",
            "'openstack protector protection-group failover'",
        ),
        ("protector site list", "'protector protection-group failover'"),
        (
            "openstack prot site list",
            "'openstack protector protection-group failover'",
        ),
    ],
)
def test_the_right_command_is_named_in_full(
    prog: str, where: str, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser(prog=prog)
    options.refuse_foreign(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(["--type", "unplanned"])
    assert f"--type belongs to {where}" in capsys.readouterr().err


def secret_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    prompts.add_secret(parser, "api-token", "the token")
    return parser


def read(*argv: str, needed: bool = True) -> str | None:
    parsed = secret_parser().parse_args(argv)
    return prompts.secret(parsed, "api-token", "the token", needed=needed)


def test_a_secret_from_a_file_a_variable_or_standard_input(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "token"
    path.write_text("from file\n")
    assert read("--api-token-file", str(path)) == "from file"
    monkeypatch.setenv("TOKEN", "from variable")
    assert read("--api-token-env", "TOKEN") == "from variable"
    monkeypatch.setattr("sys.stdin", io.StringIO("one\ntwo\n"))
    assert read("--api-token-file", "-") == "one"
    assert read("--api-token-file", "-") == "two"


HOLDS = "It has to hold the token"
#: What a file holds -> what is said of it, after its name.
FILES = {
    b"": "is empty. ",
    b"\n": "is empty. ",
    b"  \n": "is empty. ",
    b"\xef\xbb\xbf\n": "is empty. ",
    b"\xff\xfe\xff": "cannot be read: it is not text in UTF-8. ",
    b"one\ntwo\n": "has several lines or control characters. ",
    b"one\x00\n": "has several lines or control characters. ",
    b"x" * 20000: "has more than 16384 characters. ",
}


@pytest.mark.parametrize("content", FILES, ids=lambda held: repr(held[:5]))
def test_a_file_with_no_secret(content: bytes, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "token"
    path.write_bytes(content)
    with pytest.raises(exceptions.UsageProblem) as raised:
        read("--api-token-file", str(path))
    assert str(raised.value) == (
        f"File {path} {FILES[content]}{HOLDS} on one line."
    )


def test_a_secret_that_is_not_there(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    monkeypatch.setenv("EMPTY", "")
    variable = "Environment variable {} is empty or not set. " + f"{HOLDS}."
    for argv, message in (
        (["--api-token-file", "-"], f"Standard input is empty. {HOLDS}"),
        (["--api-token-env", "NOPE"], variable.format("NOPE")),
        (["--api-token-env", "EMPTY"], variable.format("EMPTY")),
        (["--api-token-env", "A=B"], variable.format("A=B")),
        (["--api-token-file", str(tmp_path)], "cannot be read: Is a dir"),
        (["--api-token-file", "/no/such"], "File /no/such cannot be read"),
        (["--api-token-file", "a\0b"], "cannot be read: "),
        ([], "the token is missing: give --api-token-file"),
    ):
        with pytest.raises(exceptions.UsageProblem) as raised:
            read(*argv)
        assert message in str(raised.value)
    assert read(needed=False) is None


def test_a_mark_of_the_byte_order_is_no_part_of_it(
    tmp_path: pathlib.Path,
) -> None:
    path = tmp_path / "token"
    path.write_bytes(b"\xef\xbb\xbfsecret\r\n")
    assert read("--api-token-file", str(path)) == "secret"


@pytest.mark.parametrize("error", [EOFError(), OSError(5, "gone")])
def test_a_terminal_that_is_closed_at_the_question(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(prompt: str) -> str:
        raise error

    monkeypatch.setattr(prompts, "on_terminal", lambda: True)
    monkeypatch.setattr(prompts.getpass, "getpass", closed)
    with pytest.raises(exceptions.UsageProblem) as raised:
        read()
    assert str(raised.value) == (
        "the token is missing: the terminal was closed before it was typed."
        " Give --api-token-file or --api-token-env."
    )


def test_nothing_is_asked_without_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("prod\n"))
    assert not prompts.on_terminal()


@pytest.mark.parametrize(
    ("typed", "confirmed"),
    [("prod\n", True), (" prod \n", True), ("Prod\n", False), ("", False)],
)
def test_a_name_is_typed_in_full(
    typed: str, confirmed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    err = io.StringIO()
    if confirmed:
        prompts.for_name("prod", "Really?", err)
    else:
        with pytest.raises(exceptions.NotConfirmed):
            prompts.for_name("prod", "Really?", err)
    end = "" if typed else "\n"
    assert err.getvalue() == f"Really?\nType prod to go on: {end}"


def test_ctrl_c_at_a_question_ends_its_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Interrupted(io.StringIO):
        def readline(self, size: int | None = -1) -> str:  # type: ignore[override]
            raise KeyboardInterrupt

    monkeypatch.setattr("sys.stdin", Interrupted())
    err = io.StringIO()
    with pytest.raises(KeyboardInterrupt):
        prompts.for_yes("Move it?", err)
    assert err.getvalue() == "Move it? [y/N] \n"


def test_a_question_shows_a_name_without_its_control_characters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    err = io.StringIO()
    prompts.for_yes("a\x1b[2Jb is stopped. Move a\x1b[2Jb?", err)
    assert err.getvalue() == (
        "a\\x1b[2Jb is stopped.\nMove a\\x1b[2Jb? [y/N] "
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0s", 1.0),
        ("0", 1.0),
        ("0.2", 1.0),
        ("0m", 1.0),
        ("1", 1.0),
        ("5s", 5.0),
        ("1m", 60.0),
    ],
)
def test_between_two_looks_is_a_second_at_least(
    text: str, seconds: float
) -> None:
    assert options.interval(text) == seconds


@pytest.mark.parametrize(
    "text", ["4000d", "99999h", "999999999999d", "9" * 400 + "s"]
)
def test_a_duration_has_a_limit(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError) as caught:
        options.duration(text)
    assert str(caught.value) == f"{text[:20]!r} is longer than ten years"
    assert options.duration("3649d") == 3649 * 86400


def test_a_moment_is_written_in_utc() -> None:
    """To the second, wherever its clock stands."""
    east = datetime.timezone(datetime.timedelta(hours=5, minutes=45))
    when = datetime.datetime(2026, 11, 28, 1, 15, 5, 999_999, east)
    assert durations.stamp(when) == "2026-11-27T19:30:05Z"
