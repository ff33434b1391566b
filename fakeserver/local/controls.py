"""Change the world of a sandbox: reset, engines, arrays, clock."""

import contextlib
import time
from collections.abc import Iterator

from fakeserver.base.clock import SharedClock
from fakeserver.base.db import Database
from fakeserver.base.seed_world import SITES
from fakeserver.faults.answers import AnswerFile
from fakeserver.sandbox import channel, process
from fakeserver.sandbox.folder import Folder, Settings
from fakeserver.sandbox.problem import Problem
from fakeserver.sandbox.upgrade import upgrade
from fakeserver.storage import kept
from fakeserver.storage.arrays import SCHEMA
from fakeserver.storage.driver import StorageError

#: how long a site may take until it rests, or is awake again, seconds
PAUSE_TIMEOUT = 60.0


def reset(folder: Folder) -> None:
    """Replace the world by the seeded one, under the running sites."""
    from fakeserver.local import scenario_history

    settings = folder.settings()
    with folder.alone():
        alive = [s for s in SITES if process.running(folder, s)]
        resting = []
        upgrade(folder, settings)
        try:
            for site in alive:
                resting.append(site)
                _ask(folder, settings, site, "rest")
            folder.faults().clear()
            AnswerFile(folder.path).clear()
            folder.write_tokens()
            (folder.path / "clock.json").unlink(missing_ok=True)
            scenario_history.begin_anew(folder, settings, time.time())
        finally:
            for site in resting:
                _ask(folder, settings, site, "wake")


def engine(folder: Folder, site: str, verb: str) -> None:
    """Stop or start the engine of a site, also over a restart."""
    settings = folder.settings()
    with folder.alone():
        if process.running(folder, site) is not None:
            _ask(folder, settings, site, f"engine/{verb}")
            return
        mark = folder.config(settings, site).engine_stopped
        if verb == "stop":
            mark.touch(mode=0o600)
        else:
            mark.unlink(missing_ok=True)


def _ask(folder: Folder, settings: Settings, site: str, what: str) -> None:
    try:
        channel.ask(folder, settings, site, what, "POST", PAUSE_TIMEOUT)
    except channel.Silent as silent:
        raise Problem(f"{silent}.") from None


@contextlib.contextmanager
def disks(folder: Folder) -> Iterator[Database]:
    """Open the database of both arrays, whether or not the sites run."""
    settings = folder.settings()
    config = folder.config(settings, SITES[0])
    if not config.arrays.exists():
        raise Problem("The arrays of this sandbox hold nothing yet.")
    with folder.alone():
        upgrade(folder, settings, must=True)
    db = Database(config.arrays, SCHEMA)
    try:
        yield db
    finally:
        db.close()


def copy_snapshot(folder: Folder, snapshot: str, volume: str) -> str:
    """Create a volume of a kept snapshot; return the name of its array."""
    with disks(folder) as db:
        found = [row[0] for row in kept.listed(db) if row[1] == snapshot]
        if not found:
            raise Problem(
                f"No array keeps a snapshot {snapshot}; see "
                "protector-sandbox array snapshots."
            )
        try:
            kept.copy(db, found[0], snapshot, volume)
        except StorageError as error:
            raise Problem(f"{error}.") from None
    return found[0]


def clock(folder: Folder) -> SharedClock:
    folder.settings()
    return SharedClock(folder.path / "clock.json")
