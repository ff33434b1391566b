"""Help and completion by a table: the one of the commands as they are."""

import subprocess
import sys

import pytest

from protectorclient.osc.script import app, summaries

#: Loaded by no command that only reads, and all slow.
HEAVY = (
    "keystoneauth1",
    "requests",
    "urllib3",
    "openstack.config",
    "osc_lib.cli.client_config",
    "rich",
    "jinja2",
    "jsonschema",
    "yaml",
    "wcwidth",
)
_COUNT = """
import sys
from protectorclient import shell
try:
    shell.main(sys.argv[1:])
except SystemExit:
    pass
print(*sorted(sys.modules), file=sys.stderr)
"""


def test_the_table_is_of_the_commands() -> None:
    wanted = summaries.document(app.ProtectorShell())
    assert summaries.FILE.read_text() == wanted, (
        "write it anew: .venv/bin/python tools/summaries.py"
    )


@pytest.mark.parametrize("words", ["--help", "complete", "--version"])
def test_it_loads_no_command(words: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _COUNT, words],
        check=True,
        capture_output=True,
        text=True,
    )
    loaded = set(ran.stderr.split())
    assert loaded.isdisjoint(HEAVY)
    commands = {
        name
        for name in loaded
        if name.startswith(("protectorclient.osc.v1.", "protectorclient.v1"))
    }
    assert commands == set()
    assert len(loaded) < 260


def test_openstack_loads_few_of_our_modules() -> None:
    code = (
        "import sys\n"
        "from protectorclient.osc import plugin\n"
        "import argparse\n"
        "plugin.build_option_parser(argparse.ArgumentParser())\n"
        "print(*sorted(sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
    )
    loaded = set(ran.stdout.split())
    ours = {name for name in loaded if name.startswith("protectorclient")}
    assert len(ours) <= 12
    assert loaded.isdisjoint(HEAVY)
