"""Who may import whom: what is above what, in both packages."""

import ast
import functools
import pathlib
from collections.abc import Iterator, Mapping

import pytest

TREE = pathlib.Path(__file__).resolve().parents[2]

#: From the ground up: a part imports parts of lower rows, and itself. The
#: longest name that fits is a module's part. What fits none has no place.
ROWS: dict[str, tuple[tuple[str, ...], ...]] = {
    "protectorclient": (
        ("_version", "escape", "durations", "user_paths"),
        ("advice.commands", "records"),
        ("advice.row",),
        ("exceptions",),
        ("exit_codes",),
        ("_http",),
        ("advice",),
        ("polling",),
        ("mapping",),
        ("v1",),
        ("config",),
        ("pair",),
        ("probes",),
        ("preflight",),
        ("fidelity",),
        ("reports",),
        ("evidence",),
        ("plan.file",),
        ("plan.execution",),
        ("plan",),
        ("evidence.sources",),
        ("drill",),
        ("osc",),
        ("shell", "testing"),
    ),
    "fakeserver": (
        ("base", "schema_version"),
        ("storage",),
        ("site",),
        ("engine.cloud_client",),
        ("engine.model",),
        ("faults",),
        ("cloud",),
        ("store",),
        ("engine.peer",),
        ("engine.run",),
        ("engine",),
        ("registry",),
        ("api",),
        ("compose",),
        ("http",),
        ("sandbox",),
        ("compare",),
        ("local",),
        ("cli",),
        ("__main__",),
    ),
}
#: The one module of the client that knows the reference server.
PLUGIN = "protectorclient.testing"

#: A reader sees a folder at a glance: so many files, and no more.
MOST_FILES = 16
MORE_FILES = {"protectorclient/osc/v1": 30}
MOST_AT_THE_ROOT = 10


def modules(package: str) -> dict[str, pathlib.Path]:
    found = {}
    for path in sorted((TREE / package).rglob("*.py")):
        parts = path.relative_to(TREE).with_suffix("").parts
        if parts[-1] == "__init__":
            parts = parts[:-1]
        found[".".join(parts)] = path
    return found


MODULES = {package: modules(package) for package in ROWS}
EVERY = {
    name: path for known in MODULES.values() for name, path in known.items()
}


@functools.cache
def imports(path: pathlib.Path, *, at_load: bool = False) -> set[str]:
    """The names that a file imports, those for the type checker too.

    :param at_load: only what is imported when the file is.
    """
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(path.read_text())]
    while waiting:
        node = waiting.pop()
        if at_load and (
            isinstance(node, ast.FunctionDef)
            or (
                isinstance(node, ast.If)
                and "TYPE_CHECKING" in ast.dump(node.test)
            )
        ):
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{a.name}" for a in node.names}
        else:
            waiting += ast.iter_child_nodes(node)
    return found


def module_of(name: str) -> str | None:
    """The module that holds an imported name, where it is one of ours."""
    while name and name not in EVERY:
        name = name.rpartition(".")[0]
    return name or None


def place(module: str) -> tuple[int, str] | None:
    """The row of a module and its part; a package itself has none.

    :raises LookupError: the module has no place.
    """
    package, _, rest = module.partition(".")
    if not rest:
        return None
    fitting = [
        (len(part), row, part)
        for row, parts in enumerate(ROWS[package])
        for part in parts
        if rest == part or rest.startswith(f"{part}.")
    ]
    if not fitting:
        raise LookupError(f"{module} has no place in ROWS")
    _, row, part = max(fitting)
    return row, part


def too_high(module: str, imported: set[str]) -> set[str]:
    """What a module imports that is not below it, in its own package."""
    own = place(module)
    wrong = set()
    for name in imported:
        found = module_of(name)
        if not found or found.partition(".")[0] != module.partition(".")[0]:
            continue
        other = place(found)
        if own and other and own[1] != other[1] and other[0] >= own[0]:
            wrong.add(found)
    return wrong


def circles(arrows: Mapping[str, set[str]]) -> Iterator[list[str]]:
    """Modules that import each other, directly or by way of others."""
    below: dict[str, set[str]] = {name: set() for name in arrows}
    for name in arrows:
        waiting = list(arrows[name])
        while waiting:
            found = waiting.pop()
            if found not in below[name]:
                below[name].add(found)
                waiting += arrows.get(found, ())
    seen: set[str] = set()
    for name in arrows:
        if name in below[name] and name not in seen:
            circle = [o for o in below[name] if name in below.get(o, ())]
            seen.update(circle)
            yield sorted(circle)


@pytest.mark.parametrize("package", ROWS)
def test_imports_point_down(package: str) -> None:
    found = {m: too_high(m, imports(p)) for m, p in MODULES[package].items()}
    assert {module: names for module, names in found.items() if names} == {}


@pytest.mark.parametrize("package", ROWS)
def test_no_module_is_above_itself(package: str) -> None:
    """The package itself names what it exports, for the type checker."""
    arrows = {
        module: {
            found
            for name in imports(path)
            if (found := module_of(name)) not in (None, module, package)
            and found
        }
        for module, path in MODULES[package].items()
        if module != package
    }
    assert list(circles(arrows)) == []


@pytest.mark.parametrize("package", ROWS)
def test_no_module_imports_the_package_above_it(package: str) -> None:
    """It exports names of modules that would import it in turn."""
    found = {
        module
        for module, path in MODULES[package].items()
        if module != package
        and any(module_of(name) == package for name in imports(path))
    }
    assert found == set()


def test_a_circle_is_found() -> None:
    assert list(circles({"a": {"b"}, "b": {"c"}, "c": {"b"}})) == [["b", "c"]]


@pytest.mark.parametrize("package", ROWS)
def test_every_part_is_there(package: str) -> None:
    for part in (part for parts in ROWS[package] for part in parts):
        assert f"{package}.{part}" in MODULES[package], part


def test_a_module_without_a_place_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for package in ROWS:
        stranger = f"{package}.stranger"
        monkeypatch.setitem(EVERY, stranger, TREE / "stranger.py")
        with pytest.raises(LookupError, match=stranger):
            too_high(stranger, set())
        with pytest.raises(LookupError, match=stranger):
            too_high(f"{package}.{ROWS[package][0][0]}", {f"{stranger}.x"})


def test_what_points_up_is_seen() -> None:
    for package, rows in ROWS.items():
        low, high = f"{package}.{rows[0][0]}", f"{package}.{rows[-1][0]}"
        assert too_high(low, {high, f"{package}.__version__"}) == {high}
        assert too_high(high, {low}) == set()


@pytest.mark.parametrize(
    "folder", sorted({str(p.parent.relative_to(TREE)) for p in EVERY.values()})
)
def test_a_folder_is_seen_at_a_glance(folder: str) -> None:
    files = [p for p in (TREE / folder).iterdir() if p.is_file()]
    most = MORE_FILES.get(folder, MOST_FILES)
    if folder in ROWS:
        most = MOST_AT_THE_ROOT
    assert len(files) <= most, f"{len(files)} files"


def test_the_server_knows_nothing_of_the_client() -> None:
    found = {
        module
        for module, path in MODULES["fakeserver"].items()
        if any(n.startswith("protectorclient") for n in imports(path))
    }
    assert found == set()


def test_the_client_knows_nothing_of_the_server() -> None:
    found = {
        module
        for module, path in MODULES["protectorclient"].items()
        # a test that asks for the sandbox has it
        for name in imports(path, at_load=module == PLUGIN)
        if name.startswith("fakeserver")
    }
    assert found == set()
