"""What is there: both clouds, both arrays, both sites' records.

Read from the databases, so that a look costs nothing and changes nothing.
"""

import functools
import json
from typing import Any

from fakeserver.base.seed_world import ARRAYS, SITES
from fakeserver.cloud.shared.schema import PORTS, SERVERS, VOLUMES
from fakeserver.engine.model import orphans
from fakeserver.engine.model.document import lasting, without_secrets
from fakeserver.storage.driver import ArrayVolume, Link
from fakeserver.store import groups, operations
from fakeserver.store.groups import Group
from fakeserver.store.operations import Operation
from tests.chaos import ledger

Found = dict[str, Any]


class Facts:
    """Both sites at one moment, each thing looked up once."""

    def __init__(self, pair: Any) -> None:
        self.parts = {name: pair.site(name).parts for name in SITES}
        self.world = pair.site(SITES[0]).world
        #: site id -> its name
        self.names = {self.world.site_id(name): name for name in SITES}
        self._pair = pair

    @functools.cached_property
    def history(self) -> ledger.History:
        return ledger.read(self._pair)

    # -- the clouds

    @functools.cached_property
    def servers(self) -> dict[str, dict[str, Found]]:
        """Site -> id -> instance."""
        return {name: self._all(name, SERVERS) for name in SITES}

    @functools.cached_property
    def volumes(self) -> dict[str, dict[str, Found]]:
        return {name: self._all(name, VOLUMES) for name in SITES}

    @functools.cached_property
    def ports(self) -> dict[str, dict[str, Found]]:
        return {name: self._all(name, PORTS) for name in SITES}

    def _all(self, site: str, table: Any) -> dict[str, Found]:
        db = self.parts[site].db.connection()
        return {one["id"]: one for one in table.select(db)}

    def addresses(self, site: str, server_id: str) -> list[tuple[str, str]]:
        """Network id and address of each port of an instance."""
        return [
            (port["network_id"], port["ip_address"])
            for port in self.ports[site].values()
            if port["device_id"] == server_id
        ]

    # -- the arrays

    @functools.cached_property
    def arrays(self) -> dict[str, dict[str, ArrayVolume]]:
        """Site -> name -> volume of its array."""
        driver = self.parts[SITES[0]].arrays
        return {
            name: {one.name: one for one in driver.volumes(ARRAYS[name])}
            for name in SITES
        }

    def link(self, group_id: str) -> Link | None:
        found: Link | None = self.parts[SITES[0]].arrays.link(group_id)
        return found

    # -- the services

    @functools.cached_property
    def groups(self) -> dict[str, dict[str, Group]]:
        """Site -> id -> protection group."""
        return {
            name: {
                id_: found
                for (id_,) in parts.db.all("SELECT id FROM pg_groups")
                if (found := groups.find(parts.db, id_)) is not None
            }
            for name, parts in self.parts.items()
        }

    @functools.cached_property
    def operations(self) -> dict[str, list[Operation]]:
        """Site -> every operation that it has a record of, oldest first."""
        return {
            name: [
                found
                for row in parts.db.all(
                    "SELECT id FROM pg_operations ORDER BY seq"
                )
                if (found := operations.find(parts.db, row[0])) is not None
            ]
            for name, parts in self.parts.items()
        }

    def secrets(self, site: str, doc: Found) -> Found:
        """The policy's tokens as the site can read them."""
        policy = doc["policy"] or {}
        return {
            field: self.parts[site].pair.decrypt(held["sealed"], doc["id"])
            for field, held in policy.items()
            if isinstance(held, dict)
        }


def is_drill(server: Found) -> bool:
    return orphans.DRILL in (server.get("metadata") or {})


def written(doc: Found) -> str:
    """A document as one text; a token is sealed anew each time, and a power
    state is no change."""
    return json.dumps(lasting(without_secrets(doc)), sort_keys=True)


def primary_of(facts: Facts, doc: Found) -> str:
    return facts.names[doc["current_primary_site_id"]]


def other(site: str) -> str:
    return SITES[1] if site == SITES[0] else SITES[0]
