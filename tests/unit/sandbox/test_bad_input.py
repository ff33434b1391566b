"""What a hand has spoilt in a sandbox's folder: one sentence, 1 or 2."""

from __future__ import annotations

import json
import pathlib
import random
from typing import Any

import pytest

from fakeserver.cli import main
from fakeserver.sandbox.folder import Folder, Settings

#: The commands that read the folder and ask no process.
COMMANDS = (
    ("status",),
    ("env",),
    ("fault", "list"),
    ("fault", "add", "503"),
    ("fault", "clear"),
    ("clock", "advance", "5m"),
    ("clock", "freeze"),
    ("clock", "run"),
)


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    made = Folder(tmp_path / "box")
    made.prepare()
    made.write(Settings(port=1, peer_port=2))
    return made.path


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str]:
    """The exit status, and what stands on stderr."""
    capsys.readouterr()
    try:
        code = main.main(argv)
    except SystemExit as end:
        code = int(end.code or 0)
    return code, capsys.readouterr().err


RULE = {
    "id": "fault-1",
    "kind": "503",
    "site": None,
    "stage": "before",
    "match": "",
    "message": "",
    "seconds": 1,
    "probability": 1,
    "times": None,
}
#: The file, what it holds, and the command that reads it.
SPOILT: list[tuple[str, Any, tuple[str, ...]]] = [
    ("clock.json", b"", ("status",)),
    ("clock.json", b"\xff", ("clock", "run")),
    ("clock.json", [], ("clock", "freeze")),
    ("clock.json", b"[" * 99999, ("status",)),
    ("clock.json", {"ahead": "x"}, ("status",)),
    ("clock.json", b'{"ahead": NaN}', ("status",)),
    ("clock.json", {"ahead": 1e300}, ("status",)),
    ("clock.json", {"skew": [1]}, ("status",)),
    ("clock.json", {"skew": {"site-a": "x"}}, ("status",)),
    ("clock.json", {"frozen_at": True}, ("status",)),
    ("faults.json", b"{", ("fault", "list")),
    ("faults.json", {}, ("fault", "add", "503")),
    ("faults.json", {"rules": [5]}, ("fault", "clear")),
    ("faults.json", {"rules": [{}]}, ("env",)),
    (
        "faults.json",
        {"rules": [{**RULE, "kind": "nope"}]},
        ("env",),
    ),
    (
        "faults.json",
        {"rules": [{**RULE, "seconds": "x"}]},
        ("fault", "list"),
    ),
    ("sandbox.json", {"port": "x"}, ("status",)),
    ("sandbox.json", {"port": 99999}, ("env",)),
    ("sandbox.json", {"tls": "x"}, ("env",)),
    (
        "sandbox.json",
        {"pace": "x"},
        ("env",),
    ),
    ("sandbox.json", {"groups": 1.5}, ("env",)),
    ("sandbox.json", b'{"schema": 1e999}', ("env",)),
    ("sandbox.json", b"null", ("env",)),
]


@pytest.mark.parametrize(("name", "held", "command"), SPOILT)
def test_a_spoilt_file_is_named(
    name: str,
    held: Any,
    command: tuple[str, ...],
    folder: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = folder / name
    content = held if isinstance(held, bytes) else json.dumps(held).encode()
    path.write_bytes(content)
    code, err = said(capsys, *command, "--dir", str(folder))
    assert code == 1
    assert err.startswith("protector-sandbox: ")
    assert str(path) in err
    assert err.count("\n") == 1
    assert path.read_bytes() == content, "nothing is half done"


def mutated(chance: random.Random) -> bytes:
    """A file of the sandbox, but for what a hand has done to it."""
    good: list[Any] = [
        {"ahead": 1.5, "frozen_at": None, "skew": {"site-a": 3}},
        {"rules": [RULE, {**RULE, "id": "fault-2"}], "last": 2},
        {"port": 1, "peer_port": 2, "pace": 1.0, "scenario": "default"},
    ]
    odd = [None, True, -1, 1e308, "", "x", [], {}, [[]], "\u202e", 10**30]
    held = chance.choice(good)
    spots = [held, *(held.get("rules") or []), held.get("skew") or {}]
    part = dict(chance.choice(spots)) or {"x": 1}
    part[chance.choice([*part, "other"])] = chance.choice(odd)
    if "kind" in part:
        part = {"rules": [part]}
    text = json.dumps(part).encode()
    if chance.random() < 0.3:
        place = chance.randrange(len(text))
        text = text[:place] + bytes([chance.randrange(256)]) + text[place:]
    return text


@pytest.mark.parametrize("seed", range(4))
def test_only_sentences_come_of_what_strangers_wrote(
    seed: int, folder: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(seed)
    good = {path.name: path.read_bytes() for path in folder.glob("*.json")}
    refused = 0
    for _ in range(40):
        name = chance.choice(["clock.json", "faults.json", "sandbox.json"])
        content = mutated(chance)
        (folder / name).write_bytes(content)
        code, err = said(
            capsys, *chance.choice(COMMANDS), "--dir", str(folder)
        )
        assert code in (0, 1, 2), (name, content)
        if code:
            refused += 1
            assert err.startswith("protector-sandbox: "), (name, content)
            assert err.count("\n") == 1, (name, content, err)
        for other in ("clock.json", "faults.json", "sandbox.json"):
            (folder / other).unlink(missing_ok=True)
            if other in good:
                (folder / other).write_bytes(good[other])
    assert refused > 10


#: What --dir may be -> what is said of it.
FOLDERS = {
    "/dev/null": "/dev/null",
    "a\0b": "--dir takes the path of a folder.",
    "x" * 300: "File name too long",
}


@pytest.mark.parametrize("path", FOLDERS, ids=lambda path: path[:8])
@pytest.mark.parametrize("command", [("status",), ("up", "--port", "0")])
def test_a_folder_that_can_be_none(
    path: str, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    code, err = said(capsys, *command, "--dir", path)
    assert code in (1, 2)
    assert err.startswith("protector-sandbox: ")
    sentence, _, below = err.partition("\n")
    assert sentence.endswith((".", ":"))
    assert below.count("\n") == sentence.endswith(":")
    if command[0] == "up":
        assert FOLDERS[path] in err


@pytest.mark.parametrize("length", ["11y", "99999d", "9" * 400 + "d", "-5m"])
def test_a_time_that_no_clock_reaches(
    length: str, folder: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, err = said(capsys, "clock", "advance", length, "--dir", str(folder))
    assert code == 2
    assert err.startswith("protector-sandbox clock advance: ")
    assert "DURATION" in err
    assert not (folder / "clock.json").exists()
