"""How many questions each command may ask, in one table.

A change that asks one more raises the number here, and says why. Nothing
is asked twice. Sign-in is counted apart: at most three requests a site, for
the token, for the versions of the service and for the records of both
sites, which say which of the two has answered.
"""

from __future__ import annotations

import configparser
import contextlib
import dataclasses
import functools
import pathlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from fakeserver.local.pair import LocalPair
from tests.helpers import exit_table, request_counts
from tests.helpers.clirunner import SHELLS, Ran
from tests.helpers.request_counts import SITES, Asked

SIGN_IN = 3
MAP = "--network-mapping net-primary-web=net-secondary-web"
MAPPED = "networks: {net-primary-web: net-secondary-web}\n"


class Row(NamedTuple):
    """One command, and what it may ask of each site."""

    command: str
    #: Questions to site-a and to site-b, without those to sign in.
    most: tuple[int, int]
    #: The world in which it runs: one of `WORLDS`.
    world: str = "seeded"
    #: It changes the world, and gets one of its own.
    changes: bool = False
    #: It asks for an operation again and again; that is not counted.
    waits: bool = False
    cloud: str = "site-a"
    code: int = 0


ADMIN = "site-a-admin"
BUDGETS: tuple[Row, ...] = (
    # one site after the other, and the first one knows it
    Row("operation show {op}", (1, 0), "moved"),
    Row("operation show {op} -f json", (1, 0), "moved"),
    # the newest, and one list for each status in which one goes on
    Row("operation show --last", (4, 4), "moved"),
    # and the group by its name
    Row("operation show --last {web}", (5, 5), "moved"),
    # and of one site the groups, for their names
    Row("operation list", (2, 1), "moved"),
    Row("operation list -f json", (1, 1), "moved"),
    # the operation; the group, both sites' metadata, their versions and
    # their instances, and the newest operations of the group
    Row("operation diagnose {op}", (6, 6), "moved", code=0),
    # the name of its group
    Row("operation wait {op}", (1, 0), "moved", waits=True),
    # the operation, and of the sites its networks, for their names
    Row("mapping show {op}", (2, 1), "moved"),
    Row("protection-group list", (1, 1)),
    Row("protection-group show {web}", (1, 1)),
    # the group, and how the sites compare
    Row("protection-group sync-status {web}", (2, 2)),
    # the group and the recovery points, members or policy
    Row("consistency-group show {web}", (2, 2)),
    Row("member list {web}", (2, 2)),
    Row("policy show {web}", (2, 2)),
    Row("health show", (1, 1)),
    # the groups with their metadata, operations, health, instances; at the
    # target networks, flavors and whether Cinder manages volumes
    Row("status", (4, 7)),
    Row("status prod-db", (4, 7)),
    Row("status --prometheus", (4, 7)),
    Row("drill overdue --older-than 90d", (4, 7), code=3),
    # the groups; the test failovers; the clean-ups
    Row("drill history", (3, 3)),
    # the operation, the group; of one site the metadata; of each its
    # instances, volumes, ports, security groups and server groups (Nova
    # names those of one instance alone, and in no list), of the target its
    # networks, subnets and flavors
    Row("drill verify {op} --accept", (8, 9), "drilled"),
    # nothing of instances that are gone
    Row("drill verify {op} --accept", (4, 9), "moved"),
    # the groups with their metadata; of the source its instances, volumes,
    # ports, images and server groups; of the target the same but volumes,
    # its networks, subnets, flavors, zones and volume types, and three quotas
    Row("drift", (6, 12)),
    Row("drift {web}", (6, 12)),
    # what status asks, and of the survivor one list for each kind more
    Row("readiness --if-dead site-a", (4, 14), code=3),
    Row("readiness --if-dead site-a {web}", (4, 14), code=3),
    # one list for each kind of resource, however many members there are:
    # volumes, ports, images and server groups of the source, against what is
    # protected, and where an instance is not, its ports;
    # subnets, ports, zones, images and the quota of Neutron of the target;
    # the volume groups of the primary, for its consistency group
    Row("protection-group check {web} {map}", (15, 15)),
    Row("protection-group check {web} --for test-failover {map}", (15, 15)),
    # nothing of a source that may be dead is compared
    Row(
        "protection-group check {web} --for unplanned {map}",
        (8, 20),
        code=3,
    ),
    Row("protection-group check {web} --for failback", (15, 14), "moved"),
    # for each group more its record, its metadata, its operations, its
    # recovery points and how the sites compare; the health of the first
    # group, and of the rest from the whole report
    Row("protection-group check {web} prod-db bare", (24, 19), code=3),
    Row("mapping check {web} {file}", (8, 10)),
    Row("mapping suggest {web}", (2, 4)),
    Row("protection-group failover {web} {map} --check", (15, 15)),
    Row("protection-group failover {web} {map} --dry-run", (15, 15)),
    Row("protection-group failback {web} --dry-run", (15, 14), "moved"),
    Row("protection-group test-failover {web} {map} --dry-run", (15, 15)),
    # who compares them, and then the checks; where no network matches, no
    # address is looked for
    Row("protection-group reconcile {web}", (15, 15), code=3),
    Row("site list", (0, 0)),
    Row("site show site-b", (1, 0)),
    Row("site validate site-b", (2, 2), cloud=ADMIN),
    Row("site volume type list site-a", (2, 0)),
    Row("tenant mapping list", (1, 0), cloud=ADMIN),
    # the group, its metadata, its recovery points, what was begun before,
    # the action, and for the plan its instances; at the target the group,
    # networks and flavors, and for the plan subnets, ports, instances,
    # zones and volume types
    Row(
        "protection-group failover {web} {map} --wait",
        (6, 8),
        changes=True,
        waits=True,
    ),
    # and the metadata, and the instances at the target, until all are ACTIVE
    Row(
        "protection-group failover {web} {map} --wait --probe tcp:1"
        " --probe-timeout 0s",
        (7, 9),
        changes=True,
        waits=True,
        code=3,
    ),
    # the same again after the sync; what was begun before it, and it
    Row(
        "protection-group failover {web} {map} --sync-first --wait",
        (12, 13),
        changes=True,
        waits=True,
    ),
    # the group of both; its metadata, its recovery points, networks and
    # flavors of the target, what was begun before, the action, and the same
    # for the plan; afterwards the instances and the metadata of both
    Row(
        "protection-group failover {web} {map} --type unplanned"
        " --accept-divergence --wait",
        (3, 15),
        changes=True,
        waits=True,
    ),
    Row(
        "protection-group failback {web} --wait",
        # the zones that it goes back to, for those that are kept
        (8, 6),
        "moved",
        changes=True,
        waits=True,
    ),
    Row(
        "protection-group test-failover {web} {map} --wait",
        (6, 7),
        changes=True,
        waits=True,
    ),
    Row(
        "protection-group test-cleanup {web} --wait",
        (3, 1),
        "drilled",
        changes=True,
        waits=True,
    ),
    Row(
        "consistency-group sync {web} --wait",
        (3, 1),
        changes=True,
        waits=True,
    ),
    Row("protection-group sync-force {web}", (6, 5), changes=True),
    Row(
        "protection-group set {web} --description x",
        (2, 1),
        changes=True,
    ),
    Row("protection-group delete bare", (2, 1), changes=True),
    Row(
        "protection-group create new --volume-type flash-async",
        (2, 0),
        changes=True,
    ),
    Row("member add bare bare-1", (4, 1), "spare", changes=True),
    Row("member remove {web} web-1", (3, 1), changes=True),
    Row(
        "policy set bare --primary-fa-url https://a.example.com"
        " --secondary-fa-url https://b.example.com"
        " --primary-fa-api-token-env TOKEN"
        " --secondary-fa-api-token-env TOKEN",
        (3, 1),
        changes=True,
    ),
    Row("policy delete {web}", (2, 1), changes=True),
    Row("site set site-b --description x", (2, 2), changes=True, cloud=ADMIN),
)
#: Asked again all the same, and why: after the operation, what its group
#: has left at both sites; after the copy, how they compare by then; after
#: the sync, whether the move is refused now; after the move, what it built.
AGAIN = ("--accept-divergence", "sync-force", "--sync-first", "--probe")
#: What has no row: it follows what runs until it is interrupted, or it is
#: asked at the start of a life, where there is nothing to be counted yet; or
#: its questions are those of its plan's groups.
APART = {
    "operation_watch",
    *(one.replace(" ", "_") for one in exit_table.WITH_FILES),
    "site_create",
    "site_delete",
    "tenant_mapping_create",
    "tenant_mapping_delete",
}


