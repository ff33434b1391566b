"""Reads by what an earlier read has found out: the same, and asked less."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator

import pytest
import yaml

from fakeserver.local.pair import LocalPair
from protectorclient.osc import clouds
from protectorclient.osc.cache import keeping
from protectorclient.osc.script.app import ProtectorShell
from tests.helpers import request_counts
from tests.helpers.clirunner import SHELLS, Ran, protector
from tests.helpers.request_counts import SITES

SYNC = "consistency-group sync prod-web-app --wait -f value -c id"

READS = (
    "operation show {op}",
    "operation show {op} -f json",
    "operation show {op8}",
    "operation show --last",
    "operation show --last prod-web-app -f value -c status",
    "operation show {op} {op} -f yaml",
    "operation show {op} --exit-status",
    "operation show op-00000000-0000-4000-8000-000000000000",
    "operation list",
    "operation list --long -f csv",
    "operation list --site site-b",
    "operation show {op} --site site-a",
    "operation list --status failed",
    "protection-group list",
    "protection-group list --name nobody -f json",
    "protection-group show prod-web-app",
    "protection-group show prod-db -f json",
    "protection-group show nobody",
    "member list prod-web-app",
    "member list prod-db --limit 1 -f json",
    "policy show prod-web-app",
    "policy show bare",
    "consistency-group show prod-web-app -f yaml",
    "consistency-group show prod-db -f shell",
    "health show -c Ready -c Link",
    "health show -f json -c ready",
    "site list",
    "site list -f json",
    "site show site-b",
    "site volume type list site-a",
    "--os-cloud site-a-admin tenant mapping list",
)
#: What proves a death, checks, or changes something: each signs in.
NEVER = (
    "protection-group check prod-web-app",
    "operation diagnose {op}",
    "site validate site-a",
    "status",
    "consistency-group sync prod-web-app --dry-run",
    "protection-group set prod-web-app --description x",
)


@pytest.fixture(scope="module")
def shared() -> Iterator[LocalPair]:
    with LocalPair(sockets=True) as pair:
        yield pair


@pytest.fixture(autouse=True)
def _clouds(
    shared: LocalPair,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: pathlib.Path,
) -> None:
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(shared.clouds_yaml))
    monkeypatch.setenv("OS_CLOUD", "site-a")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture(scope="module")
def operation(shared: LocalPair) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OS_CLIENT_CONFIG_FILE", str(shared.clouds_yaml))
        patch.setenv("OS_CLOUD", "site-a")
        return protector(SYNC).out.strip()


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    assert protector("cache enable").code == 0
    return tmp_path / "protectorclient" / "sessions"


def files(folder: pathlib.Path) -> list[pathlib.Path]:
    return sorted(folder.glob("*.json"))


def asked(pair: LocalPair, command: str) -> tuple[Ran, int, int]:
    """What a command ends with, its sign-ins and its questions."""
    ran, counts = request_counts.count(pair, lambda: protector(command))
    signed_in = sum(len(counts[site].sign_in) for site in SITES)
    return ran, signed_in, sum(len(counts[site].questions) for site in SITES)


def logins(pair: LocalPair, command: str) -> int:
    """How often a command gets a token."""
    _, counts = request_counts.count(pair, lambda: protector(command))
    return sum(
        line.startswith("POST ")
        for site in SITES
        for line in counts[site].sign_in
    )


def same(one: Ran, other: Ran) -> bool:
    """Whether two runs end alike; a refusal has an id of its own."""
    return (one.code, one.out, one.told) == (other.code, other.out, other.told)


#: What makes something of a site's answer that only the long road can.
ENDS_LONG = (
    "operation show op-00000000",
    "protection-group show nobody",
    "policy show bare",
)


@pytest.mark.parametrize("read", READS)
def test_every_read_is_the_same_by_each_road(
    read: str,
    shared: LocalPair,
    operation: str,
    folder: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = read.format(op=operation, op8=operation[:11])
    with monkeypatch.context() as patch:
        patch.setattr(ProtectorShell, "is_quick", False)
        by_the_long_road, *requests = asked(shared, command)
    protector("cache clear")
    opened: list[str] = []

    def opening(app: object, name: str | None, **given: object) -> object:
        opened.append(str(name))
        return open_it(app, name, **given)

    open_it = clouds._open
    with monkeypatch.context() as patch:
        patch.setattr(clouds, "_open", opening)
        cold, *as_many = asked(shared, command)
    assert same(cold, by_the_long_road)
    assert as_many[1:] == requests[1:]
    # the versions are asked for where something goes wrong
    assert as_many[0] <= requests[0]
    assert bool(opened) is read.startswith(ENDS_LONG)
    warm, signed_in, _ = asked(shared, command)
    assert same(warm, by_the_long_road)
    if read.startswith("site "):
        # the list of the sites is what it asks for
        signed_in = logins(shared, command)
    assert (signed_in == 0) is (by_the_long_road.code == 0)


def test_a_kept_operation_is_one_request(
    shared: LocalPair, operation: str, folder: pathlib.Path
) -> None:
    command = f"operation show {operation}"
    _, signed_in, questions = asked(shared, command)
    # a token and the names of sites; nobody asks for the versions
    assert (signed_in, questions) == (2, 1)
    ran, signed_in, questions = asked(shared, command)
    assert (ran.code, signed_in, questions) == (0, 0, 1)


def test_one_site_is_kept_beside_both(
    shared: LocalPair, operation: str, folder: pathlib.Path
) -> None:
    show = f"operation show {operation}"
    # what one site has told is not taken for what both have
    assert asked(shared, f"{show} --site site-b")[1]
    both = protector("protection-group list")
    assert asked(shared, "protection-group list")[0] == both
    for command in (f"{show} --site site-a", "site list", "operation list"):
        protector(command)
        assert logins(shared, command) == 0
    assert len(files(folder)) == 1
    # neither a name that is not there nor an option drops what is kept
    for command in ("protection-group show nobody", "operation list -c Nope"):
        assert protector(command).code
    assert asked(shared, show)[1] == 0


def test_the_latest_version_is_kept_unasked(
    shared: LocalPair, operation: str, folder: pathlib.Path
) -> None:
    command = (
        f"--os-protector-api-version latest operation show -f json {operation}"
    )
    first = protector(command)
    again, signed_in, questions = asked(shared, command)
    assert again == first
    assert (signed_in, questions) == (0, 1)


@pytest.mark.parametrize("command", NEVER)
def test_what_proves_or_changes_signs_in(
    command: str, shared: LocalPair, operation: str, folder: pathlib.Path
) -> None:
    protector("operation list")
    kept = [file.read_bytes() for file in files(folder)]
    assert kept
    _, signed_in, _ = asked(shared, command.format(op=operation))
    assert signed_in
    assert [file.read_bytes() for file in files(folder)] == kept


def spoilt(file: pathlib.Path, **fields: object) -> None:
    document = json.loads(file.read_text())
    for site in document["sites"].values():
        if site is not None:
            site.update(fields)
    file.write_text(json.dumps(document))


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": "gone"},
        {"project_id": "0" * 32},
        {"root": "http://127.0.0.1:1"},
        {"root": "http://127.0.0.1:1/elsewhere"},
        {"root": "ftp://127.0.0.1"},
        {"local_id": "another"},
        {"offered": {"maximum": [9, 9], "minimum": [9, 8]}},
    ],
    ids=str,
)
def test_what_is_wrong_is_dropped_and_asked_anew(
    wrong: dict[str, object],
    shared: LocalPair,
    operation: str,
    folder: pathlib.Path,
) -> None:
    command = f"operation show {operation}"
    right = protector(command)
    (file,) = files(folder)
    spoilt(file, **wrong)
    ran, signed_in, _ = asked(shared, command)
    assert ran == right
    assert signed_in
    ran, signed_in, _ = asked(shared, command)
    assert (ran, signed_in) == (right, 0)


def test_a_site_that_is_down_is_reported_as_ever(
    operation: str, folder: pathlib.Path
) -> None:
    with LocalPair(sockets=True) as pair, pytest.MonkeyPatch.context() as env:
        env.setenv("OS_CLIENT_CONFIG_FILE", str(pair.clouds_yaml))
        assert protector("protection-group list").code == 0
        pair.site("b").kill()
        ran = protector("protection-group list")
        assert ran.code == 0
        assert "site-b" in ran.err
        assert protector("protection-group list") == ran


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"form": 0}', b"\xff" * 99]
)
def test_a_damaged_file_is_none(
    content: bytes, operation: str, folder: pathlib.Path
) -> None:
    right = protector(f"operation show {operation}")
    (file,) = files(folder)
    file.write_bytes(content)
    assert protector(f"operation show {operation}") == right


def test_it_lives_ten_minutes(
    shared: LocalPair,
    operation: str,
    folder: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = f"operation show {operation}"
    protector(command)
    now = keeping.clock()
    for later, signs_in in ((595, False), (601, True)):
        monkeypatch.setattr(keeping, "clock", lambda at=now + later: at)
        _, signed_in, _ = asked(shared, command)
        assert bool(signed_in) is signs_in


def test_what_others_can_read_is_not_read(
    shared: LocalPair, operation: str, folder: pathlib.Path
) -> None:
    command = f"operation show {operation}"
    right = protector(command)
    (file,) = files(folder)
    file.chmod(0o640)
    ran, signed_in, _ = asked(shared, command)
    assert (ran.out, ran.code) == (right.out, 0)
    assert signed_in
    assert ran.err == (
        f"warning: the session cache is not used: {file} can be read by"
        " others\nopenstack protector cache clear\n"
    )
    folder.chmod(0o750)
    shown = protector("cache show -f json")
    assert not shown.json["enabled"]
    assert shown.err == (
        f"warning: the session cache is not used: {folder} can be read by"
        f" others\nchmod 700 {folder}\n"
    )
    refused = protector("cache enable")
    assert refused.code == 1
    assert refused.err.endswith(f"can be read by others\nchmod 700 {folder}\n")


def test_files_are_for_the_user_alone(
    operation: str, folder: pathlib.Path
) -> None:
    protector(f"operation show {operation}")
    assert folder.stat().st_mode & 0o777 == 0o700
    for file in folder.iterdir():
        assert file.stat().st_mode & 0o777 == 0o600


def test_it_is_off_by_default(operation: str, tmp_path: pathlib.Path) -> None:
    protector(f"operation show {operation}")
    assert not (tmp_path / "protectorclient" / "sessions").exists()


def test_clouds_yaml_switches_it_on(
    shared: LocalPair,
    operation: str,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = tmp_path / "clouds.yaml"
    text = shared.clouds_yaml.read_text()
    config.write_text(f"cache: {{auth: true}}\n{text}")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(config))
    command = f"operation show {operation}"
    protector(command)
    assert asked(shared, command)[1] == 0
    assert protector("cache show -f value -c enabled").out == "True\n"


def test_another_login_is_another_session(
    shared: LocalPair,
    operation: str,
    folder: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = f"operation show {operation}"
    protector(command)
    monkeypatch.setenv("OS_PASSWORD", "another")
    assert asked(shared, command)[1]
    monkeypatch.delenv("OS_PASSWORD")
    assert asked(shared, f"--os-region-name RegionOne {command}")[1]
    assert asked(shared, command)[1] == 0


def test_a_token_of_the_callers_own_is_not_kept(
    operation: str, folder: pathlib.Path
) -> None:
    token = SHELLS["protector"]("token issue").out
    assert token == ""
    ran = protector(
        "--os-auth-type token --os-token some --os-username '' --os-password"
        f" '' operation show {operation}"
    )
    assert ran.code
    assert files(folder) == []


def test_a_password_that_was_typed_is_not_kept(
    shared: LocalPair,
    folder: pathlib.Path,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    document = yaml.safe_load(shared.clouds_yaml.read_text())
    typed = document["clouds"]["site-a"]["auth"].pop("password")
    file = tmp_path / "clouds.yaml"
    file.write_text(yaml.safe_dump(document))
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))
    prompts: list[object] = []
    monkeypatch.setattr(
        "protectorclient.osc.script.app._ask_password",
        lambda prompt=None: prompts.append(prompt) or typed,
    )
    for asked_for in (1, 2):
        assert protector("operation list --site site-a").code == 0
        assert len(prompts) == asked_for
    assert files(folder) == []


def test_a_folder_that_cannot_be_written_is_no_reason_to_fail(
    operation: str, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = protector(f"operation show {operation}")
    for file in files(folder):
        file.unlink()

    def full(*_given: object, **_more: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("protectorclient.osc.cache.folder.os.replace", full)
        assert protector(f"operation show {operation}") == right
    assert files(folder) == []


def test_clear_and_disable(operation: str, folder: pathlib.Path) -> None:
    protector(f"operation show {operation}")
    assert protector("cache show -f json").json == {
        "enabled": True,
        "folder": str(folder),
        "sessions": 1,
    }
    assert protector("cache clear").err == "1 session removed\n"
    assert protector("cache show -f value -c sessions").out == "0\n"
    protector(f"operation show {operation}")
    assert protector("cache disable").code == 0
    assert list(folder.iterdir()) == []
    protector(f"operation show {operation}")
    assert list(folder.iterdir()) == []
