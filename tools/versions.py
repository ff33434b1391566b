"""Install under one set of versions after another, and run the tests there.

A set is a file of ``tests/constraints``, such as ``2025.1`` and ``lowest``,
or it is ``newest``, for which pip chooses. Each gets an environment of its
own below ``.venv-versions``, which is kept until what it was made from
changes. The client, the plugin and the sandbox are installed under the
constraints. What only the tests need may be newer, because OpenStack pins
tools for its own tests and not for ours; only ``lowest.txt`` pins them, too.
"""

import argparse
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import time
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "tests" / "constraints"
PLACE = ROOT / ".venv-versions"
NEWEST = "newest"
#: Pins what the tests need as well.
LOWEST = "lowest"
#: In an environment: what it was made from.
STAMP = "made-from"


def main() -> int:
    known = [*sorted(_files()), NEWEST]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"{', '.join(known)}; all of them by default",
    )
    parser.add_argument(
        "--pytest", default="", help="further arguments of pytest"
    )
    args = parser.parse_args()
    if strangers := sorted(set(args.names) - set(known)):
        parser.error(f"{', '.join(strangers)}: not one of {', '.join(known)}")
    failed = [
        name for name in args.names or known if not _passes(name, args.pytest)
    ]
    if failed:
        print(f"failed under: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _passes(name: str, options: str) -> bool:
    began = time.monotonic()
    print(f"--- versions: {name}", flush=True)
    python = _environment(name)
    if python is None:
        return False
    took = time.monotonic() - began
    print(f"--- versions: {name} is installed ({took:.0f} s)", flush=True)
    # the shell's words, as make and tox hand them on
    command = f'"{python}" -m pytest {options}'
    done = subprocess.run(command, shell=True, cwd=ROOT, check=False)  # noqa: S602
    took = time.monotonic() - began
    print(f"--- versions: {name} took {took:.0f} s", flush=True)
    return done.returncode == 0


def _environment(name: str) -> pathlib.Path | None:
    """Return the interpreter of the environment; create it when there is
    none."""
    place = PLACE / name
    python = place / "bin" / "python"
    wanted = _wanted(name)
    stamp = place / STAMP
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    shutil.rmtree(place, ignore_errors=True)
    venv.create(place, with_pip=True)
    if not _install(python, name) or not _runs(python, "-m", "pip", "check"):
        return None
    stamp.write_text(wanted)
    return python


def _wanted(name: str) -> str:
    """Return a hash of what an environment depends on; ``newest`` changes
    daily."""
    digest = hashlib.sha256()
    pins = [_files()[name]] if name != NEWEST else []
    for path in (ROOT / "setup.cfg", pathlib.Path(__file__), *pins):
        digest.update(path.read_bytes())
    day = time.strftime("%F") if name == NEWEST else ""
    return f"{ROOT} {sys.version} {digest.hexdigest()} {day}"


def _install(python: pathlib.Path, name: str) -> bool:
    install = ("-m", "pip", "--disable-pip-version-check", "install", "-q")
    tests, product = f"-e{ROOT}[test]", f"-e{ROOT}[cli,fakeserver]"
    if name == NEWEST:
        return _runs(python, *install, tests)
    pinned = ("-c", str(_files()[name]))
    if name == LOWEST:
        return _runs(python, *install, *pinned, tests)
    if not _runs(python, *install, *pinned, product):
        return False
    # the tools must fit to what is there now, and not the other way round
    found = subprocess.run(
        [python, "-m", "pip", "freeze", "--exclude-editable"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    frozen = python.parents[1] / "installed.txt"
    frozen.write_text(found.stdout)
    return _runs(python, *install, "-c", str(frozen), tests)


def _files() -> dict[str, pathlib.Path]:
    """Return the constraints by name: those of a release by its number."""
    return {
        path.stem.removeprefix("upper-"): path
        for path in CONSTRAINTS.glob("*.txt")
    }


def _runs(python: pathlib.Path, *words: str) -> bool:
    environ = {k: v for k, v in os.environ.items() if k[:3] != "OS_"}
    command = [str(python), *words]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, env=environ, check=False
    )
    if done.returncode:
        print(f"{' '.join(command)} ended with {done.returncode}", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
