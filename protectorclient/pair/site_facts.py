"""The answers of one site, each question asked once.

An answer is kept, and so is the error that came instead; whoever asks next
gets the same. Several threads may ask: the second waits for the first.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from protectorclient import exceptions
from protectorclient._http import microversions
from protectorclient.pair.question import Answer, Question
from protectorclient.polling import at_once
from protectorclient.polling.silence import NO_ANSWER
from protectorclient.v1._manager import LARGEST_PAGE

if TYPE_CHECKING:
    import concurrent.futures

    from protectorclient.pair.site import SiteHandle
    from protectorclient.records.consistency_group import ConsistencyGroup
    from protectorclient.records.health import GroupHealth
    from protectorclient.records.member import Member
    from protectorclient.records.operation import Operation
    from protectorclient.records.policy import Policy
    from protectorclient.records.protection_group import (
        ProtectionGroup,
        SyncStatus,
    )
    from protectorclient.records.site import Site, VolumeType
    from protectorclient.v1.client import Client

T = TypeVar("T")

#: How far back an unfinished operation is looked for.
_NEWEST = 5
#: The parameter with which a list of groups has their metadata.
_METADATA = "metadata"
#: So many groups are asked for their metadata at the same time.
_ASKERS = 4


class SiteFacts:
    """Asks one site for each thing once, and keeps the answer."""

    def __init__(self, handle: SiteHandle) -> None:
        self.handle = handle
        self._lock = threading.Lock()
        self._kept: dict[Any, Question[Any] | Answer] = {}
        #: The group whose health was asked for first.
        self._examined: str | None = None

    @property
    def name(self) -> str:
        """Return the cloud's name."""
        return self.handle.name

    @property
    def client(self) -> Client:
        """Return the site's service, for what is not kept."""
        return self.handle.client

    def ask(self, key: Any, question: Callable[[], T]) -> T:
        """Return the answer to a question that is asked at most once."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                mine: Question[T] = Question()
                self._kept[key] = mine
        if kept is not None:
            known: T = kept.result()
            return known
        answer = mine.find(question)
        self._kept[key] = Answer(answer)
        return answer

    def later(self, question: Callable[[], T]) -> concurrent.futures.Future[T]:
        """Put a question that is not waited for here."""
        return at_once.start(question)

    def _keep(self, key: Any, answer: object) -> None:
        """Keep an answer that came with another one, unless there is one."""
        with self._lock:
            self._kept.setdefault(key, Answer(answer))

    # The site

    @property
    def barred(self) -> exceptions.ProtectorError | None:
        """Say why nothing can be asked here, if nothing can."""
        try:
            self.ask("open", self._open)
        except exceptions.ProtectorError as error:
            return error
        return None

    @property
    def silent(self) -> bool:
        """Return whether it does not answer."""
        return isinstance(self.barred, NO_ANSWER)

    def _open(self) -> None:
        """Sign in, find the service, agree on a version, be let in."""
        adapter = self.client.http
        _ = adapter.endpoint
        offered = adapter.offered
        version = adapter.version
        if version not in offered:
            raise exceptions.VersionNotSupported(
                f"version {version} was asked for, and the site offers"
                f" {offered}",
                needed=str(version),
                offered=str(offered),
                site=self.name,
            )
        _ = self.handle.sites

    @property
    def clock_skew(self) -> float | None:
        """Seconds that its clock is ahead of ours, once it has answered."""
        return self.handle.clock_skew

    def answers(self, url: str | None) -> bool:
        """Return whether its protector answers at an address, without a
        token."""
        return self.ask("answers", lambda: self.handle.answers(url))

    @property
    def token(self) -> Any:
        """Return what Keystone said of the token; None where it is no
        Keystone's."""
        session = self.handle.access.session
        get = getattr(session.auth, "get_access", None)
        if get is None:
            return None
        return self.ask("token", lambda: get(session))

    @property
    def sites(self) -> dict[str, Site]:
        """Both sites' records by id, as this one has them registered."""
        return self.ask("sites", lambda: self.handle.sites)

    @property
    def local(self) -> Site:
        """Return the site's own record."""
        return self.ask("local", lambda: self.handle.local)

    @property
    def networks(self) -> list[dict[str, Any]]:
        """Fetch all networks that the project sees."""
        return self.ask("networks", self.handle.finder.networks)

    @property
    def subnets(self) -> list[dict[str, Any]]:
        """Fetch all subnets that the project sees."""
        return self.ask("subnets", self.handle.finder.subnets)

    @property
    def flavors(self) -> list[dict[str, Any]]:
        """Fetch all flavors that the project sees."""
        return self.ask("flavors", self.handle.finder.flavors)

    @property
    def servers(self) -> list[dict[str, Any]]:
        """Fetch all servers of the project."""
        return self.ask("servers", self.handle.finder.servers)

    @property
    def volumes(self) -> list[dict[str, Any]]:
        """Fetch all volumes of the project."""
        return self.ask("volumes", self.handle.finder.volumes)

    @property
    def compute_limits(self) -> dict[str, Any]:
        """Fetch what the project may have in Nova, and has."""
        return self.ask("compute limits", self.handle.finder.compute_limits)

    @property
    def volume_limits(self) -> dict[str, Any]:
        """Fetch what the project may have in Cinder, and has."""
        return self.ask("volume limits", self.handle.finder.volume_limits)

    @property
    def network_quota(self) -> dict[str, Any]:
        """Fetch what the project may have in Neutron, and has."""
        project = str(self.client.project_id)
        finder = self.handle.finder
        return self.ask("network quota", lambda: finder.network_quota(project))

    @property
    def ports(self) -> list[dict[str, Any]]:
        """Fetch all ports that the project sees."""
        return self.ask("ports", self.handle.finder.ports)

    @property
    def security_groups(self) -> list[dict[str, Any]]:
        """Fetch all security groups that the project sees."""
        return self.ask("security groups", self.handle.finder.security_groups)

    @property
    def server_groups(self) -> list[dict[str, Any]]:
        """Fetch all server groups of the project."""
        return self.ask("server groups", self.handle.finder.server_groups)

    @property
    def key_pairs(self) -> list[dict[str, Any]]:
        """Fetch all key pairs of the user."""
        return self.ask("key pairs", self.handle.finder.key_pairs)

    @property
    def availability_zones(self) -> list[dict[str, Any]]:
        """Fetch the availability zones of Nova."""
        return self.ask("zones", self.handle.finder.availability_zones)

    @property
    def images(self) -> list[dict[str, Any]]:
        """Fetch all images that the project sees."""
        return self.ask("images", self.handle.finder.images)

    @property
    def manages_volumes(self) -> bool:
        """Return True where Cinder lets the caller manage volumes.

        :raises Forbidden: it does not.
        """
        self.ask("volume manage", self.handle.finder.require_volume_manage)
        return True

    @property
    def volume_types(self) -> tuple[VolumeType, ...]:
        """Fetch the volume types, as the service sees them.

        :raises VersionNotSupported: the deployment does not offer them.
        """
        if not self.local.id:
            raise exceptions.VersionNotSupported(
                "this deployment does not say which site it is, so its volume"
                " types cannot be asked for",
                site=self.name,
            )
        return self.ask(
            "volume types",
            lambda: self.client.sites.volume_types(self.local),
        )

    @property
    def cinder_types(self) -> list[dict[str, Any]]:
        """Fetch the volume types, as Cinder shows them to the project."""
        return self.ask("cinder types", self.handle.finder.volume_types)

    @property
    def volume_groups(self) -> list[dict[str, Any]]:
        """Fetch the volume groups of Cinder; Forbidden where its policy
        shows them to nobody of this role."""
        return self.ask("volume groups", self.handle.finder.volume_groups)

    @property
    def health(self) -> dict[str, GroupHealth]:
        """Fetch the health report, by the groups' ids. *1.2*"""
        return self.ask(
            "health",
            lambda: {
                one.protection_group_id: one
                for one in self.client.health.list(page_size=LARGEST_PAGE)
            },
        )

    def health_of(self, group: str) -> GroupHealth | None:
        """Fetch the health of one group; None where the report lacks it.
        *1.2*

        Who asks for a second group gets it from the whole report.

        :raises VersionNotSupported: the site has no health report.
        """
        with self._lock:
            self._examined = self._examined or group
            another = self._examined != group
        if another:
            return self.health.get(group)
        return self.ask(
            ("health", group),
            lambda: self.client.health.fetch([group]).get(group),
        )

    @property
    def has_health(self) -> bool:
        """Return whether the site has a health report: it is new enough, and
        its deployment offers it."""
        if not self.client.http.has(microversions.HEALTH):
            return False
        try:
            _ = self.health
        except exceptions.VersionNotSupported:
            return False
        except exceptions.ProtectorError:
            # whoever asks for the report gets it
            return True
        return True

    @property
    def groups(self) -> list[ProtectionGroup]:
        """Fetch all groups of the project."""
        return self.ask(
            "groups",
            lambda: list(
                self.client.protection_groups.list(page_size=LARGEST_PAGE)
            ),
        )

    def documented_groups(
        self, limit: int | None = None
    ) -> list[ProtectionGroup]:
        """Fetch all groups, and their metadata with them.

        One list answers `document` of each of them. Of a service that does
        not have the metadata in its list, `document` asks one by one.

        :param limit: at most so many.
        """
        return self.ask(
            ("documented groups", limit),
            lambda: self._documented_groups(limit),
        )

    def _documented_groups(self, limit: int | None) -> list[ProtectionGroup]:
        listed = functools.partial(
            self.client.protection_groups.list,
            limit=limit,
            page_size=LARGEST_PAGE,
        )
        missing = self.client.http.missing_parameters
        if _METADATA in missing:
            return list(listed())
        try:
            groups = list(listed(metadata=True))
        except (exceptions.BadRequest, exceptions.UnreadableAnswer) as error:
            if isinstance(error, exceptions.BadRequest):
                missing.add(_METADATA)
            return list(listed())
        for group in groups:
            document = group.extra.get("metadata")
            if isinstance(document, dict):
                self._keep(("document", group.id), document)
        return groups

    def documents(
        self, groups: Iterable[ProtectionGroup]
    ) -> list[dict[str, Any]]:
        """Fetch the metadata of several groups, in their order."""
        return at_once.each_of(
            [group.id for group in groups], self.document, askers=_ASKERS
        )

    # One group

    def find(self, name: str) -> ProtectionGroup:
        """Fetch a group by its name or id."""
        return self.ask(
            ("find", name),
            lambda: self.client.protection_groups.find(name),
        )

    def get(self, group: str) -> ProtectionGroup:
        """Fetch a group by its id alone."""
        return self.ask(
            ("get", group),
            lambda: self.client.protection_groups.get(group),
        )

    def document(self, group: str) -> dict[str, Any]:
        """Fetch the metadata document of a group."""
        return self.ask(
            ("document", group),
            lambda: self.client.metadata.get(group),
        )

    def policy(self, group: str) -> Policy:
        """Fetch the policy of a group; NotFound without one."""
        return self.ask(
            ("policy", group), lambda: self.client.policies.get(group)
        )

    def storage(self, group: str) -> ConsistencyGroup:
        """Fetch the recovery points of a group."""
        return self.ask(
            ("storage", group),
            lambda: self.client.consistency_groups.get(group),
        )

    def sync(self, group: str, *, local: bool = False) -> SyncStatus:
        """Return how the two sites compare, as this one sees it.

        :param local: what it holds itself; its peer is not asked.
        """
        return self.ask(
            ("sync", group, local),
            lambda: self.client.protection_groups.sync_status(
                group, local=local
            ),
        )

    def members(
        self, group: str, limit: int | None = None, marker: str | None = None
    ) -> list[Member]:
        """Fetch the members of a group."""
        return self.ask(
            ("members", group, limit, marker),
            lambda: list(
                self.client.members.list(group, limit=limit, marker=marker)
            ),
        )

    def operation(self, operation_id: str) -> Operation:
        """Fetch an operation that this site has started, by its id."""
        return self.ask(
            ("operation", operation_id),
            lambda: self.client.operations.get(operation_id),
        )

    def newest(self, group: str, limit: int = _NEWEST) -> list[Operation]:
        """Fetch the group's newest operations here, newest first."""
        return self.ask(
            ("newest", group, limit),
            lambda: list(
                self.client.operations.list(
                    protection_group_id=group, limit=limit
                )
            ),
        )

    def unfinished(self, group: str) -> list[Operation]:
        """Fetch the group's operations here that have not ended."""
        return [one for one in self.newest(group) if not one.is_finished]
