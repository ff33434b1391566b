"""Calls of Neutron for networks that the engine makes and removes."""

from collections.abc import Mapping

from fakeserver.engine.cloud_client.account import Record
from fakeserver.engine.cloud_client.calls import Calls


class NetworkCalls(Calls):
    """Networks of a project, their tags and their subnets."""

    def networks_named(self, name: str) -> list[Record]:
        return self._all("network", "/networks", "networks", {"name": name})

    def create_network(self, wanted: Mapping[str, object]) -> Record:
        made = self._http.call(
            "network", "POST", "/networks", json={"network": dict(wanted)}
        )
        network: Record = made["network"]
        return network

    def tag_network(self, network_id: str, tag: str) -> None:
        """Add a tag to a network that may have it already."""
        self._http.call(
            "network", "PUT", f"/networks/{network_id}/tags/{tag}", silent=True
        )

    def create_subnet(self, wanted: Mapping[str, object]) -> Record:
        made = self._http.call(
            "network", "POST", "/subnets", json={"subnet": dict(wanted)}
        )
        subnet: Record = made["subnet"]
        return subnet

    def delete_network(self, network_id: str) -> None:
        """Delete a network and its subnets; accept that it does not exist."""
        self._remove("network", f"/networks/{network_id}")
