"""What stands in a move's way, or has to come through it as it is.

A person has stopped, locked or paused an instance; somebody else has an
address at the target.
"""

import contextlib
import dataclasses
import random
import sqlite3
from typing import Any

from fakeserver.base.seed_world import SITES
from fakeserver.cloud.shared.schema import PORTS, SERVERS, SUBNETS
from tests.chaos.facts import other
from tests.chaos.people import NETWORKS, Operator

STOPPED, LOCKED, PAUSED = "stopped", "stopped-and-locked", "paused"
#: who has the address, by kind
OWNERS = {"address": "", "address-of-dhcp": "network:dhcp"}
KINDS = (STOPPED, STOPPED, LOCKED, PAUSED, *OWNERS)
MEMBERS = ("web-1", "web-2")
_ACTS = {STOPPED: ("os-stop",), LOCKED: ("os-stop", "lock")}
_ACTS[PAUSED] = ("pause",)
_PORT = "00000000-0000-4000-8000-00000000cafe"
#: of ten stories
_SOME, _POWERED = 5, 2


@dataclasses.dataclass(frozen=True)
class Obstacle:
    """What people did before the operation."""

    kind: str
    member: str
    #: whether the move is asked to start the instance
    power_on: bool = False

    @classmethod
    def of(cls, seed: int) -> "Obstacle | None":
        dice = random.Random(f"obstacles/{seed}")
        if dice.random() >= _SOME / 10:
            return None
        kind = dice.choice(KINDS)
        on = kind in (STOPPED, LOCKED) and dice.random() < _POWERED / 10
        return cls(kind, dice.choice(MEMBERS), on)


class Placed:
    """An obstacle of a run: what was done, and how it is undone."""

    def __init__(self, operator: Operator, obstacle: Obstacle) -> None:
        self._operator = operator
        self._pair = operator.pair
        self.kind = obstacle.kind
        self.member = obstacle.member
        self.power_on = obstacle.power_on
        #: where it was placed, and the time; None where it could not be
        self.site: str | None = None
        self.address: str | None = None
        #: the operations that there were when it was placed
        self._before: set[str] = set()
        #: those that met it, and all since
        self.met: set[str] = set()
        self.after: set[str] = set()

    def place(self, primary: str) -> str:
        """Place it before the group moves away from a site."""
        said = "nobody there"
        if self.kind in OWNERS:
            said = self._take(other(primary))
        elif self._pair.site(primary).running:
            said = self._act(primary)
        self._before = self._operations()
        return f"{self.kind} {self.member}: {said}"

    def _take(self, site: str) -> str:
        operator = self._operator
        seeded = next(
            one for one in operator.world.groups if one.id == operator.id
        )
        [server] = [one for one in seeded.servers if one.name == self.member]
        name = NETWORKS[operator.name][SITES.index(site)]
        network = operator.world.network_id(site, name)
        db = self._pair.site(site).parts.db
        with db.transaction() as tx:
            [subnet] = SUBNETS.select(tx, "network_id = ?", (network,))
            for port in PORTS.select(tx, "network_id = ?", (network,)):
                if port["ip_address"] == server.fixed_ip:
                    return "held by the group itself"
            PORTS.put(
                tx,
                {
                    "id": _PORT,
                    "network_id": network,
                    "subnet_id": subnet["id"],
                    "device_id": "",
                    "device_owner": OWNERS[self.kind],
                    "ip_address": server.fixed_ip,
                    "project_id": operator.world.project_id(site, "demo"),
                    "mac_address": "fa:16:3e:00:ca:fe",
                    "created": self._pair.clock.time(),
                    "is_novas": False,
                },
            )
        self.site, self.address = site, server.fixed_ip
        return f"{server.fixed_ip} at {site}"

    def _act(self, site: str) -> str:
        [server_id] = self._members(site)
        said = [
            self._nova(site, server_id, action) for action in _ACTS[self.kind]
        ]
        if said[0] < 300:
            self.site = site
        return f"{site} {said}"

    def _members(self, site: str) -> list[str]:
        """Return the ids of the member's instances at a site."""
        db = self._pair.site(site).parts.db.connection()
        rows = SERVERS.select(db, "name = ?", (self.member,))
        return [row["id"] for row in rows]

    def _nova(self, site: str, server_id: str, action: str) -> int:
        url = f"{self._pair.site(site).url}/compute/v2.1/servers/{server_id}"
        session = self._pair.session(site)
        answer: Any = session.post(
            f"{url}/action", json={action: None}, raise_exc=False
        )
        return int(answer.status_code)

    def clear(self) -> None:
        """Give the address back; let what is paused go on."""
        self.note()
        self.met = self.after
        for site in SITES:
            db = self._pair.site(site).parts.db
            with db.transaction() as tx:
                PORTS.delete(tx, _PORT)
            for server_id in self._members(site):
                row = SERVERS.get(db.connection(), server_id)
                if row is not None and row["status"] == "PAUSED":
                    self._nova(site, server_id, "unpause")

    def note(self) -> None:
        """Take down which operations have come since."""
        self.after = self._operations() - self._before

    def _operations(self) -> set[str]:
        """Ids at both sites, one that is dead, too."""
        found: set[str] = set()
        for name in SITES:
            path = self._pair.site(name).config.database
            with contextlib.closing(sqlite3.connect(path)) as db:
                rows = db.execute("SELECT id FROM pg_operations")
                found |= {row[0] for row in rows}
        return found

    def refuses(self, kind: str, *, stops: bool) -> bool:
        """Whether a planned operation of a kind is refused for it."""
        if self.kind in OWNERS:
            return kind in ("failover", "failback", "test_failover")
        return self.kind == PAUSED and stops
