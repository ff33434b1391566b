"""Two real Keystones with the sandbox behind them.

    python -m tests.interop test [PYTEST OPTION...]   the tests, then nothing
    python -m tests.interop compare                   the emulated one beside
    python -m tests.interop up                        stay until Ctrl-C

With real Nova, Neutron, Cinder and Placement at both sites, too:

    python -m tests.interop full [PYTEST OPTION...]     the tests, then nothing
    python -m tests.interop release [PYTEST OPTION...]  the same and more
    python -m tests.interop full-up                     stay until Ctrl-C

However it ends, nothing that it started runs on.
"""

import argparse
import contextlib
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import NoReturn

from fakeserver.base.seed_world import SITES, build
from tests.interop import environment, worlds
from tests.interop.full import needs
from tests.interop.full.real_clouds import PACKAGES, RealClouds
from tests.interop.keystone import Keystone, fill_all
from tests.interop.place import DESCRIBED, VARIABLE
from tests.interop.processes import (
    GRACE,
    LOCK,
    Busy,
    DidNotEnd,
    DidNotStart,
    Processes,
    Stopwatch,
    free_ports,
    memory,
    tethered,
)

SEED = 1
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SANDBOX = (sys.executable, "-m", "fakeserver")
#: command -> marker of the tests, and where they are; None: there are none
COMMANDS = {
    "test": ("interop", "tests/interop"),
    "compare": ("interop", "tests/interop/test_compare.py"),
    "up": None,
    "full": ("interop_full and not interop_release", "tests/interop/full"),
    "release": ("interop_full", "tests/interop/full"),
    "full-up": None,
}
FULL = ("full", "release", "full-up")


