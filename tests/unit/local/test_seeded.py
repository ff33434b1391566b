"""A new sandbox: seeded once, and with the ids of its seed."""

import multiprocessing
import os
import pathlib
import re
import sqlite3
import subprocess
import sys
import uuid
from typing import Any

import pytest

from fakeserver.base.ids import new_id
from fakeserver.base.seed_world import SITES
from fakeserver.compose import close_parts, open_parts, seed
from fakeserver.local import scenario_history
from fakeserver.sandbox.folder import Folder, Settings
from tests.helpers.sampling import sampled

#: an id, or a name that is derived from one
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|pg-[0-9a-f]{20}")
#: in which an operation runs; the others have nothing but the seed's
STORIES = ("stuck-running", "not-failed-over", "out-of-sync", "orphans")
#: what is told by a process of its own, as ``up`` is
TELL = """
import pathlib, sys
from fakeserver.local import scenario_history
from fakeserver.sandbox.folder import Folder, Settings
path, scenario, seed, now = sys.argv[1:]
folder = Folder(pathlib.Path(path))
settings = Settings(scenario=scenario, seed=int(seed))
folder.prepare()
folder.write(settings)
scenario_history.begin_anew(folder, settings, float(now))
"""


def _open(paths: list[pathlib.Path], site: str, start: Any, said: Any) -> None:
    for path in paths:
        folder = Folder(path)
        config = folder.config(folder.settings(), site)
        start.wait()
        try:
            parts = open_parts(config)
            seed([parts])
            volumes = len(parts.arrays.volumes("flasharray-a"))
            close_parts(parts)
            said.put(volumes)
        except Exception as error:
            said.put(repr(error))


def test_they_take_turns(tmp_path: pathlib.Path) -> None:
    context = multiprocessing.get_context("spawn")
    said = context.Queue()
    paths = [tmp_path / str(number) for number in range(3)]
    for path in paths:
        folder = Folder(path)
        folder.prepare()
        folder.write(Settings())
    start = context.Barrier(2)
    both = [
        context.Process(target=_open, args=(paths, site, start, said))
        for site in SITES
    ]
    for process in both:
        process.start()
    assert [said.get(timeout=30) for _ in paths for _ in both] == [10] * 6
    for process in both:
        process.join()


def told(
    folder: pathlib.Path, scenario: str, seed: int, now: float
) -> set[tuple[str, str]]:
    """The ids in each table of a world whose story is told here."""
    made, settings = Folder(folder), Settings(scenario=scenario, seed=seed)
    made.prepare()
    made.write(settings)
    scenario_history.begin_anew(made, settings, now)
    return ids(folder)


def told_elsewhere(
    folder: pathlib.Path, scenario: str, seed: int, now: float
) -> set[tuple[str, str]]:
    """The same of one that another process tells."""
    subprocess.run(
        [sys.executable, "-c", TELL, folder, scenario, str(seed), str(now)],
        check=True,
        # the order of a set differs from process to process
        env=os.environ | {"PYTHONHASHSEED": str(int(now) % 1000)},
    )
    return ids(folder)


def ids(folder: pathlib.Path) -> set[tuple[str, str]]:
    found = set()
    for path in folder.glob("*.db"):
        db = sqlite3.connect(path)
        tables = "SELECT name FROM sqlite_master WHERE type = 'table'"
        for (table,) in db.execute(tables).fetchall():
            for row in db.execute(f'SELECT * FROM "{table}"'):
                found |= {(table, id_) for id_ in ID.findall(str(row))}
        db.close()
    return found


@pytest.mark.parametrize("scenario", sampled(STORIES, 2))
def test_a_story_has_the_same_ids_whenever_it_is_told(
    tmp_path: pathlib.Path, scenario: str
) -> None:
    first = told(tmp_path / "one", scenario, 1, 1_790_000_000.0)
    kinds = {table for table, _ in first}
    kept = {"pg_operations", "pg_effects", "arr_points", "arr_volumes"}
    assert kept | {"nova_servers", "cinder_volumes"} <= kinds
    again = told_elsewhere(tmp_path / "two", scenario, 1, 1_790_012_345.6)
    assert again == first


def test_a_story_of_another_seed_has_other_ids(tmp_path: pathlib.Path) -> None:
    one, two = (
        told(tmp_path / str(seed), "orphans", seed, 1_790_000_000.0)
        for seed in (1, 2)
    )
    assert one and two and not one & two


def test_whoever_tells_no_story_gets_ids_of_chance() -> None:
    assert new_id() != new_id()


def test_an_id_of_chance_is_a_random_uuid() -> None:
    """They are made many at once."""
    made = {new_id() for _ in range(100)}
    assert len(made) == 100
    for one in made:
        read = uuid.UUID(one)
        assert (str(read), read.version) == (one, 4)
        assert read.variant == uuid.RFC_4122


def test_a_forked_site_has_ids_of_its_own() -> None:
    """Both sites are forked from one process, which has ids in store."""
    code = (
        "import os; from fakeserver.base.ids import new_id; new_id();"
        "child = not os.fork(); os.write(1, f'{new_id()} '.encode());"
        "child or os.wait()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    one, two = done.stdout.split()
    assert one != two
