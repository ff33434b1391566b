"""The exit codes, whole: a row for each code and each command with it."""

from __future__ import annotations

import configparser
import pathlib
import re
import shlex
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from keystoneauth1 import session as keystone

from fakeserver.local.pair import LocalPair
from protectorclient import ExitCode
from protectorclient._http.short import wire
from protectorclient.osc import prompts
from tests.helpers import clirunner
from tests.helpers.check_states import World, conflict
from tests.helpers.clirunner import Ran, openstack, protector
from tests.helpers.exit_table import (
    ADMIN,
    ADMINS,
    FAILOVER,
    FIRST,
    GOOD,
    IMPATIENT,
    NO_ANSWER,
    NOT_LET_IN,
    ROWS,
    UNPLANNED,
    WEB,
    WITH_FILES,
)
from tests.helpers.parsing import commands_of, parses
from tests.helpers.sampling import sampled

SETUP = pathlib.Path(__file__).parents[2] / "setup.cfg"
SYNC = "consistency-group sync {} -f value -c id"


@pytest.fixture(scope="module")
def pair() -> Iterator[LocalPair]:
    with LocalPair(sockets=True) as found:
        yield found


@pytest.fixture(autouse=True)
def clouds(pair: LocalPair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(pair.clouds_yaml))
    monkeypatch.setenv("OS_CLOUD", "site-a")
    monkeypatch.setenv("TOKEN", "a-secret-of-the-array")


