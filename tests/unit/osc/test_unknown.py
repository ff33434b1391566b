"""Words that name no command: which one is meant."""

from __future__ import annotations

import configparser
import pathlib

import pytest

from protectorclient.osc import unknown

ROOT = pathlib.Path(__file__).parents[3]


def commands() -> list[str]:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    lines = setup["options.entry_points"]["openstack.protector.v1"]
    return [
        line.split("=")[0].strip().removeprefix("protector_").replace("_", " ")
        for line in lines.strip().splitlines()
    ]


GROUP = "protection-group"
#: What is typed -> what is meant, with what follows it.
MEANT = {
    "failover": f"{GROUP} failover",
    "failback prod-db --wait": f"{GROUP} failback prod-db --wait",
    "failovr": f"{GROUP} failover",
    "protction-group list": f"{GROUP} list",
    f"{GROUP} failovr 'a b'": f"{GROUP} failover 'a b'",
    "protection_group list": f"{GROUP} list",
    "Protection-Group List": f"{GROUP} list",
    f"{GROUP}-list": f"{GROUP} list",
    "protection group list": f"{GROUP} list",
    "group list": f"{GROUP} list",
    "pg ls": f"{GROUP} list",
    "get pg": f"{GROUP} show",
    "failover protection-group x": f"{GROUP} failover x",
    "dr failover": f"{GROUP} failover",
    "test-failover x": f"{GROUP} test-failover x",
    "sync prod-db": "consistency-group sync prod-db",
    "wait op-1": "operation wait op-1",
    "operations list": "operation list",
    "operation shw op-1": "operation show op-1",
    "site volume types list a": "site volume type list a",
    "statsu": "status",
    "health": "health show",
    "overdue": "drill overdue",
}


@pytest.mark.parametrize("typed", MEANT)
def test_the_one_that_is_meant(typed: str) -> None:
    import shlex

    found = unknown.near(shlex.split(typed), commands())
    assert [str(one) for one in found] == [MEANT[typed]]


def test_a_verb_that_several_have() -> None:
    found = [str(one) for one in unknown.near(["delete", "x"], commands())]
    assert found == [
        "policy delete",
        f"{GROUP} delete",
        "site delete",
        "tenant mapping delete",
    ]


def test_a_noun_without_a_verb() -> None:
    found = [str(one) for one in unknown.near(["member"], commands())]
    assert found == ["member add", "member list", "member remove"]
    found = [str(one) for one in unknown.near([GROUP, "zzz"], commands())]
    assert found
    assert all(one.startswith(f"{GROUP} ") for one in found)


@pytest.mark.parametrize("typed", ["xyzzy", "--wait", "", "12"])
def test_nothing_is_near(typed: str) -> None:
    assert unknown.near([typed], commands()) == []
    assert unknown.correction("protector", [typed], commands())[1:] == [
        "protector --help"
    ]


@pytest.mark.parametrize("name", commands())
def test_each_command_is_nearest_to_itself(name: str) -> None:
    found = unknown.near(name.split(), commands())
    assert [str(one) for one in found] == [name]


def test_an_option_that_there_is_not() -> None:
    for argv in (["--os-bogus", "x", GROUP], ["--os-bogus=x"]):
        assert unknown.correction("protector", argv, commands()) == [
            "protector: there is no option --os-bogus before a command; the"
            " options of a command stand after it:",
            "protector --help",
        ]


def test_no_word_at_all() -> None:
    said = unknown.correction("protector", [""], commands())
    assert said[0] == "protector: there is no command ''; all commands:"
