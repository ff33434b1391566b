"""Both sites over sockets, and a day's work of theirs: prints what is loaded.

``python -m tests.helpers.site_in_use DIR``, in a process of its own.
"""

import contextlib
import http.client
import json
import pathlib
import sys
from typing import Any

from fakeserver import compose
from fakeserver.base.seed_world import SITES
from fakeserver.compose import OpenSite
from fakeserver.http.app import create_app
from fakeserver.http.listener import Listener
from fakeserver.http.ports import bind_any
from fakeserver.sandbox.folder import Folder, Settings

HEADERS = {
    "OpenStack-API-Version": "protector latest",
    "Content-Type": "application/json",
}


class Client:
    """Asks the first site as a tenant, and knows no library."""

    def __init__(self, port: int, password: str) -> None:
        self._port = port
        domain = {"id": "default"}
        user = {"name": "demo", "password": password, "domain": domain}
        login = {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {"name": "demo", "domain": domain}},
        }
        said, headers = self._ask(
            "POST", "/identity/v3/auth/tokens", {"auth": login}, {}
        )
        self._headers = {"X-Auth-Token": headers["X-Subject-Token"]}
        self._root = f"/v1/{said['token']['project']['id']}"

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        return self._ask(method, f"{self._root}{path}", body, self._headers)[0]

    def _ask(
        self, method: str, path: str, body: Any, headers: dict[str, str]
    ) -> tuple[Any, Any]:
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        with contextlib.closing(line):
            text = None if body is None else json.dumps(body)
            line.request(method, path, text, HEADERS | headers)
            answer = line.getresponse()
            said = json.loads(answer.read())
            assert answer.status < 300, said
            return said, answer.headers


def use(client: Client, site: OpenSite) -> None:
    """Read what is read often, and run operations to their ends."""
    groups = client.ask("GET", "/protection-groups")["protection_groups"]
    [web] = [one for one in groups if one["name"] == "prod-web-app"]
    path = f"/protection-groups/{web['id']}"
    for part in ("", "/members", "/metadata", "/sync-status", "/policy"):
        client.ask("GET", path + part)
    names = [
        world.network_id(name, network)
        for world in [site.ground.world]
        for name, network in zip(
            SITES, ("net-primary-web", "net-secondary-web"), strict=True
        )
    ]
    mapping = {"network_mapping": {names[0]: names[1]}}
    for action, more in (
        ("sync_volumes", {}),
        ("test_failover", mapping),
        ("test_cleanup", {}),
        ("failover", mapping),
    ):
        begun = client.ask("POST", f"{path}/action", {action: more})
        site.service.drain()
        done = client.ask("GET", f"/operations/{begun['operation']['id']}")
        assert done["operation"]["status"] == "completed", done
    client.ask("GET", "/operations?limit=5")


def main() -> None:
    folder = Folder(pathlib.Path(sys.argv[1]))
    folder.prepare()
    ports = [bind_any() for _ in SITES]
    first, second = (port.getsockname()[1] for port in ports)
    settings = Settings(port=first, peer_port=second, pace=0.0)
    folder.write(settings)
    sites = []
    for name, port in zip(SITES, ports, strict=True):
        opened = compose.open_site(folder.config(settings, name), workers=0)
        listener = Listener(create_app(opened), port, threads=4)
        opened.service.start()
        sites.append((opened, listener))
    one = sites[0][0]
    client = Client(first, one.ground.world.password("demo"))
    use(client, one)
    loaded = set(sys.modules)
    for opened, listener in sites:
        opened.service.stop()
        listener.close()
        compose.close_site(opened)
    print(*loaded)


if __name__ == "__main__":
    main()
