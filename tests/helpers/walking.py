"""Requests to a live site, for everything that is described."""

from collections.abc import Iterator
from typing import Any

import requests

from fakeserver.api import description, microversion
from fakeserver.cloud.identity.keystone import grant_id
from fakeserver.cloud.shared import schema as cloud
from fakeserver.local.pair import LocalPair

VERSIONS = [microversion.show(version) for version in microversion.VERSIONS]
NOBODY = "00000000-0000-4000-8000-000000000000"


class Walk:
    """Requests to site-a, at one version, until all has been seen."""

    def __init__(self, pair: LocalPair, version: str) -> None:
        self.pair, self.version = pair, version
        self.http = pair.http()
        self.url = pair.site("a").url
        self.world = pair.site("a").world
        self.project = self.world.project_id("site-a", "demo")
        self.token = self.token_of("admin")
        # somebody of the project without a role that counts here
        self.stranger = self.holder("auditor", "other")
        self.names = {"tenant_id": self.project}
        self.document: dict[str, Any] = {}
        self.bare = ""

    def token_of(self, user: str, project: str = "demo") -> str:
        """A token of a seeded user, at once valid."""
        keystone = self.pair.site("a").keystone
        user_id = self.world.user_id("site-a", user)
        project_id = self.world.project_id("site-a", project)
        token: str = keystone.issue(user_id, project_id)
        return token

    def holder(self, user: str, *roles: str) -> str:
        """A token of a user who has from now on these roles alone."""
        user_id = self.world.user_id("site-a", user)
        grant = {
            "id": grant_id(user_id, self.project),
            "user_id": user_id,
            "project_id": self.project,
            "roles": list(roles),
        }
        with self.pair.site("a").parts.db.transaction() as tx:
            cloud.GRANTS.put(tx, grant)
        return self.token_of(user)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = "",
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> requests.Response:
        """A request for a path of the description, its names filled in."""
        sent = {"OpenStack-API-Version": f"protector {self.version}"}
        if token is not None:
            sent["X-Auth-Token"] = token or self.token
        address = self.url + path.format(**self.names)
        answer = self.http.request(
            method, address, json=body, headers=sent | (headers or {}), **more
        )
        if answer.status_code == 202:
            self.pair.drain()
        return answer

    def made(self, method: str, path: str, body: Any = None) -> Any:
        """Like send, where it has to go well; the one thing answered."""
        answer = self.send(method, path, body)
        assert answer.ok, answer.text
        return next(iter(answer.json().values())) if answer.content else None

    def site_id(self, letter: str) -> str:
        return self.world.site_id(f"site-{letter}")

    def find(self, path: str, name: str) -> Any:
        [found] = self.made("GET", f"{path}?name={name}")
        return found

    def remember(self) -> None:
        """What the seeded world holds, under the names of the paths."""
        first = self.find(GROUPS, "prod-web-app")
        self.names["pg_id"] = first["id"]
        self.names["member_id"] = self.made("GET", f"{GROUP}/members")[0]["id"]
        self.names["site_id"] = self.site_id("b")
        self.names["mapping_id"] = self.find(MAPPINGS, "demo")["id"]
        done = self.made("POST", f"{GROUP}/consistency-group/sync")
        self.names["op_id"] = done["id"]
        self.document = self.made("GET", f"{GROUP}/metadata")
        self.bare = self.find(GROUPS, "bare")["id"]


TENANT = "/v1/{tenant_id}"
GROUPS = f"{TENANT}/protection-groups"
GROUP = f"{GROUPS}/{{pg_id}}"
MEMBERS = f"{GROUP}/members"
SITES = "/v1/admin/sites"
SITE = f"{SITES}/{{site_id}}"
MAPPINGS = "/v1/admin/tenant-mappings"


def body_of(walk: Walk, operation: str) -> Any:
    """A body that would do, where the operation takes one."""
    world = walk.world
    ours, theirs = walk.site_id("a"), walk.site_id("b")
    site = {
        "name": "site-c",
        "auth_url": "http://127.0.0.1:3/identity/v3",
        "protector_url": "http://127.0.0.1:3",
        "array_name": "flasharray-a",
        "volume_backend_host": "site-c@flasharray-c#pool",
        "username": "protector",
        "password": "protector-secret",
        "project_name": "service",
    }
    group = {
        "name": "new",
        "volume_type_id": world.volume_type_id("site-a", "flash-async"),
        "primary_site_id": ours,
        "secondary_site_id": theirs,
    }
    policy = {
        "primary_fa_url": "https://a.example.com",
        "secondary_fa_url": "https://b.example.com",
        "primary_fa_api_token": "one",
        "secondary_fa_api_token": "two",
    }
    mapping = {"name": "new", "projects": {ours: "p", theirs: "q"}}
    [instance] = world.groups[-1].servers
    bodies: dict[str, Any] = {
        "create_site": {"site": site},
        "set_site": {"site": {"description": "Far away"}},
        "create_tenant_mapping": {"tenant_mapping": mapping},
        "create_protection_group": {"protection_group": group},
        "set_protection_group": {"protection_group": {"description": "x"}},
        "add_member": {"member": {"instance_id": instance.id}},
        "set_policy": {"policy": policy},
        "act_on_protection_group": {"sync_volumes": {}},
        "import_metadata": {"metadata": walk.document},
    }
    return bodies.get(operation)


def entries(
    version: str, newest: str
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    document = description.document(
        microversion.parse(version), microversion.parse(newest)
    )
    for method, path in description.routes():
        yield method, path, document["paths"][path][method.lower()]
