"""The folder of a sandbox, and the clouds.yaml in it."""

import errno
import os
import pathlib

import pytest
import yaml

from fakeserver.base.seed_world import ARRAY_TOKENS
from fakeserver.cli.main import main
from fakeserver.local import fault_rules
from fakeserver.sandbox import process
from fakeserver.sandbox.folder import Folder, Settings
from fakeserver.sandbox.problem import Problem

ENTRIES = {
    "site-a": ("demo", "demo", 8788, "site-b"),
    "site-b": ("demo", "demo", 8789, "site-a"),
    "site-a-admin": ("admin", "demo", 8788, "site-b-admin"),
    "site-b-admin": ("admin", "demo", 8789, "site-a-admin"),
    "site-a-auditor": ("auditor", "demo", 8788, "site-b-auditor"),
    "site-b-auditor": ("auditor", "demo", 8789, "site-a-auditor"),
    "site-a-rival": ("rival", "rival", 8788, "site-b-rival"),
    "site-b-rival": ("rival", "rival", 8789, "site-a-rival"),
}


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> Folder:
    made = Folder(tmp_path / "sandbox")
    made.prepare()
    return made


def clouds(folder: Folder) -> dict[str, dict]:
    return yaml.safe_load(folder.clouds_yaml.read_text())["clouds"]


def test_it_is_its_owners_alone(folder: Folder) -> None:
    folder.write(Settings(tls=True))
    assert folder.path.stat().st_mode & 0o777 == 0o700
    for path in folder.path.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600, path.name


def test_an_empty_folder_is_fine(tmp_path: pathlib.Path) -> None:
    tmp_path.chmod(0o755)
    Folder(tmp_path).prepare()
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_somebody_elses_folder_is_not(tmp_path: pathlib.Path) -> None:
    (tmp_path / "thesis.tex").touch()
    tmp_path.chmod(0o755)
    with pytest.raises(Problem, match="do not belong to a"):
        Folder(tmp_path).prepare()
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_nor_is_a_file(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(Problem, match="is not a folder"):
            Folder(path).prepare()


def test_settings_come_back(folder: Folder) -> None:
    asked = Settings(port=1, scenario="fleet", groups=3, pace=0.5)
    folder.write(asked)
    assert folder.settings() == asked


def test_no_settings_or_broken_ones(folder: Folder) -> None:
    with pytest.raises(Problem, match="There is no sandbox"):
        folder.settings()
    for text in (
        "",
        "{",
        '{"colour": 1}',
        "[]",
        "[" * 20_000,
        '{"schema": null}',
        '{"port": "8788"}',
        '{"peer_port": -1}',
        '{"port": true}',
        '{"pace": "1"}',
        '{"tls": "yes"}',
        '{"scenario": "moon"}',
        '{"scenario": "fleet", "groups": "3"}',
    ):
        folder.settings_file.write_text(text)
        with pytest.raises(Problem, match=r"sandbox\.json cannot be read"):
            folder.settings()


CUT_OFF = [
    (name, text)
    for name in ("faults.json", "clock.json")
    for text in ("", '{"rules": [{"id"', "[]", "\x00" * 20)
] + [
    ("faults.json", '{"rules": 1}'),
    ("faults.json", '{"rules": [1]}'),
    ("faults.json", '{"rules": [{"id": "fault-1"}]}'),
    ("clock.json", '{"ahead": "soon"}'),
    ("clock.json", '{"frozen_at": []}'),
    ("clock.json", '{"skew": {"site-a": null}}'),
    ("clock.json", '{"skew": 1}'),
]


@pytest.mark.parametrize(("name", "text"), CUT_OFF)
def test_a_small_file_that_was_cut_off(
    folder: Folder, capsys: pytest.CaptureFixture[str], name: str, text: str
) -> None:
    folder.write(Settings())
    (folder.path / name).write_text(text)
    commands = {
        "faults.json": (
            "status",
            "env",
            "fault list",
            "fault add reset",
            "fault clear",
            "reset",
            "start site-a",
        ),
        "clock.json": ("status", "clock advance 1m", "clock freeze"),
    }
    for command in commands[name]:
        words = [*command.split(), "--dir", str(folder.path)]
        assert main(words) == 1
        [said] = capsys.readouterr().err.splitlines()[-1:]
        assert f"{folder.path / name} cannot be read: " in said
        assert said.endswith("; put a good one in its place, or remove it.")
        assert (folder.path / name).read_text() == text


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (command, error)
        for command in ("start site-a", "fault add reset", "clock advance 1m")
        for error in (errno.ENOSPC, errno.EROFS, errno.EDQUOT)
    ],
)
def test_a_disk_that_takes_nothing(
    folder: Folder,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    error: int,
) -> None:
    folder.write(Settings())
    before = set(folder.path.iterdir()) | {
        folder.path / name for name in ("up.lock", "faults.json.lock")
    }

    def refused(*_: object) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr("os.replace", refused)
    assert main([*command.split(), "--dir", str(folder.path)]) == 1
    assert capsys.readouterr().err == (
        f"protector-sandbox: {folder.path} cannot be used: "
        f"{os.strerror(error)}.\n"
    )
    # nothing half-written stays to fill it further
    assert set(folder.path.iterdir()) <= before


