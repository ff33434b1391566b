"""What the README and the documentation say can be typed, and runs."""

import importlib.metadata
import pathlib
import re
import shlex
import subprocess
import sys
import textwrap

import pytest
from cliff.commandmanager import CommandManager

from fakeserver.local.pair import LocalPair
from protectorclient.advice import guide

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.rst",
    *sorted((ROOT / "doc" / "source").rglob("*.rst")),
]
COMMANDS = "openstack.protector.v1"


def printed_commands() -> list[tuple[str, str]]:
    """Every `openstack protector` line of a page or of an advice."""
    found = []
    for page in PAGES:
        text = page.read_text().replace("\\\n", " ")
        for line in text.splitlines():
            command = line.strip().removeprefix("$ ")
            if command.startswith("openstack protector "):
                name = page.relative_to(ROOT).as_posix()
                found.append((name, " ".join(command.split())))
    for row in guide.PAGE:
        found += [
            (row.key, command)
            for command in row.filled().commands
            if command.startswith("openstack protector ")
        ]
    return sorted(set(found))


def runbook() -> str:
    """The script in the README, as a reader would copy it."""
    text = (ROOT / "README.rst").read_text()
    block = text.split(".. runbook begins")[1].split(".. runbook ends")[0]
    lines = block.split(".. code-block:: python")[1]
    return textwrap.dedent(lines).strip() + "\n"


@pytest.mark.parametrize(("page", "command"), printed_commands())
def test_a_printed_command_can_be_typed(page: str, command: str) -> None:
    words = shlex.split(command, comments=True)[1:]
    factory, name, rest = CommandManager(COMMANDS).find_command(words)
    parser = factory(None, None).get_parser(name)
    parser.parse_args(rest)


def test_the_readme_has_commands_to_type() -> None:
    assert len({page for page, _ in printed_commands()}) >= 2


def test_the_runbook_runs_as_printed(
    local_pair: LocalPair, tmp_path: pathlib.Path
) -> None:
    script = tmp_path / "runbook.py"
    script.write_text(runbook())
    done = subprocess.run(
        [sys.executable, script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0
    said = done.stdout.splitlines()
    assert said[0] == "asked site-a and now waiting for the end"
    assert said[1] == "3 instances 5 volumes at site-b"
    assert re.fullmatch(r"as of \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", said[2])


def test_the_changes_name_this_version() -> None:
    version = importlib.metadata.version("python-protectorclient")
    assert f"\n{version} " in (ROOT / "CHANGES.rst").read_text()
