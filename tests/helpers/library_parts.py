"""The library before live sites: older ones, and every form of catalog."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from fakeserver.local.pair import LocalPair
from protectorclient.config.cloud import Access
from protectorclient.pair.site import SiteHandle
from protectorclient.pair.site_pair import SitePair
from protectorclient.records.operation import Operation
from protectorclient.records.protection_group import ProtectionGroup
from protectorclient.records.site import Site
from protectorclient.v1 import Client

WEB = "prod-web-app"
DB = "prod-db"
BARE = "bare"
NETWORKS = {"net-primary-web": "net-secondary-web"}

#: how the catalog may write the address of the service
FORMS = {
    "root": "{url}",
    "v1": "{url}/v1",
    "project": "{url}/v1/%(project_id)s",
}


@dataclasses.dataclass
class Live:
    """Two sites in this process and the clients of one user of them."""

    pair: LocalPair
    form: str = "root"
    api_version: str = "auto"

    def client(self, cloud: str = "site-a") -> Client:
        """A client of a user in clouds.yaml, with a session of its own."""
        url = self.pair.site(cloud[: len("site-a")]).url
        return Client(
            self.pair.session(cloud),
            endpoint_override=FORMS[self.form].format(url=url),
            region_name="RegionOne",
            api_version=self.api_version,
            site_name=cloud,
        )

    def handle(self, cloud: str) -> SiteHandle:
        access = Access(
            cloud, self.pair.session(cloud), region_name="RegionOne"
        )
        return SiteHandle(cloud, access, api_version=self.api_version)

    def sites(self, suffix: str = "") -> SitePair:
        """A pair as a command opens it: nothing is known yet."""
        return SitePair(
            self.handle(f"site-a{suffix}"), self.handle(f"site-b{suffix}")
        )

    def group(self, name: str = WEB, cloud: str = "site-a") -> ProtectionGroup:
        return self.client(cloud).protection_groups.find(name)

    def site(self, name: str) -> Site:
        return self.client().sites.find(name)

    def map_networks(self) -> None:
        """Store the mapping of the group's networks, at both sites."""
        sites = self.sites()
        here, there = sites.primary.finder, sites.secondary.finder
        found = {
            here.network(source).id: there.network(target).id
            for source, target in NETWORKS.items()
        }
        client = self.client()
        client.protection_groups.update(self.group().id, network_mapping=found)
        self.pair.drain()

    def finish(self, operation: Operation, cloud: str = "site-a") -> Operation:
        """Let the engines work, and read what came of it."""
        self.pair.drain()
        return self.client(cloud).operations.wait(operation)

    def failed_over(self, name: str = WEB) -> Operation:
        started = self.sites().failover(name, network_mapping=NETWORKS)
        return self.finish(started.operation)


def opened(**options: Any) -> Iterator[LocalPair]:
    with LocalPair(**options) as pair:
        yield pair
