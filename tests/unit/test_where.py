"""Every module has a test that can be found, and every test has a place."""

import pathlib
import re
import tomllib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
TABLE: dict[str, dict[str, list[str]]] = tomllib.loads(
    (TESTS / "helpers" / "where.toml").read_text()
)
PACKAGES = ("protectorclient", "fakeserver")


def modules(package: str) -> set[str]:
    """Modules of a package, and its packages, by their names below it."""
    found = set()
    for path in (ROOT / package).rglob("*.py"):
        parts = path.relative_to(ROOT / package).with_suffix("").parts
        if parts[-1] == "__init__":
            parts = parts[:-1]
        found.add(".".join(parts))
    return found - {""}


def row_of(package: str, module: str) -> str | None:
    """The longest part of the table that a module belongs to."""
    while module and module not in TABLE[package]:
        module = module.rpartition(".")[0]
    return module or None


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_has_a_row(package: str) -> None:
    homeless = {m for m in modules(package) if not row_of(package, m)}
    assert homeless == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_no_row_is_of_nothing(package: str) -> None:
    assert set(TABLE[package]) - modules(package) == set()


def test_the_table_and_the_tree_have_the_same_tests() -> None:
    named = {
        name
        for part in TABLE.values()
        for row in part.values()
        for name in row
    }
    there = {
        path.relative_to(TESTS).as_posix() for path in TESTS.rglob("test_*.py")
    }
    assert there - named == set(), "they have no row in where.toml"
    assert named - there == set(), "where.toml names what is not there"


@pytest.mark.parametrize("package", PACKAGES)
def test_a_unit_test_is_one_of_its_package(package: str) -> None:
    named = {
        name
        for row in TABLE[package].values()
        for name in row
        if name.startswith("unit/")
    }
    strangers = {n for n in named if package not in _with_helpers(TESTS / n)}
    assert strangers == set()


def _with_helpers(path: pathlib.Path) -> str:
    """The text of a test, of its folder's conftest and of its helpers."""
    text = path.read_text()
    for beside in path.parent.glob("conftest.py"):
        text += beside.read_text()
    for helper in set(re.findall(r"tests\.helpers(?:\.| import )(\w+)", text)):
        text += (TESTS / "helpers" / f"{helper}.py").read_text()
    return text
