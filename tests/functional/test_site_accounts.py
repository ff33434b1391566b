"""Two accounts of one site: its own, and the one that its peer keeps."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from fakeserver.local.pair import LocalPair
from tests.helpers.clirunner import Ran, protector

OWN, PEER = ("protector", "own-secret"), ("protector-peer", "peers-secret")


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalPair]:
    with LocalPair(sockets=True, scenario="empty") as pair:
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(pair.clouds_yaml))
        monkeypatch.setenv("OS_CLOUD", "site-a")
        monkeypatch.setenv("OWN", OWN[1])
        monkeypatch.setenv("PEERS", PEER[1])
        yield pair


def as_admin(command: str) -> Ran:
    return protector(f"--os-cloud site-a-admin {command}")


def create(pair: LocalPair, letter: str, more: str) -> Ran:
    url = pair.site(letter).url
    return as_admin(
        f"site create site-{letter} "
        f"--auth-url {url}/identity/v3 --protector-url {url} "
        f"--array-name flasharray-{letter} --project-name service "
        f"--volume-backend-host site-{letter}@flasharray-{letter}#pool "
        f"--username protector --password-env OWN {more}"
    )


TWO = "--peer-username protector-peer --peer-password-env PEERS"


def kept(pair: LocalPair, letter: str) -> dict[str, tuple[str, str]]:
    """The account of each site's record at one service."""
    parts = pair.site(letter).parts
    rows = parts.db.all("SELECT doc FROM pg_sites")
    records = [json.loads(row["doc"]) for row in rows]
    return {
        one["name"]: (
            one["username"],
            parts.vault.decrypt(one["password"], one["id"]),
        )
        for one in records
    }


@pytest.mark.parametrize("letter", ["a", "b"])
def test_each_service_is_told_its_account_alone(
    empty: LocalPair, letter: str
) -> None:
    made = create(empty, letter, TWO)
    assert made.code == 0, made.err
    name, other = f"site-{letter}", "b" if letter == "a" else "a"
    assert kept(empty, letter) == {name: OWN}
    assert kept(empty, other) == {name: PEER}
    # the admin's account has never been on its way to the other site
    journal = empty.folder.request_log(f"site-{other}").read_text()
    assert '"username":"protector"' not in journal
    assert '"username":"protector-peer"' in journal


def test_one_account_for_both_is_still_possible(empty: LocalPair) -> None:
    assert create(empty, "b", "").code == 0
    assert kept(empty, "a") == kept(empty, "b") == {"site-b": OWN}


def test_both_are_changed_each_at_its_place(
    empty: LocalPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert create(empty, "b", TWO).code == 0
    monkeypatch.setenv("NEW", "new-secret")
    changed = as_admin("site set site-b --peer-password-env NEW")
    assert changed.code == 0, changed.err
    assert kept(empty, "a") == {"site-b": (PEER[0], "new-secret")}
    assert kept(empty, "b") == {"site-b": OWN}
    own = as_admin("site set site-b --password-env NEW")
    assert own.code == 0
    assert "The account that the other site keeps is unchanged" in own.err
    assert kept(empty, "a") == {"site-b": (PEER[0], "new-secret")}
    assert kept(empty, "b") == {"site-b": (OWN[0], "new-secret")}
    both = "--password-env NEW --peer-password-env PEERS"
    assert as_admin(f"site set site-b {both}").code == 0
    assert kept(empty, "a") == {"site-b": PEER}
    assert kept(empty, "b") == {"site-b": (OWN[0], "new-secret")}


def test_half_of_an_account_is_a_usage_error(empty: LocalPair) -> None:
    half = create(empty, "a", "--peer-password-env PEERS")
    assert half.code == 2
    assert "--peer-username" in half.err
    half = create(empty, "a", "--peer-username protector-peer")
    assert half.code == 2
    assert "--peer-password-env" in half.err
    assert kept(empty, "a") == kept(empty, "b") == {}


def test_a_refused_account_leaves_no_record(empty: LocalPair) -> None:
    empty.fault("503", site="a", match="PATCH*")
    assert create(empty, "a", TWO).code != 0
    assert kept(empty, "a") == kept(empty, "b") == {}
