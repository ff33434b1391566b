"""The files of a seeded world, kept in memory and written many times.

To seed two databases takes longer than most tests: a process keeps the files
that it has seeded for a moment, and puts them down again for the next pair.
"""

import contextlib
import dataclasses
import pathlib
import sqlite3
import tempfile
from typing import Any

from fakeserver.base.clock import ManualClock
from fakeserver.base.config import SiteConfig, other
from fakeserver.base.db import BUSY
from fakeserver.base.fault_points import NoFaults
from fakeserver.base.seed_world import SITES, World
from fakeserver.compose import close_parts, open_parts, seed
from fakeserver.sandbox.folder import Folder, Settings
from fakeserver.sandbox.scenarios import SCENARIOS

#: how old a world may be that is put down as a new one, seconds: nobody
#: finds it older than one whose site was slow to start
FRESH = 5.0
#: what is not known before: where the sites of a pair answer
_URLS = {site: f"http://{site}.invalid" for site in SITES}


@dataclasses.dataclass(frozen=True)
class _World:
    """The files of a seeded folder, and when it was seeded."""

    #: with the keys of the sites, which are nobody's to print
    files: dict[str, bytes] = dataclasses.field(repr=False)
    moment: float


#: by their settings, and by what gives their users passwords: a test has
#: passwords of its own
_worlds: dict[tuple[Settings, Any], _World] = {}


def put_down(folder: Folder, settings: Settings, now: float) -> float:
    """Write the seeded world of both sites into a folder without one.

    :param now: seconds since the epoch.
    :return: the moment at which it was seeded, a few seconds ago at most.
    """
    world = _world(settings, now)
    for name, content in world.files.items():
        path = folder.path / name
        path.touch(mode=0o600)
        path.write_bytes(content)
    for site in SITES:
        _move(folder.config(settings, site))
    return world.moment


def put_back(folder: Folder, settings: Settings, now: float) -> bool:
    """Write the seeded world over that of sites whose engines rest.

    :return: False, and nothing is changed, where it cannot be put back so:
        a story belongs to it, or the folder is of another process, with
        other keys.
    """
    if SCENARIOS[settings.scenario].has_history:
        return False
    world = _world(settings, now)
    for name, content in world.files.items():
        path = folder.path / name
        if path.suffix == ".key" and (
            not path.exists() or path.read_bytes() != content
        ):
            return False
    for name, content in world.files.items():
        path = folder.path / name
        if path.suffix == ".db":
            _overwrite(path, content)
        elif path.suffix != ".key":
            path.write_bytes(content)
    for site in SITES:
        config = folder.config(settings, site)
        config.engine_stopped.unlink(missing_ok=True)
        _move(config)
    return True


def _overwrite(path: pathlib.Path, content: bytes) -> None:
    """Replace the content of a database that others have open."""
    with (
        contextlib.closing(sqlite3.connect(":memory:")) as source,
        contextlib.closing(sqlite3.connect(path, timeout=BUSY)) as target,
    ):
        # what is in memory has no write-ahead log: its mark is taken off
        source.deserialize(content[:18] + b"\x01\x01" + content[20:])
        source.backup(target)


def _world(settings: Settings, now: float) -> _World:
    same = Settings(
        seed=settings.seed,
        scenario=settings.scenario,
        groups=settings.groups,
        rename_on_manage=settings.rename_on_manage,
    )
    key = (same, (World.password, World.peer_password))
    found = _worlds.get(key)
    if found is None or not 0.0 <= now - found.moment < FRESH:
        found = _worlds[key] = _seeded(same, now, found)
    return found


def _seeded(settings: Settings, now: float, before: _World | None) -> _World:
    with tempfile.TemporaryDirectory(prefix="protector-seed-") as name:
        folder = Folder(pathlib.Path(name))
        for known, content in before.files.items() if before else ():
            if known.endswith(".key"):
                # a world is put back under the keys that it came with
                (folder.path / known).write_bytes(content)
        configs = [
            dataclasses.replace(
                folder.config(settings, site),
                url=_URLS[site],
                peer_url=_URLS[other(site)],
            )
            for site in SITES
        ]
        clock = ManualClock(now)
        sites = [
            open_parts(config, clock=clock, faults=NoFaults())
            for config in configs
        ]
        try:
            seed(sites)
        finally:
            for site in sites:
                close_parts(site)
        files = {p.name: p.read_bytes() for p in folder.path.iterdir()}
    return _World(files, now)


def _move(config: SiteConfig) -> None:
    """Set the addresses of both sites in a database."""
    db = sqlite3.connect(config.database)
    try:
        with db:
            for each in (config, config.of_peer()):
                unknown = dataclasses.replace(
                    each, url=_URLS[each.site], identity=""
                )
                for old, new in (
                    (unknown.auth_url, each.auth_url),
                    (unknown.url, each.url),
                ):
                    db.execute(
                        "UPDATE pg_sites SET doc = replace(doc, ?, ?)",
                        (old, new),
                    )
    finally:
        db.close()
