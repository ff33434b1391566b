"""Metadata: everything a site must know of a group to rebuild it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from protectorclient import exceptions
from protectorclient._http import urls
from protectorclient.records.protection_group import Group
from protectorclient.v1 import _manager

Document = Mapping[str, Any]

# /v1/{project}/protection-groups/{id}/metadata
#   GET export, PUT import


class MetadataManager(_manager.Manager):
    """The metadata document of each group.

    The document belongs to the services, so it stays as they write it.
    """

    def _path(self, group: Group) -> str:
        identity = urls.segment(_manager.id_of(group), "protection group")
        return self._http.tenant("protection-groups", identity, "metadata")

    def get(
        self, group: Group, *, version: int | None = None
    ) -> dict[str, Any]:
        """Export the document; ``GET metadata``. *1.0*

        :param group: the group's id, or a record of it.
        :param version: one that a forced import has overwritten.
        :returns: the document, without the tokens of the arrays.
        :raises NotFound: there is no such group, or no such version.
        :raises SiteUnreachable: the site gives no answer.
        """
        data = self._http.get(
            self._path(group), "metadata", {"version": version}
        )
        return self._document(data)

    def put(
        self, group: Group, document: Document, *, force: bool = False
    ) -> dict[str, Any]:
        """Import a document; ``PUT metadata``. *1.0*

        For the peer's account or an admin.

        :param group: the group's id, or a record of it.
        :param document: as the other service has exported it.
        :param force: also over a newer one, which is kept.
        :returns: the document as it is held now.
        :raises BadRequest: the document does not hold together.
        :raises MetadataConflict: older, or equal and different.
        :raises OperationInProgress: the group has an unfinished operation.
        :raises Forbidden: the account is neither the peer's nor an admin's.
        :raises OutcomeUnknown: the answer was lost; it may have been done.
        """
        answer = self._http.call(
            "PUT",
            self._path(group),
            params={"force": force or None},
            body={"metadata": dict(document)},
        )
        return self._document(self._http.noun(answer, "metadata", "PUT"))

    def _document(self, data: object) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise exceptions.UnreadableAnswer(
                "the service answered something else than a document",
                site=self.site,
                sent=True,
            )
        return data


def members_at(document: Document, site_id: str) -> list[dict[str, Any]]:
    """Return what the members have at one site, as far as it is known."""
    found = []
    for member in document.get("members") or ():
        at_site = (member.get("sites") or {}).get(site_id)
        if isinstance(at_site, dict):
            found.append(at_site)
    return found
