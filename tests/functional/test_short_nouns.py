"""Words of other tools: the short nouns work, the rest gets a sentence."""

from __future__ import annotations

import configparser
import itertools
import pathlib

import pytest

from fakeserver.local.pair import LocalPair
from protectorclient.osc import plugin
from protectorclient.osc.script.app import ProtectorShell
from tests.helpers.clirunner import SHELLS, openstack, protector
from tests.helpers.sampling import sampled

ROOT = pathlib.Path(__file__).parents[2]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_short_noun_is_the_long_one(
    shell: str, local_pair: LocalPair
) -> None:
    run = SHELLS[shell]
    for short, long in (
        ("pg list -f json", "protection-group list -f json"),
        ("cg show prod-db -f json", "consistency-group show prod-db -f json"),
        ("op list -f json", "operation list -f json"),
        ("op show --last", "operation show --last"),
        ("pg lst", "protection-group lst"),
        ("pg list --nonsense", "protection-group list --nonsense"),
        ("pg list --help", "protection-group list --help"),
    ):
        found, wanted = run(short), run(long)
        assert (found.code, found.out, found.err) == (
            wanted.code,
            wanted.out,
            wanted.err,
        )
    made = run("pg set bare --description pg -f value -c description")
    assert (made.code, made.out) == (0, "pg\n")


def test_a_short_noun_behind_help(local_pair: LocalPair) -> None:
    for run, words in (
        (protector, "pg list"),
        (openstack, "protector pg list"),
    ):
        found = run(f"help {words}")
        assert found.code == 0
        assert " protection-group list [-h]" in found.out


def test_a_short_noun_is_one_after_protector_alone(
    local_pair: LocalPair,
) -> None:
    """A group may be called so, and OpenStackClient has other nouns."""
    assert openstack("pg list").code != 0
    made = protector("pg create op --volume-type flash-async")
    assert made.code == 0, made.err
    shown = protector("--os-cloud site-a pg show op -f value -c name")
    assert (shown.code, shown.out) == (0, "op\n")


def test_short_nouns_cost_nothing() -> None:
    """No entry point, so that no list has a command twice."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    points = setup["options.entry_points"]["openstack.protector.v1"]
    lines = [line.split(" = ") for line in points.strip().splitlines()]
    assert len({target for _, target in lines}) == len(lines)
    nouns = {name.split("_")[1] for name, _ in lines}
    assert not nouns & set(plugin.SHORT_NOUNS)
    assert set(plugin.SHORT_NOUNS.values()) <= nouns
    commands = [name for name, _ in ProtectorShell().command_manager]
    assert len(commands) == len(set(commands))
    assert not {name.split()[0] for name in commands} & set(plugin.SHORT_NOUNS)


#: What is typed -> the last line on stderr.
OTHER_TOOLS = {
    "pg list -o json": "there is no -o; use -f json",
    "pg list -ojson": "there is no -o; use -f json",
    "pg list --output=yaml": "there is no --output; use -f yaml",
    "pg list -o wide": "there is no -o; use --long for more columns",
    "pg show x -o": "there is no -o; use -f with one of "
    "json, shell, table, value, yaml",
    "op watch x -o json": "there is no -o; --events writes JSON",
    "mapping show x -o json": "there is no -o: this command has one format",
}


@pytest.mark.parametrize(
    ("shell", "typed"), sampled(itertools.product(SHELLS, OTHER_TOOLS), 9)
)
def test_the_format_of_other_tools(
    shell: str, typed: str, local_pair: LocalPair
) -> None:
    ran = SHELLS[shell](typed)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines()[-1].endswith(f"error: {OTHER_TOOLS[typed]}")


VERBS = {
    "pg ls": "protection-group list",
    "ls pg": "protection-group list",
    "pg get web": "protection-group show web",
    "describe pg web": "protection-group show web",
    "op describe op-1": "operation show op-1",
    "cg get web": "consistency-group show web",
}


@pytest.mark.parametrize(
    ("shell", "typed"), sampled(itertools.product(SHELLS, VERBS), 7)
)
def test_the_verbs_of_other_tools(
    shell: str, typed: str, local_pair: LocalPair
) -> None:
    ran = SHELLS[shell](typed)
    assert (ran.code, ran.out) == (2, "")
    program = "openstack protector" if shell == "openstack" else "protector"
    assert ran.err.splitlines()[1:] == [f"{program} {VERBS[typed]}"]


def test_an_option_before_the_command(local_pair: LocalPair) -> None:
    ran = protector("-o json pg list")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "protector: there is no option -o before a command; the options of a"
        " command stand after it:\nprotector --help\n"
    )
