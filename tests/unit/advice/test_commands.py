"""The commands that are printed, with the names of any day in them."""

from __future__ import annotations

import shlex

import pytest

from protectorclient.advice import commands
from protectorclient.advice.actions import ACTIONS
from protectorclient.escape import (
    ShellCommand,
    arguments,
    at,
    fill,
    protector,
    with_options,
)
from protectorclient.mapping import move_command
from tests.helpers.parsing import parses

COMMANDS = {
    name: line
    for name, line in vars(commands).items()
    if isinstance(line, ShellCommand)
}
NAMES = ("prod-web-app", "my group", "-g", "--wait", "-it's {site}")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("line", COMMANDS.values(), ids=COMMANDS)
def test_a_command_takes_any_name(line: ShellCommand, name: str) -> None:
    typed = fill(
        line,
        group=name,
        instance=name,
        operation="op-1",
        purpose="failover",
        site="site-a",
        status="active",
    )
    parses(typed)
    if "{group}" in line:
        words = shlex.split(typed)
        assert name in words or f"--protection-group={name}" in words


@pytest.mark.parametrize(
    ("line", "names", "typed"),
    [
        (
            commands.FAILBACK,
            {"group": "-g"},
            "protection-group failback --reverse-replication --wait -- -g",
        ),
        (
            commands.REMOVE_MEMBER,
            {"group": "g", "instance": "-i"},
            "member remove g -- -i",
        ),
        (
            commands.REMOVE_MEMBER,
            {"group": "-g", "instance": "i"},
            "member remove -- -g i",
        ),
        (
            commands.HISTORY,
            {"group": "-g"},
            "operation list --all-sites --protection-group=-g",
        ),
        # what is not known stays
        (
            commands.SYNC_FORCE_WINNER,
            {"group": "{site}"},
            "protection-group sync-force '{site}' --winner {site}",
        ),
    ],
)
def test_a_dash_begins_a_name(
    line: ShellCommand, names: dict[str, str], typed: str
) -> None:
    assert fill(line, **names) == f"openstack protector {typed}"


def test_what_is_added_is_no_argument() -> None:
    line = fill(commands.UNPLANNED, group="-g")
    assert with_options(line, ["--wait"]) == protector(
        "protection-group failover --type unplanned --wait -- -g"
    )
    assert protector("operation wait", *arguments(["a", "-b"])) == (
        "openstack protector operation wait -- a -b"
    )


def test_a_cloud_may_begin_with_a_dash() -> None:
    line = at("-s", "server stop", *arguments(["-i"]))
    assert line == "openstack --os-cloud=-s server stop -- -i"


@pytest.mark.parametrize("purpose", [p for p in ACTIONS if ACTIONS[p].builds])
def test_a_move_takes_any_name(purpose: str) -> None:
    options = [move_command.option("network", "-net", "new net")]
    line = move_command.move(purpose, "-g", [options, None], more=["--wait"])
    parses(line)
    assert shlex.split(line)[-2:] == ["--", "-g"]
    parses(move_command.store("-g", options))
