"""Where the user's files are: never below the current directory."""

import os
import pathlib

import platformdirs
import pytest

from protectorclient import user_paths
from protectorclient.pair.audit_log import AuditLog
from protectorclient.polling.step_times import StepTimes


@pytest.fixture
def current(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> pathlib.Path:
    """The current directory; nothing may be made in it."""
    place = tmp_path / "current"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


def test_the_folders_of_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert str(user_paths.state()) == "/home/ada/.local/state/protectorclient"
    assert str(user_paths.cache()) == "/home/ada/.cache/protectorclient"
    monkeypatch.setenv("XDG_STATE_HOME", "/somewhere/state")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere/cache")
    assert str(user_paths.state()) == "/somewhere/state/protectorclient"
    assert str(user_paths.cache()) == "/somewhere/cache/protectorclient"


@pytest.mark.parametrize("home", ["/home/ada", "/home/ada/", "/"])
@pytest.mark.parametrize("given", [None, "/else/where", "/with a/space", ""])
def test_they_are_those_of_platformdirs(
    given: str | None, home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", home)
    for kind in ("state", "cache"):
        if given is not None:
            monkeypatch.setenv(f"XDG_{kind.upper()}_HOME", given)
        known = getattr(platformdirs, f"user_{kind}_path")("protectorclient")
        assert getattr(user_paths, kind)() == known


@pytest.mark.parametrize("home", ["~", "here", "./~"])
@pytest.mark.parametrize("kind", ["state", "cache"])
def test_a_relative_home(
    kind: str, home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some versions of platformdirs ask the system for the home then."""
    monkeypatch.setenv("HOME", home)
    try:
        assert getattr(user_paths, kind)().is_absolute()
    except FileNotFoundError as error:
        assert error.strerror == "this user has no home directory"


def test_nothing_is_written_below_the_current_directory(
    current: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "~")
    for kind in ("user_state_path", "user_cache_path"):
        monkeypatch.setattr(
            platformdirs, kind, lambda name: pathlib.Path("~") / name
        )
    said: list[str] = []
    assert not AuditLog(warn=said.append).add("asked", {})
    assert said == [
        "the audit log cannot be written: this user has no home directory;"
        " PROTECTOR_JOURNAL names another file"
    ]
    book = StepTimes()
    book.note("site-a", "failover", "verify_peer", 1.0)
    book.save()
    assert os.listdir(current) == []


@pytest.mark.parametrize("kind", ["state", "cache"])
def test_a_relative_variable(
    kind: str, current: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newer versions of platformdirs take it for one that is not set."""
    variable = f"XDG_{kind.upper()}_HOME"
    monkeypatch.setenv(variable, "relative")
    try:
        found = getattr(user_paths, kind)()
    except FileNotFoundError as error:
        assert error.strerror == f"{variable} is not an absolute path"
    else:
        assert found.is_absolute()
    assert os.listdir(current) == []
