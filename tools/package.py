"""Build the sdist and the wheel, and try the wheel with each extra.

The tree is copied without its git directory first, because that is how a
distribution's packager gets it. Each extra goes into an environment that
holds nothing else, so that a dependency nobody declared is missed here and
not by a user.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import venv
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOT_COPIED = shutil.ignore_patterns(
    ".*", "__pycache__", "*.egg-info", "build", "dist"
)
#: files a user misses when they are not in the wheel
EXPECTED = ("protectorclient/py.typed", "fakeserver/py.typed")
#: extra -> what must run once it is installed
TRIALS: dict[str, tuple[tuple[str, ...], ...]] = {
    "": (
        ("python", "-W", "error", "-c", "import protectorclient"),
        ("python", "-c", "import protectorclient.v1.client"),
    ),
    "cli": (
        ("protector", "--version"),
        ("protector", "protection-group", "failover", "--help"),
        ("openstack", "protector", "operation", "show", "--help"),
    ),
    "fakeserver": (
        ("protector-sandbox", "--help"),
        ("python", "-m", "fakeserver", "--help"),
    ),
    "report": (
        ("python", "-c", "import protectorclient.evidence.html.page"),
        ("python", "-c", "import protectorclient.evidence.signing.keys"),
    ),
    "test": (("python", "-m", "pytest", "--version"),),
    "doc": (("sphinx-build", "--version"), ("doc8", "--version")),
}


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="protector-package-") as name:
        place = pathlib.Path(name)
        tree = place / "tree"
        shutil.copytree(ROOT, tree, ignore=NOT_COPIED)
        wheel = _build(tree, place / "dist")
        _check_contents(wheel)
        for extra in TRIALS:
            _try(wheel, extra, place)
    return 0


def _build(tree: pathlib.Path, dist: pathlib.Path) -> pathlib.Path:
    """Build the wheel from the sdist, not from the tree."""
    tools = _environment(dist.parent / "build-tools")
    _pip(tools, "build")
    _run(
        [str(tools / "python"), "-m", "build", "--outdir", str(dist), "."],
        cwd=tree,
    )
    for made in sorted(dist.iterdir()):
        print(f"built {made.name}, {made.stat().st_size // 1024} KiB")
    (wheel,) = dist.glob("*.whl")
    return wheel


def _check_contents(wheel: pathlib.Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    tracked = [
        path.relative_to(ROOT).as_posix()
        for package in ("protectorclient", "fakeserver")
        for path in (ROOT / package).rglob("*")
        if path.suffix in {".py", ".json", ".yaml", ".j2"}
    ]
    missing = sorted({*tracked, *EXPECTED} - names)
    strangers = sorted(
        name
        for name in names
        if name.split("/")[0] not in {"protectorclient", "fakeserver"}
        and ".dist-info/" not in name
    )
    if missing or strangers:
        sys.exit(f"the wheel lacks {missing} and should not hold {strangers}")


def _try(wheel: pathlib.Path, extra: str, place: pathlib.Path) -> None:
    began = time.monotonic()
    programs = _environment(place / f"with-{extra or 'nothing'}")
    _pip(programs, f"{wheel}[{extra}]" if extra else str(wheel))
    _run([str(programs / "python"), "-m", "pip", "check"], cwd=place)
    for command in TRIALS[extra]:
        _run([str(programs / command[0]), *command[1:]], cwd=place)
    took = time.monotonic() - began
    print(f"wheel[{extra}] installs and runs ({took:.0f} s)")
    shutil.rmtree(programs.parent)


def _environment(path: pathlib.Path) -> pathlib.Path:
    """Return the programs of a new, empty environment."""
    venv.create(path, with_pip=True)
    return path / "bin"


def _pip(programs: pathlib.Path, what: str) -> None:
    install = [str(programs / "python"), "-m", "pip", "install", "--quiet"]
    _run([*install, "--disable-pip-version-check", what])


def _run(command: list[str], cwd: pathlib.Path | None = None) -> None:
    environ = {k: v for k, v in os.environ.items() if k[:3] != "OS_"}
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stdout)
        sys.exit(f"{' '.join(command)} ended with {done.returncode}")


if __name__ == "__main__":
    sys.exit(main())
