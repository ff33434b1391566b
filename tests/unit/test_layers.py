"""Who may import whom: what is above what, in both packages."""

import ast
import pathlib

import pytest

TREE = pathlib.Path(__file__).resolve().parents[2]

#: What a module may import of its package: its own rank or a lower one. A
#: package inside has one rank. What is not here has no place yet.
RANKS: dict[str, tuple[tuple[str, ...], ...]] = {
    "protectorclient": (
        (
            "escape",
            "estimate",
            "exceptions",
            "journal",
            "microversions",
            "phases",
            "symptoms",
            "timespan",
        ),
        (
            "advice",
            "answers",
            "events",
            "exitcodes",
            "guards",
            "mappings",
            "posting",
            "remedies",
            "remedy",
            "states",
            "urls",
        ),
        (
            "_http",
            "config",
            "mappingfile",
            "outlook",
            "polling",
            "suggesting",
        ),
        ("lastused", "rehearsal", "transport", "watch"),
        ("endings", "following", "http"),
        ("finder", "stakes", "v1"),
        ("actions", "cloud", "resolving"),
        ("sitehandle",),
        ("located", "probing"),
        ("locating", "preparing"),
        ("pairactions",),
        ("pair",),
        ("checking",),
        ("checks", "diagnosis", "overview", "reconciling"),
        ("checkup",),
        ("osc",),
        ("shell", "testing"),
    ),
    "fakeserver": (
        (
            "certificate",
            "clock",
            "config",
            "db",
            "descriptors",
            "errors",
            "faultkinds",
            "faults",
            "ids",
            "inprocess",
            "jsonfile",
            "masking",
            "vault",
            "wire",
        ),
        ("guard", "http", "world"),
        ("journal", "lanes", "storage"),
        ("cloud", "site"),
        # a record of a group knows the rules of its engine
        ("control", "engine", "store"),
        ("faultpoints", "registry"),
        ("api", "faultplan"),
        ("build", "transport"),
        ("app", "listener"),
        # a story is told by the pair in one process; the pair is in a folder
        ("harness", "local", "sandbox"),
        ("__main__", "serve"),
    ),
}
#: The one module of the client that knows the reference server.
PLUGIN = "protectorclient.testing"


def modules(package: str) -> dict[str, pathlib.Path]:
    found = {}
    for path in sorted((TREE / package).rglob("*.py")):
        parts = path.relative_to(TREE).with_suffix("").parts
        if parts[-1] == "__init__":
            parts = parts[:-1]
        found[".".join(parts)] = path
    return found


MODULES = {package: modules(package) for package in RANKS}
EVERY = {
    name: path for known in MODULES.values() for name, path in known.items()
}


def imports(path: pathlib.Path, *, at_load: bool = False) -> set[str]:
    """The modules that a file imports; those for the type checker apart.

    :param at_load: only what is imported when the file is.
    """
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(path.read_text())]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            waiting += node.orelse
        elif at_load and isinstance(node, ast.FunctionDef):
            continue
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{a.name}" for a in node.names}
        else:
            waiting += ast.iter_child_nodes(node)
    return found


def rank(module: str) -> int | None:
    """The place of a module, or of what holds a name; a package has none.

    :raises LookupError: the module is not in the table.
    """
    package, *rest = module.split(".")
    if package not in RANKS or not rest:
        return None
    for place, names in enumerate(RANKS[package]):
        if rest[0] in names:
            return place
    if f"{package}.{rest[0]}" in EVERY:
        raise LookupError(f"{package}.{rest[0]} has no place in RANKS")
    # a name that the package itself exports
    return None


def too_high(module: str, imported: set[str]) -> set[str]:
    """What a module imports from above it, in its own package."""
    own = rank(module)
    wrong = set()
    for name in imported:
        if name.partition(".")[0] != module.partition(".")[0]:
            continue
        place = rank(name)
        if own is not None and place is not None and place > own:
            wrong.add(name)
    return wrong


@pytest.mark.parametrize("module", EVERY)
def test_imports_point_down(module: str) -> None:
    assert too_high(module, imports(EVERY[module])) == set()


@pytest.mark.parametrize("package", RANKS)
def test_every_module_has_one_place(package: str) -> None:
    named = [name for names in RANKS[package] for name in names]
    there = {name.split(".")[1] for name in MODULES[package] if "." in name}
    assert sorted(named) == sorted(there)


def test_a_module_without_a_place_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for package in RANKS:
        stranger = f"{package}.stranger"
        monkeypatch.setitem(EVERY, stranger, TREE / "stranger.py")
        with pytest.raises(LookupError, match=stranger):
            too_high(stranger, set())
        with pytest.raises(LookupError, match=stranger):
            too_high(f"{package}.{RANKS[package][0][0]}", {f"{stranger}.x"})


def test_what_points_up_is_seen() -> None:
    for package, ranks in RANKS.items():
        low, high = f"{package}.{ranks[0][0]}", f"{package}.{ranks[-1][0]}.x"
        assert too_high(low, {high, f"{package}.__version__"}) == {high}
        assert too_high(high, {low}) == set()


@pytest.mark.parametrize("module", MODULES["fakeserver"])
def test_the_server_knows_nothing_of_the_client(module: str) -> None:
    names = imports(EVERY[module])
    assert not [n for n in names if n.startswith("protectorclient")]


@pytest.mark.parametrize("module", MODULES["protectorclient"])
def test_the_client_knows_nothing_of_the_server(module: str) -> None:
    at_load = module == PLUGIN  # a test that asks for the sandbox has it
    names = imports(EVERY[module], at_load=at_load)
    assert not [n for n in names if n.startswith("fakeserver")]
