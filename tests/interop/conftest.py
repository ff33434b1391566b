"""What the tests behind real Keystones share."""

import functools
import os
import pathlib
import signal
from collections.abc import Callable, Iterator

import pytest

from fakeserver.local import controls
from fakeserver.sandbox import process
from fakeserver.sandbox.folder import Folder
from protectorclient.polling import poller
from tests.helpers.rests import Rests
from tests.interop import clouds, place
from tests.interop.place import Place
from tests.interop.processes import Processes


@pytest.fixture(scope="session")
def run() -> Place:
    return place.find()


@pytest.fixture(scope="session")
def known(
    run: Place, tmp_path_factory: pytest.TempPathFactory
) -> clouds.Clouds:
    """Every way to log in, in a clouds.yaml of the tests' own."""
    made = clouds.everything(run)
    made.path = tmp_path_factory.mktemp("clouds") / "clouds.yaml"
    made.write()
    return made


@pytest.fixture
def use(
    known: clouds.Clouds, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """Chooses the entry of clouds.yaml for the commands that follow."""
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(known.path))

    def choose(name: str) -> None:
        monkeypatch.setenv("OS_CLOUD", name)

    choose("site-a")
    return choose


@pytest.fixture
def sandbox(run: Place) -> Iterator[Folder]:
    """The sandbox; whatever a test does in it is undone."""
    folder = Folder(run.sandbox)
    yield folder
    for site in run.urls:
        if process.running(folder, site) is None:
            from fakeserver.cli import lifecycle

            lifecycle.start(folder, site)
    controls.reset(folder)


@pytest.fixture
def silence(
    run: Place, tmp_path: pathlib.Path
) -> Iterator[Callable[[str], None]]:
    """Ends the Keystone of a site; it is started again after the test."""
    ended = []

    def end(site: str) -> None:
        pid = run.pid_of_keystone(site)
        os.kill(pid, signal.SIGTERM)
        assert process.wait(lambda: not process.alive(pid), 15)
        ended.append(site)

    yield end
    for site in ended:
        # it ends with this process at the latest
        _REVIVED.start_again(run, site)


class _Revived:
    """Keystones that tests have started again."""

    def __init__(self) -> None:
        self._processes: Processes | None = None

    def start_again(self, run: Place, site: str) -> None:
        if self._processes is None:
            self._processes = Processes(run.folder)
        keystone = run.keystone(site)
        keystone.start(self._processes)
        keystone.until_it_answers(self._processes)

    def end(self) -> None:
        if self._processes is not None:
            self._processes.end_all()


_REVIVED = _Revived()


@pytest.fixture(scope="session", autouse=True)
def _revived_ones_end() -> Iterator[None]:
    yield
    _REVIVED.end()


@pytest.fixture
def rests() -> Rests:
    return Rests()


@pytest.fixture(autouse=True)
def _asked_again_soon(monkeypatch: pytest.MonkeyPatch, rests: Rests) -> None:
    soon = functools.partial(
        poller.Pace, shortest=0.05, longest=0.5, sleep=rests.sleep
    )
    monkeypatch.setattr(poller, "Pace", soon)
