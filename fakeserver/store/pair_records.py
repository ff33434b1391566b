"""The registered sites and tenant mappings, read by one question.

An action asks for the records of both sites and for the project at the other
one several times; they change once in a year. So what was written is compared
with what was read last, and read again only where it is another text.
"""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

from fakeserver.base.db import Database, load
from fakeserver.base.errors import RequestRefused
from fakeserver.store.sites import SITES

Record = Mapping[str, Any]
# no text of JSON has a line end
_LINES = """(SELECT group_concat(doc, char(10))
    FROM (SELECT doc FROM {table} ORDER BY name, id))"""
_BOTH = (
    f"SELECT {_LINES.format(table='pg_sites')}, "
    f"{_LINES.format(table='pg_mappings')}"
)


@dataclasses.dataclass(frozen=True, repr=False)
class PairRecords:
    """What is registered now; nobody may change the records in it."""

    sites: Mapping[str, Record]
    #: project here and site there -> the tenant's project there
    projects: Mapping[tuple[str, str], str]
    own: Record | None

    def __repr__(self) -> str:
        # the records have passwords in them
        return f"<PairRecords {len(self.sites)} sites>"

    def local(self) -> Record:
        """Return the record of this site."""
        if self.own is None:
            raise RequestRefused(
                "not-found", "This service has no record of its own site yet"
            )
        return self.own

    def site(self, site_id: str) -> Record:
        """Return the record of a site; refuse an unknown id."""
        found = self.sites.get(site_id)
        if found is None:
            raise SITES.unknown(site_id)
        return found

    def other(self, one: str, two: str) -> Record:
        """Return the record of the site that is not local, of two ids."""
        record = self.site(one)
        return self.site(two) if record["local"] else record

    def project_at(self, project_id: str, site_id: str) -> str:
        """Return the project of a tenant at a site; refuse where there is no
        mapping.

        :param project_id: the tenant's project at this site.
        """
        if site_id == self.local()["id"]:
            return project_id
        found = self.projects.get((project_id, site_id))
        if found is None:
            raise RequestRefused(
                "bad-request",
                f"Project {project_id} has no tenant mapping to site "
                f"{site_id}; an admin has to create one first",
            )
        return found


def read(db: Database) -> PairRecords:
    row = db.one(_BOTH)
    assert row is not None
    return _read(row[0] or "", row[1] or "")


# a process may have two sites, each with another record of its own
@functools.lru_cache(maxsize=4)
def _read(sites: str, pairs: str) -> PairRecords:
    found = {one["id"]: one for one in _records(sites)}
    own = next((one for one in found.values() if one["local"]), None)
    own_id = None if own is None else own["id"]
    projects: dict[tuple[str, str], str] = {}
    for pair in _records(pairs):
        here = pair["projects"].get(own_id)
        for site_id, project in pair["projects"].items():
            # of two of a tenant the first counts, by name
            projects.setdefault((here, site_id), str(project))
    return PairRecords(found, projects, own)


def _records(lines: str) -> list[dict[str, Any]]:
    return [load(line) for line in lines.split("\n") if line]
