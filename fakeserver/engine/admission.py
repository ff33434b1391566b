"""The checks before an operation is accepted.

The order is fixed, and a refusal changes nothing.
"""

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any

from fakeserver.base.clock import stamp
from fakeserver.base.errors import (
    NOT_FAILED_OVER,
    PEER_UNREACHABLE,
    RequestRefused,
)
from fakeserver.base.ids import new_id
from fakeserver.engine.cloud_client.cloud import (
    CloudRefused,
    CloudUnreachable,
    LoginRefused,
)
from fakeserver.engine.model import drill_networks, mapping_plan, rules
from fakeserver.engine.model.document import Doc, peer_of
from fakeserver.engine.model.drill_networks import DrillNetwork
from fakeserver.engine.model.member_plan import MemberPlan
from fakeserver.engine.model.operation_record import OperationRecord
from fakeserver.engine.model.operation_state import OperationState
from fakeserver.engine.peer.access import Access
from fakeserver.engine.peer.answers import PeerSilent
from fakeserver.engine.peer.compare import Sync
from fakeserver.site import Site
from fakeserver.store import effects, groups, operations
from fakeserver.store.groups import Group
from fakeserver.store.operations import Operation


@dataclasses.dataclass(frozen=True)
class Request:
    """An action of a request, with its parameters."""

    action: str
    params: dict[str, Any]
    request_id: str

    @property
    def forced(self) -> bool:
        """Return whether it works without the peer; a discard needs the
        peer."""
        return bool(self.params.get("force")) and "discard" not in self.params

    @property
    def changes_nothing(self) -> bool:
        """Return whether it leaves the group as it is when it is accepted,
        and needs nobody's answer but the peer's."""
        rule = rules.RULES.get(self.action)
        return (
            rule is not None
            and rule.during is None
            and not rule.rebuilds
            and not self.forced
        )

    @property
    def rule(self) -> rules.Rule:
        """Return the row of the rules for this action."""
        return rules.FORCED if self.forced else rules.RULES[self.action]


def new_operation(
    group: Group, request: Request, state: OperationState, now: float
) -> Operation:
    """Create the operation of a request that was admitted."""
    moment = stamp(now)
    operation_id = f"op-{new_id()}"
    state.lineage = state.lineage or operation_id
    record = OperationRecord(
        id=operation_id,
        protection_group_id=group.id,
        operation_type=request.action,
        status="pending",
        progress=0,
        source_site_id=state.source,
        target_site_id=state.target,
        started_at=moment,
        completed_at=None,
        updated_at=moment,
        error_message=None,
        steps_completed=[],
        steps_failed=[],
        parameters=request.params,
        request_id=request.request_id,
    )
    return Operation(
        operation_id,
        group.project_id,
        group.id,
        request.action,
        request.request_id,
        record,
        state,
    )


def _power_on(doc: Doc, params: dict[str, Any]) -> list[str]:
    """Return the ids of the members that start although they were stopped;
    refuse one that is no member."""
    wanted = params.get("power_on") or []
    if not wanted:
        return []
    known = [member["id"] for member in doc["members"]]
    if wanted == "all":
        return known
    for one in wanted:
        if one not in known:
            raise RequestRefused(
                "bad-request",
                f"power_on: protection group {doc['name']} has no member "
                f"with id {one}",
                field="power_on",
            )
    return list(wanted)


def _isolated(doc: Doc, request: Request, source: str) -> list[DrillNetwork]:
    """Return the networks that an isolated test needs."""
    if not request.params.get("isolated"):
        return []
    try:
        return drill_networks.needed(doc, source)
    except ValueError as unknown:
        raise RequestRefused(
            "bad-request",
            f"isolated: the address range of network {unknown} is not known",
            field="isolated",
        ) from unknown


