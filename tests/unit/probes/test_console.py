"""Of a console output only what came after the rebuild counts."""

import datetime

import pytest

from protectorclient import exceptions
from protectorclient.probes import console
from protectorclient.probes.console import Console
from protectorclient.probes.network import NoAnswer


class Screen:
    def __init__(self, text: str = "") -> None:
        self.text: str | Exception = text

    def __call__(self, server_id: str) -> str:
        if isinstance(self.text, Exception):
            raise self.text
        return self.text


def test_all_of_a_new_instance_counts() -> None:
    screen = Screen("boot\nlogin: ")
    assert Console("id", screen, is_new=True).ask("login:")
    with pytest.raises(NoAnswer):
        Console("id", screen, is_new=True).ask("ready")


@pytest.mark.parametrize(
    ("later", "is_found"),
    [
        ("boot\nlogin: ", False),
        ("boot\nlogin: \nreboot\n", False),
        ("boot\nlogin: \nreboot\nlogin: ", True),
        ("other\nlogin: ", True),
        ("other\n", False),
    ],
)
def test_of_an_older_one_what_came_since(later: str, is_found: bool) -> None:
    screen = Screen("boot\nlogin: ")
    found = Console("id", screen, is_new=False)
    with pytest.raises(NoAnswer):
        found.ask("login:")
    screen.text = later
    if is_found:
        assert found.ask("login:")
    else:
        with pytest.raises(NoAnswer):
            found.ask("login:")


def test_an_output_that_was_cut_is_known_by_its_end() -> None:
    old = "".join(f"line {n}\n" for n in range(200)) + "login: "
    screen = Screen(old)
    found = Console("id", screen, is_new=False)
    found.begin()
    screen.text = old[500:] + "\nready"
    with pytest.raises(NoAnswer):
        found.ask("login:")
    assert found.ask("ready")


def test_what_is_not_known_and_what_comes_later() -> None:
    screen = Screen()
    found = Console("id", screen, is_new=True)
    screen.text = exceptions.Forbidden("no", code=403)
    with pytest.raises(console.NotKnown, match="does not show"):
        found.ask("x")
    screen.text = exceptions.ServerError("no", code=501)
    with pytest.raises(console.NotKnown, match="has no console output"):
        found.ask("x")
    screen.text = exceptions.Conflict("not ready", code=409)
    with pytest.raises(NoAnswer, match="Nova has no console output of it"):
        found.ask("x")
    screen.text = exceptions.SiteUnreachable("silent")
    older = Console("id", screen, is_new=False)
    with pytest.raises(NoAnswer):
        older.ask("x")
    screen.text = "x"
    with pytest.raises(NoAnswer):
        older.ask("x")


STARTED = datetime.datetime(2026, 1, 1, 12, 0, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("created", "named", "new"),
    [
        ("2026-01-01T12:00:00Z", False, True),
        ("2026-01-01T12:00:30", False, True),
        ("2026-01-01T11:59:00Z", False, False),
        ("2026-01-01T11:59:00Z", True, True),
        ("2026-01-01T11:00:00Z", True, False),
        ("yesterday", True, False),
        (None, True, False),
    ],
)
def test_an_instance_is_new(
    created: str | None, named: bool, new: bool
) -> None:
    assert console.is_new(created, STARTED, named=named) is new
    assert not console.is_new(created, None, named=named)
