"""Measure the CPU time from Return to the first line of our own code."""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import sysconfig

_BIN = sysconfig.get_path("scripts")
#: label -> command
SUBJECTS: dict[str, list[str]] = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import keystoneauth1.session": [
        sys.executable,
        "-c",
        "import keystoneauth1.session",
    ],
    "import protectorclient": [
        sys.executable,
        "-c",
        "import protectorclient; protectorclient.connect",
    ],
    "import openstack": [sys.executable, "-c", "import openstack"],
    "protector --version": [os.path.join(_BIN, "protector"), "--version"],
    "openstack --version": [os.path.join(_BIN, "openstack"), "--version"],
}


def cpu_ms(command: list[str]) -> float:
    """Return the processor time of one run, ours and the system's, in ms."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = (after.ru_utime - before.ru_utime) + (
        after.ru_stime - before.ru_stime
    )
    return spent * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    print(f"{'':30} {'median':>8} {'lowest':>8}   CPU ms of {runs} runs")
    for label, command in SUBJECTS.items():
        cpu_ms(command)
        spent = [cpu_ms(command) for _ in range(runs)]
        print(f"{label:30} {statistics.median(spent):8.0f} {min(spent):8.0f}")


if __name__ == "__main__":
    main()
