"""Make the virtual environment of a real service, once for this machine.

It lies below the user's cache folder, under the hash of the file of its
constraints: another file is another environment, and the old one stays
until somebody removes it.
"""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Iterator

HERE = pathlib.Path(__file__).resolve().parent
#: service -> what is installed, in the versions of constraints/SERVICE.txt
PACKAGES = {
    "keystone": ("keystone", "waitress"),
    "placement": ("openstack-placement", "waitress", "pymysql"),
    "neutron": ("neutron", "waitress", "pymysql"),
    "cinder": ("cinder", "waitress", "pymysql"),
    "nova": ("nova", "waitress", "pymysql"),
}
#: there when everything was installed
COMPLETE = "complete"


class NoEnvironment(Exception):
    """The package index did not give what is needed."""


def cache() -> pathlib.Path:
    """Where environments and runs lie."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return pathlib.Path(base).expanduser() / "python-protectorclient-interop"


def constraints(service: str) -> pathlib.Path:
    return HERE / "constraints" / f"{service}.txt"


def place(service: str) -> pathlib.Path:
    """The folder of a service's environment, whether or not it is there."""
    held = constraints(service).read_bytes()
    python = ".".join(map(str, sys.version_info[:2]))
    digest = hashlib.sha256(held + python.encode()).hexdigest()[:16]
    return cache() / f"{service}-{digest}"


def python_of(service: str) -> pathlib.Path:
    """The interpreter of a service, with the service installed.

    :raises NoEnvironment: it cannot be installed.
    """
    folder = place(service)
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone(folder.with_suffix(".lock")):
        if not (folder / COMPLETE).exists():
            # what an interrupted run left is not worth mending
            shutil.rmtree(folder, ignore_errors=True)
            _make(service, folder)
            (folder / COMPLETE).touch()
    return folder / "bin" / "python"


def _make(service: str, folder: pathlib.Path) -> None:
    print(f"installing {service} into {folder}", file=sys.stderr, flush=True)
    python = folder / "bin" / "python"
    install = [
        *(python, "-m", "pip", "--disable-pip-version-check", "install"),
        *("--quiet", "--constraint", constraints(service)),
        *PACKAGES[service],
    ]
    log = folder.with_suffix(".log")
    with log.open("wb") as out:
        for command in ([sys.executable, "-m", "venv", folder], install):
            if subprocess.run(
                command, check=False, stdout=out, stderr=out
            ).returncode:
                raise NoEnvironment(
                    f"{service} cannot be installed from the package index; "
                    f"pip's words are in {log}, the versions in "
                    f"{constraints(service)}."
                )


@contextlib.contextmanager
def alone(path: pathlib.Path) -> Iterator[None]:
    """One process at a time makes what lies at a path; others wait."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