def seeded(pair: LocalPair) -> dict[str, str]:
    """As on the first day."""
    return {}


def moved(pair: LocalPair) -> dict[str, str]:
    """prod-web-app has failed over."""
    ran = run(pair, f"protection-group failover prod-web-app {MAP} --wait")
    assert ran.code == 0, ran.err
    # what the engine does after it: until then a check asks once more
    pair.drain()
    listed = run(pair, "operation list -f value -c ID")
    return {"op": listed.out.split()[0]}


def spare(pair: LocalPair) -> dict[str, str]:
    """bare-1 is in no group."""
    ran = run(pair, "member remove bare bare-1")
    assert ran.code == 0, ran.err
    return {}


def drilled(pair: LocalPair) -> dict[str, str]:
    """prod-web-app has a test that is not cleaned up."""
    ran = run(
        pair,
        f"protection-group test-failover prod-web-app {MAP} --retain-primary"
        " --wait -f value -c id",
    )
    assert ran.code == 0, ran.err
    return {"op": ran.out.strip()}


WORLDS = {one.__name__: one for one in (seeded, moved, spare, drilled)}


def run(
    pair: LocalPair,
    command: str,
    cloud: str = "site-a",
    shell: str = "protector",
) -> Ran:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OS_CLIENT_CONFIG_FILE", str(pair.clouds_yaml))
        patch.setenv("OS_CLOUD", cloud)
        patch.setenv("TOKEN", "a-token")
        return SHELLS[shell](command)


