"""Start at once the operations that several groups are asked for at the same
moment.

A sync changes nothing of its group when it is accepted. What it costs is the
question to the other site and the commit, and both take hardly longer for
eight groups than for one.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from fakeserver.base.errors import RequestRefused
from fakeserver.engine.admission import Admission, Request, new_operation
from fakeserver.engine.combiner import Combiner
from fakeserver.engine.model.operation_state import OperationState
from fakeserver.engine.peer.access import Access
from fakeserver.engine.peer.answers import PeerRefused, PeerSilent
from fakeserver.engine.peer.compare import Sync
from fakeserver.site import Site
from fakeserver.store import groups, operations
from fakeserver.store.groups import Group
from fakeserver.store.operations import Operation

LOG = logging.getLogger(__name__)


class GroupRequest(NamedTuple):
    """An action of a request on a group."""

    project_id: str
    group_id: str
    request: Request


class _Ready(NamedTuple):
    """A group of which this site knows nothing that is against it."""

    #: its document has no members
    group: Group
    state: OperationState


#: an operation, or why there is none; None where somebody has to look closer
_Started = Operation | Exception | None


class Starts:
    """Starts the operations that are as usual."""

    def __init__(
        self, site: Site, access: Access, admission: Admission, sync: Sync
    ) -> None:
        self._site = site
        self._access = access
        self._admission = admission
        self._sync = sync
        #: by the id of the project: what one meets is nothing to another
        self._combiners: dict[
            str, Combiner[GroupRequest, Operation | None]
        ] = {}

    def start(
        self, project_id: str, group_id: str, request: Request
    ) -> Operation | None:
        """Start an operation; the caller holds the group's lock.

        None where anything may be against it, for somebody to look closer
        and to word it. Only what costs time is refused here: a silent peer
        is not waited for twice.
        """
        self._site.db.give_back()
        combiner = self._combiners.get(project_id)
        if combiner is None:
            made = Combiner[GroupRequest, Operation | None](self._start_all)
            combiner = self._combiners.setdefault(project_id, made)
        return combiner.ask(GroupRequest(project_id, group_id, request))

    def _start_all(self, several: Sequence[GroupRequest]) -> list[_Started]:
        with self._site.db.as_writer():
            return self.start_all(several)

    def start_all(self, several: Sequence[GroupRequest]) -> list[_Started]:
        """Start several, as :meth:`start` does; nobody else may change one
        of the groups meanwhile."""
        try:
            found = self._ready(several)
        except Exception:
            # it may be the record of one of them that cannot be read
            LOG.exception("several operations are looked at one by one")
            return [None] * len(several)
        ready = [
            (asked, one)
            for asked, one in zip(several, found, strict=True)
            if one is not None
        ]
        started: Mapping[str, _Started]
        try:
            started = self._start_ready(ready)
        except Exception as error:
            # nothing was asked or written for the others
            started = {one.group.id: error for _, one in ready}
        return [
            None if one is None else started.get(one.group.id) for one in found
        ]

    def _start_ready(
        self, ready: Sequence[tuple[GroupRequest, _Ready]]
    ) -> dict[str, _Started]:
        """Start the operations of the groups of which both sites hold the
        same, or refuse them all: by the groups' ids."""
        held = [one.group for _, one in ready]
        try:
            shared = self._sync.shared(held)
        except (PeerRefused, RequestRefused):
            return {}
        except PeerSilent as silent:
            return {one.id: self._admission.silent(silent) for one in held}
        now = self._site.clock.time()
        made = [
            new_operation(one.group, asked.request, one.state, now)
            for asked, one in ready
            if one.group.id in shared
        ]
        if made:
            with self._site.db.transaction() as tx:
                operations.add(tx, *made)
        return {one.group_id: one for one in made}

    def _ready(self, several: Sequence[GroupRequest]) -> list[_Ready | None]:
        """Return what this site alone decides; None where it is not sure."""
        db, here = self._site.db, self._access.local_id()
        held = groups.without_members(db, [one.group_id for one in several])
        met = operations.met(
            db, [(one.group_id, one.request.request_id) for one in several]
        )
        found: list[_Ready | None] = []
        for asked in several:
            group = held.get(asked.group_id)
            if (
                group is None
                or group.project_id != asked.project_id
                or group.local.replicate is not None
                or group.id in met
            ):
                found.append(None)
            else:
                found.append(self._decided(group, asked.request, here))
        return found

    def _decided(
        self, group: Group, request: Request, here: str
    ) -> _Ready | None:
        try:
            self._admission.alone(group, request, here)
        except RequestRefused:
            return None
        return _Ready(group, self._admission.state(group, request))
