"""What is imported is declared, and every bound is one that is tried."""

import ast
import configparser
import importlib.metadata
import pathlib
import re
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONSTRAINTS = ROOT / "tests" / "constraints"
OURS = "python-protectorclient"
REQUIREMENT = re.compile(r"([\w.-]+)(?:\[([\w,]+)\])?(?:>=([\w.]+))?(,<\d+)?")

#: Declared, and not for an import of ours: why.
NOT_IMPORTED = {
    "fixtures": "keystoneauth1.fixture, with which tokens are made, needs it",
    "pytest-cov": "make coverage runs pytest with --cov",
    "pytest-xdist": "make runs pytest with -n",
    "doc8": "make lint runs it",
    "sphinx": "make docs runs it",
}
#: Declared, and pinned by no release of OpenStack: why it may be.
NOT_PINNED = {
    "trustme": "creates the certificates of the sandbox, where TLS is asked",
}
#: Where code lies -> the extra that a user of it installs; nearest first.
EXTRAS = {
    "protectorclient/osc": "cli",
    "protectorclient/shell.py": "cli",
    # the plugin of pytest: who loads it has pytest
    "protectorclient/testing.py": "test",
    "protectorclient/evidence/html": "report",
    "protectorclient/evidence/signing": "report",
    "protectorclient": "",
    "fakeserver": "fakeserver",
    "tests": "test",
    "tools": "",
    "benchmarks": "test",
}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared() -> dict[str, dict[str, str]]:
    """setup.cfg: extra -> requirement -> lower bound; "" is no extra."""
    setup = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    setup.read_string((ROOT / "setup.cfg").read_text())
    lists = {
        "": setup["options"]["install_requires"],
        **setup["options.extras_require"],
    }
    return {extra: _bounds(extra, text) for extra, text in lists.items()}


def _bounds(extra: str, text: str) -> dict[str, str]:
    found = {}
    for line in text.strip().splitlines():
        match = REQUIREMENT.fullmatch(line.strip())
        assert match, f"{extra}: {line} has another form"
        name, _, bound, _ = match.groups()
        if name != OURS:
            assert bound, f"{extra}: {line} has no lower bound"
            found[name] = bound
    return found


def installed_with(extra: str) -> set[str]:
    """What a user gets who asks for the extra, by us and directly."""
    with_it = {
        "": [],
        "test": ["cli", "fakeserver", "report"],
        "doc": ["cli"],
    }
    known = declared()
    parts = ["", extra, *with_it.get(extra, [])]
    return {normal(name) for part in parts for name in known[part]}


def imported(path: pathlib.Path) -> set[str]:
    """Top names of the modules that a file imports, wherever it does."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert not node.level, f"{path}: a relative import"
            found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names


def extra_of(path: pathlib.Path) -> str:
    place = path.relative_to(ROOT).as_posix()
    for start, extra in EXTRAS.items():
        if place == start or place.startswith(f"{start}/"):
            return extra
    raise AssertionError(f"{place} is of no extra")


def files() -> list[pathlib.Path]:
    folders = {place.partition("/")[0] for place in EXTRAS}
    return sorted(
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        # runs in the environments of Cinder and Neutron
        if not path.is_relative_to(ROOT / "tests/interop/full/inside")
    )


OWN = {"protectorclient", "fakeserver", "tests", "benchmarks"} | {
    path.stem for path in (ROOT / "tests").rglob("*.py")
}


def distributions() -> dict[str, set[str]]:
    """Module -> the distributions that hold it."""
    known = importlib.metadata.packages_distributions()
    return {
        module: {normal(name) for name in names}
        for module, names in known.items()
    }


HOLDERS = distributions()


@pytest.mark.parametrize("extra", sorted(set(EXTRAS.values())))
def test_every_import_is_declared(extra: str) -> None:
    given = installed_with(extra)
    strangers = {
        f"{path.relative_to(ROOT)} imports {module}"
        for path in files()
        if extra_of(path) == extra
        for module in imported(path) - OWN
        if not HOLDERS.get(module, {module}) & given
    }
    assert strangers == set()


def test_nothing_is_declared_for_nobody() -> None:
    used = {
        holder
        for path in files()
        for module in imported(path) - OWN
        for holder in HOLDERS.get(module, ())
    }
    wanted = {normal(n) for extra in declared().values() for n in extra}
    assert wanted - used == set(NOT_IMPORTED)


def test_a_requirement_has_one_bound_and_stands_in_one_place() -> None:
    """But for extras that stand alone, and none of which holds another."""
    every = [item for extra in declared().values() for item in extra.items()]
    twice = {
        name for name, _ in every if [n for n, _ in every].count(name) > 1
    }
    assert twice == {"cryptography"}
    assert len(dict(every)) == len(set(every))


def pins(name: str) -> dict[str, str]:
    lines = (CONSTRAINTS / name).read_text().splitlines()
    wanted = [
        line.partition(";")[0]
        for line in lines
        # two releases pin apart what is for a Python that is not ours
        if line and line[0] != "#" and "=='3.9'" not in line
    ]
    return dict(line.split("==") for line in wanted)


def test_the_lowest_versions_are_the_lower_bounds() -> None:
    bounds = {n: b for extra in declared().values() for n, b in extra.items()}
    assert pins("lowest.txt") == bounds


@pytest.mark.parametrize("release", ["2025.1", "2025.2", "2026.1"])
def test_no_bound_is_above_a_release(release: str) -> None:
    """What is declared allows what OpenStack was released with."""

    def number(text: str) -> list[int]:
        return [int(part) for part in re.findall(r"\d+", text)]

    pinned = {
        normal(name): number(version)
        for name, version in pins(f"upper-{release}.txt").items()
    }
    for extra in ("", "cli", "fakeserver"):
        for name, bound in declared()[extra].items():
            if name in NOT_PINNED:
                assert normal(name) not in pinned
            else:
                assert number(bound) <= pinned[normal(name)], name


@pytest.mark.parametrize("release", ["2025.1", "2025.2", "2026.1"])
def test_a_copy_says_where_it_is_from_and_since_when(release: str) -> None:
    text = (CONSTRAINTS / f"upper-{release}.txt").read_text()
    assert f"# Source: openstack/requirements, branch stable/{release}" in text
    assert re.search(r"^# Copied on: \d{4}-\d\d-\d\d", text, re.M)