def test_up_leaves_nothing_on_a_disk_that_takes_nothing(
    tmp_path: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.replace", refused)
    place = tmp_path / "new"
    words = ["--dir", str(place), "--port", "0", "--peer-port", "0"]
    assert main(["up", *words]) == 1
    assert capsys.readouterr().err == (
        f"protector-sandbox: {place} cannot be used: No space left on "
        "device.\n"
    )
    assert not place.exists()


@pytest.mark.parametrize("name", ENTRIES)
def test_every_user_has_an_entry(folder: Folder, name: str) -> None:
    folder.write(Settings())
    user, project, port, secondary = ENTRIES[name]
    entry = clouds(folder)[name]
    assert entry["auth"] == {
        "auth_url": f"http://127.0.0.1:{port}/identity/v3",
        "username": user,
        "password": f"{user}-secret",
        "project_name": project,
        "user_domain_name": "Default",
        "project_domain_name": "Default",
    }
    assert entry["region_name"] == "RegionOne"
    assert entry.get("protector_secondary_cloud") == secondary
    assert "cacert" not in entry
    assert list(clouds(folder)) == list(ENTRIES)


def test_with_tls_every_entry_names_the_authority(folder: Folder) -> None:
    folder.write(Settings(tls=True))
    for entry in clouds(folder).values():
        assert entry["auth"]["auth_url"].startswith("https://")
        assert pathlib.Path(entry["cacert"]).is_file()


def test_lines_to_export(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = f"export OS_CLIENT_CONFIG_FILE={folder.clouds_yaml}"
    assert folder.exports() == [file, "export OS_CLOUD=site-a"]
    monkeypatch.setenv("OS_AUTH_URL", "https://elsewhere")
    monkeypatch.setenv("OS_SECONDARY_CLOUD", "prod")
    monkeypatch.setenv("OS_CLOUD", "prod")
    unset = "unset OS_AUTH_URL OS_SECONDARY_CLOUD"
    assert folder.exports() == [unset, file, "export OS_CLOUD=site-a"]


def test_the_arrays_tokens_are_in_the_folder(folder: Folder) -> None:
    """Each in a file for its owner alone; a fault changes them."""

    def found() -> list[str]:
        files = [folder.token_file(array) for array in ARRAY_TOKENS]
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
        return [file.read_text() for file in files]

    folder.write(Settings())
    first = [f"{token}\n" for token in ARRAY_TOKENS.values()]
    assert found() == first
    rule = fault_rules.add_fault(folder, "array-token", site="site-b")
    assert found() == [first[0], f"fa-token-b-91d7ac44-{rule.id}\n"]
    assert folder.token_exports() == [
        "export ARRAY_TOKEN_A=fa-token-a-5f1c0e2b",
        f"export ARRAY_TOKEN_B={found()[1].strip()}",
    ]
    both = fault_rules.add_fault(folder, "array-token")
    assert all(text.endswith(f"-{both.id}\n") for text in found())
    fault_rules.clear_faults(folder)
    assert found() == first


def test_a_pid_is_known_by_its_birth(folder: Folder) -> None:
    assert process.running(folder, "site-a") is None
    process.write_pid(folder, "site-a")
    assert process.running(folder, "site-a") == os.getpid()
    file = process.pid_file(folder, "site-a")
    # the number was given to somebody else since
    file.write_text(f'{{"pid": {os.getpid()}, "born": "12"}}')
    assert process.running(folder, "site-a") is None
    file.write_text("{")
    assert process.running(folder, "site-a") is None


def test_a_zombie_is_not_alive() -> None:
    pid = os.posix_spawn("/bin/true", ["true"], {})
    assert process.wait(lambda: not process.alive(pid), 5)
