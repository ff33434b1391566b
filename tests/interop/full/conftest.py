"""What the walks over real clouds share."""

import functools
import pathlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence

import pytest
import yaml

from fakeserver.base.seed_world import ARRAY_TOKENS
from fakeserver.cli import lifecycle
from fakeserver.local import fault_rules
from fakeserver.sandbox import process
from fakeserver.sandbox.folder import Folder
from tests.interop.full.application import Application
from tests.interop.full.dressed import Dressed
from tests.interop.place import Place


def _point_at(
    run: Place, one: Application, path: pathlib.Path, env: pytest.MonkeyPatch
) -> None:
    """Let commands use an application's regions."""
    entries = yaml.safe_load(
        (run.sandbox / "clouds.yaml").read_text(encoding="utf-8")
    )
    for name, entry in entries["clouds"].items():
        entry["region_name"] = one.region(name[: len("site-a")])
    path.write_text(yaml.safe_dump(entries))
    env.setenv("OS_CLIENT_CONFIG_FILE", str(path))
    env.setenv("OS_CLOUD", "site-a")
    tokens = zip(("A", "B"), ARRAY_TOKENS.values(), strict=True)
    for letter, token in tokens:
        env.setenv(f"ARRAY_TOKEN_{letter}", token)


def _tidy(run: Place, made: Application) -> None:
    """Remove all of an application, whatever a test has left."""
    folder = Folder(run.sandbox)
    for site in run.urls:
        if process.running(folder, site) is None:
            lifecycle.start(folder, site)
    fault_rules.clear_faults(folder)
    made.end()


@pytest.fixture
def application(
    run: Place, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Application]]:
    """Makes an application at site-a, ready to be protected; all of it is
    removed after the test."""
    made: list[Application] = []

    def make(real: Sequence[str], *, renames: bool = False) -> Application:
        one = Application(run, real, renames)
        _point_at(run, one, tmp_path / "clouds.yaml", monkeypatch)
        made.append(one)
        one.begin()
        return one

    yield make
    for one in made:
        _tidy(run, one)


@pytest.fixture(scope="module")
def dressed(
    run: Place, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Dressed]]:
    """Makes an application for all tests of a module."""
    made: list[Dressed] = []
    with pytest.MonkeyPatch.context() as env:

        def make() -> Dressed:
            one = Dressed(run)
            path = tmp_path_factory.mktemp("dressed") / "clouds.yaml"
            _point_at(run, one, path, env)
            made.append(one)
            one.begin()
            return one

        yield make
        for one in made:
            _tidy(run, one)


@pytest.fixture(scope="module")
def shown_once(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Says how long each part of a module has taken."""
    began = [time.monotonic()]

    def say(what: str) -> None:
        now = time.monotonic()
        _show(request, f"  {what}, {now - began[0]:.1f} s")
        began[0] = now

    return say


@pytest.fixture
def shown(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Prints where the person who waits for the run sees it."""
    return functools.partial(_show, request)


def _show(request: pytest.FixtureRequest, text: str) -> None:
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print(text, file=sys.stderr, flush=True)
