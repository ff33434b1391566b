"""The examples of the contributor pages: patches that apply, and pass.

Each is what a newcomer does for one task. When one of these tests fails after
a change of the code, make the same change in the patch.
"""

import configparser
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from tests.helpers import patching

TREE = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = TREE / "doc" / "source" / "contributor" / "examples"
PATCHES = {path.stem: path for path in sorted(EXAMPLES.glob("*.patch"))}
#: A newcomer opens so many files, the test among them.
MOST_FILES = 4


def test_each_task_has_its_example() -> None:
    assert set(PATCHES) >= {"check", "column", "step", "command", "fault"}


@pytest.mark.parametrize("name", PATCHES)
def test_an_example_is_small_and_has_a_test(name: str) -> None:
    changed = patching.parse(PATCHES[name].read_text())
    assert len(changed) <= MOST_FILES
    assert any(path.startswith("tests/") for path in changed)


@pytest.mark.parametrize("name", PATCHES)
def test_a_page_shows_the_example(name: str) -> None:
    shown = f".. literalinclude:: examples/{name}.patch"
    pages = EXAMPLES.parent.glob("*.rst")
    assert [page for page in pages if shown in page.read_text()]


@pytest.fixture
def copy(tmp_path: pathlib.Path) -> pathlib.Path:
    """A copy of what the examples change, installed by its path alone."""
    made = tmp_path / "tree"
    for folder in ("protectorclient", "fakeserver", "tests"):
        shutil.copytree(
            TREE / folder,
            made / folder,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    for name in ("setup.cfg", "pyproject.toml"):
        shutil.copy(TREE / name, made)
    return made


def register(tree: pathlib.Path) -> None:
    """Write the entry points of the tree where Python looks for them."""
    config = configparser.ConfigParser()
    config.read(tree / "setup.cfg")
    info = tree / "python_protectorclient.egg-info"
    info.mkdir()
    (info / "PKG-INFO").write_text(
        "Metadata-Version: 2.1\nName: python-protectorclient\nVersion: 0.1.0\n"
    )
    lines = []
    for group, entries in config["options.entry_points"].items():
        lines += [f"[{group}]", entries.strip()]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")


def test_the_tests_of_all_examples_pass(copy: pathlib.Path) -> None:
    changed = [
        path
        for patch in PATCHES.values()
        for path in patching.apply(patch.read_text(), copy)
    ]
    register(copy)
    tests = [path for path in changed if not (TREE / path).exists()]
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("-p", "no:xdist"),
            *tests,
        ],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " passed" in ran.stdout and "skipped" not in ran.stdout


def test_what_a_patch_does_not_find(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a.py").write_text("one\ntwo\nthree\n")
    patch = "--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n two\n-{}\n+3\n"
    assert patching.apply(patch.format("three"), tmp_path) == ["a.py"]
    assert (tmp_path / "a.py").read_text() == "one\ntwo\n3\n"
    with pytest.raises(patching.DoesNotApply, match="a.py"):
        patching.apply(patch.format("three"), tmp_path)
