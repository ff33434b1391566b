"""The documented way from two empty sites to a failover, as printed."""

import os
import pathlib
import subprocess
import sysconfig
from collections.abc import Iterator

import pytest

from fakeserver.base.seed_world import ARRAY_TOKENS
from fakeserver.cli.main import main
from fakeserver.sandbox.folder import Folder

ROOT = pathlib.Path(__file__).resolve().parents[2]
#: twenty commands, each a process of its own
pytestmark = pytest.mark.processes
SCRIPT = ROOT / "doc" / "setup-from-empty.sh"


@pytest.fixture
def empty(tmp_path: pathlib.Path) -> Iterator[Folder]:
    """Two processes on free ports; nothing is registered."""
    place = tmp_path / "sandbox"
    options = ["--scenario", "empty", "--pace", "0"]
    ports = ["--port", "0", "--peer-port", "0"]
    assert main(["up", "--dir", str(place), *options, *ports]) == 0
    yield Folder(place)
    assert main(["down", "--dir", str(place)]) == 0


def test_the_script_runs_as_printed(
    empty: Folder, tmp_path: pathlib.Path
) -> None:
    settings = empty.settings()
    programs = sysconfig.get_path("scripts")
    done = subprocess.run(
        ["sh", SCRIPT],
        cwd=tmp_path,
        env=os.environ
        | {
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "OS_CLIENT_CONFIG_FILE": str(empty.clouds_yaml),
            "SANDBOX": str(empty.path),
            "SITE_A": settings.url_of("site-a"),
            "SITE_B": settings.url_of("site-b"),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    for site in ("site-a", "site-b"):
        for cloud in ("site-a-admin", "site-b-admin"):
            assert f"{site} from {cloud}: active" in done.stderr
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in done.stdout.splitlines()
        if line.startswith("|")
    ]
    for number in (1, 2, 3):
        address = f"net-secondary-web=10.10.0.1{number}"
        assert [f"web-{number}", "ACTIVE", address] in cells
    *_, name, status, primary, members = cells
    assert name == ["name", "shop"]
    assert status == ["status", "failed_over"]
    assert primary[1].startswith("site-b ")
    assert members == ["member_count", "3"]
    # two operations were followed to their ends, and nothing was amiss
    assert done.stderr.count("100% completed") == 2
    assert "warning" not in done.stderr
    passwords = ("protector-secret", "protector-peer-secret")
    for secret in (*passwords, *ARRAY_TOKENS.values()):
        assert secret not in done.stdout + done.stderr
