"""The commands of a first day, against the clouds of a sandbox."""

import pathlib
from collections.abc import Iterator

import pytest

from fakeserver.local.pair import LocalPair
from tests.helpers.clirunner import openstack
from tests.helpers.first_day import CHANGES, READS, Typed
from tests.helpers.sampling import sampled

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0sQv2rH8PnXb1l me"


@pytest.fixture(scope="module")
def pair() -> Iterator[LocalPair]:
    with LocalPair(sockets=True) as found:
        yield found


def run(pair: LocalPair, typed: Typed, key: pathlib.Path) -> str:
    """Type a command; return what is wrong with its end."""
    cloud = "site-a-admin" if typed.admin else "site-a"
    command = typed.command.replace("KEY", str(key))
    ran = openstack(f"--os-cloud {cloud} {command}")
    if not typed.refusal:
        return "" if ran.code == 0 else f"{typed.command}: {ran.err}"
    if ran.code and typed.refusal in ran.err and not ran.out:
        return ""
    return f"{typed.command}: {ran.code}, {ran.err or ran.out}"


@pytest.mark.parametrize(
    "typed",
    sampled((pytest.param(one, id=one.command) for one in READS), 9),
)
def test_a_command_that_reads(
    pair: LocalPair,
    typed: Typed,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(pair.clouds_yaml))
    assert run(pair, typed, tmp_path) == ""


@pytest.mark.thorough
def test_the_commands_that_change(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "key.pub"
    key.write_text(KEY)
    with LocalPair(sockets=True) as pair:
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(pair.clouds_yaml))
        wrong = [run(pair, typed, key) for typed in CHANGES]
    assert [one for one in wrong if one] == []
