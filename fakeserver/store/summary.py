"""What the reports of many groups need of each, without its document.

A fleet is shown again and again, and few of its groups have changed: what was
read of a group is kept as long as its row stays as it is.
"""

import dataclasses
from collections.abc import Sequence

from fakeserver.base.db import Database
from fakeserver.engine.model.document import sealed_token
from fakeserver.engine.model.group_state import SharedVersion
from fakeserver.store import groups
from fakeserver.store.group import Group

#: how many are kept, about a kilobyte each
KEPT = 2000


@dataclasses.dataclass(frozen=True)
class GroupSummary:
    """A group at one moment."""

    id: str
    project_id: str
    name: str
    status: str
    primary_site_id: str
    secondary_site_id: str
    current_primary_site_id: str
    member_count: int
    #: the names of the array volumes that are replicated
    array_names: tuple[str, ...]
    #: the id of the operation that the document names as unfinished
    operation: str | None
    has_tests: bool
    #: None without a policy
    rpo_minutes: int | None
    #: site id -> the sealed API token of its array
    sealed_tokens: dict[str, str] = dataclasses.field(repr=False)

    version: int
    failover_count: int
    checksum: str
    last_operation: str | None
    last_sync_at: str | None
    base: SharedVersion | None
    push: str | None
    push_message: str
    push_came: str | None
    doubt: str | None

    @property
    def rank(self) -> tuple[int, int]:
        """Count of failovers, then version: of two copies the higher is
        ahead."""
        return self.failover_count, self.version


def of(group: Group) -> GroupSummary:
    """Summarise a group as it was read."""
    doc, local = group.doc, group.local
    policy, running = doc["policy"], doc["operation"]
    sites = doc["primary_site_id"], doc["secondary_site_id"]
    sealed = ((site_id, sealed_token(doc, site_id)) for site_id in sites)
    return GroupSummary(
        id=group.id,
        project_id=group.project_id,
        name=group.name,
        status=group.status,
        primary_site_id=doc["primary_site_id"],
        secondary_site_id=doc["secondary_site_id"],
        current_primary_site_id=doc["current_primary_site_id"],
        member_count=len(doc["members"]),
        array_names=group.array_names(),
        operation=None if running is None else str(running["id"]),
        has_tests=bool(doc["tests"]),
        rpo_minutes=None if policy is None else policy["rpo_minutes"],
        sealed_tokens={site_id: text for site_id, text in sealed if text},
        version=group.version,
        failover_count=int(doc["failover_count"]),
        checksum=group.checksum,
        last_operation=local.last_operation,
        last_sync_at=local.last_sync_at,
        base=local.base,
        push=local.push,
        push_message=local.push_message,
        push_came=local.push_came,
        doubt=local.doubt,
    )


class Summaries:
    """The summaries of one database, read when a row has changed."""

    def __init__(self, db: Database) -> None:
        self._db = db
        #: group id -> the revision of the row, and what it was read as
        self._kept: dict[str, tuple[str, GroupSummary]] = {}

    def page(
        self,
        project_id: str,
        limit: int,
        marker: str | None,
        ids: Sequence[str] | None,
    ) -> list[GroupSummary]:
        """Return a page of a project's groups."""
        asked = (project_id, limit, marker, ids)
        found = groups.revisions_page(self._db, *asked)
        known: dict[str, GroupSummary] = {}
        for id_, revision in found:
            kept = self._kept.get(id_)
            if kept is not None and kept[0] == revision:
                known[id_] = kept[1]
        missing = {
            id_: revision for id_, revision in found if id_ not in known
        }
        for group, revision in groups.with_ids(self._db, missing):
            known[group.id] = of(group)
            self._keep(revision, known[group.id])
        # one may have gone since the page was read
        return [known[id_] for id_, _ in found if id_ in known]

    def _keep(self, revision: str, summary: GroupSummary) -> None:
        while len(self._kept) >= KEPT:
            try:
                del self._kept[next(iter(self._kept))]
            except (KeyError, StopIteration, RuntimeError):
                # another thread makes room, too
                break
        self._kept[summary.id] = revision, summary
