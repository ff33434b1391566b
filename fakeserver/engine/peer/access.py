"""Clients of each site of a group: its clouds, and the peer's service.

Everything goes to the registered site's ``auth_url`` with the registered
service account, in a token scoped to the tenant's project at that site.
"""

import threading
from typing import Any

from fakeserver.base.errors import RequestRefused
from fakeserver.base.vault import Unreadable
from fakeserver.engine.cloud_client.cloud import (
    Account,
    LoginRefused,
    RemoteCloud,
)
from fakeserver.engine.peer.client import Peer
from fakeserver.site import Site
from fakeserver.store import pair_records
from fakeserver.store.groups import Group
from fakeserver.store.summary import GroupSummary


class Access:
    """Creates and keeps the clients of both sites, for each project."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._clouds: dict[tuple[str, ...], RemoteCloud] = {}
        self._peers: dict[tuple[str, ...], Peer] = {}
        self._lock = threading.Lock()

    def local_id(self) -> str:
        return str(pair_records.read(self._site.db).local()["id"])

    def record(self, site_id: str) -> dict[str, Any]:
        return dict(pair_records.read(self._site.db).site(site_id))

    def name(self, site_id: str) -> str:
        """Return the name of a site; its id where it is not registered."""
        try:
            return str(self.record(site_id)["name"])
        except RequestRefused:
            return site_id

    def project(self, group: Group, site_id: str) -> str:
        """Return the id of the group's project at a site."""
        known = pair_records.read(self._site.db)
        return known.project_at(group.project_id, site_id)

    def account(self, site_id: str) -> Account:
        record = self.record(site_id)
        try:
            password = self._site.vault.decrypt(record["password"], site_id)
        except Unreadable as error:
            raise RequestRefused(
                "invalid-state",
                f"The service account of {record['name']} cannot be "
                "read with this site's key; set its password again",
            ) from error
        return Account(
            site=record["name"],
            auth_url=record["auth_url"],
            region_name=record["region_name"],
            interface=record["interface"],
            username=record["username"],
            password=password,
            user_domain_name=record["user_domain_name"],
        )

    def locked_out(self, error: LoginRefused) -> RequestRefused:
        """Return the refusal for a Keystone that refuses the service
        account."""
        own = error.site == self.name(self.local_id())
        return RequestRefused(
            "invalid-state" if own else "peer-unreachable",
            f"Keystone of {error.site} refused the service account: "
            f"{error.message}",
            site=error.site,
            status=error.status,
        )

    def cloud(self, group: Group, site_id: str) -> RemoteCloud:
        """Return the client of the tenant's clouds at a site of the group."""
        return self.cloud_of(group.project_id, site_id)

    def cloud_of(self, project_id: str, site_id: str) -> RemoteCloud:
        """Return the client of a tenant's clouds at a site.

        :param project_id: the tenant's project at this site.
        """
        known = pair_records.read(self._site.db)
        record = known.site(site_id)
        project = known.project_at(project_id, site_id)
        key = (site_id, project, str(record.get("updated_at")))
        with self._lock:
            found = self._clouds.get(key)
            if found is None:
                found = RemoteCloud(
                    self.account(site_id),
                    project,
                    self._site.wire,
                    self._site.faults,
                )
                self._clouds[key] = found
        return found

    def peer(self, group: Group | GroupSummary) -> Peer:
        """Return the client of the other site's protector service."""
        known = pair_records.read(self._site.db)
        other = known.other(group.primary_site_id, group.secondary_site_id)
        project = known.project_at(group.project_id, other["id"])
        key = (other["id"], project, str(other.get("updated_at")))
        with self._lock:
            found = self._peers.get(key)
            if found is None:
                found = Peer(
                    self.account(other["id"]),
                    project,
                    other["protector_url"],
                    self._site.wire,
                    self._site.faults,
                )
                self._peers[key] = found
        return found

    def forget(self) -> None:
        """Drop every client: an account or the world has changed."""
        with self._lock:
            self._clouds.clear()
            self._peers.clear()
