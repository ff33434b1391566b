"""Tenant mappings: the same tenant's project at each of the sites."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterator, Mapping

from protectorclient import urls
from protectorclient.v1 import _manager, _record


@dataclasses.dataclass(frozen=True, kw_only=True)
class TenantMapping(_record.Record):
    """One tenant, known by another project id at each site."""

    id: str = ""
    name: str = ""
    #: Project ids by site id.
    projects: Mapping[str, str] = dataclasses.field(default_factory=dict)
    created_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None


# /v1/admin/tenant-mappings
#   GET list, POST create; /{id}: GET, DELETE


class TenantMappingManager(_manager.Manager):
    """Tenant mappings, as the service asked knows them. For an admin."""

    def _path(self, mapping: TenantMapping | str | None = None) -> str:
        if mapping is None:
            return self._http.v1("admin", "tenant-mappings")
        identity = urls.segment(_record.id_of(mapping), "tenant mapping")
        return self._http.v1("admin", "tenant-mappings", identity)

    def list(
        self,
        *,
        name: str | None = None,
        limit: int | None = None,
        page_size: int | None = None,
        marker: str | None = None,
    ) -> Iterator[TenantMapping]:
        """Iterate, by name; ``GET admin/tenant-mappings``. *1.0*

        :param name: only those of exactly this name.
        :param limit: stop after so many.
        :param page_size: so many at one request.
        :param marker: begin after the mapping of this id.
        """
        return self._pages(
            TenantMapping,
            self._path(),
            "tenant_mappings",
            limit=limit,
            page_size=page_size,
            marker=marker,
            name=name,
        )

    def get(self, mapping: TenantMapping | str) -> TenantMapping:
        """One by id; ``GET admin/tenant-mappings/{id}``. *1.0*"""
        data = self._http.get(self._path(mapping), "tenant_mapping")
        return self._record(TenantMapping, data)

    def find(self, name_or_id: TenantMapping | str) -> TenantMapping:
        """One by its id or its exact name. *1.0*

        :raises NotFound: there is none.
        :raises NotUnique: several have the name.
        """
        wanted = _record.id_of(name_or_id)
        return self._find(
            wanted,
            "tenant mapping",
            self.get,
            lambda: self.list(name=wanted),
        )

    def create(
        self,
        name: str,
        projects: Mapping[str, str],
        *,
        id: str | None = None,
    ) -> TenantMapping:
        """Map a tenant; ``POST admin/tenant-mappings``. *1.0*

        :param projects: the project's id at each site, by site id.
        :param id: the id that the other service gave it.
        """
        data = self._write(
            "POST",
            self._path(),
            "tenant_mapping",
            {"id": id, "name": name, "projects": dict(projects)},
        )
        return self._record(TenantMapping, data)

    def delete(self, mapping: TenantMapping | str) -> None:
        """Forget one; ``DELETE admin/tenant-mappings/{id}``. *1.0*

        :raises InUse: a group needs it.
        """
        self._http.call("DELETE", self._path(mapping))
