"""Sites: the two clouds as each service knows them."""

from __future__ import annotations

from collections.abc import Iterator

from protectorclient._http import urls
from protectorclient.records.site import Site, Validation, VolumeType
from protectorclient.v1 import _manager

# /v1/admin/sites
#   GET list, POST create; /{id}: GET, PATCH, DELETE
#   /{id}/validate: POST; /{id}/volume-types: GET


class SiteManager(_manager.Manager):
    """Sites, as the service asked knows them. Writing is for an admin."""

    def _all(self) -> str:
        return self._http.v1("admin", "sites")

    def _path(self, site: Site | str, *rest: str) -> str:
        identity = urls.segment(_manager.id_of(site), "site")
        return self._http.v1("admin", "sites", identity, *rest)

    def list(
        self,
        *,
        name: str | None = None,
        limit: int | None = None,
        page_size: int | None = None,
        marker: str | None = None,
    ) -> Iterator[Site]:
        """Iterate over sites, by name; ``GET admin/sites``. *1.0*

        :param name: only the site of exactly this name.
        :param limit: stop after so many.
        :param page_size: so many at one request.
        :param marker: begin after the site of this id.
        :returns: the sites; each page is asked for when it is needed.
        :raises SiteUnreachable: the site gives no answer.
        """
        return self._pages(
            Site,
            self._all(),
            "sites",
            limit=limit,
            page_size=page_size,
            marker=marker,
            name=name,
        )

    def get(self, site: Site | str) -> Site:
        """Return a site by id; ``GET admin/sites/{id}``. *1.0*

        :param site: its id, or a record of it.
        :returns: the site, as this service has it now.
        :raises NotFound: there is none of this id.
        :raises SiteUnreachable: the site gives no answer.
        """
        return self._listed(
            Site, self._path(site), "site", _manager.id_of(site), self.list
        )

    def find(self, name_or_id: Site | str) -> Site:
        """Find a site by id or exact name; ``GET admin/sites``. *1.0*

        :param name_or_id: its name, its id, or a record of it.
        :returns: the site, as this service has it now.
        :raises NotFound: there is none.
        :raises NotUnique: several have the name; the error has their ids.
        :raises SiteUnreachable: the site gives no answer.
        """
        wanted = _manager.id_of(name_or_id)
        return self._find(
            wanted, "site", self.get, lambda: self.list(name=wanted)
        )

    def create(
        self,
        name: str,
        *,
        auth_url: str,
        username: str,
        password: str,
        project_name: str,
        id: str | None = None,
        description: str | None = None,
        region_name: str | None = None,
        interface: str | None = None,
        protector_url: str | None = None,
        array_name: str | None = None,
        volume_backend_host: str | None = None,
        user_domain_name: str | None = None,
        project_domain_name: str | None = None,
    ) -> Site:
        """Register a site at this service; ``POST admin/sites``. *1.0*

        A site needs a record at both services, under one id. It is
        ``unreachable`` until it is validated.

        :param name: what people call it; unique at the service.
        :param auth_url: its Keystone.
        :param username: of the service account, which the other site's
            engine uses; with the next four it is never answered.
        :param password: of the service account.
        :param project_name: of the service account.
        :param id: the id that the other service gave it.
        :param description: for people.
        :param region_name: in the catalog; ``RegionOne`` by default.
        :param interface: with which the services read the catalog:
            ``public`` (the default), ``internal`` or ``admin``.
        :param protector_url: its protector service.
        :param array_name: its FlashArray.
        :param volume_backend_host: Cinder's, as ``host@backend#pool``.
        :param user_domain_name: of the account; ``Default`` by default.
        :param project_domain_name: of its project; ``Default`` by default.
        :returns: the site as it is registered.
        :raises NameConflict: the name, id or address is taken.
        :raises Forbidden: it is for an admin.
        :raises OutcomeUnknown: the answer was lost; it may have been done.
        """
        fields = {
            "id": id,
            "name": name,
            "description": description,
            "auth_url": auth_url,
            "region_name": region_name,
            "interface": interface,
            "protector_url": protector_url,
            "array_name": array_name,
            "volume_backend_host": volume_backend_host,
            "username": username,
            "password": password,
            "project_name": project_name,
            "user_domain_name": user_domain_name,
            "project_domain_name": project_domain_name,
        }
        data = self._write(
            "POST", self._all(), "site", fields, secrets=[password]
        )
        return self._record(Site, data)

    def update(
        self,
        site: Site | str,
        *,
        name: str | None = None,
        description: str | None = None,
        auth_url: str | None = None,
        region_name: str | None = None,
        interface: str | None = None,
        protector_url: str | None = None,
        array_name: str | None = None,
        volume_backend_host: str | None = None,
        username: str | None = None,
        password: str | None = None,
        project_name: str | None = None,
        user_domain_name: str | None = None,
        project_domain_name: str | None = None,
    ) -> Site:
        """Change what is given; ``PATCH admin/sites/{id}``. *1.0*

        :param site: its id, or a record of it.
        :param name: as for `create`, like all that follow.
        :param description: for people.
        :param auth_url: its Keystone.
        :param region_name: in the catalog.
        :param interface: with which the services read the catalog.
        :param protector_url: its protector service.
        :param array_name: its FlashArray.
        :param volume_backend_host: Cinder's, as ``host@backend#pool``.
        :param username: of the service account.
        :param password: of the service account.
        :param project_name: of the service account.
        :param user_domain_name: of the account.
        :param project_domain_name: of its project.
        :returns: the site as it is now.
        :raises NotFound: there is none of this id.
        :raises NameConflict: the name or address is taken.
        :raises InUse: it would be another site's, and a group uses it.
        :raises Forbidden: it is for an admin.
        :raises OutcomeUnknown: the answer was lost; it may have been done.
        """
        changes = {
            "name": name,
            "description": description,
            "auth_url": auth_url,
            "region_name": region_name,
            "interface": interface,
            "protector_url": protector_url,
            "array_name": array_name,
            "volume_backend_host": volume_backend_host,
            "username": username,
            "password": password,
            "project_name": project_name,
            "user_domain_name": user_domain_name,
            "project_domain_name": project_domain_name,
        }
        data = self._write(
            "PATCH",
            self._path(site),
            "site",
            changes,
            secrets=[password] if password else (),
        )
        return self._record(Site, data)

    def delete(self, site: Site | str) -> None:
        """Forget a site at this service; ``DELETE admin/sites/{id}``. *1.0*

        :param site: its id, or a record of it.
        :raises NotFound: there is none of this id.
        :raises InUse: a group uses it.
        :raises Forbidden: it is for an admin.
        :raises OutcomeUnknown: the answer was lost; it may have been done.
        """
        self._http.call("DELETE", self._path(site))

    def validate(self, site: Site | str) -> Validation:
        """Try all that a site needs; ``POST .../{id}/validate``. *1.0*

        The site's status is set to what is found.

        :param site: its id, or a record of it.
        :returns: the status, and each check with its result.
        :raises NotFound: there is none of this id.
        :raises Forbidden: it is for an admin.
        :raises OutcomeUnknown: the answer was lost; it may have been done.
        """
        answer = self._http.call("POST", self._path(site, "validate"))
        data = self._http.noun(answer, "validation", "POST")
        return self._record(Validation, data)

    def volume_types(self, site: Site | str) -> tuple[VolumeType, ...]:
        """Return the volume types of a site; ``GET .../{id}/volume-types``.
        *1.0*

        :param site: its id, or a record of it.
        :returns: all types of its Cinder, by name.
        :raises NotFound: there is none of this id.
        :raises PeerUnreachable: it is the other site, and is silent or
            refuses the service account.
        :raises SiteUnreachable: the site gives no answer.
        """
        path = self._path(site, "volume-types")
        data = self._http.get(path, "volume_types")
        return self._records(VolumeType, data)
