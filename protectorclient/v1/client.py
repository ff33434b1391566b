"""The client of one site."""

from __future__ import annotations

from typing import Any

from keystoneauth1 import plugin
from keystoneauth1 import session as ksa_session

from protectorclient._http import adapter, microversions
from protectorclient.polling.pace import Pace
from protectorclient.v1 import (
    _acting,
    consistency_groups,
    health,
    members,
    metadata,
    operations,
    policies,
    protection_groups,
    sites,
    tenant_mappings,
)


class Client:
    """One site's protector service.

    Takes any keystoneauth session, and asks nothing until it is used::

        client = Client(session=session, region_name="RegionOne")
        for group in client.protection_groups.list():
            print(group.name, group.status)

    :param session: authenticated against the site's Keystone.
    :param auth: a plugin to use instead of the session's.
    :param endpoint_override: the service's URL, where the catalog's is
        not the one to use; root, ``/v1`` or ``/v1/<project>``.
    :param api_version: ``auto`` for the newest that both sides know, one
        like ``1.1``, or ``latest``.
    :param connect_timeout: seconds, 5 by default.
    :param read_timeout: seconds; the session's, else 30.
    :param site_name: how errors name the site.
    :param search_pace: how often and how long an operation is looked for
        when the answer to its POST is lost; up to 60 seconds by default.
    """

    def __init__(
        self,
        session: ksa_session.Session,
        *,
        auth: plugin.BaseAuthPlugin | None = None,
        endpoint_override: str | None = None,
        region_name: str | None = None,
        interface: str | list[str] | None = None,
        api_version: str = "auto",
        connect_timeout: float | None = None,
        read_timeout: float | None = None,
        site_name: str | None = None,
        search_pace: Pace | None = None,
    ) -> None:
        self._http = adapter.SiteAdapter(
            session,
            site=site_name,
            auth=auth,
            endpoint_override=endpoint_override,
            region_name=region_name,
            interface=interface,
            api_version=api_version,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
        )
        #: The registered clouds.
        self.sites = sites.SiteManager(self._http)
        #: Which project is which at the other site.
        self.tenant_mappings = tenant_mappings.TenantMappingManager(self._http)
        #: What was started at this site.
        self.operations = operations.OperationManager(self._http)
        actor = _acting.Actor(self._http, self.operations, search_pace)
        #: What fails over together, and the actions on it.
        self.protection_groups = protection_groups.ProtectionGroupManager(
            self._http, actor
        )
        #: The instances of a group.
        self.members = members.MemberManager(self._http)
        #: How a group replicates.
        self.policies = policies.PolicyManager(self._http)
        #: The volumes of a group and their recovery points.
        self.consistency_groups = consistency_groups.ConsistencyGroupManager(
            self._http, actor
        )
        #: What rebuilds a group.
        self.metadata = metadata.MetadataManager(self._http)
        #: Whether each group could fail over now.
        self.health = health.HealthManager(self._http)

    @property
    def http(self) -> adapter.SiteAdapter:
        """Return the HTTP side, for what has no method."""
        return self._http

    @property
    def site_name(self) -> str | None:
        """Return how errors name the site."""
        return self._http.site

    @property
    def project_id(self) -> str:
        """Return the project of the token at this site."""
        return self._http.project_id

    @property
    def api_version(self) -> str:
        """Return the version in use."""
        return str(self._http.version)

    def versions(self) -> microversions.VersionRange:
        """Return what the site offers; ``GET /v1/``, without a token. *1.0*

        :returns: the oldest and the newest version.
        :raises SiteUnreachable: the site gives no answer.
        """
        return self._http.read_versions()

    def openapi(self) -> dict[str, Any]:
        """Return the service's description of itself; ``GET openapi.json``.
        *1.0*

        :returns: the document, for the version in use.
        :raises SiteUnreachable: the site gives no answer.
        """
        return self._http.call("GET", self._http.v1("openapi.json")).body

    def __repr__(self) -> str:
        return f"<protectorclient.v1.Client {self.site_name or ''}>"
