"""Environments with the packages of this one, with ours and without it.

An environment is a folder of links to the installed packages, so that both
are the same to the byte in all else. Ours is laid out as pip installs it from
a wheel: what an editable installation loads at each start of Python, to find
the source, is nobody's who uses it.
"""

import importlib.metadata
import pathlib
import subprocess
import sys
import sysconfig

OURS = "python-protectorclient"
_PACKAGES = ("protectorclient", "fakeserver")
_SOURCE = pathlib.Path(__file__).resolve().parents[2]


def make(place: pathlib.Path, *, with_ours: bool) -> pathlib.Path:
    """Create an environment; return its interpreter."""
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(place)],
        check=True,
    )
    python = place / "bin" / "python"
    packages = pathlib.Path(
        subprocess.run(
            [
                python,
                "-c",
                "import sysconfig as s; print(s.get_path('purelib'))",
            ],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
    )
    for installed in _installed():
        (packages / installed.name).symlink_to(installed)
    if with_ours:
        for name in _PACKAGES:
            (packages / name).symlink_to(_SOURCE / name)
        record = _record()
        (packages / record.name).symlink_to(record)
    return python


def _installed() -> list[pathlib.Path]:
    """Return what is installed here but us."""
    places = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    return [
        path
        for place in sorted(places)
        for path in sorted(pathlib.Path(place).iterdir())
        if not _is_ours(path.name)
    ]


def _is_ours(name: str) -> bool:
    return name in _PACKAGES or OURS.replace("-", "_") in name


def _record() -> pathlib.Path:
    """Return the folder that says which commands we have."""
    found = importlib.metadata.distribution(OURS)
    return pathlib.Path(str(found.locate_file(""))) / (
        f"{OURS.replace('-', '_')}-{found.version}.dist-info"
    )
