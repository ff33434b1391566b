"""Two sites that are fuzzed: the same ids every time, and a way back."""

import json
import random
import sqlite3
import types
import uuid
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest

from fakeserver.base import ids
from fakeserver.base.db import Database
from fakeserver.base.seed_world import SITES, VOLUME_TYPES, World
from fakeserver.engine.service import Service
from fakeserver.http.app import create_app
from fakeserver.http.listener import Listener
from fakeserver.http.ports import bind
from fakeserver.local.pair import LocalPair
from fakeserver.registry import groups as registered_groups
from fakeserver.registry import members as registered_members
from fakeserver.registry import sites as registered_sites
from fakeserver.site import Site
from fakeserver.storage.arrays import Arrays
from fakeserver.store import groups
from fakeserver.store.seed import mapping_id

PAIR = ("primary_site_id", "secondary_site_id")
UNUSED = {
    "id": str(uuid.UUID(int=2)),
    "name": "site-c",
    "auth_url": "http://127.0.0.1:3/identity/v3",
    "protector_url": "http://127.0.0.1:3",
    "array_name": "flasharray-a",
    "volume_backend_host": "site-c@flasharray-c#pool",
    "username": "protector",
    "password": "protector-secret",
    "project_name": "service",
}
REQUEST_ID = f"req-{uuid.UUID(int=1)}"


#: metadata that any two sites can take over
_BARE: dict[str, Any] = {
    "operation": None,
    "policy": None,
    "members": [],
    "tests": [],
    "sealed": {},
}


