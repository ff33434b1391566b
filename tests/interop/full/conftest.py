"""What the walks over real clouds share."""

import pathlib
import sys
from collections.abc import Callable, Iterator, Sequence

import pytest
import yaml

from fakeserver.base.seed_world import ARRAY_TOKENS
from fakeserver.cli import lifecycle
from fakeserver.local import fault_rules
from fakeserver.sandbox import process
from fakeserver.sandbox.folder import Folder
from tests.interop.full.application import Application
from tests.interop.place import Place


@pytest.fixture
def application(
    run: Place, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Application]]:
    """Makes an application at site-a, ready to be protected; all of it is
    removed after the test."""
    made: list[Application] = []

    def make(real: Sequence[str], *, renames: bool = False) -> Application:
        one = Application(run, real, renames)
        entries = yaml.safe_load(
            (run.sandbox / "clouds.yaml").read_text(encoding="utf-8")
        )
        for name, entry in entries["clouds"].items():
            entry["region_name"] = one.region(name[: len("site-a")])
        path = tmp_path / "clouds.yaml"
        path.write_text(yaml.safe_dump(entries))
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
        monkeypatch.setenv("OS_CLOUD", "site-a")
        tokens = zip(("A", "B"), ARRAY_TOKENS.values(), strict=True)
        for letter, token in tokens:
            monkeypatch.setenv(f"ARRAY_TOKEN_{letter}", token)
        one.begin()
        made.append(one)
        return one

    yield make
    folder = Folder(run.sandbox)
    for site in run.urls:
        if process.running(folder, site) is None:
            lifecycle.start(folder, site)
    fault_rules.clear_faults(folder)
    for one in made:
        one.end()


@pytest.fixture
def shown(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Prints where the person who waits for the run sees it."""
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def show(text: str) -> None:
        with capture.global_and_fixture_disabled():
            print(text, file=sys.stderr, flush=True)

    return show
