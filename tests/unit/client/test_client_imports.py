"""Who may import whom, what is exported, and what it costs to load."""

import ast
import pathlib
import subprocess
import sys

import pytest

import protectorclient

TREE = pathlib.Path(protectorclient.__file__).parents[1]
CLIENT = sorted((TREE / "protectorclient").rglob("*.py"))
SERVER = sorted((TREE / "fakeserver").rglob("*.py"))

#: what a module of the library may import of it: its own rank or lower
RANKS = (
    ("exceptions", "microversions", "version"),
    (
        "exitcodes",
        "advice",
        "answers",
        "estimate",
        "events",
        "mappings",
        "phases",
        "posting",
        "urls",
    ),
    ("mappingfile", "outlook", "suggesting", "journal"),
    ("_http", "polling"),
    ("transport", "watch", "endings"),
    ("http",),
    ("v1", "finder"),
    ("cloud",),
    ("sitehandle",),
    ("rehearsal", "located", "resolving", "actions"),
    ("guards", "probing", "locating"),
    ("preparing", "following", "lastused", "stakes"),
    ("pairactions",),
    ("pair",),
    ("checking",),
    ("checks",),
    ("checkup", "overview", "reconciling"),
    ("osc",),
    ("shell", "testing"),
)


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
    parts = module.split(".")
    if parts[0] != "protectorclient" or len(parts) < 2:
        return None
    for place, names in enumerate(RANKS):
        if parts[1] in names:
            return place
    return None


@pytest.mark.parametrize(
    "path", CLIENT, ids=lambda path: str(path.relative_to(TREE))
)
def test_imports_point_down(path: pathlib.Path) -> None:
    module = ".".join(path.relative_to(TREE).with_suffix("").parts)
    own = rank(module)
    for name in imports(path):
        if "fakeserver" in name:
            assert path.name == "testing.py"
            assert name not in imports(path, at_load=True)
        place = rank(name)
        if own is not None and place is not None:
            assert place <= own, f"{module} imports {name}"


@pytest.mark.parametrize(
    "path", SERVER, ids=lambda path: str(path.relative_to(TREE))
)
def test_the_server_knows_nothing_of_the_client(path: pathlib.Path) -> None:
    assert not [n for n in imports(path) if n.startswith("protectorclient")]


HEAVY = {
    "openstack",
    "osc_lib",
    "cliff",
    "flask",
    "werkzeug",
    "cryptography",
    "rich",
    "yaml",
    "fakeserver",
    "sqlite3",
}


@pytest.mark.parametrize(
    "module",
    [
        "protectorclient",
        "protectorclient.v1",
        "protectorclient.cloud",
        "protectorclient.pair",
        "protectorclient.exitcodes",
    ],
)
def test_loading_is_light(module: str) -> None:
    program = (
        f"import sys, {module};"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        cwd=TREE,
    ).stdout.split()
    assert not HEAVY & set(loaded)
    if module == "protectorclient":
        assert "keystoneauth1" not in loaded


def test_what_is_exported() -> None:
    assert protectorclient.__all__ == [
        "Client",
        "ExitCode",
        "ProtectorError",
        "SitePair",
        "__version__",
        "connect",
        "exceptions",
        "from_connection",
    ]
    for name in protectorclient.__all__:
        assert getattr(protectorclient, name) is not None
    assert dir(protectorclient) == sorted(protectorclient.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        _ = protectorclient.nothing


def test_modules_stay_small() -> None:
    own = [path for path in CLIENT if "osc" not in path.parts]
    long = {p.name for p in own if len(p.read_text().splitlines()) > 450}
    assert not long