@dataclasses.dataclass
class World:
    """Two sites, and what the commands have to know of them."""

    pair: LocalPair
    words: dict[str, str]

    def count(self, row: Row, shell: str = "protector") -> Mapping[str, Asked]:
        command = row.command.format(**self.words)
        ran, asked = request_counts.count(
            self.pair,
            lambda: run(self.pair, command, row.cloud, shell),
            waits=row.waits,
        )
        assert ran.code == row.code, ran.err
        return asked


@contextlib.contextmanager
def opened(name: str, **options: Any) -> Iterator[World]:
    with LocalPair(sockets=True, **options) as pair:
        file = pair.directory / "mapping.yaml"
        file.write_text(MAPPED)
        words = {"web": "prod-web-app", "map": MAP, "file": str(file)}
        yield World(pair, words | WORLDS[name](pair))


@pytest.fixture(scope="module")
def kept() -> Iterator[Callable[[str], World]]:
    """The worlds of the commands that change nothing, each made once."""
    with contextlib.ExitStack() as stack:
        made: dict[str, World] = {}

        def world(name: str) -> World:
            if name not in made:
                made[name] = stack.enter_context(opened(name))
            return made[name]

        yield world


def within(row: Row, asked: Mapping[str, Asked]) -> None:
    """Fail where a command asks more than it may, or less."""
    for site, most in zip(SITES, row.most, strict=True):
        one = asked[site]
        assert len(one.questions) == most, f"{site}: {one}"
        assert len(one.sign_in) <= SIGN_IN, one.sign_in
        if not any(word in row.command for word in AGAIN):
            assert not one.twice, f"{site}: asked twice"


def name_of(row: Row) -> str:
    return row.command


