"""Changes of volume groups that Cinder has accepted and not yet made.

A real Cinder answers 202, hands the change to its volume service, and the
group is ``creating``, ``updating`` or ``deleting`` until that is done. The
emulated one is done at once, unless the fault ``slow-groups`` asks for a
delay. What is due is made when somebody next looks at the group or at a
volume in it.
"""

import sqlite3
from typing import TYPE_CHECKING

from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import GROUPS, VOLUMES
from fakeserver.cloud.volume import disks

if TYPE_CHECKING:
    from fakeserver.site import Site

POINT = "cinder:groups"
AVAILABLE = "available"


def status(row: Doc) -> str:
    """Return the status of a group."""
    pending = row.get("pending")
    return str(pending["status"]) if pending else AVAILABLE


def accept(
    tx: sqlite3.Connection,
    site: "Site",
    row: Doc,
    status: str,
    add: set[str] | None = None,
    remove: set[str] | None = None,
) -> None:
    """Write a change of a group, to be made after the delay of the fault."""
    due = site.clock.time() + site.faults.delay(POINT)
    row["pending"] = {
        "status": status,
        "due": due,
        "add": sorted(add or ()),
        "remove": sorted(remove or ()),
    }
    GROUPS.put(tx, row)
    make_due(site, row)


def make_due(site: "Site", row: Doc) -> None:
    """Make the change of a group that is due, if one is."""
    pending = row.get("pending")
    if pending is None or pending["due"] > site.clock.time():
        return
    with site.db.transaction() as tx:
        if pending["status"] == "deleting":
            for volume in members(tx, row):
                disks.destroy(tx, site, volume)
            GROUPS.delete(tx, row["id"])
            return
        for id_ in pending["remove"]:
            _put(tx, id_, None)
        for id_ in pending["add"]:
            _put(tx, id_, row["id"])
        del row["pending"]
        GROUPS.put(tx, row)


def members(db: sqlite3.Connection, row: Doc) -> list[Doc]:
    """List the volumes of a group."""
    return VOLUMES.select(db, "group_id = ?", (row["id"],))


def _put(tx: sqlite3.Connection, volume_id: str, group_id: str | None) -> None:
    volume = VOLUMES.get(tx, volume_id)
    if volume is not None:
        VOLUMES.put(tx, {**volume, "group_id": group_id})
