"""Calls of Nova and Neutron that show the attributes of an instance."""

import re
import threading
from collections.abc import Mapping

from fakeserver.base.fault_points import Faults
from fakeserver.base.wire import Wire
from fakeserver.engine.cloud_client.account import (
    Account,
    CloudRefused,
    Record,
)
from fakeserver.engine.cloud_client.network_calls import NetworkCalls

#: the newest Nova whose answers are read here: 2.9 shows the lock, 2.19 the
#: description, 2.26 the tags, 2.71 the server groups, 2.90 the host name
NEWEST = (2, 90)
#: what every Nova answers
OLDEST = (2, 1)


class AttributeCalls(NetworkCalls):
    """Show instances in the newest form that Nova and this client know."""

    def __init__(
        self, account: Account, project_id: str, wire: Wire, faults: Faults
    ) -> None:
        super().__init__(account, project_id, wire, faults)
        self._version: tuple[int, int] | None = None
        self._version_lock = threading.Lock()

    def compute_version(self) -> tuple[int, int]:
        """Return the newest microversion of Nova that both sides know, asked
        once."""
        with self._version_lock:
            if self._version is None:
                self._version = self._asked_version()
            return self._version

    def _asked_version(self) -> tuple[int, int]:
        try:
            answer = self._http.call("compute", "GET", "")
        except CloudRefused:
            # an address with the project in it has no version document
            return OLDEST
        text = str((answer.get("version") or {}).get("version") or "")
        found = re.fullmatch(r"(\d{1,4})\.(\d{1,4})", text)
        if found is None:
            return OLDEST
        return min(NEWEST, (int(found[1]), int(found[2])))

    def _newest(self) -> str:
        major, minor = self.compute_version()
        return f"{major}.{minor}"

    def details(self, server_id: str) -> Record | None:
        """Show a server with all attributes that Nova shows to the account."""
        path = f"/servers/{server_id}"
        return self._maybe("compute", path, "server", version=self._newest())

    def all_details(self) -> list[Record]:
        """List the servers of the project, each as `details` shows it."""
        path, noun = "/servers/detail", "servers"
        return self._all("compute", path, noun, version=self._newest())

    def zones(self) -> list[str]:
        """List the names of Nova's availability zones."""
        found = self._http.call("compute", "GET", "/os-availability-zone")
        return [one["zoneName"] for one in found["availabilityZoneInfo"]]

    def server_groups(self) -> list[Record]:
        path, noun = "/os-server-groups", "server_groups"
        return self._all("compute", path, noun, version=self._newest())

    def lock_server(self, server_id: str) -> None:
        self._act("compute", f"/servers/{server_id}", {"lock": None})

    def unlock_server(self, server_id: str) -> None:
        self._act("compute", f"/servers/{server_id}", {"unlock": None})

    def server_group(self, group_id: str) -> Record | None:
        path = f"/os-server-groups/{group_id}"
        return self._shown("compute", path, "server_group")

    def key_pair(self, name: str, user_id: str) -> Record | None:
        """Show a key pair of a user; None where the account may not."""
        path = f"/os-keypairs/{name}"
        return self._shown("compute", path, "keypair", {"user_id": user_id})

    def ports(self, server_id: str) -> list[Record]:
        """List the ports of a server as Neutron shows them."""
        asked = {"device_id": server_id}
        return self._all("network", "/ports", "ports", asked)

    def port(self, port_id: str) -> Record | None:
        return self._maybe("network", f"/ports/{port_id}", "port")

    def ports_on(self, network_id: str) -> list[Record]:
        """List the ports on a network that the project sees."""
        asked = {"network_id": network_id}
        return self._all("network", "/ports", "ports", asked)

    def ports_named(self, name: str) -> list[Record]:
        return self._all("network", "/ports", "ports", {"name": name})

    def ports_described(self, text: str) -> list[Record]:
        return self._all("network", "/ports", "ports", {"description": text})

    def create_port(self, wanted: Mapping[str, object]) -> Record:
        made = self._http.call(
            "network", "POST", "/ports", json={"port": dict(wanted)}
        )
        port: Record = made["port"]
        return port

    def delete_port(self, port_id: str) -> None:
        """Delete a port; accept that it does not exist."""
        self._remove("network", f"/ports/{port_id}")

    def security_groups(self) -> list[Record]:
        path = "/security-groups"
        return self._all("network", path, "security_groups")

    def set_read_only(self, volume_id: str) -> None:
        body = {"os-update_readonly_flag": {"readonly": True}}
        self._act("volume", f"/volumes/{volume_id}", body)

    def _shown(
        self,
        service: str,
        path: str,
        noun: str,
        params: dict[str, str] | None = None,
    ) -> Record | None:
        """Show one resource; None where it is gone or not shown."""
        try:
            return self._maybe(service, path, noun, params, self._newest())
        except CloudRefused:
            return None