@pytest.mark.parametrize(
    "row", [one for one in BUDGETS if not one.changes], ids=name_of
)
def test_a_command_that_looks(row: Row, kept: Callable[[str], World]) -> None:
    within(row, kept(row.world).count(row))


@pytest.mark.parametrize(
    "row", [one for one in BUDGETS if one.changes], ids=name_of
)
def test_a_command_that_acts(row: Row) -> None:
    with opened(row.world) as world:
        within(row, world.count(row))


@pytest.mark.parametrize(
    "command",
    [
        "status",
        "operation show {op}",
        "protection-group check {web} --for failback",
        "protection-group failback {web} --dry-run",
    ],
)
def test_both_shells_ask_the_same(
    command: str, kept: Callable[[str], World]
) -> None:
    world = kept("moved")
    row = Row(command, (0, 0), "moved")
    fast, usual = (world.count(row, shell) for shell in SHELLS)
    for site in SITES:
        assert sorted(fast[site].questions) == sorted(usual[site].questions)


@pytest.mark.parametrize(
    "command",
    [
        "status",
        "drift",
        "readiness --if-dead site-a",
        "protection-group check",
    ],
)
def test_more_groups_and_members_are_no_more_questions(command: str) -> None:
    """Of a fleet each site is asked the same lists as of one group."""
    asked = []
    for groups in (2, 12):
        with opened("seeded", scenario="fleet", groups=groups) as world:
            name = run(
                world.pair, "protection-group list -f value -c Name"
            ).out.split()[0]
            typed = f"{command} {name}" if "check" in command else command
            ran, found = request_counts.count(
                world.pair, functools.partial(run, world.pair, typed)
            )
            assert ran.code in (0, 3), ran.err
            asked.append([len(found[site].questions) for site in SITES])
    assert asked[0] == asked[1]


def test_more_groups_are_no_longer_answers() -> None:
    """Of one group a site sends what concerns it, with two lists of the
    project: its instances, each of which may be a copy of a member, and the
    ids of those that are protected."""
    grown = []
    for groups in (3, 9):
        with opened("seeded", scenario="fleet", groups=groups) as world:
            for command in ("check app-0001", "failover app-0001 --dry-run"):
                with request_counts.rows() as sent:
                    ran = run(world.pair, f"protection-group {command}")
                assert ran.code == 0, ran.err
                grown.append(sent)
    for before, after in ((grown[0], grown[2]), (grown[1], grown[3])):
        assert before.keys() == after.keys()
        assert {
            path: (before[path], after[path])
            for path in before
            if before[path] != after[path]
        } == {
            "/compute/v2.1/servers/detail": (3, 9),
            "protection-groups?fields=instances&limit=501": (3, 9),
        }


def test_every_command_has_a_row() -> None:
    config = configparser.ConfigParser()
    config.read(pathlib.Path(__file__).parents[2] / "setup.cfg")
    points = config["options.entry_points"]["openstack.protector.v1"]
    commands = {
        line.partition("=")[0].strip().removeprefix("protector_")
        for line in points.strip().splitlines()
    }
    lacking = {
        command
        for command in commands
        if not any(
            row.command.startswith(command.replace("_", " "))
            for row in BUDGETS
        )
    }
    assert lacking == APART


def test_a_question_too_many_is_seen() -> None:
    row = Row("status", (1, 0))
    nothing = Asked((), ())
    once = Asked((), ("GET /v1/health",))
    within(row, {"site-a": once, "site-b": nothing})
    twice = Asked((), ("GET /v1/health",) * 2)
    with pytest.raises(AssertionError, match="2 questions"):
        within(row, {"site-a": twice, "site-b": nothing})
    with pytest.raises(AssertionError, match="asked twice"):
        within(row._replace(most=(2, 0)), {"site-a": twice, "site-b": nothing})
    many = Asked(("GET /v1/",) * 4, once.questions)
    with pytest.raises(AssertionError):
        within(row, {"site-a": many, "site-b": nothing})
