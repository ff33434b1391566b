"""What is installed can be found, and the tree is laid out as it says."""

import configparser
import importlib
import importlib.metadata
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = ("protectorclient", "fakeserver")
COMMANDS = "openstack.protector.v1"
#: lines that one head holds, with some air
LONGEST = 450


def declared() -> dict[str, dict[str, str]]:
    """Entry points as setup.cfg has them: group -> name -> target."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    groups = setup["options.entry_points"]
    return {
        group: dict(
            (word.strip() for word in line.split("=", 1))
            for line in lines.strip().splitlines()
        )
        for group, lines in groups.items()
    }


POINTS = [
    pytest.param(group, name, target, id=f"{group}-{name}")
    for group, entries in declared().items()
    for name, target in entries.items()
]


@pytest.mark.parametrize(("group", "name", "target"), POINTS)
def test_every_entry_point_leads_somewhere(
    group: str, name: str, target: str
) -> None:
    point = importlib.metadata.EntryPoint(name, target, group)
    loaded = point.load()
    assert loaded is not None
    if group.startswith(COMMANDS):
        assert loaded.find().__name__ == loaded.__name__


def test_every_command_is_one_and_says_what_it_does() -> None:
    from cliff.command import Command

    for name, target in declared()[COMMANDS].items():
        point = importlib.metadata.EntryPoint(name, target, COMMANDS)
        command = point.load().find()
        assert issubclass(command, Command), name
        assert (command.__doc__ or "").strip(), name
        assert not command.auth_required, f"{name} signs in by itself"


def test_what_is_installed_is_what_is_declared() -> None:
    installed = importlib.metadata.distribution("python-protectorclient")
    assert {
        (point.group, point.name, point.value)
        for point in installed.entry_points
    } == {
        (group, name, target)
        for group, entries in declared().items()
        for name, target in entries.items()
    }, "setup.cfg has changed: install again"


def test_the_version_is_read_without_running_the_package() -> None:
    installed = importlib.metadata.version("python-protectorclient")
    assert importlib.import_module("protectorclient").__version__ == installed


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_of_code_is_a_package(package: str) -> None:
    folders = {path.parent for path in (ROOT / package).rglob("*.py")}
    assert [f for f in folders if not (f / "__init__.py").exists()] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_types_are_shipped(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()


def test_no_file_outgrows_a_head() -> None:
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines())
        for folder in (*PACKAGES, "tools", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
    }
    assert {p: n for p, n in lengths.items() if n > LONGEST} == {}
