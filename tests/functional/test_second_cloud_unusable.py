"""Reads, where the entry of the other site cannot be used."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml

from fakeserver.local.pair import LocalPair
from tests.helpers.clirunner import EITHER_SHELL, SHELLS, protector

GROUP = "prod-web-app"
#: What is wrong with the entry of site-b, and what the sentence names.
BROKEN: Mapping[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "auth is a list": (lambda it: it.update(auth=["x"]), "auth"),
    "auth is empty": (lambda it: it.update(auth={}), "auth_url"),
    "no auth": (lambda it: it.pop("auth"), "auth_url"),
    "no auth_url": (lambda it: it["auth"].pop("auth_url"), "auth_url"),
    "no password": (lambda it: it["auth"].pop("password"), "password"),
    "auth_url is no URL": (
        lambda it: it["auth"].update(auth_url="site-b"),
        "auth_url",
    ),
    "auth_type unknown": (lambda it: it.update(auth_type="nope"), "nope"),
    "key unknown": (lambda it: it["auth"].update(tokn="x"), "tokn"),
    "verify is a word": (lambda it: it.update(verify="perhaps"), "verify"),
    "profile unknown": (lambda it: it.update(profile="nowhere"), "nowhere"),
}
READS = (
    f"protection-group show {GROUP} -f value -c name",
    "protection-group list -f value -c name",
    f"member list {GROUP} -f value -c id",
    f"policy show {GROUP} -f value -c rpo_minutes",
    f"consistency-group show {GROUP} -f value -c id",
    "operation list -f value -c id",
    "health show -f value",
    "status -f value -c name",
)
CHANGES = (
    f"protection-group failover {GROUP} --yes",
    f"protection-group sync-force {GROUP}",
    f"protection-group set {GROUP} --description x",
)


@pytest.fixture
def broken(
    local_pair: LocalPair, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[dict[str, Any]], object]], str]:
    """Write a clouds.yaml in which the entry of site-b is broken."""

    def written(breaks: Callable[[dict[str, Any]], object]) -> str:
        path = pathlib.Path(local_pair.directory) / "broken.yaml"
        other = local_pair.cloud("site-b")
        other["auth"] = dict(other["auth"])
        breaks(other)
        clouds = {"site-a": local_pair.cloud("site-a"), "site-b": other}
        path.write_text(yaml.safe_dump({"clouds": clouds}))
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
        return str(path)

    return written


@pytest.mark.parametrize("kind", BROKEN)
def test_one_warning_with_file_entry_and_key(
    broken: Callable[..., str], kind: str
) -> None:
    breaks, word = BROKEN[kind]
    path = broken(breaks)
    ran = protector(READS[0])
    assert (ran.code, ran.out) == (0, f"{GROUP}\n"), ran.err
    (warning,) = ran.err.splitlines()
    assert warning.startswith(
        "warning: only site-a was asked; this is site-a's record, version 1. "
    )
    for part in (path, "'site-b'", word):
        assert part in warning


@pytest.mark.parametrize("command", READS)
def test_each_read_shows_the_answer(
    broken: Callable[..., str], command: str
) -> None:
    broken(BROKEN["auth_type unknown"][0])
    ran = protector(command)
    assert ran.code == 0, ran.err
    assert ran.err.count("warning: ") == 1
    assert "only site-a was asked" in ran.err
    assert "nope" in ran.err
    if not command.startswith("operation"):
        assert ran.out.strip()


@pytest.mark.parametrize("shell", EITHER_SHELL)
@pytest.mark.parametrize("how", ["option", "variable", "key"])
def test_the_other_cloud_has_no_entry(
    broken: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    local_pair: LocalPair,
    shell: str,
    how: str,
) -> None:
    path = broken(lambda it: None)
    command = READS[0]
    if how == "option":
        command = f"{command} --secondary-cloud nosuch"
    elif how == "variable":
        monkeypatch.setenv("OS_SECONDARY_CLOUD", "nosuch")
    else:
        site = local_pair.cloud("site-a")
        site["protector_secondary_cloud"] = "nosuch"
        clouds = {"site-a": site, "site-b": local_pair.cloud("site-b")}
        pathlib.Path(path).write_text(yaml.safe_dump({"clouds": clouds}))
    ran = SHELLS[shell](command)
    assert (ran.code, ran.out) == (0, f"{GROUP}\n"), ran.err
    (warning,) = ran.err.splitlines()
    assert warning.startswith("warning: only site-a was asked; ")
    assert "nosuch" in warning


@pytest.mark.parametrize("command", CHANGES)
def test_what_needs_both_refuses(
    broken: Callable[..., str], command: str
) -> None:
    broken(BROKEN["auth_type unknown"][0])
    ran = protector(command)
    assert (ran.code, ran.out) == (1, "")
    assert "nope" in ran.err
    assert "was asked" not in ran.err


def test_the_first_entry_is_needed(
    broken: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(BROKEN["auth_type unknown"][0])
    monkeypatch.setenv("OS_CLOUD", "site-b")
    ran = protector(READS[0])
    assert (ran.code, ran.out) == (1, "")


def test_sync_status_and_exit_status_tell(
    broken: Callable[..., str],
) -> None:
    broken(BROKEN["no auth_url"][0])
    for command in (
        f"protection-group sync-status {GROUP} -f value -c status",
        "status --exit-status -f value -c name",
    ):
        ran = protector(command)
        assert ran.code == 3, ran.err
        assert ran.out.strip()
        assert "only site-a was asked" in ran.err


@pytest.mark.parametrize(
    "ids",
    [
        "op-00000000-0000-4000-8000-000000000000",
        "op-00000000",
        "op-00000000-0000-4000-8000-000000000000"
        " op-00000000-0000-4000-8000-000000000001",
    ],
)
def test_an_operation_may_be_known_at_the_other_site(
    broken: Callable[..., str], ids: str
) -> None:
    broken(BROKEN["no auth_url"][0])
    ran = protector(f"operation show {ids}")
    assert (ran.code, ran.out) == (12, "")
    assert "site-a does not know op-00000000" in ran.err
    assert "auth_url" in ran.err
    assert "no site knows" not in ran.err


def test_one_site_alone_may_say_no(broken: Callable[..., str]) -> None:
    broken(BROKEN["no auth_url"][0])
    ran = protector(
        "operation show op-00000000-0000-4000-8000-000000000000 --site site-a"
    )
    assert (ran.code, ran.out) == (1, "")


def test_a_group_that_the_one_site_does_not_know(
    broken: Callable[..., str],
) -> None:
    broken(BROKEN["no auth_url"][0])
    ran = protector("protection-group show nosuch")
    assert (ran.code, ran.out) == (1, "")
    assert "only this site was asked: " in ran.err
