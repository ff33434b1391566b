"""Two processes that open one new sandbox at the same moment."""

import multiprocessing
import pathlib
from typing import Any

from fakeserver.build import open_parts, seed, shut
from fakeserver.sandbox.folder import Folder, Settings
from fakeserver.world import SITES


def _open(path: pathlib.Path, site: str, start: Any, said: Any) -> None:
    folder = Folder(path)
    config = folder.config(folder.settings(), site)
    start.wait()
    try:
        parts = open_parts(config)
        seed([parts])
        volumes = len(parts.arrays.volumes("flasharray-a"))
        shut(parts)
        said.put(volumes)
    except Exception as error:
        said.put(repr(error))


def test_they_take_turns(tmp_path: pathlib.Path) -> None:
    context = multiprocessing.get_context("spawn")
    said = context.Queue()
    for number in range(3):
        path = tmp_path / str(number)
        folder = Folder(path)
        folder.prepare()
        folder.write(Settings())
        start = context.Barrier(2)
        both = [
            context.Process(target=_open, args=(path, site, start, said))
            for site in SITES
        ]
        for process in both:
            process.start()
        assert [said.get(timeout=30) for _ in both] == [10, 10]
        for process in both:
            process.join()
