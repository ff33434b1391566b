"""Runs that are kept: JSON documents, one a file, named by their time."""

import datetime
import importlib.metadata
import json
import os
import pathlib
import platform
import subprocess
import sys
from typing import Any

from benchmarks.harness.measurement import Measurement
from benchmarks.harness.stage import PEERS

#: what ours stands on, and what it is measured against
PACKAGES = (
    "python-openstackclient",
    "keystoneauth1",
    "requests",
    "flask",
    "waitress",
    "moto",
)


def now() -> str:
    """Return the moment, in UTC, to the second."""
    moment = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    return moment.isoformat().replace("+00:00", "Z")


def document(measured: list[Measurement], moment: str) -> dict[str, Any]:
    """Return a run that began at a moment as :func:`now` writes it."""
    return {
        "measured_at": moment,
        "machine": machine(),
        "figures": {found.figure.name: _entry(found) for found in measured},
    }


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(
            os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
        ),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "commit": _commit(),
        "load": round(os.getloadavg()[0], 1),
    }


def _version(name: str) -> str:
    found = importlib.metadata.distributions(name=name, path=_places())
    return next((each.version for each in found), "")


def _places() -> list[str]:
    """Return where packages are: of this environment, and of the peers."""
    peers = PEERS.glob("lib/python*/site-packages")
    return [*sys.path, *map(str, peers)]


def _processor() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _commit() -> str:
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=pathlib.Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip()


def _entry(found: Measurement) -> dict[str, Any]:
    figure = found.figure
    return {
        "what": figure.what,
        "peer": figure.peer or None,
        "unit": figure.unit or None,
        "value": _short(found.value),
        "least": _short(min(found.values)),
        "most": _short(max(found.values)),
        "ours": [_short(cost) for cost in found.ours],
        "peers": [_short(cost) for cost in found.peer],
        "goal": f"{figure.better.value} {figure.goal:g}",
        "met": found.met,
        "seconds": round(found.seconds, 1),
    }


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def write(path: pathlib.Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def keep(folder: pathlib.Path, document: dict[str, Any]) -> pathlib.Path:
    """Add a run to those that are kept, or what it has measured since;
    return its file."""
    folder.mkdir(exist_ok=True)
    stamp = document["measured_at"].replace(":", "").replace("-", "")
    path = folder / f"{stamp}.json"
    write(path, document)
    return path


def newest(folder: pathlib.Path) -> dict[str, dict[str, Any]]:
    """Return each figure's newest entry by name, with `measured_at` and the
    `machine` of its run."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*.json")):
        kept = json.loads(path.read_text(encoding="utf-8"))
        run = {key: kept[key] for key in ("measured_at", "machine")}
        for name, entry in kept["figures"].items():
            found[name] = entry | run
    return found


def last(folder: pathlib.Path) -> dict[str, float]:
    """Return the values of each figure's newest kept run, by name."""
    return {name: row["value"] for name, row in newest(folder).items()}


if __name__ == "__main__":
    json.dump(machine(), sys.stdout, indent=1)