class Ended(BaseException):
    """A signal asked this process to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def main() -> int:
    asked, rest = _parser().parse_known_args()
    watch = Stopwatch()
    try:
        with _signals_end_it():
            full = asked.command in FULL
            if full:
                # before minutes are spent on the rest
                needs.rabbitmq()
            pythons = {}
            for package in ("keystone", *(PACKAGES if full else ())):
                pythons[package] = environment.python_of(package)
                where = pythons[package].parents[1]
                watch.say(f"{package} is installed: {where}")
            with (
                _leaving_nothing(
                    Processes(asked.dir.absolute()), watch
                ) as processes,
                _world(processes, pythons, watch, full),
            ):
                return _work(asked.command, rest, processes, watch)
    except Ended as ended:
        return 128 + ended.number
    except (
        Busy,
        DidNotEnd,
        DidNotStart,
        environment.NoEnvironment,
        needs.Lacking,
    ) as problem:
        print(f"interop: {problem}", file=sys.stderr)
        return 1
    finally:
        watch.say("ended")


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m tests.interop",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("command", choices=COMMANDS)
    made.add_argument(
        "--dir",
        type=pathlib.Path,
        default=environment.cache() / "run",
        help="folder of the run: pids, logs, databases",
    )
    return made


@contextlib.contextmanager
def _leaving_nothing(
    processes: Processes, watch: Stopwatch
) -> Iterator[Processes]:
    """End what was started, and look whether anything of it runs on.

    :raises DidNotEnd: something does.
    """
    owned = False
    try:
        with processes:
            owned = True
            yield processes
    finally:
        # of a folder that is another run's nothing is looked for
        if owned:
            _look_for_processes(processes, watch)


def _look_for_processes(processes: Processes, watch: Stopwatch) -> None:
    until = time.monotonic() + GRACE
    while left := processes.left():
        if time.monotonic() > until:
            raise DidNotEnd(f"still running: {', '.join(left)}")
        time.sleep(0.1)
    watch.say("no process of the run is left")


@contextlib.contextmanager
def _signals_end_it() -> Iterator[None]:
    """The first signal raises Ended; what is ended then is not disturbed."""

    def end(number: int, frame: FrameType | None) -> NoReturn:
        for each in ENDING:
            signal.signal(each, signal.SIG_IGN)
        raise Ended(number)

    before = {number: signal.signal(number, end) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _world(
    processes: Processes,
    pythons: Mapping[str, pathlib.Path],
    watch: Stopwatch,
    full: bool,
) -> Iterator[None]:
    """Both Keystones, filled, the sandbox behind them, and the real clouds
    where they are wanted."""
    sandbox = processes.folder / "sandbox"
    _down(sandbox)
    for path in processes.folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != LOCK:
            path.unlink()
    ports = free_ports(4)
    keystones = {
        site: Keystone(
            site, processes.folder / f"keystone-{site}", n, pythons["keystone"]
        )
        for site, n in zip(SITES, ports[:2], strict=True)
    }
    urls = {
        site: f"http://127.0.0.1:{n}"
        for site, n in zip(SITES, ports[2:], strict=True)
    }
    known = {site: keystone.url for site, keystone in keystones.items()}
    world = build("default", SEED)
    clouds = None
    if full:
        clouds = RealClouds(processes, pythons, world, keystones, urls, watch)
        clouds.begin()
    real = clouds.catalogs() if clouds else {}
    fill_all(processes, keystones, worlds.worlds(world, known, urls, real))
    watch.say("both Keystones have the users, ids and catalog of the sandbox")
    for keystone in keystones.values():
        keystone.start(processes)
    for keystone in keystones.values():
        keystone.until_it_answers(processes)
    for site, keystone in keystones.items():
        used = memory(processes.pid(keystone.name))
        watch.say(f"Keystone of {site}: {keystone.url}, {used:.0f} MiB")
    try:
        # its processes are nobody's children; where this one is killed,
        # they are ended all the same
        processes.start(
            "sandbox-end",
            [
                *(sys.executable, "-IS", environment.HERE / "at_end.py"),
                *_down_command(sandbox),
            ],
        )
        processes.run(
            "sandbox",
            [
                *(*SANDBOX, "up", "--dir", sandbox, "--pace", "0"),
                *("--seed", str(SEED)),
                *("--port", str(ports[2]), "--peer-port", str(ports[3])),
                *("--identity", known[SITES[0]]),
                *("--peer-identity", known[SITES[1]]),
            ],
        )
        for site in SITES:
            entry = json.loads((sandbox / f"{site}.pid").read_text())
            used = memory(entry["pid"])
            watch.say(f"{site}: {urls[site]}, {used:.0f} MiB")
        described = {
            "keystones": known,
            "urls": urls,
            "seed": SEED,
            "python": str(pythons["keystone"]),
        }
        (processes.folder / DESCRIBED).write_text(json.dumps(described))
        if clouds:
            clouds.start()
        yield
    finally:
        _down(sandbox)
        if clouds:
            clouds.end()


def _down(sandbox: pathlib.Path) -> None:
    """End the sandbox of this run, or of one that was killed."""
    if (sandbox / "sandbox.json").exists():
        subprocess.run(
            _down_command(sandbox),
            capture_output=True,
            check=False,
            start_new_session=True,
        )


def _down_command(sandbox: pathlib.Path) -> list[str | pathlib.Path]:
    return [*SANDBOX, "down", "--dir", sandbox]


def _work(
    command: str, rest: list[str], processes: Processes, watch: Stopwatch
) -> int:
    wanted = COMMANDS[command]
    if wanted is None:
        sandbox = processes.folder / "sandbox"
        subprocess.run([*SANDBOX, "env", "--dir", sandbox], check=True)
        watch.say("ready; Ctrl-C ends it")
        while True:
            time.sleep(3600)
    marker, where = wanted
    code = processes.run(
        "tests",
        tethered(
            *(sys.executable, "-m", "pytest", "-m", marker),
            *("-p", "no:cacheprovider", where, *rest),
        ),
        {VARIABLE: str(processes.folder)},
        shown=True,
    )
    watch.say(f"the tests ended with {code}")
    return code


if __name__ == "__main__":
    sys.exit(main())
