"""The engine's service of one site: what its API calls."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fakeserver.base.db import dump
from fakeserver.base.errors import PEER_UNREACHABLE, RequestRefused
from fakeserver.engine import array_links
from fakeserver.engine.admission import Admission, Request, new_operation
from fakeserver.engine.model import rules
from fakeserver.engine.model.document import Doc, without_secrets
from fakeserver.engine.peer import cinder_group
from fakeserver.engine.peer.delta import Delta
from fakeserver.engine.peer.imports import Imports
from fakeserver.engine.peer.replicate import Write, nothing
from fakeserver.engine.reset_status import reset_status
from fakeserver.engine.starts import Starts
from fakeserver.engine.threads import EngineThreads
from fakeserver.site import Site
from fakeserver.store import groups, operations
from fakeserver.store.groups import Group
from fakeserver.store.operations import Operation
from fakeserver.store.summary import Summaries

#: how long an answer waits for the operation that it has started, real
#: seconds: less than a client waits for the answer
ANSWER_TIMEOUT = 20.0
#: how long an import waits for the group's lock before it is refused
IMPORT_LOCK_TIMEOUT = 3.0


class Service(EngineThreads):
    """Admits operations, runs them, and keeps the metadata of both sites."""

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.summaries = Summaries(site.db)
        self._imports = Imports(site, self.access, self.metadata)
        self._admission = Admission(site, self.access, self.sync)
        parts = (self.access, self._admission, self.sync)
        self._starts = Starts(site, *parts)

    # -- operations

    def act(
        self,
        project_id: str,
        group_id: str,
        action: str,
        params: dict[str, Any],
        request_id: str,
    ) -> str:
        """Start an operation, or reset a status; return the record as
        JSON."""

        def require() -> None:
            groups.require(self.site.db, project_id, group_id)

        with self.locks.hold(group_id, before=require):
            request = Request(action, params, request_id)
            if request.changes_nothing:
                started = self._starts.start(project_id, group_id, request)
                if started is not None:
                    self._workers.submit(started.id)
                    return operations.text_of(started)
            group = groups.get(self.site.db, project_id, group_id)
            known = self._asked_before(group, action, request_id)
            if known is not None:
                return operations.text_of(known)
            if action == "reset_status":
                reset = reset_status(
                    self.site,
                    self.access,
                    self.metadata,
                    group,
                    params,
                    request_id,
                )
                return dump(reset)
            array_links.catch_up(self.site, group)
            state = self._admission.accept(group, request)
            operation = new_operation(
                group, request, state, self.site.clock.time()
            )
            self._begin(group, request, operation)
            self._workers.submit(operation.id)
        return operations.text_of(operation)

    def _asked_before(
        self, group: Group, type_: str, request_id: str
    ) -> Operation | None:
        """Return the operation that the same request id has started; refuse
        another type."""
        known = operations.by_request(
            self.site.db, group.project_id, group.id, request_id
        )
        if known is not None and known.type != type_:
            raise RequestRefused(
                "name-conflict",
                f"Request id {request_id} has started operation {known.id} "
                f"({known.type}, {known.status}) of protection group "
                f"{group.name} already; a {type_} needs a request id of its "
                "own",
                operation_id=known.id,
                operation_type=known.type,
            )
        return known

    def _begin(
        self, group: Group, request: Request, operation: Operation
    ) -> None:
        """Write the operation with the group's new status, and push it."""
        during = request.rule.during
        if during is None:
            with self.site.db.transaction() as tx:
                operations.add(tx, operation)
            return

        def mutate(doc: Doc) -> None:
            doc["status"] = during
            doc["operation"] = {
                "id": operation.id,
                "type": operation.type,
                "site_id": self.access.local_id(),
            }

        group.local.last_operation = operation.id
        if request.forced:
            mutate(group.doc)
            group.doc["version"] += 1
            group.local.updated_at = self.metadata.now()
            self.metadata.owe(group, forced=True)
            with self.site.db.transaction() as tx:
                groups.save(tx, group)
                operations.add(tx, operation)
            return

        def announced(tx: sqlite3.Connection) -> None:
            operation.state.announced = True
            operations.save(tx, operation)

        self.metadata.change(
            group,
            mutate,
            also=lambda tx: operations.add(tx, operation),
            take_back=lambda tx: operations.discard(tx, operation.id),
            then=announced,
        )

    # -- metadata

    def sync_status(self, project_id: str, group_id: str) -> Doc:
        """Compare both sites' copies of the metadata now."""
        group = groups.shared(self.site.db, project_id, group_id)
        return self.sync.status(group)

    def local_sync_status(self, project_id: str, group_id: str) -> Doc:
        """Return what this site alone knows of a group."""
        found = self.local_sync_statuses(project_id, 1, None, [group_id])
        if not found:
            raise groups.unknown(self.site.db, project_id, group_id)
        return found[0]

    def local_sync_statuses(
        self,
        project_id: str,
        limit: int,
        marker: str | None,
        ids: Sequence[str] | None,
    ) -> list[Doc]:
        """Return a page of what this site alone knows of its groups."""
        asked = (project_id, limit, marker, ids)
        return self.sync.local(self.summaries.page(*asked))

    def sync_force(self, project_id: str, group_id: str, force: bool) -> Doc:
        """Push this site's copy now; return the sync status after it."""
        with self.locks.hold(group_id):
            group = groups.get(self.site.db, project_id, group_id)
            self.sync.force(group, force)
            return self.sync.status(group)

    def sync_discard(
        self, project_id: str, group_id: str, version: int, request_id: str
    ) -> Doc:
        """Replace the peer's newer version by this site's: what runs at the
        peer is stopped, kept as snapshots and removed.

        It is an operation, which a restart takes up; the answer waits for
        its end for a while, and names it in any case.
        """
        groups.require(self.site.db, project_id, group_id)
        with self.locks.hold(group_id):
            group = groups.get(self.site.db, project_id, group_id)
            found = self._asked_before(group, "sync_force", request_id)
            if found is None:
                params = {"force": True, "discard": version}
                request = Request("sync_force", params, request_id)
                state = self._admission.discards(group, request)
                found = new_operation(
                    group, request, state, self.site.clock.time()
                )
                self._begin(group, request, found)
        if not found.finished:
            self._workers.wait_for(found.id, ANSWER_TIMEOUT)
        return self._discarded(project_id, group_id, found.id)

    def _discarded(
        self, project_id: str, group_id: str, operation_id: str
    ) -> Doc:
        group = groups.get(self.site.db, project_id, group_id)
        record = operations.get(self.site.db, project_id, operation_id)
        answer = self.sync.status(group)
        answer["operation_id"] = operation_id
        answer["stale_removed"] = None
        if record["status"] == "completed":
            answer["stale_removed"] = record["result_data"]["stale_removed"]
        elif record["status"] == "failed":
            answer["message"] = (
                f"Operation {operation_id} failed: {record['error_message']}"
            )
        else:
            answer["message"] = f"Operation {operation_id} is not finished"
        return answer

    def export(
        self, project_id: str, group_id: str, version: int | None
    ) -> Doc:
        """Return the document without its secrets.

        Two sites that were apart may both have made a version: asked for
        by its number, the one that was overwritten comes first.
        """
        group = groups.get(self.site.db, project_id, group_id)
        if version is None:
            return without_secrets(group.doc)
        kept = groups.overwritten(self.site.db, group_id, version)
        if kept is None and version == group.version:
            kept = group.doc
        if kept is None:
            raise RequestRefused(
                "not-found",
                f"Version {version} of the metadata is not kept here",
            )
        return without_secrets(kept)

    def import_(
        self,
        project_id: str,
        group_id: str,
        document: Doc,
        force: bool,
        change: Delta | None = None,
    ) -> Doc:
        """Import the peer's document, or what has changed in it."""
        with self.locks.hold(group_id, IMPORT_LOCK_TIMEOUT):
            running = operations.unfinished(self.site.db, group_id)
            if running:
                raise RequestRefused(
                    "operation-in-progress",
                    f"Operation {running[0].id} ({running[0].type}) of this "
                    "protection group is not finished here",
                    operation_id=running[0].id,
                )
            if change is not None:
                taken = self._imports.take_change(project_id, group_id, change)
                # the peer has the members, and does not read them again
                taken = {**taken, "members": document["members"]}
            else:
                taken = self._imports.take(
                    project_id, group_id, document, force
                )
        return without_secrets(taken)

    # -- groups

    def change(
        self,
        project_id: str,
        group_id: str,
        mutate: Callable[[Doc], None],
        replicate: str | None = None,
        also: Write = nothing,
        take_back: Write = nothing,
    ) -> Group:
        """Change the document at both sites, or at none.

        :param mutate: changes no member in place; others look at it.
        :param also: written with the change.
        :param take_back: written where the change is taken back.

        ``replicate``: how `array_links` is to follow the change, which
        happens inside of `followed`.
        """

        def mutated(doc: Doc) -> None:
            mutate(doc)
            if replicate is not None:
                array_links.owe(group, replicate)

        groups.require(self.site.db, project_id, group_id)
        with self.locks.hold(group_id):
            group = groups.shared(self.site.db, project_id, group_id)
            self._changeable(group)
            return self.metadata.change(group, mutated, also, take_back)

    @contextlib.contextmanager
    def followed(self, group_id: str) -> Iterator[None]:
        """Hold the group's lock over a change, and let the replication follow
        before anybody else changes the group."""
        with self.locks.hold(group_id):
            yield
            project_id = groups.project_of(self.site.db, group_id)
            if project_id is not None:
                group = groups.shared(self.site.db, project_id, group_id)
                array_links.catch_up(self.site, group)

    def require_idle(self, group: Group) -> None:
        """Refuse while an operation of the group is unfinished at either
        site."""
        request = Request("change", {}, "")
        self._admission.unfinished(group, request, self.access.local_id())

    def _changeable(self, group: Group, unknown_is_fine: bool = False) -> None:
        """Refuse unless the group is idle, the peer answers and both copies
        are equal."""
        self.require_idle(group)
        if unknown_is_fine:
            self._admission.peer_answers(group)
        self._admission.in_sync(group, unknown_is_fine)

    def create(self, project_id: str, doc: Doc) -> Group:
        """Create a group at both sites, or at none."""
        group = Group(doc["id"], project_id, doc)
        self.access.project(group, self._other_id(doc))
        self._admission.peer_answers(group)
        if groups.named(self.site.db, project_id, doc["name"]) is not None:
            raise RequestRefused(
                "name-conflict",
                f"A protection group named {doc['name']} exists already",
            )
        with self.locks.hold(group.id):
            cinder_group.make(self.site, self.access, group)
            group.local.created_at = self.metadata.now()
            # the push counts as a change: the first version is 1
            group.doc["version"] = 0
            try:
                self.metadata.change(
                    group,
                    lambda doc: None,
                    take_back=lambda tx: groups.discard(tx, group.id),
                )
            except RequestRefused:
                cinder_group.drop(self.site, self.access, group)
                raise
        return group

    def _other_id(self, doc: Doc) -> str:
        here = self.access.local_id()
        if doc["primary_site_id"] == here:
            return str(doc["secondary_site_id"])
        return str(doc["primary_site_id"])

    def delete(self, project_id: str, group_id: str, force: bool) -> None:
        """Delete a group at both sites; with ``force`` here alone, if the peer
        is silent."""
        with self.locks.hold(group_id):
            group = groups.get(self.site.db, project_id, group_id)
            self._deletable(group)

            def mark(doc: Doc) -> None:
                doc["deleted"] = True

            try:
                if not force:
                    self._changeable(group, unknown_is_fine=True)
                self.metadata.change(group, mark)
            except RequestRefused as refusal:
                if not force or refusal.message != PEER_UNREACHABLE:
                    raise
                group = groups.get(self.site.db, project_id, group_id)
                mark(group.doc)
                group.doc["version"] += 1
            self.metadata.bury(group)

    def _deletable(self, group: Group) -> None:
        self.require_idle(group)
        if group.status not in (rules.ACTIVE, rules.ERROR):
            raise RequestRefused(
                "invalid-state",
                f"Protection group {group.name} is {group.status}; a delete "
                "needs active or error",
                status=group.status,
            )
        if group.doc["tests"]:
            raise RequestRefused(
                "test-not-cleaned",
                f"Protection group {group.name} has a test failover that is "
                "not cleaned up; run test_cleanup first",
            )
