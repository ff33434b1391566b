"""What is exported, and what it costs to load."""

import pathlib
import subprocess
import sys

import pytest

import protectorclient

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
