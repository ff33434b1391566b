"""Protection groups: what fails over together, and its actions."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterator, Mapping
from typing import Any

from protectorclient import http, microversions, urls
from protectorclient.v1 import _manager, _record
from protectorclient.v1._acting import Actor, action_body
from protectorclient.v1.operations import Operation


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProtectionGroup(_record.Record):
    """A named set of instances that fail over together."""

    #: The same at both sites.
    id: str = ""
    name: str = ""
    description: str | None = None
    #: The project at the site that answered.
    project_id: str | None = None
    #: ``active``, ``failing_over``, ``failed_over``,
    #: ``failed_over_partial``, ``failing_back``, ``error``.
    status: str = ""
    #: ``async`` or ``sync``; fixed at creation.
    replication_type: str | None = None
    volume_type_id: str | None = None
    #: The site where the group is at home.
    primary_site_id: str | None = None
    #: The other site.
    secondary_site_id: str | None = None
    #: The site where the group runs now.
    current_primary_site_id: str | None = None
    consistency_group_id: str | None = None
    #: How many failovers have been completed, forced ones included.
    failover_count: int = 0
    #: Both sites must hold the same.
    metadata_version: int = 0
    last_replication_at: datetime.datetime | None = None
    member_count: int | None = None
    created_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None
    #: Used where an action gives none. *1.2*
    network_mapping: Mapping[str, str] | None = None
    #: Used where an action gives none. *1.2*
    flavor_mapping: Mapping[str, str] | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class SyncStatus(_record.Record):
    """How the metadata of the two sites compare, as one of them sees it."""

    protection_group_id: str = ""
    #: ``IN_SYNC``, ``OUT_OF_SYNC``, ``UNREACHABLE``, ``FAILED``.
    status: str = ""
    local_version: int | None = None
    remote_version: int | None = None
    local_checksum: str | None = None
    remote_checksum: str | None = None
    last_sync_at: datetime.datetime | None = None
    message: str | None = None


Group = ProtectionGroup | str

# /v1/{project}/protection-groups
#   GET list, POST create; /{id}: GET, PATCH, DELETE
#   /{id}/action: POST; /{id}/sync-status: GET; /{id}/sync-force: POST


class ProtectionGroupManager(_manager.Manager):
    """Protection groups of the token's project at one site."""

    def __init__(self, adapter: http.SiteAdapter, actor: Actor) -> None:
        super().__init__(adapter)
        self._actor = actor

    def _path(self, group: Group | None = None, *rest: str) -> str:
        if group is None:
            return self._http.tenant("protection-groups")
        identity = urls.segment(_record.id_of(group), "protection group")
        return self._http.tenant("protection-groups", identity, *rest)

    def list(
        self,
        *,
        name: str | None = None,
        status: str | None = None,
        limit: int | None = None,
        page_size: int | None = None,
        marker: str | None = None,
    ) -> Iterator[ProtectionGroup]:
        """Iterate over groups, by name; ``GET protection-groups``. *1.0*

        :param name: only groups of exactly this name.
        :param status: only groups of this status.
        :param limit: stop after so many.
        :param page_size: so many at one request.
        :param marker: begin after the group of this id.
        """
        return self._pages(
            ProtectionGroup,
            self._path(),
            "protection_groups",
            limit=limit,
            page_size=page_size,
            marker=marker,
            name=name,
            status=status,
        )

    def get(self, group: Group) -> ProtectionGroup:
        """A group by id; ``GET protection-groups/{id}``. *1.0*

        :raises NotFound: none has this id in the project.
        """
        data = self._http.get(self._path(group), "protection_group")
        return self._record(ProtectionGroup, data)

    def find(self, name_or_id: Group) -> ProtectionGroup:
        """A group by its id or its exact name. *1.0*

        :raises NotFound: there is none.
        :raises NotUnique: several have the name; the error has their ids.
        """
        wanted = _record.id_of(name_or_id)
        return self._find(
            wanted,
            "protection group",
            self.get,
            lambda: self.list(name=wanted),
        )

    def create(
        self,
        name: str,
        *,
        primary_site_id: str,
        secondary_site_id: str,
        volume_type_id: str,
        description: str | None = None,
        network_mapping: Mapping[str, str] | None = None,
        flavor_mapping: Mapping[str, str] | None = None,
    ) -> ProtectionGroup:
        """Make a group at both sites; ``POST protection-groups``. *1.0*

        :param volume_type_id: the replicated type its volumes have.
        :param network_mapping: ids, source to target. *1.2*
        :param flavor_mapping: ids or names, source to target. *1.2*
        :raises PeerUnreachable: the other site does not answer.
        """
        body = {
            "name": name,
            "description": description,
            "volume_type_id": volume_type_id,
            "primary_site_id": primary_site_id,
            "secondary_site_id": secondary_site_id,
            **self._stored_mappings(network_mapping, flavor_mapping),
        }
        return self._change("POST", self._path(), body)

    def update(
        self,
        group: Group,
        *,
        name: str | None = None,
        description: str | None = None,
        network_mapping: Mapping[str, str] | None = None,
        flavor_mapping: Mapping[str, str] | None = None,
    ) -> ProtectionGroup:
        """Change what is given; ``PATCH protection-groups/{id}``. *1.0*

        :param network_mapping: replaces the stored one. *1.2*
        :param flavor_mapping: replaces the stored one. *1.2*
        :raises PeerUnreachable: the other site does not answer.
        """
        body = {
            "name": name,
            "description": description,
            **self._stored_mappings(network_mapping, flavor_mapping),
        }
        return self._change("PATCH", self._path(group), body)

    def _stored_mappings(
        self,
        networks: Mapping[str, str] | None,
        flavors: Mapping[str, str] | None,
    ) -> dict[str, Any]:
        if networks is not None or flavors is not None:
            self._http.require(microversions.STORED_MAPPINGS)
        return {
            "network_mapping": None if networks is None else dict(networks),
            "flavor_mapping": None if flavors is None else dict(flavors),
        }

    def _change(
        self, method: str, path: str, fields: Mapping[str, Any]
    ) -> ProtectionGroup:
        data = self._write(method, path, "protection_group", fields)
        return self._record(ProtectionGroup, data)

    def delete(self, group: Group, *, force: bool = False) -> None:
        """Delete at both sites; ``DELETE protection-groups/{id}``. *1.0*

        :param force: an admin's, where the peer does not answer.
        :raises InvalidState: neither ``active`` nor ``error``.
        """
        self._http.call(
            "DELETE", self._path(group), params={"force": force or None}
        )

    # Actions

    def failover(
        self,
        group: Group,
        *,
        network_mapping: Mapping[str, str] | None = None,
        flavor_mapping: Mapping[str, str] | None = None,
        force: bool = False,
        reason: str | None = None,
        request_id: str | None = None,
    ) -> Operation:
        """Move the group to the other site; ``POST action``. *1.0*

        Asked of the current primary; with ``force`` of the other site.

        :param network_mapping: ids, source to target.
        :param flavor_mapping: ids or names, source to target.
        :param force: the primary is dead; the site works alone.
        :param reason: kept with the operation. *1.2*
        :param request_id: ``req-<uuid>``; the same one never starts a
            second operation. Made up where not given.
        :returns: the operation, just begun.
        :raises OutcomeUnknown: it may have begun; see `posting`.
        """
        return self.act(
            group,
            "failover",
            {
                "network_mapping": network_mapping,
                "flavor_mapping": flavor_mapping,
                "force": force or None,
                "reason": reason,
            },
            request_id=request_id,
        )

    def failback(
        self,
        group: Group,
        *,
        network_mapping: Mapping[str, str] | None = None,
        flavor_mapping: Mapping[str, str] | None = None,
        reverse_replication: bool = False,
        reason: str | None = None,
        request_id: str | None = None,
    ) -> Operation:
        """Move the group home again; ``POST action``. *1.0*

        Asked of the current primary. Parameters as for `failover`.

        :param reverse_replication: replicate towards the other site
            again when done.
        """
        return self.act(
            group,
            "failback",
            {
                "network_mapping": network_mapping,
                "flavor_mapping": flavor_mapping,
                "reverse_replication": reverse_replication or None,
                "reason": reason,
            },
            request_id=request_id,
        )

    def test_failover(
        self,
        group: Group,
        *,
        network_mapping: Mapping[str, str] | None = None,
        flavor_mapping: Mapping[str, str] | None = None,
        retain_primary: bool = False,
        reason: str | None = None,
        request_id: str | None = None,
    ) -> Operation:
        """Build test instances at the other site; ``POST action``. *1.0*

        :param retain_primary: the primary's instances go on running;
            otherwise they are stopped until the clean-up.
        """
        return self.act(
            group,
            "test_failover",
            {
                "network_mapping": network_mapping,
                "flavor_mapping": flavor_mapping,
                "retain_primary": retain_primary or None,
                "reason": reason,
            },
            request_id=request_id,
        )

    def test_cleanup(
        self,
        group: Group,
        *,
        reason: str | None = None,
        request_id: str | None = None,
    ) -> Operation:
        """Remove what a test failover built; ``POST action``. *1.0*"""
        return self.act(
            group, "test_cleanup", {"reason": reason}, request_id=request_id
        )

    def sync_volumes(
        self,
        group: Group,
        *,
        reason: str | None = None,
        request_id: str | None = None,
    ) -> Operation:
        """Replicate once, now; ``POST action``. *1.0*"""
        return self.act(
            group, "sync_volumes", {"reason": reason}, request_id=request_id
        )

    def reset_status(
        self, group: Group, status: str, *, reason: str | None = None
    ) -> ProtectionGroup:
        """Name the status of a group in ``error``; ``POST action``. *1.0*

        For an admin.

        :returns: the group as it is then.
        """
        body = action_body(
            "reset_status", {"status": status, "reason": self._reason(reason)}
        )
        self._http.call("POST", self._path(group, "action"), body=body)
        return self.get(group)

    def act(
        self,
        group: Group,
        action: str,
        params: Mapping[str, Any],
        *,
        request_id: str | None = None,
    ) -> Operation:
        """Start an operation by the name of its action, never two.

        A lost answer is followed up as `posting` describes.
        """
        self._reason(params.get("reason"))
        body = action_body(action, params)
        return self._actor.start(
            self._path(group, "action"),
            body,
            group_id=_record.id_of(group),
            operation_type=action,
            parameters=body[action],
            request_id=request_id,
        )

    def _reason(self, reason: str | None) -> str | None:
        if reason is not None:
            self._http.require(microversions.ACTION_REASON)
        return reason

    # Metadata sync

    def sync_status(self, group: Group, *, local: bool = False) -> SyncStatus:
        """How this site's metadata compare; ``GET sync-status``. *1.0*

        :param local: this site alone answers, without asking its peer.
        """
        data = self._http.get(
            self._path(group, "sync-status"),
            "sync_status",
            {"local": local or None},
        )
        return self._record(SyncStatus, data)

    def sync_force(self, group: Group, *, force: bool = False) -> SyncStatus:
        """Push this site's metadata to its peer; ``POST sync-force``. *1.0*

        :param force: this site wins where both have changed.
        :raises WrongSite: the peer's metadata are the newer.
        :raises MetadataConflict: both changed; name a winner.
        """
        answer = self._http.call(
            "POST",
            self._path(group, "sync-force"),
            params={"force": force or None},
        )
        data = self._http.noun(answer, "sync_status", "POST")
        return self._record(SyncStatus, data)
