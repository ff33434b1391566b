"""Seeded worlds in which a site dies: what was read before, and what came.

A seed draws states of the groups, mappings, faults, drills, lags, silent
sites and differences. The board is read, the site is killed, and the groups
are failed over without it, in the board's order.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import random
import sqlite3

import protectorclient
from fakeserver.cloud.shared.schema import SERVERS
from fakeserver.local.pair import LocalPair
from protectorclient import exceptions
from protectorclient.reports.readiness import GroupReadiness, Verdict
from tests.helpers.library_parts import BARE, DB, WEB, Live
from tests.helpers.planted import PLANTED, Planter, quota, taken

NETWORKS = {
    WEB: {"net-primary-web": "net-secondary-web"},
    DB: {"net-primary-db": "net-secondary-db"},
    BARE: {"net-primary-web": "net-secondary-web"},
}
#: The replication interval of the seeded policies, in seconds.
INTERVAL = 300.0


@dataclasses.dataclass
class Outcome:
    """What became of one group, and what the board had said."""

    row: GroupReadiness
    #: What came of it: as a verdict.
    came: Verdict
    #: Seconds of data that were lost; None where nothing came.
    loss: float | None = None
    #: Member and attribute of what the instances did not get.
    lost: frozenset[tuple[str, str]] = frozenset()
    why: str = ""

    def faults(self) -> list[str]:
        """What the board had wrong."""
        found = []
        name = self.row.name
        if self.row.verdict is not self.came:
            found.append(
                f"{name}: {self.row.verdict} {self.row.reasons} was said, and"
                f" it is {self.came}: {self.why}"
            )
        if self.loss is not None:
            stated = self.row.loss
            if stated is None or abs(stated - self.loss) > INTERVAL:
                found.append(
                    f"{name}: {stated} s was said, and {self.loss} s are lost"
                )
        if self.came in (Verdict.COMES, Verdict.PARTLY):
            stated_losses = {
                (one.member, one.attribute) for one in self.row.losses
            } | {
                (one.member, f"networks[{one.network}].fixed_ip")
                for one in self.row.addresses
            }
            unsaid = self.lost - stated_losses
            if unsaid:
                found.append(f"{name}: lost and not said: {sorted(unsaid)}")
        return found


class World:
    """Two sites, and the dice that decide what they are like."""

    def __init__(self, pair: LocalPair, seed: int) -> None:
        self.pair = pair
        self.live = Live(pair)
        self.dice = random.Random(seed)
        self.dead = "site-a"
        #: What was drawn, for a message.
        self.drawn: list[str] = []

    def chance(self, share: float, what: str) -> bool:
        """Draw whether something is the case, and note it."""
        hit = self.dice.random() < share
        if hit:
            self.drawn.append(what)
        return hit

    def sites(self) -> protectorclient.SitePair:
        found = self.live.sites()
        return protectorclient.SitePair(
            found.primary, found.secondary, audit_log=False
        )

    # What the world is like

    def make(self) -> None:
        for name in (WEB, DB, BARE):
            self._mapping(name)
        if self.chance(0.3, "bare is protected"):
            self.live.client().policies.set(
                self.live.group(BARE).id,
                primary_fa_url="https://a.example.com",
                secondary_fa_url="https://b.example.com",
                primary_fa_api_token="fa-token-a-5f1c0e2b",
                secondary_fa_api_token="fa-token-b-91d7ac44",
            )
        self.pair.drain()
        self._history()
        self._differences()
        self._room()
        self._faults()
        self._lag()

    def _mapping(self, name: str) -> None:
        if not self.chance(0.8, f"{name} is mapped"):
            return
        sites = self.sites()
        here, there = sites.primary.finder, sites.secondary.finder
        networks = {
            here.network(one).id: there.network(other).id
            for one, other in NETWORKS[name].items()
        }
        flavors = {}
        if name == DB and self.chance(0.8, "with its flavor"):
            flavors = {"db.big": "db.large"}
        self.live.client().protection_groups.update(
            self.live.group(name).id,
            network_mapping=networks,
            flavor_mapping=flavors,
        )
        self.pair.drain()

    def _history(self) -> None:
        """Moves and drills that have been."""
        for name in (WEB, DB):
            if self.chance(0.3, f"{name} has moved"):
                self._quietly("failover", name)
                if self.chance(0.5, f"{name} is home again"):
                    self._quietly("failback", name, "site-b")
            if self.chance(0.3, f"{name} has a test"):
                self._quietly("test_failover", name)
        if self.chance(0.2, "site-b dies"):
            self.dead = "site-b"

    def _quietly(self, action: str, name: str, cloud: str = "site-a") -> None:
        """Do what may be refused in this world."""
        try:
            prepared = self.sites().prepare(
                action,
                name,
                retain_primary=action == "test_failover",
                reverse_replication=action == "failback",
            )
            self.live.finish(prepared.send().operation, cloud)
        except exceptions.ProtectorError as error:
            self.drawn.append(f"refused: {error}")

    def _differences(self) -> None:
        rows = [one for one in PLANTED if one.check in _DRAWN]
        planter = Planter(self.pair)
        for row in self.dice.sample(rows, self.dice.choice((0, 0, 1, 2))):
            try:
                row.plant(planter)
            except (ValueError, KeyError, sqlite3.IntegrityError):
                # the instance is not there any more, or is at site b
                continue
            self.drawn.append(row.title)
        if self.chance(0.2, "10.10.0.11 is taken at site-b"):
            with contextlib.suppress(ValueError, sqlite3.IntegrityError):
                taken(planter)
        if self.chance(0.2, "web-3 is stopped"):
            self._stop("web-3")

    def _stop(self, name: str) -> None:
        site = self.pair.site("a").parts
        with site.db.transaction() as tx:
            for row in SERVERS.select(tx, "name = ?", (name,)):
                moment = site.clock.time()
                stopped = {**row, "status": "SHUTOFF", "updated": moment}
                SERVERS.put(tx, stopped)

    def _room(self) -> None:
        if not self.chance(0.3, "a quota is small"):
            return
        service, resource, most = self.dice.choice(
            (
                ("compute", "instances", 2),
                ("compute", "instances", 4),
                ("compute", "cores", 9),
                ("compute", "ram", 9000),
                ("volume", "volumes", 5),
                ("volume", "gigabytes", 200),
                ("network", "port", 3),
            )
        )
        self.drawn.append(f"{resource} {most}")
        quota(service, resource, most)(Planter(self.pair))

    def _faults(self) -> None:
        if self.chance(0.1, "Cinder of site-b refuses"):
            self.pair.fault("cinder-403", site="b")
        if self.chance(0.1, "the array of site-b has another token"):
            self.pair.fault("array-token", site="b")

    def _lag(self) -> None:
        for name in (WEB, DB):
            if self.chance(0.2, f"the replication of {name} is stopped"):
                self.pair.site("a").parts.arrays.stop_replication(
                    self.live.group(name).id
                )
        self.pair.advance(self.dice.choice((1, 60, 400, 1500)))
        if self.chance(0.5, "the power states were read"):
            self.pair.drain()

    # What is read, and what comes

    def judge(self) -> list[str]:
        """Read the board, kill the site, and do what is left to do.

        :returns: what the board had wrong.
        """
        site = self.pair.site(self.dead)
        silent = self.chance(0.3, "it was dead before")
        if silent:
            site.kill()
        board = self.sites().readiness(if_dead=self.dead)
        if not silent:
            self.pair.advance(self.dice.choice((0, 5, 60)))
            site.kill()
        died = self._now()
        faults = []
        for row in board.groups:
            if row.verdict is not Verdict.RUNS_ON:
                outcome = self._fail_over(row, died)
                faults += outcome.faults()
        return faults

    def _now(self) -> datetime.datetime:
        survivor = "b" if self.dead == "site-a" else "a"
        seconds = self.pair.site(survivor).parts.clock.time()
        return datetime.datetime.fromtimestamp(seconds, datetime.UTC)

    def _fail_over(
        self, row: GroupReadiness, died: datetime.datetime
    ) -> Outcome:
        survivor = "site-b" if self.dead == "site-a" else "site-a"
        try:
            started = self.sites().failover(row.id, unplanned=True)
            ended = self.live.finish(started.operation, survivor)
        except exceptions.OperationPartial as error:
            assert error.operation is not None
            ended = error.operation
        except exceptions.ProtectorError as error:
            return Outcome(row, Verdict.BLOCKED, why=str(error))
        result = ended.result_data or {}
        partial = result.get("not_rebuilt")
        point = result.get("snapshot_created_at")
        loss = None
        if point is not None:
            made = datetime.datetime.fromisoformat(str(point))
            loss = max(0.0, (died - made).total_seconds())
        return Outcome(
            row,
            Verdict.PARTLY if partial else Verdict.COMES,
            loss,
            frozenset(
                (str(one.get("member")), str(one.get("attribute")))
                for one in result.get("not_kept") or ()
            ),
            f"{result.get('not_rebuilt')}",
        )


#: Rows of the table of differences that a world may have: those that the
#: metadata know, and those of the target.
_DRAWN = ("drift", "attributes", "addresses", "images")


def faults(seed: int) -> tuple[list[str], list[str]]:
    """Make a world and judge its board.

    :returns: what the board had wrong, and what the world is like.
    """
    with LocalPair() as pair:
        world = World(pair, seed)
        world.make()
        return world.judge(), world.drawn
