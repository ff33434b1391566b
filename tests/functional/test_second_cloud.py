"""Which cloud is the other site, where clouds.yaml does not say."""

from __future__ import annotations

import pathlib
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from fakeserver.local.pair import LocalPair
from protectorclient.pair.site_pair import SitePair
from tests.helpers.clirunner import EITHER_SHELL, SHELLS, protector

SHOW = "protection-group show prod-web-app -f value -c name"
SYNC = "protection-group sync-status prod-web-app -f value -c status"
SET = "protection-group set bare --description x"
Write = Callable[[dict[str, Any]], pathlib.Path]


@pytest.fixture
def entry(local_pair: LocalPair) -> Callable[..., dict[str, Any]]:
    """An entry as the source page has it: without the key."""

    def made(name: str, **auth: str) -> dict[str, Any]:
        found = local_pair.cloud(name)
        found.pop("protector_secondary_cloud", None)
        return {**found, "auth": {**found["auth"], **auth}}

    return made


@pytest.fixture
def write(local_pair: LocalPair, monkeypatch: pytest.MonkeyPatch) -> Write:
    def written(entries: dict[str, Any]) -> pathlib.Path:
        path = local_pair.directory / "written.yaml"
        path.write_text(yaml.safe_dump({"clouds": entries}, sort_keys=False))
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
        return path

    return written


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Counts who connects, and answers nobody."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        made.setblocking(False)
        yield made


def connections(listener: socket.socket) -> int:
    count = 0
    while True:
        try:
            listener.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


@pytest.mark.parametrize("shell", EITHER_SHELL)
@pytest.mark.parametrize("first", ["site-a", "site-b"])
def test_the_other_one_of_two(
    shell: str,
    first: str,
    entry: Callable[..., dict[str, Any]],
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write({"site-a": entry("site-a"), "site-b": entry("site-b")})
    monkeypatch.setenv("OS_CLOUD", first)
    ran = SHELLS[shell](SYNC)
    assert (ran.code, ran.out, ran.err) == (0, "IN_SYNC\n", "")
    assert SHELLS[shell](SET).code == 0
    pair = SitePair.open()
    assert {handle.name for handle in pair.handles} == {"site-a", "site-b"}


def test_the_choice_is_said_where_one_is_dead(
    local_pair: LocalPair,
    entry: Callable[..., dict[str, Any]],
    write: Write,
) -> None:
    write({"site-a": entry("site-a"), "other": entry("site-b")})
    local_pair.site("b").kill()
    said = "'other' is taken for the other site: it is the only other entry"
    ran = protector(SHOW)
    assert (ran.code, ran.out) == (0, "prod-web-app\n")
    assert "this is site-a's record, version 1" in ran.err
    assert said in ran.err
    local_pair.site("b").start()
    local_pair.site("a").kill()
    forced = protector(
        "protection-group failover prod-web-app --type unplanned"
        " --network-mapping net-primary-web=net-secondary-web --wait"
    )
    assert forced.code == 0, forced.err
    assert said in forced.err


def test_the_peer_among_forty(
    local_pair: LocalPair,
    entry: Callable[..., dict[str, Any]],
    write: Write,
    listener: socket.socket,
) -> None:
    """No other entry is ever connected to."""
    elsewhere = f"http://127.0.0.1:{listener.getsockname()[1]}/v3"
    others = {
        f"other-{n}": entry("site-b", auth_url=elsewhere) for n in range(38)
    }
    # the same Keystone, written otherwise
    peer = f"{local_pair.site('b').url}/identity/".replace("http", "HTTP", 1)
    write(
        {
            "site-a": entry("site-a"),
            **others,
            "the-peer": entry("site-b", auth_url=peer),
        }
    )
    for run in SHELLS.values():
        ran = run(SYNC)
        assert (ran.code, ran.out) == (0, "IN_SYNC\n"), ran.err
    assert SitePair.open("site-a").secondary.name == "the-peer"
    assert protector(SET).code == 0
    assert connections(listener) == 0


def test_no_entry_is_the_peer(
    entry: Callable[..., dict[str, Any]],
    write: Write,
    listener: socket.socket,
) -> None:
    elsewhere = f"http://127.0.0.1:{listener.getsockname()[1]}/v3"
    write(
        {
            "site-a": entry("site-a"),
            "one": entry("site-b", auth_url=elsewhere),
            "two": entry("site-b", auth_url=elsewhere),
        }
    )
    ran = protector(SET)
    assert (ran.code, ran.out) == (1, "")
    for word in (
        "--secondary-cloud",
        "OS_SECONDARY_CLOUD",
        "protector_secondary_cloud",
        "its entries: site-a, one, two",
    ):
        assert word in ran.err
    read = protector(SHOW)
    assert (read.code, read.out) == (0, "prod-web-app\n")
    assert read.err.startswith(
        "warning: only site-a was asked; this is site-a's record, version 1."
    )
    assert connections(listener) == 0


def test_two_sites_of_other_pairs_change_nothing(
    entry: Callable[..., dict[str, Any]], write: Write
) -> None:
    with LocalPair(sockets=True, seed=2) as stranger:
        other = stranger.cloud("site-b")
        other.pop("protector_secondary_cloud")
        write({"site-a": entry("site-a"), "far": other})
        ran = protector(SET)
        assert (ran.code, ran.out) == (1, "")
        assert "site-a and far are not a pair" in ran.err


@pytest.mark.parametrize("shell", EITHER_SHELL)
@pytest.mark.parametrize(
    "command",
    [
        "status",
        "protection-group list",
        "protection-group show bare",
        "operation list",
        "operation wait op-x",
        "health show",
        "protection-group check bare",
        "protection-group sync-status bare",
        "protection-group failover bare",
        "protection-group delete bare",
    ],
)
def test_one_site_in_both_entries(
    shell: str,
    command: str,
    entry: Callable[..., dict[str, Any]],
    write: Write,
) -> None:
    write({"site-a": entry("site-a"), "site-b": entry("site-a")})
    ran = SHELLS[shell](command)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "site-a and site-b are the same site\n"
        "hint: each site has an entry of its own in clouds.yaml, and"
        " --secondary-cloud names the other site's\n"
    )


