"""What is typed next: a row for each ending, and the sites it reaches."""

from __future__ import annotations

import argparse

import pytest

from fakeserver.base.errors import STATUS
from protectorclient import exceptions
from protectorclient._http import error_bodies
from protectorclient.escape import ShellCommand, commands, protector
from protectorclient.exit_codes import BY_ERROR
from protectorclient.osc import next_commands
from protectorclient.osc.next_commands import COMMANDS, Circumstances
from tests.helpers.parsing import parses

#: what the command line, or what was asked for, was wrong in itself; and
#: what only sums up
WITHOUT = {
    exceptions.ProtectorError,
    exceptions.UsageProblem,
    exceptions.SomeFailed,
}


def now(
    words: str = "protection-group failover", **more: str
) -> Circumstances:
    def again(*options: str, without: object = ()) -> ShellCommand:
        return next_commands.typed_again(words, ["my group"], options)

    known = {"group": "my group", "operation": "op-1", "site": "site-a"}
    return Circumstances(command=words, again=again, **{**known, **more})


def made(kind: type[BaseException]) -> BaseException:
    if issubclass(kind, exceptions.HTTPError):
        return kind("no", code=409)
    return kind("no")


def told(error: BaseException, at: Circumstances) -> tuple[ShellCommand, ...]:
    return commands(next_commands.maker(error)(error, at))


def test_every_ending_has_a_row() -> None:
    """One of its own: what is new must be thought of."""
    kinds = {*BY_ERROR, *error_bodies.BY_REASON.values()}
    assert kinds - set(COMMANDS) == set()


@pytest.mark.parametrize("words", ["protection-group failover", "status"])
@pytest.mark.parametrize(
    "kind",
    sorted({*BY_ERROR, *error_bodies.BY_REASON.values()} - WITHOUT, key=str),
)
def test_every_ending_has_a_command(
    kind: type[BaseException], words: str
) -> None:
    """With a group, and where the command has none."""
    if kind is exceptions.NotConfirmed and words == "status":
        words = "protection-group failback"
    group = {} if words.startswith("protection") else {"group": None}
    found = told(made(kind), now(words, **group))
    assert found
    for line in found:
        parses(line)


@pytest.mark.parametrize("reason", sorted(STATUS))
def test_every_reason_has_a_command(reason: str) -> None:
    body = {"code": STATUS[reason], "reason": f"protector.{reason}"}
    error = (
        error_bodies.BY_REASON.get(reason)
        or error_bodies.BY_STATUS[STATUS[reason]]
    )
    made_ = error("no", code=body["code"], reason=body["reason"])
    found = told(made_, now())
    assert found
    for line in found:
        parses(line)


def test_an_operation_that_is_named_is_waited_for() -> None:
    error = exceptions.OperationInProgress(
        "no", code=409, details={"operation_id": "op-2"}
    )
    assert told(error, now()) == (protector("operation wait op-2"),)


def options(**given: str) -> argparse.Namespace:
    return argparse.Namespace(**given)


@pytest.mark.parametrize(
    ("line", "given", "reaching"),
    [
        ("protector status", {}, "protector status"),
        (
            "protector status",
            {"cloud": "my site", "secondary_cloud": "site-b"},
            "--os-cloud 'my site' --secondary-cloud site-b protector status",
        ),
        ("protector status", {"cloud": "known"}, "protector status"),
        (
            "protector status",
            {"region_name": "two", "password": "secret"},
            "--os-region-name two protector status",
        ),
        # at the other site the second is the first
        (
            "--os-cloud site-b protector status",
            {"cloud": "site-a", "secondary_cloud": "site-b"},
            "--os-cloud site-b --secondary-cloud site-a protector status",
        ),
        (
            "--os-protector-api-version 1.1 protector status",
            {"cloud": "site-a"},
            "--os-protector-api-version 1.1 --os-cloud site-a protector"
            " status",
        ),
        # not one of ours
        ("--os-cloud site-b server list", {"cloud": "x"}, None),
    ],
)
def test_the_same_sites_are_reached(
    line: str,
    given: dict[str, str],
    reaching: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OS_CLOUD", "known")
    typed = ShellCommand(f"openstack {line}")
    expected = f"openstack {reaching or line}"
    assert next_commands.reaching(typed, options(**given)) == expected


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (["g", "--type", "unplanned", "--wait"], "g --wait"),
        (["--type=unplanned", "my group"], "'my group'"),
        (["g", "--type", "planned"], "g --type planned"),
    ],
)
def test_typed_again_without_an_option(typed: list[str], kept: str) -> None:
    again = next_commands.typed_again(
        "protector x", typed, without=("--type", "unplanned")
    )
    assert again == f"openstack protector x {kept}"


def test_yes_is_said_once() -> None:
    for typed in (["g"], ["g", "--yes"]):
        again = next_commands.typed_again("x", typed, ["--yes"])
        assert again == "openstack protector x g --yes"