class Scene:
    """The seeded world, and what was done to it before a command."""

    def __init__(
        self, pair: LocalPair, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.pair = pair
        self.monkeypatch = monkeypatch
        self.names: dict[str, str] = {}
        self._over = threading.Event()
        self._clock: threading.Thread | None = None

    def set(self, what: str | None) -> None:
        for one in filter(None, (what or "").split(", ")):
            getattr(self, one.replace(" ", "_"))()

    def run(
        self, command: str, *, admin: bool = False, through: str = "protector"
    ) -> Ran:
        known = {"mapping": "", "instance": "", **self.names}
        if "{mapping}" in command:
            known["mapping"] = self._mapping()
        if "{instance}" in command:
            known["instance"] = self._instance()
        options, typed = ADMIN if admin else "", command.format(**known)
        if through == "openstack":
            return openstack(f"{options}protector {typed}")
        return protector(options + typed)

    def close(self) -> None:
        self._over.set()
        if self._clock is not None:
            self._clock.join()

    # What comes first

    def done(self) -> None:
        self.names["done"] = self._begun(f"{SYNC.format('prod-db')} --wait")

    def moved(self) -> None:
        self.names["moved"] = self._begun(f"{FAILOVER} --wait -f value -c id")

    def drilled(self) -> None:
        self._begun(
            f"protection-group test-failover prod-web-app {WEB} "
            "--retain-primary --wait"
        )

    def slow_rule(self) -> None:
        self.pair.fault("slow-replication", seconds=600.0)

    def slow(self) -> None:
        self.slow_rule()
        self.names["slow"] = self._begun(SYNC.format("prod-db"))

    def fails(self) -> None:
        for match in ("create_snapshot", "recreate_instances", "create_test"):
            self.pair.fault("step", stage="before", match=match)
        self.pair.fault("step", match="delete_test_instances")

    def failed(self) -> None:
        rule = self.pair.fault("step", stage="before", match="create_snapshot")
        command = f"{SYNC.format('prod-web-app')} --wait"
        self.names["failed"] = self._begun(command, 10)
        self.pair.clear_faults(rule)

    def leaves(self) -> None:
        self.pair.fault("step", match="recreate_instances")
        self.pair.fault("step", stage="undo")
        self._clock = threading.Thread(target=self._pass_time)
        self._clock.start()

    def left(self) -> None:
        self.leaves()
        self.names["left"] = self._begun(
            f"{FAILOVER} --wait -f value -c id", 11
        )

    def partial(self) -> None:
        """A stranger at the target has the address of a member."""
        site = self.pair.site("b")
        http, world = self.pair.session("site-b"), site.world
        project = world.project_id("site-b", "demo")
        volumes = f"{site.url}/volume/v3/{project}/volumes"
        made = http.post(volumes, json={"volume": {"name": "s", "size": 1}})
        volume = made.json()["volume"]["id"]
        http.post(
            f"{volumes}/{volume}/action",
            json={"os-set_bootable": {"bootable": True}},
        )
        disk = {
            "uuid": volume,
            "source_type": "volume",
            "destination_type": "volume",
            "boot_index": 0,
        }
        network = world.network_id("site-b", "net-secondary-web")
        server = {
            "name": "squatter",
            "flavorRef": world.flavor_id("site-b", "m1.large"),
            "networks": [{"uuid": network, "fixed_ip": "10.10.0.13"}],
            "block_device_mapping_v2": [disk],
        }
        http.post(f"{site.url}/compute/v2.1/servers", json={"server": server})
        self.a_dead()

    def conflict(self) -> None:
        conflict(World(self.pair))

    def invalid_site(self) -> None:
        self.pair.fault("503", site="b", match="*/compute/*")

    def unmatched(self) -> None:
        def grow(doc: dict[str, Any]) -> None:
            for member in doc["members"]:
                for at_site in member["sites"].values():
                    at_site["flavor"]["ram"] = 10**6

        World(self.pair).rewrite("prod-db", grow)

    def ungrouped(self) -> None:
        self._begun("protection-group delete bare prod-db prod-web-app")

    def all_drilled(self) -> None:
        self._begun("protection-group delete bare prod-db")
        self.drilled()

    def a_dead(self) -> None:
        self.pair.site("a").kill()

    def b_dead(self) -> None:
        self.pair.site("b").kill()

    def split(self) -> None:
        self.a_dead()
        self._begun(f"{UNPLANNED} --wait")
        self.pair.site("a").start()

    def halted(self) -> None:
        """What ran at site-a beside the group is stopped."""
        ran = clirunner.openstack("server stop web-1 web-2 web-3")
        assert ran.code == 0, ran.err

    def says_no(self) -> None:
        self.monkeypatch.setattr(prompts, "on_terminal", lambda: True)
        self.monkeypatch.setattr(prompts, "_answer", lambda prompt, err: "no")

    def registered(self) -> None:
        ran = self.run(f"site create {GOOD['site create']}", admin=True)
        assert ran.code == 0, ran.err

    def unmapped(self) -> None:
        world = self.pair.site("a").world
        for letter in ("a", "b"):
            project = world.project_id(f"site-{letter}", "demo")
            self.names[f"project_{letter}"] = project
        self.ungrouped()
        assert self.run("tenant mapping delete demo", admin=True).code == 0

    def _begun(self, command: str, code: int = 0) -> str:
        ran = protector(command)
        assert ran.code == code, ran.err
        return ran.out.strip()

    def _pass_time(self) -> None:
        while not self._over.wait(0.1):
            self.pair.advance("1m")

    def _mapping(self) -> str:
        ran = protector("mapping suggest prod-web-app")
        assert ran.code == 0, ran.err
        path = self.pair.directory / "mapping.yaml"
        path.write_text(ran.out)
        return str(path)

    def _instance(self) -> str:
        ran = protector("member list prod-web-app -f json")
        self._begun("member remove prod-web-app web-1")
        return "web-1" if ran.json else ""

    def begin(self) -> None:
        """The seeded world, and nobody is down."""
        for site in self.pair.sites.values():
            site.start()
        self.pair.clear_faults()
        self.pair.reset()


@pytest.fixture
def scene(pair: LocalPair, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    made = Scene(pair, monkeypatch)
    made.begin()
    yield made
    made.close()
    # others use the pair without a scene
    for site in pair.sites.values():
        site.start()


@pytest.mark.versions
def test_every_command_is_in_the_table() -> None:
    config = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    config.read(SETUP)
    lines = config["options.entry_points"]["openstack.protector.v1"]
    commands = {
        line.split("=")[0].strip().removeprefix("protector_").replace("_", " ")
        for line in lines.strip().splitlines()
    }
    assert commands == set(GOOD) | WITH_FILES


def test_every_code_is_in_the_table() -> None:
    # the last two are those of signals: test_cli_streams
    common = {0, 1, 2, 6, 7, 130, 129, 143}
    strict = {4}  # with the checks
    assert common | strict | {row[0] for row in ROWS} == set(ExitCode)


#: what is another in each world, or at each moment
OF_THE_DAY = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|[0-9a-f]{8,32}\b"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?"
    r"|\b\d+(\.\d+)? ?(ms|s|m|seconds?|minutes?)?\b"
)


@pytest.mark.versions
@pytest.mark.parametrize("command", sampled(sorted(GOOD), 10))
def test_done(
    command: str, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command does and says the same in either shell."""
    # no line is broken, wherever a second more would break it
    monkeypatch.setenv("COLUMNS", "400")
    said = []
    for shell in ("openstack", "protector"):
        scene.begin()
        scene.set(FIRST.get(command))
        ran = scene.run(
            f"{command} {GOOD[command]}",
            admin=command in ADMINS,
            through=shell,
        )
        assert ran.code == 0, ran.err
        said.append(
            [
                re.sub(r"-+|  +", " ", OF_THE_DAY.sub("IT", text))
                for text in (ran.out, ran.told)
            ]
        )
    assert said[0] == said[1]


@pytest.mark.parametrize(("code", "first", "command"), sampled(ROWS, 18))
def test_rows(
    code: int, first: str | None, command: str, scene: Scene
) -> None:
    scene.set(first)
    ran = scene.run(command, admin="site validate" in command)
    assert ran.code == code, ran.err
    found = commands_of(ran.err)
    assert found or "diagnose" in command, ran.err
    for line in found:
        parses(line)


# What any command can end with


@pytest.fixture(scope="module")
def words() -> dict[str, str]:
    """Something in the place of what was not prepared."""
    names = ("done", "moved", "mapping", "instance", "project_a", "project_b")
    return {
        **dict.fromkeys(names, "op-nosuch"),
        "mapping": "/dev/null",
        "instance": "web-1",
    }


@pytest.mark.parametrize("command", sorted(GOOD))
def test_usage(command: str, words: dict[str, str]) -> None:
    ran = protector(f"{command} {GOOD[command].format(**words)} --nonsense")
    assert (ran.code, ran.out) == (2, "")


@pytest.mark.parametrize("command", sorted(GOOD))
def test_a_cloud_that_is_not_configured(
    command: str, words: dict[str, str]
) -> None:
    typed = f"{command} {GOOD[command].format(**words)}"
    ran = protector(f"--os-cloud nosuch {typed}")
    assert (ran.code, ran.out) == (1, "")
    [said] = ran.err.splitlines()
    assert "clouds.yaml has no cloud 'nosuch'; the clouds in it: " in said


#: What something is replaced by.
By = str | Callable[[re.Match[str]], str]


@pytest.fixture(scope="module")
def bent(
    pair: LocalPair, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, By], str]:
    """clouds.yaml with every place of something replaced."""

    def bend(pattern: str, by: By) -> str:
        path = tmp_path_factory.mktemp("bent") / "clouds.yaml"
        path.write_text(re.sub(pattern, by, pair.clouds_yaml.read_text()))
        return str(path)

    return bend


@pytest.mark.parametrize("command", sampled(sorted(GOOD), 14))
def test_not_let_in(
    command: str,
    words: dict[str, str],
    bent: Callable[[str, By], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = bent(r"password: \S+", "password: wrong")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", path)
    ran = protector(f"{command} {GOOD[command].format(**words)}")
    code = NOT_LET_IN.get(command, 7)
    assert ran.code == code, ran.err
    if code == 7:
        assert re.search(r"^site-[ab]: Keystone refused", ran.err, re.M)


@pytest.mark.parametrize("command", sampled(sorted(GOOD), 14))
def test_nobody_answers(
    command: str,
    words: dict[str, str],
    bent: Callable[[str, By], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # each has an address of its own: they are not one site
    ports: dict[str, int] = {}
    path = bent(
        r"127\.0\.0\.1:(\d+)",
        lambda found: (
            f"127.0.0.1:{ports.setdefault(found[1], len(ports) + 1)}"
        ),
    )
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", path)
    soon = " --timeout 0" if command in IMPATIENT else ""
    ran = protector(f"{command} {GOOD[command].format(**words)}{soon}")
    assert ran.code == NO_ANSWER.get(command, 6), ran.err


@pytest.mark.parametrize("command", sorted(GOOD))
def test_interrupted(
    command: str, words: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(keystone.Session, "request", interrupt)
    monkeypatch.setattr(wire.Wire, "ask", interrupt)
    ran = protector(f"{command} {GOOD[command].format(**words)}")
    assert (ran.code, ran.out) == (130, ""), ran.err


def test_the_table_can_be_typed(words: dict[str, str]) -> None:
    for command, rest in GOOD.items():
        assert shlex.split(f"{command} {rest.format(**words)}")
