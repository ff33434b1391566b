"""Upgrades the data of an older version of the sandbox."""

import time

from fakeserver.base.seed_world import SITES
from fakeserver.compose import upgrade_folder
from fakeserver.sandbox import process
from fakeserver.sandbox.folder import Folder, Settings
from fakeserver.sandbox.problem import Problem, say
from fakeserver.schema_version import SchemaProblem
from fakeserver.store.upgrade import Unreadable


def upgrade(folder: Folder, settings: Settings, *, must: bool = False) -> None:
    """Upgrade the data on disk before it is used, and say so.

    Every command that opens a database of the sandbox comes here first;
    the process of a site goes the same way when it opens its own.

    Raises Problem where a file is of a newer version, or cannot be upgraded;
    nothing of it is changed then. One that nobody can read is left to the
    process of its site, whose log says so; with ``must`` it raises Unreadable.
    """
    try:
        copies = upgrade_folder(folder.config(settings, SITES[0]), time.time())
    except Unreadable:
        if must:
            raise
        return
    except SchemaProblem as problem:
        raise Problem(str(problem)) from None
    folder.write_settings(settings)
    for copy in copies:
        name, _, _ = copy.name.rpartition(".schema-")
        say(f"{name} is upgraded; as it was, it is {folder.shown / copy.name}")
    if not copies:
        return
    where = folder.option
    for site in SITES:
        if process.running(folder, site):
            say(
                f"{site} still runs the older version. Restart it:\n"
                f"protector-sandbox stop {site} {where}\n"
                f"protector-sandbox start {site} {where}"
            )