def test_one_site_is_asked_alone(
    local_pair: LocalPair, entry: Callable[..., dict[str, Any]], write: Write
) -> None:
    """``--site``: the other one is dead, and nobody notices."""
    write({"one": entry("site-a"), "two": entry("site-b")})
    local_pair.site("a").kill()
    for site in ("two", "site-b"):
        ran = protector(f"--os-cloud two {SHOW} --site {site}")
        assert (ran.code, ran.out, ran.err) == (0, "prod-web-app\n", "")
    ran = protector(f"--os-cloud one {SHOW} --site two")
    assert (ran.code, ran.out, ran.err) == (0, "prod-web-app\n", "")
    wrong = protector(f"--os-cloud two {SHOW} --site paris")
    assert (wrong.code, wrong.out) == (2, "")
    assert wrong.err.startswith("--site: no site is called 'paris'")


@pytest.mark.parametrize("shell", EITHER_SHELL)
def test_a_cloud_of_the_environment_has_its_records_name(
    shell: str,
    local_pair: LocalPair,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OS_CLOUD")
    for key, value in local_pair.cloud("site-a")["auth"].items():
        monkeypatch.setenv(f"OS_{key.upper()}", value)
    monkeypatch.setenv("OS_REGION_NAME", "RegionOne")
    monkeypatch.setenv("OS_SECONDARY_CLOUD", "site-b")
    run = SHELLS[shell]
    rows = run("status -f json")
    assert rows.code == 0, rows.err
    assert {row["primary"] for row in rows.json} == {"site-a"}
    sides = run("protection-group sync-status bare -f json").json["sites"]
    assert [side["site"] for side in sides] == ["site-a", "site-b"]
    local_pair.site("a").kill()
    shown = run(SHOW)
    assert (shown.code, shown.out) == (0, "prod-web-app\n")
    assert "warning: site-a: Keystone does not answer" in shown.err
    assert "127.0.0.1:" not in shown.err


@pytest.mark.parametrize(
    "command",
    [
        "protection-group check prod-web-app",
        "protection-group failover prod-web-app --check",
        "operation diagnose {operation}",
        "operation wait {operation}",
    ],
)
def test_a_site_without_an_entry_has_its_name(
    command: str,
    local_pair: LocalPair,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In place of OS_CLOUD, OS_* say where it is, and not its name."""
    ran = protector("consistency-group sync prod-web-app --wait -f json")
    assert ran.code == 0, ran.err
    auth = local_pair.cloud("site-a")["auth"]
    monkeypatch.delenv("OS_CLOUD")
    monkeypatch.setenv("OS_SECONDARY_CLOUD", "site-b")
    for key, value in {**auth, "identity_api_version": "3"}.items():
        monkeypatch.setenv(f"OS_{key.upper()}", str(value))
    typed = command.format(operation=ran.json["id"])
    ran = protector(f"{typed} -f json")
    assert ran.code in (0, 3), ran.err
    assert '"site-a"' in ran.out
    assert '"127.0.0.1"' not in ran.out
