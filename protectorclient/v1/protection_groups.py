"""Protection groups: what fails over together, and its actions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from protectorclient import exceptions
from protectorclient._http import microversions
from protectorclient.records.operation import Operation
from protectorclient.records.protection_group import (
    Group,
    ProtectionGroup,
    SyncStatus,
)
from protectorclient.v1 import _group_actions, _manager
from protectorclient.v1._acting import action_body

# /v1/{project}/protection-groups
#   GET list, POST create; /{id}: GET, PATCH, DELETE
#   /{id}/action: POST; /{id}/sync-status: GET; /{id}/sync-force: POST


class ProtectionGroupManager(_group_actions.GroupActions):
    """Protection groups of the token's project at one site."""

    def list(
        self,
        *,
        name: str | None = None,
        status: str | None = None,
        limit: int | None = None,
        page_size: int | None = None,
        marker: str | None = None,
        metadata: bool = False,
        fields: Sequence[str] = (),
    ) -> Iterator[ProtectionGroup]:
        """Iterate over groups, by name; ``GET protection-groups``. *1.0*

        :param name: only groups of exactly this name.
        :param status: only groups of this status.
        :param limit: stop after so many.
        :param page_size: so many at one request.
        :param marker: begin after the group of this id.
        :param metadata: ask for each group's metadata, too: they are in
            ``extra["metadata"]``. A service may refuse to, or not know of
            it.
        :param fields: ask for these fields of each group alone; the others
            have their defaults. ``instances`` are the ids of the instances
            that its metadata names, in ``extra["instances"]``, and
            ``metadata_brief`` is its metadata without what the instances
            have of volumes and attributes. A service may refuse to, or not
            know of it.
        :returns: the groups; each page is asked for when it is needed.
        :raises BadRequest: the service does not know `metadata`, or
            `fields`.
        :raises SiteUnreachable: the site gives no answer.
        """
        return self._pages(
            ProtectionGroup,
            self._all(),
            "protection_groups",
            limit=limit,
            page_size=page_size,
            marker=marker,
            name=name,
            status=status,
            metadata="true" if metadata else None,
            fields=list(fields) or None,
        )

    def get(self, group: Group) -> ProtectionGroup:
        """Return a group by id; ``GET protection-groups/{id}``. *1.0*

        :param group: its id, or a record of it.
        :returns: the group, as this site has it now.
        :raises NotFound: none has this id in the project.
        :raises SiteUnreachable: the site gives no answer.
        """
        return self._listed(
            ProtectionGroup,
            self._path(group),
            "protection_group",
            _manager.id_of(group),
            self.list,
        )

    def find(self, name_or_id: Group) -> ProtectionGroup:
        """Find a group by id or exact name; ``GET protection-groups``. *1.0*

        :param name_or_id: its name, its id, or a record of it.
        :returns: the group, as this site has it now.
        :raises NotFound: there is none.
        :raises NotUnique: several have the name; the error has their ids.
        :raises SiteUnreachable: the site gives no answer.
        """
        wanted = _manager.id_of(name_or_id)
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

        Asked of the site that is to be its primary.

        :param name: unique in the project.
        :param primary_site_id: the site where its instances run.
        :param secondary_site_id: the other site.
        :param volume_type_id: the replicated type its volumes have.
        :param description: for people.
        :param network_mapping: ids, source to target. *1.2*
        :param flavor_mapping: ids or names, source to target. *1.2*
        :returns: the group, ``active``.
        :raises BadRequest: no tenant mapping, or a field is wrong.
        :raises VolumeTypeNotReplicated: the type is not, at either site.
        :raises NameConflict: the name is taken.
        :raises WrongSite: the other site is to be its primary.
        :raises PeerUnreachable: the other site does not answer.
        :raises OutcomeUnknown: the answer was lost; it may have been done.
        """
        body = {
            "name": name,
            "description": description,
            "volume_type_id": volume_type_id,
            "primary_site_id": primary_site_id,
            "secondary_site_id": secondary_site_id,
            **self._stored_mappings(network_mapping, flavor_mapping),
        }
        return self._change("POST", self._all(), body)

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

        :param group: its id, or a record of it.
        :param name: the new name.
        :param description: the new description.
        :param network_mapping: replaces the stored one. *1.2*
        :param flavor_mapping: replaces the stored one. *1.2*
        :returns: the group as it is now, at both sites.
        :raises NameConflict: the name is taken.
        :raises OperationInProgress: the group has an unfinished operation.
        :raises OutOfSync: the two sites hold different metadata.
        :raises PeerUnreachable: the other site does not answer.
        :raises OutcomeUnknown: the answer was lost; it may have been done.
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

        :param group: its id, or a record of it.
        :param force: an admin's, where the peer does not answer.
        :raises OperationInProgress: the group has an unfinished operation.
        :raises InvalidState: neither ``active`` nor ``error``.
        :raises TestNotCleaned: a test failover is not cleaned up.
        :raises PeerUnreachable: the other site does not answer.
        :raises OutcomeUnknown: the answer was lost; it may have been done.
        """
        self._http.call(
            "DELETE", self._path(group), params={"force": force or None}
        )

    def reset_status(
        self, group: Group, status: str, *, reason: str | None = None
    ) -> ProtectionGroup:
        """Name the status of a group in ``error``; ``POST action``. *1.0*

        For an admin.

        :param group: its id, or a record of it.
        :param status: ``active``, ``failed_over``, ``failed_over_partial``.
        :param reason: why. *1.2*
        :returns: the group as it is then.
        :raises InvalidState: it is not in error, or two live copies exist.
        :raises PeerUnreachable: the other site does not answer.
        :raises Forbidden: it is for an admin.
        :raises OutcomeUnknown: the answer was lost; it may have been done.
        """
        body = action_body(
            "reset_status", {"status": status, "reason": self._reason(reason)}
        )
        self._http.call("POST", self._path(group, "action"), body=body)
        return self.get(group)

    # Metadata sync

    def sync_status(self, group: Group, *, local: bool = False) -> SyncStatus:
        """Return how this site's metadata compare; ``GET sync-status``. *1.0*

        :param group: its id, or a record of it.
        :param local: this site alone answers, without asking its peer.
        :returns: the versions and checksums of both sides.
        :raises NotFound: there is no such group in the project.
        :raises SiteUnreachable: the site gives no answer.
        """
        data = self._http.get(
            self._path(group, "sync-status"),
            "sync_status",
            {"local": local or None},
        )
        return self._record(SyncStatus, data)

    def sync_force(
        self,
        group: Group,
        *,
        force: bool = False,
        discard: int | None = None,
        request_id: str | None = None,
    ) -> SyncStatus:
        """Push this site's metadata to its peer; ``POST sync-force``. *1.0*

        :param group: its id, or a record of it.
        :param force: this site wins where both have changed.
        :param discard: the version that the peer is ahead with, which is
            thrown away with what the peer runs; see `discard`.
        :param request_id: ``req-<uuid>``; with ``discard`` the same one
            never starts a second operation.
        :returns: how both sides compare after that.
        :raises WrongSite: the peer's metadata are the newer.
        :raises MetadataConflict: both changed; name a winner. Or the peer
            holds another version than the one to be thrown away.
        :raises PeerUnreachable: the other site does not answer.
        :raises OutcomeUnknown: the answer was lost; it may have been done.
        """
        answer = self._http.call(
            "POST",
            self._path(group, "sync-force"),
            params={
                "force": force or discard is not None or None,
                "discard": discard,
            },
            request_id=request_id,
        )
        data = self._http.noun(answer, "sync_status", "POST")
        return self._record(SyncStatus, data)

    def discard(
        self, group: Group, version: int, *, request_id: str | None = None
    ) -> Operation:
        """Undo a mistaken failover of the peer; ``POST sync-force``. *1.0*

        Asked of the site whose copy is right, and which is behind. The
        peer's instances of the group are stopped, a snapshot of each of
        their volumes is kept on its array, they are deleted, and the peer
        takes this site's metadata. A lost answer is followed up as
        `posting` describes.

        :param group: its id, or a record of it.
        :param version: exactly what the peer holds and what is thrown away.
        :param request_id: ``req-<uuid>``; made up where not given.
        :returns: the operation, type ``sync_force``; as a rule it has ended.
            ``result_data`` names the snapshots in ``stale_removed``.
        :raises MetadataConflict: the peer holds another version, or an
            operation of the group is not finished at one of the sites.
        :raises InvalidState: by its own record this site does not run it.
        :raises PeerUnreachable: the other site does not answer; nothing is
            changed.
        :raises OutcomeUnknown: it may have begun; see `posting`.
        """

        def post(request: str) -> Operation:
            found = self.sync_force(group, discard=version, request_id=request)
            if found.operation_id is None:
                raise exceptions.OutcomeUnknown(
                    "the service answered without an operation: it may not"
                    " know how to discard",
                    site=self.site,
                    request_id=request,
                )
            return self._actor.record(found.operation_id)

        return self._actor.once(
            post,
            group_id=_manager.id_of(group),
            operation_type="sync_force",
            parameters={"discard": version},
            request_id=request_id,
        )