class Admission:
    """The checks of an operation, in their order."""

    def __init__(self, site: Site, access: Access, sync: Sync) -> None:
        self._site = site
        self._access = access
        self._sync = sync

    def accept(self, group: Group, request: Request) -> OperationState:
        """Return the state of the new operation, or raise RequestRefused."""
        here = self._access.local_id()
        _power_on(group.doc, request.params)
        self.unfinished(group, request, here)
        self.alone(group, request, here)
        if not request.forced:
            # asked for its metadata, the peer answers or not
            self.in_sync(group)
        return self.state(group, request)

    def alone(self, group: Group, request: Request, here: str) -> None:
        """Refuse what this site can refuse without asking anybody, of a group
        that has no unfinished operation here."""
        doc = group.doc
        self._unfinished_there(doc, request, here)
        self._status(doc, request, here)
        self._right_site(doc, request, here)
        self._tests(doc, request)
        if doc["policy"] is None:
            raise RequestRefused(
                "policy-missing",
                f"Protection group {group.name} has no replication policy",
            )

    def state(self, group: Group, request: Request) -> OperationState:
        """Return the state of an operation that nothing is against; the
        clouds may still be."""
        primary = str(group.doc["current_primary_site_id"])
        other = peer_of(group.doc, primary)
        plan: list[MemberPlan] = []
        if request.rule.rebuilds:
            with self._refusals():
                plan = self._plan(group, request, primary, other)
        return self._state(group, request, primary, other, plan)

    def discards(self, group: Group, request: Request) -> OperationState:
        """Return the state of an operation that discards the peer's newer
        version, or raise RequestRefused."""
        here = self._access.local_id()
        other = peer_of(group.doc, here)
        version = int(request.params["discard"])
        self._sync.discards(group, version)
        # its instances are to be stopped: its clouds have to answer as well
        with self._refusals():
            self._access.cloud(group, other).ping()
        state = self._state(group, request, here, other, [])
        state.discards = version
        return state

    def _state(
        self,
        group: Group,
        request: Request,
        source: str,
        target: str,
        plan: list[MemberPlan],
    ) -> OperationState:
        moves = request.action in ("failover", "failback")
        taken_over = group.doc["operation"] if request.forced else None
        return OperationState(
            source=source,
            target=target,
            forced=request.forced,
            back_to=group.status,
            back_to_operation=group.doc["operation"],
            lineage=taken_over["id"] if taken_over else "",
            plan=plan,
            moves_last_writes=moves and not request.forced,
            stops_source=request.action == "test_failover"
            and not request.params.get("retain_primary"),
            reverse_replication=bool(
                request.params.get("reverse_replication")
            ),
            announces=moves,
            power_on=_power_on(group.doc, request.params),
            isolated=_isolated(group.doc, request, source),
            keep_addresses=bool(request.params.get("keep_addresses")),
            announced=not moves or request.forced,
        )

    # -- one check each

    def unfinished(self, group: Group, request: Request, here: str) -> None:
        own = operations.unfinished(self._site.db, group.id)
        if own:
            raise self._in_progress(own[0].id, own[0].type, here)
        self._unfinished_there(group.doc, request, here)

    def _unfinished_there(self, doc: Doc, request: Request, here: str) -> None:
        running = doc["operation"]
        if running and running["site_id"] != here and not request.forced:
            raise self._in_progress(
                running["id"], running["type"], running["site_id"]
            )

    def _in_progress(
        self, id_: str, type_: str, site_id: str
    ) -> RequestRefused:
        site = self._access.name(site_id)
        return RequestRefused(
            "operation-in-progress",
            f"Operation {id_} ({type_}) of this protection group is not "
            f"finished at {site}",
            operation_id=id_,
            site=site,
        )

    def _status(self, doc: Doc, request: Request, here: str) -> None:
        status = doc["status"]
        rule = request.rule
        fits = status in rule.needs
        if fits and request.forced and status in rules.FORCED_IF_PEERS:
            running = doc["operation"]
            fits = bool(running) and running["site_id"] != here
        if fits:
            return
        if request.action == "failback":
            raise RequestRefused(
                "invalid-state", NOT_FAILED_OVER, status=status
            )
        needed = " or ".join(rule.needs)
        raise RequestRefused(
            "invalid-state",
            f"Protection group {doc['name']} is {status}; "
            f"{request.action} needs {needed}",
            status=status,
        )

    def _right_site(self, doc: Doc, request: Request, here: str) -> None:
        primary = str(doc["current_primary_site_id"])
        right = primary
        if not request.rule.at_primary:
            right = peer_of(doc, primary)
        if here != right:
            name = self._access.name(right)
            what = request.action
            if request.forced:
                what = "forced failover"
            raise RequestRefused(
                "wrong-site",
                f"A {what} of protection group {doc['name']} is started "
                f"at {name}, not here",
                site=name,
                site_id=right,
            )

    def _tests(self, doc: Doc, request: Request) -> None:
        planned = request.action == "failover" and not request.forced
        if planned and doc["tests"]:
            raise RequestRefused(
                "test-not-cleaned",
                f"Protection group {doc['name']} has a test failover that "
                "is not cleaned up; run test_cleanup first",
            )
        if request.action != "test_cleanup" or doc["tests"]:
            return
        if not effects.left_networks(self._site.db, str(doc["id"])):
            raise RequestRefused(
                "nothing-to-clean",
                f"Protection group {doc['name']} has no test failover to "
                "clean up",
            )

    def peer_answers(self, group: Group) -> None:
        try:
            self._access.peer(group).ping()
        except PeerSilent as silent:
            raise RequestRefused(
                "peer-unreachable", PEER_UNREACHABLE, site=silent.site
            ) from silent

    def silent(self, silent: PeerSilent) -> RequestRefused:
        """Return the refusal for a peer that does not say what it holds."""
        return RequestRefused(
            "peer-unreachable",
            PEER_UNREACHABLE,
            cause=str(silent),
            site=silent.site,
        )

    def in_sync(self, group: Group, unknown_is_fine: bool = False) -> None:
        """Refuse unless both copies of the metadata are equal, or the peer has
        none and may have none."""
        if unknown_is_fine and self._sync.unknown(group):
            return
        found = self._sync.compare(group)
        if found["status"] == "UNREACHABLE":
            raise RequestRefused(
                "peer-unreachable",
                PEER_UNREACHABLE,
                cause=found["message"],
                site=self._access.peer(group).site,
            )
        if found["status"] != "IN_SYNC":
            raise RequestRefused(
                "out-of-sync",
                f"The metadata of protection group {group.name} is not in "
                f"sync: {found['message']}",
                sync_status=found["status"],
                local_version=found["local_version"],
                remote_version=found["remote_version"],
            )

    def _plan(
        self, group: Group, request: Request, source: str, target: str
    ) -> list[MemberPlan]:
        doc, params = group.doc, request.params
        at_target = self._catalog(group, target)
        if request.forced:
            docs = groups.docs_of(self._site.db, group.project_id)
            name = self._access.name(source)
            at_source = mapping_plan.Catalog.stored(docs, source, name)
        else:
            at_source = self._catalog(group, source)
        outward = source == doc["primary_site_id"]
        mappings = []
        for field in ("network_mapping", "flavor_mapping"):
            given = params.get(field) or {}
            if not given and outward:
                given = doc[field]
                if request.forced:
                    # what cannot be looked up must not be in the way now
                    given = at_source.known(given)
            if request.forced and field == "network_mapping":
                given = at_source.by_id(given)
            mappings.append(given)
        return mapping_plan.plan_members(
            doc,
            source,
            target,
            at_source,
            at_target,
            *mappings,
            isolated=bool(params.get("isolated")),
        )

    def _catalog(self, group: Group, site_id: str) -> mapping_plan.Catalog:
        """Return the catalog of a site, which is asked when it is needed."""
        name = self._access.name(site_id)
        with self._refusals():
            return mapping_plan.Catalog.of(
                self._access.cloud(group, site_id), name
            )

    @contextlib.contextmanager
    def _refusals(self) -> Iterator[None]:
        """Turn what a cloud says, or does not say, into a refusal."""
        try:
            yield
        except CloudUnreachable as error:
            if error.site == self._access.name(self._access.local_id()):
                raise RequestRefused("invalid-state", str(error)) from error
            raise RequestRefused(
                "peer-unreachable", PEER_UNREACHABLE, cause=str(error)
            ) from error
        except LoginRefused as error:
            raise self._access.locked_out(error) from error
        except CloudRefused as error:
            raise RequestRefused("invalid-state", str(error)) from error
