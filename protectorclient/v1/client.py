"""The client of one site."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keystoneauth1 import plugin
    from keystoneauth1 import session as ksa_session

    from protectorclient._http import microversions
    from protectorclient._http.conversation import Conversation
    from protectorclient.polling.pace import Pace
    from protectorclient.v1._acting import Actor
    from protectorclient.v1.consistency_groups import ConsistencyGroupManager
    from protectorclient.v1.health import HealthManager
    from protectorclient.v1.members import MemberManager
    from protectorclient.v1.metadata import MetadataManager
    from protectorclient.v1.operations import OperationManager
    from protectorclient.v1.policies import PolicyManager
    from protectorclient.v1.protection_groups import ProtectionGroupManager
    from protectorclient.v1.sites import SiteManager
    from protectorclient.v1.tenant_mappings import TenantMappingManager


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
        from protectorclient._http.adapter import SiteAdapter

        self._http: Conversation = SiteAdapter(
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
        self._search_pace = search_pace

    # A manager is imported with the first thing that is asked of it: a
    # command asks one of them for one thing.

    @functools.cached_property
    def sites(self) -> SiteManager:
        """Return the manager of the registered clouds."""
        from protectorclient.v1.sites import SiteManager

        return SiteManager(self._http)

    @functools.cached_property
    def tenant_mappings(self) -> TenantMappingManager:
        """Return the manager of which project is which at the other site."""
        from protectorclient.v1.tenant_mappings import TenantMappingManager

        return TenantMappingManager(self._http)

    @functools.cached_property
    def operations(self) -> OperationManager:
        """Return the manager of what was started at this site."""
        from protectorclient.v1.operations import OperationManager

        return OperationManager(self._http)

    @functools.cached_property
    def protection_groups(self) -> ProtectionGroupManager:
        """Return the manager of what fails over together, and its actions."""
        from protectorclient.v1.protection_groups import ProtectionGroupManager

        return ProtectionGroupManager(self._http, self._actor)

    @functools.cached_property
    def members(self) -> MemberManager:
        """Return the manager of a group's instances."""
        from protectorclient.v1.members import MemberManager

        return MemberManager(self._http)

    @functools.cached_property
    def policies(self) -> PolicyManager:
        """Return the manager of how a group replicates."""
        from protectorclient.v1.policies import PolicyManager

        return PolicyManager(self._http)

    @functools.cached_property
    def consistency_groups(self) -> ConsistencyGroupManager:
        """Return the manager of a group's volumes and recovery points."""
        from protectorclient.v1.consistency_groups import (
            ConsistencyGroupManager,
        )

        return ConsistencyGroupManager(self._http, self._actor)

    @functools.cached_property
    def metadata(self) -> MetadataManager:
        """Return the manager of what rebuilds a group."""
        from protectorclient.v1.metadata import MetadataManager

        return MetadataManager(self._http)

    @functools.cached_property
    def health(self) -> HealthManager:
        """Return the manager of whether each group could fail over now."""
        from protectorclient.v1.health import HealthManager

        return HealthManager(self._http)

    @functools.cached_property
    def _actor(self) -> Actor:
        from protectorclient.v1._acting import Actor

        return Actor(self._http, self.operations, self._search_pace)

    @property
    def http(self) -> Conversation:
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


def over(conversation: Conversation) -> Client:
    """Make a client that speaks through a conversation of its own.

    :param conversation: who carries the requests.
    """
    client = Client.__new__(Client)
    client._http = conversation
    client._search_pace = None
    return client
