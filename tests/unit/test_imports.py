"""What is exported, and what it costs to load."""

import ast
import pathlib
import re
import subprocess
import sys
import types
from collections.abc import Iterator

import pytest

import protectorclient
import protectorclient.drill
import protectorclient.exceptions
import protectorclient.plan
import protectorclient.v1

TREE = pathlib.Path(protectorclient.__file__).parents[1]
CLIENT = sorted((TREE / "protectorclient").rglob("*.py"))

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
        "protectorclient.config.cloud",
        "protectorclient.pair.site_pair",
        "protectorclient.exit_codes",
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


def loaded_after(program: str) -> set[str]:
    """The modules of a new process that has run a program."""
    return printed("-c", f"{program}\nprint(*sys.modules)")


def printed(*arguments: str) -> set[str]:
    """The words of the last line of a Python process."""
    return set(
        subprocess.run(
            [sys.executable, *arguments],
            check=True,
            capture_output=True,
            text=True,
            cwd=TREE,
        )
        .stdout.splitlines()[-1]
        .split()
    )


#: what a site needs for a login, a secret, a body or a question to the other
LATER = {"requests", "cryptography", "jsonschema", "keystoneauth1", "yaml"}


def test_the_command_that_starts_a_site_loads_no_server() -> None:
    """Its sites do, together; nothing of it is needed here."""
    found = loaded_after("import sys, fakeserver.cli.main")
    assert not (LATER | {"flask", "werkzeug", "waitress"}) & found
    # nor what its other verbs need
    assert not {"http.client", "sqlite3", "importlib.metadata"} & found
    assert len(found) < 150


def test_the_version_is_known_without_reading_all_of_a_description() -> None:
    """It takes as long as all else that ``up`` does itself."""
    found = loaded_after(
        "import sys; from fakeserver import schema_version\n"
        "assert schema_version.version() != 'unknown'"
    )
    assert not {"importlib.metadata", "email", "zipfile"} & found


def test_what_loads_a_site_is_begun_before_anything_is_loaded() -> None:
    before = loaded_after("import sys, contextlib, signal, collections.abc")
    found = loaded_after("import sys, fakeserver.sandbox.loader")
    assert {
        n for n in found - before if not n.startswith("fakeserver")
    } == set()


def test_a_site_loads_at_its_start_what_it_needs_then() -> None:
    found = loaded_after(
        "import sys, fakeserver.cli.site_process\n"
        "import fakeserver.api, fakeserver.cloud.services"
    )
    assert not (LATER | {"asyncio", "trustme"}) & found
    ours = {name for name in found if name.startswith("fakeserver")}
    assert len(ours) < 255
    assert len(found - ours) < 335


def test_a_site_in_use_needs_no_client_of_other_clouds(
    tmp_path: pathlib.Path,
) -> None:
    """Nor what words a refusal: each is megabytes of a site for ever."""
    found = printed("-m", "tests.helpers.site_in_use", str(tmp_path / "s"))
    assert {"flask", "cryptography", "fakeserver.engine.run.commit"} <= found
    assert not (LATER - {"cryptography"}) & found
    ours = {name for name in found if name.startswith("fakeserver")}
    assert len(found - ours) < 375


#: What is public; the pytest plugin is, too.
PUBLIC = [
    protectorclient,
    protectorclient.drill,
    protectorclient.exceptions,
    protectorclient.plan,
    protectorclient.v1,
]


@pytest.mark.parametrize("module", PUBLIC, ids=lambda one: one.__name__)
def test_what_is_exported_is_there(module: types.ModuleType) -> None:
    for name in module.__all__:
        assert getattr(module, name) is not None
    assert list(module.__all__) == sorted(module.__all__)
    assert len(set(module.__all__)) == len(module.__all__)


@pytest.mark.parametrize("module", PUBLIC, ids=lambda one: one.__name__)
def test_what_is_there_is_exported(module: types.ModuleType) -> None:
    """Modules below it and what Python gives it are not meant."""
    own = {
        name
        for name, found in vars(module).items()
        if not name.startswith("_")
        and not isinstance(found, types.ModuleType)
        and getattr(found, "__module__", "").startswith("protectorclient")
    }
    assert own <= set(module.__all__)


@pytest.mark.parametrize(
    "module", [protectorclient, protectorclient.v1], ids=lambda m: m.__name__
)
def test_what_is_imported_late_is_named_for_the_type_checker(
    module: types.ModuleType,
) -> None:
    assert dir(module) == sorted(module.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        _ = module.nothing
    assert module.__file__
    tree = ast.parse(pathlib.Path(module.__file__).read_text())
    named = {
        alias.asname: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname
    }
    late = {name: f"{home}.{name}" for name, home in module._HOME.items()}
    named.pop("exceptions", None)
    assert named == late


def imported_names(text: str) -> Iterator[tuple[str, str]]:
    """What the examples of a page take from the package: where, name."""
    for module, names in re.findall(
        r"^ *from (protectorclient[\w.]*) import ([\w, ]+)", text, re.M
    ):
        yield from ((module, name.strip()) for name in names.split(","))
    for module in re.findall(r"^ *import (protectorclient[\w.]*)", text, re.M):
        yield module, ""
    for path in re.findall(
        r"^\.\. auto\w+:: (protectorclient[\w.]*)", text, re.M
    ):
        module, _, name = path.rpartition(".")
        public = path in {one.__name__ for one in PUBLIC}
        yield (path, "") if public else (module, name)
    for name in re.findall(
        r"(?<![\w./])protectorclient\.([A-Za-z_]\w*)", text
    ):
        if "." not in name:
            yield "protectorclient", name


PAGES = [TREE / "README.rst", *sorted((TREE / "doc").rglob("*.rst"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_pages_import_public_names_alone(page: pathlib.Path) -> None:
    public = {one.__name__: {*one.__all__, ""} for one in PUBLIC}
    public["protectorclient"] |= {"drill", "evidence", "plan", "v1", "testing"}
    public["protectorclient.testing"] = {"Sandbox", ""}
    for module, name in imported_names(page.read_text()):
        assert name in public.get(module, ()), f"{module}.{name}"


def test_a_private_import_in_a_page_is_seen() -> None:
    text = """
    from protectorclient.polling import events
    from protectorclient import SitePair, nothing

.. autoclass:: protectorclient.v1.client.Client
    """
    assert set(imported_names(text)) >= {
        ("protectorclient.polling", "events"),
        ("protectorclient", "SitePair"),
        ("protectorclient", "nothing"),
        ("protectorclient.v1.client", "Client"),
    }


def test_modules_stay_small() -> None:
    own = [path for path in CLIENT if "osc" not in path.parts]
    long = {p.name for p in own if len(p.read_text().splitlines()) > 450}
    assert not long
