"""Mappings: files, suggestions, the way back, and what was used."""

from __future__ import annotations

import json
import pathlib

import pytest
import yaml

from fakeserver.local.pair import LocalPair
from protectorclient.mapping import files
from tests.helpers.check_states import World
from tests.helpers.clirunner import EITHER_SHELL, SHELLS, protector
from tests.helpers.sampling import sampled

GROUP = "protection-group"
FORWARD = {
    "networks": {"net-primary-web": "net-secondary-web"},
    "flavors": {"m1.large": "m2.large"},
    "test_networks": {"net-primary-web": "net-secondary-db"},
}


@pytest.fixture(params=sampled(["yaml", "json"], 1))
def file(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> str:
    path = tmp_path / f"mapping.{request.param}"
    dump = yaml.safe_dump if request.param == "yaml" else json.dumps
    path.write_text(dump(FORWARD))
    return str(path)


def body(command: str) -> dict[str, dict[str, str]]:
    """What an action would send, with names for ids."""
    ran = protector(f"{command} --dry-run -f json")
    assert ran.code in (0, 3), ran.err
    ((_, found),) = ran.json["body"].items()
    return {
        key: {names()[k]: names()[v] for k, v in value.items()}
        for key, value in found.items()
        if key.endswith("_mapping")
    }


def names() -> dict[str, str]:
    from protectorclient import SitePair

    pair = SitePair.open("site-a", "site-b")
    return {
        str(thing["id"]): str(thing["name"])
        for handle in pair.handles
        for things in (handle.finder.networks(), handle.finder.flavors())
        for thing in things
    }


def test_a_file_serves_the_action(local_pair: LocalPair, file: str) -> None:
    moved = body(f"{GROUP} failover prod-web-app --mapping-file {file}")
    assert moved["network_mapping"] == FORWARD["networks"]
    drill = body(
        f"{GROUP} test-failover prod-web-app --mapping-file {file}"
        " --retain-primary"
    )
    assert drill["network_mapping"] == FORWARD["test_networks"]
    assert drill["flavor_mapping"] == {
        # it has the same name at both sites
        "m1.large": "m2.large"
    }


def test_options_win_over_the_file(local_pair: LocalPair, file: str) -> None:
    """By the thing that is meant, however it is called."""
    by_name = {name: one for one, name in names().items()}
    source = by_name["net-primary-web"]
    moved = body(
        f"{GROUP} failover prod-web-app --mapping-file {file}"
        f" --network-mapping {source}=net-secondary-db"
    )
    assert moved["network_mapping"] == {"net-primary-web": "net-secondary-db"}
    assert moved["flavor_mapping"] == FORWARD["flavors"]


def test_the_way_back(local_pair: LocalPair, file: str) -> None:
    out = protector(
        f"{GROUP} failover prod-web-app --mapping-file {file} --wait -f json"
    )
    assert out.code == 0, out.err
    by_file = body(
        f"{GROUP} failback prod-web-app --mapping-file {file}"
        " --reverse-mapping"
    )
    by_history = body(f"{GROUP} failback prod-web-app --reverse-mapping")
    assert by_file == by_history
    assert by_file["network_mapping"] == {
        "net-secondary-web": "net-primary-web"
    }
    shown = protector(f"mapping show {out.json['id']}")
    assert shown.code == 0
    back = files.parse(shown.out)
    assert {names()[k]: names()[v] for k, v in back.networks.items()} == (
        FORWARD["networks"]
    )
    assert "# net-primary-web -> net-secondary-web" in shown.out


def test_what_cannot_be_reversed_is_named(
    local_pair: LocalPair, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text("networks: {a: x, b: x}\n")
    ran = protector(
        f"{GROUP} failback prod-web-app --mapping-file {path}"
        " --reverse-mapping"
    )
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        f"{path}: cannot be reversed: 'a' and 'b' are both mapped to 'x'\n"
        "openstack protector mapping suggest prod-web-app\n"
    )


def test_nothing_to_reverse(local_pair: LocalPair) -> None:
    ran = protector(f"{GROUP} failback prod-web-app --reverse-mapping")
    assert (ran.code, ran.out) == (2, "")
    assert "has no failover to be reversed" in ran.err


#: what is in a file, and what is said of it
WRONG = [
    ("networks: [a, b]", "networks must be lines of source: target"),
    ("nets: {a: b}", "unknown key 'nets'"),
    ("networks: {a: b, a: c}", "'a' occurs twice"),
    ("networks: {a: }", "is not source: target"),
    ("networks: {no: b}", "put odd names in quotes"),
    ("networks: {a: [b]}", "is not source: target"),
    ("networks: {a", "it is neither YAML nor JSON"),
    (
        "- a",
        "it must be a mapping with the keys networks, flavors, test_networks",
    ),
    ("networks: {'': b}", "has an empty source or target"),
]


@pytest.mark.parametrize(("text", "told"), WRONG)
def test_a_wrong_file_is_a_usage_error(
    text: str, told: str, local_pair: LocalPair, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(text)
    for command in (
        f"{GROUP} failover prod-web-app --mapping-file {path}",
        f"mapping check prod-web-app {path}",
    ):
        ran = protector(command)
        assert (ran.code, ran.out) == (2, "")
        sentence, command = ran.err.splitlines()
        assert sentence.startswith(f"{path}: ")
        assert told in sentence
        assert command == "openstack protector mapping suggest prod-web-app"


def test_a_file_that_is_not_there(local_pair: LocalPair) -> None:
    ran = protector(f"{GROUP} failover prod-web-app --mapping-file /no/such")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "cannot read /no/such: No such file or directory\n"
        "openstack protector mapping suggest prod-web-app\n"
    )


@pytest.mark.parametrize("shell", EITHER_SHELL)
def test_a_suggestion_is_a_file_that_works(
    shell: str, local_pair: LocalPair, tmp_path: pathlib.Path
) -> None:
    run = SHELLS[shell]
    made = run("mapping suggest prod-db")
    assert made.code == 0, made.err
    assert made.out == (
        "# prod-db, from site-a to site-b\n"
        "networks:\n"
        "  net-primary-db: net-secondary-db  # same range, 10.20.0.0/24\n"
        "flavors:\n"
        "  db.big: db.large  # nearest that fits: 8 vCPU, 32768 MiB, 100 GiB"
        " for 8 vCPU, 32768 MiB, 80 GiB\n"
        "# only used by test-failover, over networks:\n"
        "test_networks: {}\n"
    )
    path = tmp_path / "mapping.yaml"
    path.write_text(made.out)
    checked = run(f"mapping check prod-db {path} -f json")
    assert checked.code == 0, checked.out
    assert {row["severity"] for row in checked.json} == {"ok"}
    assert "problems" in checked.err.splitlines()[-1]
    ran = run(f"{GROUP} failover prod-db --mapping-file {path} --wait")
    assert ran.code == 0, ran.err


def test_what_has_no_match_is_left_to_you(local_pair: LocalPair) -> None:
    world = World(local_pair)

    def grow(doc: dict[str, object]) -> None:
        members: list[dict[str, dict[str, dict[str, dict[str, int]]]]]
        members = doc["members"]  # type: ignore[assignment]
        for member in members:
            for at_site in member["sites"].values():
                at_site["flavor"]["ram"] = 10**6

    world.rewrite("prod-db", grow)
    ran = protector("mapping suggest prod-db")
    assert ran.code == 3
    assert "flavors: {}\n" in ran.out
    assert "  # db.big: ?  # none is as big as 8 vCPU, 1000000 MiB" in ran.out
    assert ran.err.splitlines()[-2:] == [
        "1 of 2 matched for 2 instances",
        "openstack --os-cloud site-b flavor list",
    ]
    assert files.parse(ran.out).flavors == {}


def test_a_suggestion_needs_only_the_survivor(local_pair: LocalPair) -> None:
    local_pair.site("a").kill()
    ran = protector("mapping suggest prod-db")
    assert ran.code == 0, ran.err
    assert "db.big: db.large" in ran.out


def test_a_mapping_to_what_is_not_there(
    local_pair: LocalPair, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text("networks: {net-primary-web: nosuch}\n")
    ran = protector(f"mapping check prod-web-app {path} -f json")
    assert ran.code == 3
    assert [
        (row["id"], row["message"])
        for row in ran.json
        if row["severity"] == "problem"
    ] == [("networks", "no network has the name or id 'nosuch'")]


def test_what_a_file_has_too_much_and_too_little(
    local_pair: LocalPair, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "map.yaml"
    path.write_text("networks: {net-primary-db: net-secondary-db}\n")
    ran = protector(f"mapping check prod-web-app {path} -f json")
    assert ran.code == 3
    assert ran.err.startswith(
        "warning: network 'net-primary-db' is not used by the group: its"
        " mapping is left out\n"
    )
    (row,) = [row for row in ran.json if row["severity"] == "problem"]
    assert row["fix"].splitlines() == [
        "In the mapping file, under networks:",
        "  net-primary-web: net-secondary-web",
        "What can be guessed:",
        "openstack protector mapping suggest prod-web-app",
    ]
