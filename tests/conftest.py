"""What every ring shares: a place of its own, and two sites to talk to."""

import gc
import os
import random
import shutil
import signal
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from fakeserver.http import ports
from tests.helpers import found_once, sampling

if TYPE_CHECKING:
    from fakeserver.local.pair import LocalPair

#: variables through which the person at the keyboard would reach a test
_FOREIGN = ("OS_", "XDG_", "PROTECTOR_")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def _isolate() -> str:
    """An empty home for this process, and nothing of the caller's clouds.

    It runs on import, because clouds.yaml is looked for by code that reads
    HOME once, when it is first loaded.
    """
    home = tempfile.mkdtemp(prefix="protector-tests-")
    for name in list(os.environ):
        if name.startswith(_FOREIGN) or name.lower() in _PROXIES:
            del os.environ[name]
    os.environ["HOME"] = home
    return home


def _take_ports() -> None:
    """Keep the ports of this process from the others that run tests.

    A site that is stopped, or not started yet, holds no port, and comes
    back to the same one.
    """
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    ports.PORTS = ports.PORTS[int(number) :: count]


_HOME = _isolate()
_take_ports()
found_once.remember()
# a shell that runs the tests in the background ignores Ctrl-C for them and
# for every process that they start; nohup does so with the end of a terminal
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# thousands of short-lived sites: to look for garbage as often as usual is a
# tenth of the suite's time
gc.set_threshold(100_000, 20, 20)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--shuffle",
        type=int,
        metavar="SEED",
        help="run the tests in an order of this number",
    )


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Iterator[None]:
    """Mark before others select; no test needs another one before it."""
    sampling.thin(items)
    yield
    seed = config.getoption("shuffle")
    if seed is not None:
        # the same in each worker
        random.Random(seed).shuffle(items)


def pytest_unconfigure() -> None:
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(autouse=True)
def _environment_is_put_back() -> Iterator[None]:
    """A test that sets OS_CLOUD and forgets it does not meet the next."""
    before = dict(os.environ)
    yield
    if dict(os.environ) != before:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture
def local_pair(monkeypatch: pytest.MonkeyPatch) -> Iterator["LocalPair"]:
    """Two real sites on free ports, the seeded world, and OS_CLOUD=site-a.

    They run in threads of this process, as fast as they go.
    """
    from fakeserver.local.pair import LocalPair

    with LocalPair(sockets=True) as pair:
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(pair.clouds_yaml))
        monkeypatch.setenv("OS_CLOUD", "site-a")
        yield pair
