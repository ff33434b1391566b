"""Find orphans: copies of members that an earlier operation left at a site.

Whatever is built carries marks: the member that it is a copy of, and the
operation. A copy that the metadata does not name, that no drill has made
and that is not the work of the operation that looks is a stray.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

from fakeserver.engine.model.document import Doc, entry

MEMBER = "protector_member"
OPERATION = "protector_operation"
KEY = "protector_key"
#: of a volume: its serial number on the array, where Cinder's driver may
#: have renamed it
SERIAL = "protector_serial"
DRILL = "protector_drill"

Marked = dict[str, Any]


@dataclasses.dataclass
class Orphan:
    """A copy of one member: an instance, volumes, or both."""

    member_id: str
    server: Marked | None = None
    volumes: list[Marked] = dataclasses.field(default_factory=list)

    @property
    def name(self) -> str:
        return str((self.server or self.volumes[0])["name"])

    @property
    def running(self) -> bool:
        return self.server is not None and self.server["status"] == "ACTIVE"


def marks(
    member_id: str,
    lineage: str,
    key: str,
    *,
    drill: bool,
    serial: str | None = None,
) -> dict[str, str]:
    """Return the Nova or Cinder metadata of an instance or volume that is
    built."""
    made = {KEY: key, OPERATION: lineage, MEMBER: member_id}
    if serial is not None:
        made[SERIAL] = serial
    return {**made, DRILL: "true"} if drill else made


def find(
    servers: Iterable[Marked],
    volumes: Iterable[Marked],
    doc: Doc,
    site_id: str,
    lineage: str | None = None,
) -> list[Orphan]:
    """Find the orphans at a site; what ``lineage`` has built is none."""
    named = set(_named(doc, site_id))
    members = {member["id"] for member in doc["members"]}
    found: dict[tuple[str, str], Orphan] = {}

    def copy_of(one: Marked) -> Orphan | None:
        worn = one.get("metadata") or {}
        member = str(worn.get(MEMBER))
        operation = str(worn.get(OPERATION))
        if one["id"] in named or member not in members:
            return None
        if operation == lineage or DRILL in worn:
            return None
        return found.setdefault((member, operation), Orphan(member))

    for server in servers:
        if (orphan := copy_of(server)) is not None:
            orphan.server = server
    for volume in volumes:
        if (orphan := copy_of(volume)) is not None:
            orphan.volumes.append(volume)
    return list(found.values())


def _named(doc: Doc, site_id: str) -> Iterator[str | None]:
    """Return the ids that the document names at the site."""
    for member in doc["members"]:
        known = entry(member, site_id)
        if known is not None:
            yield known["instance_id"]
            for volume in known["volumes"]:
                yield volume["id"]
    for test in doc["tests"]:
        for one in (*test["instances"], *test["volumes"]):
            yield one["id"]