class FuzzedWorld:
    """site-a on a port of its own, and what it knows of the seeded world.

    Ids are drawn in the same order every time and the clock stands still,
    so that a run repeats. Operations run to their end before the answer
    that started them is sent.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        dice = random.Random(1)
        drawn = types.SimpleNamespace(
            UUID=uuid.UUID,
            uuid5=uuid.uuid5,
            uuid4=lambda: uuid.UUID(int=dice.getrandbits(128), version=4),
        )
        patch.setattr(ids, "uuid", drawn)
        self._pair = LocalPair()
        self._sites = [self._pair.site(name) for name in SITES]
        first, world = self._sites[0], self._sites[0].world
        self.project = world.project_id("site-a", "demo")
        admin = world.user_id("site-a", "admin")
        self.token: str = first.keystone.issue(admin, self.project)
        operation = self._live_in(first.service)
        self.known = _known(first.parts, self.project, operation)
        self._unused = {
            "site_id": UNUSED["id"],
            "mapping_id": mapping_id(world, "rival"),
        }
        self._first = [(found, _copy(found)) for found in self._databases()]
        served = self._drained(create_app(first.opened))
        self._listener = Listener(served, bind(0), threads=1)
        self.url = f"http://127.0.0.1:{self._listener.port}"

    def close(self) -> None:
        self._listener.close()
        for _, copy in self._first:
            copy.close()
        self._pair.close()

    def restore(self) -> None:
        """Everything as it was in the beginning."""
        for database, copy in self._first:
            copy.backup(database.connection())
        for site in self._sites:
            site.service.access.forget()

    def address(self, method: str, parts: dict[str, Any]) -> None:
        """Something that is there, where the address names nothing."""
        for name, value in parts.items():
            known = self.known.get(f"path.{name}", [value])
            if value not in known:
                parts[name] = known[0]
        if method == "DELETE":
            # the others are in use, and can never be deleted
            for name in parts.keys() & self._unused.keys():
                parts[name] = self._unused[name]

    def make_whole(
        self, operation: str, address: dict[str, Any], body: Any
    ) -> None:
        """Ids that a request has twice, or as keys, drawn independently of
        each other, are made such that the request means something."""
        sites = [
            self.known[f"body.protection_group.{field}"][0] for field in PAIR
        ]
        inner = (
            next(iter(body.values()), None) if isinstance(body, dict) else None
        )
        if not isinstance(inner, dict):
            return
        if operation == "import_metadata" and _is_uuid(inner.get("id")):
            if _is_uuid(address["pg_id"]):
                inner["id"] = address["pg_id"]
            for field, site in zip(PAIR, sites, strict=True):
                if _is_uuid(inner.get(field)):
                    inner[field] = site
            if _is_uuid(inner.get("current_primary_site_id")):
                inner["current_primary_site_id"] = sites[0]
            # what it names of sites, and sealed for them, is drawn as well
            inner |= _BARE
        projects = inner.get("projects")
        if (
            operation == "create_tenant_mapping"
            and isinstance(projects, dict)
            and len(projects) == 2
        ):
            values = list(projects.values())
            inner["projects"] = dict(zip(sites, values, strict=True))

    def twice(self, flavor: str) -> dict[str, str]:
        """A mapping with two minds about a flavor of site-a."""
        flavor_id = self._sites[0].world.flavor_id("site-a", flavor)
        return {flavor: "m1.large", flavor_id: "m2.large"}

    @property
    def beside_the_point(self) -> dict[str, str]:
        """A mapping of networks that leaves out the one that matters."""
        world = self._sites[0].world
        return {
            world.network_id("site-a", "net-primary-db"): (
                world.network_id("site-b", "net-secondary-db")
            )
        }

    def _live_in(self, service: Service) -> str:
        """An operation; groups that can fail over as they are; an instance
        without a group; a site without groups."""
        site = service.site
        world = site.world
        mapped = {
            "network_mapping": {
                world.network_id("site-a", f"net-primary-{name}"): (
                    world.network_id("site-b", f"net-secondary-{name}")
                )
                for name in ("web", "db")
            },
            "flavor_mapping": {"db.big": "db.large"},
        }
        for group in world.groups:
            registered_groups.change(service, self.project, group.id, mapped)
        bare = groups.get(site.db, self.project, world.groups[-1].id)
        for member in bare.doc["members"]:
            registered_members.remove(
                service, self.project, bare.id, member["id"]
            )
        registered_sites.create(site, UNUSED)
        started = service.act(
            self.project, world.groups[0].id, "sync_volumes", {}, REQUEST_ID
        )
        self._pair.drain()
        return str(json.loads(started)["id"])

    def _databases(self) -> list[Database]:
        arrays = self._sites[0].parts.arrays
        assert isinstance(arrays, Arrays)
        return [*(site.parts.db for site in self._sites), arrays.db]

    def _drained(self, app: WSGIApplication) -> WSGIApplication:
        def served(
            environ: WSGIEnvironment, start_response: StartResponse
        ) -> Iterable[bytes]:
            answer = app(environ, start_response)
            if environ["REQUEST_METHOD"] == "POST":
                self._pair.drain()
            return answer

        return served


def _is_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(uuid.UUID(value))
    except ValueError:
        return False


def _copy(database: Database) -> sqlite3.Connection:
    made = sqlite3.connect(":memory:", check_same_thread=False)
    database.connection().backup(made)
    return made


def _known(site: Site, project: str, operation: str) -> dict[str, list[str]]:
    """What there is, by the place in a request that may name it."""
    world: World = site.world
    docs = [groups.get(site.db, project, one.id).doc for one in world.groups]
    ours, theirs = (world.site_id(name) for name in SITES)
    metadata = {
        "body.metadata.primary_site_id": [ours],
        "body.metadata.secondary_site_id": [theirs],
        "body.metadata.current_primary_site_id": [ours, theirs],
        "body.metadata.volume_type": ["flash-async"],
    }
    return metadata | {
        "path.site_id": [ours, theirs, UNUSED["id"]],
        "path.mapping_id": [
            mapping_id(world, name) for name in ("demo", "rival")
        ],
        "path.pg_id": [doc["id"] for doc in docs],
        "path.member_id": [one["id"] for one in docs[0]["members"]],
        "path.op_id": [operation],
        "body.member.instance_id": [
            server.id for group in world.groups for server in group.servers
        ],
        "body.protection_group.volume_type_id": [
            world.volume_type_id("site-a", name) for name in VOLUME_TYPES
        ],
        "body.protection_group.primary_site_id": [ours],
        "body.protection_group.secondary_site_id": [theirs],
    }
