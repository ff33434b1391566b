"""What changes the world of a sandbox: reset, faults, the clock."""

import contextlib
import time
from collections.abc import Iterator

from fakeserver.base.clock import ManualClock, SharedClock
from fakeserver.base.db import Database
from fakeserver.base.fault_points import NoFaults
from fakeserver.base.seed_world import SITES
from fakeserver.compose import open_parts, seed, shut
from fakeserver.faults.plan import BadRule, Rule
from fakeserver.sandbox import channel, process
from fakeserver.sandbox.folder import Folder, Settings
from fakeserver.sandbox.problem import Problem
from fakeserver.sandbox.scenarios import SCENARIOS
from fakeserver.sandbox.upgrade import upgrade
from fakeserver.storage import kept
from fakeserver.storage.arrays import SCHEMA
from fakeserver.storage.driver import StorageError

#: how long a site may take until it rests, or is awake again, seconds
PAUSE_TIMEOUT = 60.0


def reset(folder: Folder) -> None:
    """The seeded world, as on the first day, under the running sites."""
    settings = folder.settings()
    with folder.alone():
        alive = [s for s in SITES if process.running(folder, s)]
        resting = []
        upgrade(folder, settings)
        try:
            for site in alive:
                resting.append(site)
                _tell(folder, settings, site, "rest")
            folder.faults().clear()
            folder.write_tokens()
            (folder.path / "clock.json").unlink(missing_ok=True)
            begin_anew(folder, settings, time.time())
        finally:
            for site in resting:
                _tell(folder, settings, site, "wake")


def begin_anew(folder: Folder, settings: Settings, now: float) -> None:
    """The seeded world over whatever is on disk, as its scenario has it."""
    from fakeserver.local import scenario_history

    configs = [folder.config(settings, name) for name in SITES]
    for config in configs:
        config.engine_stopped.unlink(missing_ok=True)
    clock = ManualClock(now - SCENARIOS[settings.scenario].age)
    sites = [
        open_parts(config, clock=clock, faults=NoFaults())
        for config in configs
    ]
    try:
        seed(sites, anew=True)
    finally:
        for site in sites:
            shut(site)
    scenario_history.tell(folder, settings, clock)


def engine(folder: Folder, site: str, verb: str) -> None:
    """Stop or start the engine of a site; it stays so until told."""
    settings = folder.settings()
    with folder.alone():
        if process.running(folder, site) is not None:
            _tell(folder, settings, site, f"engine/{verb}")
            return
        mark = folder.config(settings, site).engine_stopped
        if verb == "stop":
            mark.touch(mode=0o600)
        else:
            mark.unlink(missing_ok=True)


def _tell(folder: Folder, settings: Settings, site: str, what: str) -> None:
    try:
        channel.ask(folder, settings, site, what, "POST", PAUSE_TIMEOUT)
    except channel.Silent as silent:
        raise Problem(f"{silent}.") from None


@contextlib.contextmanager
def disks(folder: Folder) -> Iterator[Database]:
    """What both arrays hold, whether or not the sites run."""
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
    """A volume out of a kept snapshot; the array that it is on."""
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


def add_fault(folder: Folder, kind: str, **options: object) -> Rule:
    try:
        rule = folder.faults().add(kind, **options)  # type: ignore[arg-type]
    except BadRule as error:
        sentence = str(error)
        raise Problem(f"{sentence[0].upper()}{sentence[1:]}.", 2) from None
    _apply_policies(folder)
    return rule


def clear_faults(folder: Folder, rule_id: str | None = None) -> int:
    """Take back one fault, or all; how many there were."""
    gone = folder.faults().clear(rule_id)
    _apply_policies(folder)
    if rule_id is not None and not gone:
        raise Problem(f"There is no fault {rule_id}; see fault list.")
    return len(gone)


def _apply_policies(folder: Folder) -> None:
    """A fault of Cinder's policy is a policy file that says so."""
    from fakeserver.sandbox.policy import apply

    folder.write_tokens()
    settings = folder.settings()
    rules = folder.faults().rules()
    for name in SITES:
        apply(folder.config(settings, name), rules)
