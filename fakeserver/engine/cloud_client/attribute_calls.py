"""Calls of Nova and Neutron that show the attributes of an instance."""

import re
import threading

from fakeserver.base.fault_points import Faults
from fakeserver.base.wire import Wire
from fakeserver.engine.cloud_client.calls import Calls
from fakeserver.engine.cloud_client.session import (
    Account,
    CloudRefused,
    Record,
)

#: the newest Nova whose answers are read here: 2.9 shows the lock, 2.19 the
#: description, 2.26 the tags, 2.71 the server groups, 2.90 the host name
NEWEST = (2, 90)
#: what every Nova answers
OLDEST = (2, 1)


class AttributeCalls(Calls):
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
