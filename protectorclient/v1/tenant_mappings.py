"""Tenant mappings: the same tenant's project at each of the sites."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from protectorclient._http import urls
from protectorclient.records.tenant_mapping import TenantMapping
from protectorclient.v1 import _manager

# /v1/admin/tenant-mappings
#   GET list, POST create; /{id}: GET, DELETE


class TenantMappingManager(_manager.Manager):
    """Tenant mappings, as the service asked knows them. For an admin."""

    def _all(self) -> str:
        return self._http.v1("admin", "tenant-mappings")

    def _path(self, mapping: TenantMapping | str) -> str:
        identity = urls.segment(_manager.id_of(mapping), "tenant mapping")
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
        :returns: the mappings; each page is asked for when it is needed.
        :raises Forbidden: it is for an admin.
        :raises SiteUnreachable: the site gives no answer.
        """
        return self._pages(
            TenantMapping,
            self._all(),
            "tenant_mappings",
            limit=limit,
            page_size=page_size,
            marker=marker,
            name=name,
        )

    def get(self, mapping: TenantMapping | str) -> TenantMapping:
        """Return a tenant mapping by id; ``GET admin/tenant-mappings/{id}``.
        *1.0*

        :param mapping: its id, or a record of it.
        :returns: the mapping, as this service has it now.
        :raises NotFound: there is none of this id.
        :raises Forbidden: it is for an admin.
        :raises SiteUnreachable: the site gives no answer.
        """
        return self._listed(
            TenantMapping,
            self._path(mapping),
            "tenant_mapping",
            _manager.id_of(mapping),
            self.list,
        )

    def find(self, name_or_id: TenantMapping | str) -> TenantMapping:
        """Find one by id or exact name; ``GET admin/tenant-mappings``. *1.0*

        :param name_or_id: its name, its id, or a record of it.
        :returns: the mapping, as this service has it now.
        :raises NotFound: there is none.
        :raises NotUnique: several have the name; the error has their ids.
        :raises Forbidden: it is for an admin.
        :raises SiteUnreachable: the site gives no answer.
        """
        wanted = _manager.id_of(name_or_id)
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

        A mapping needs a record at both services, under one id.

        :param name: what people call it; unique at the service.
        :param projects: the project's id at each site, by site id.
        :param id: the id that the other service gave it.
        :returns: the mapping as it is recorded.
        :raises BadRequest: one of the sites is not registered.
        :raises NameConflict: the name, id or a project is mapped already.
        :raises Forbidden: it is for an admin.
        :raises OutcomeUnknown: the answer was lost; it may have been done.
        """
        data = self._write(
            "POST",
            self._all(),
            "tenant_mapping",
            {"id": id, "name": name, "projects": dict(projects)},
        )
        return self._record(TenantMapping, data)

    def delete(self, mapping: TenantMapping | str) -> None:
        """Forget one; ``DELETE admin/tenant-mappings/{id}``. *1.0*

        :param mapping: its id, or a record of it.
        :raises NotFound: there is none of this id.
        :raises InUse: a group needs it.
        :raises Forbidden: it is for an admin.
        :raises OutcomeUnknown: the answer was lost; it may have been done.
        """
        self._http.call("DELETE", self._path(mapping))
