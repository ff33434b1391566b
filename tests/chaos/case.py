"""One group of a run, as its judges look at it."""

import functools
from collections.abc import Iterator
from typing import Any

from fakeserver.base.seed_world import ARRAYS, SITES, SeedServer
from fakeserver.engine.model.document import entry
from fakeserver.store.operations import Operation
from tests.chaos.facts import Facts, Found, is_drill, primary_of
from tests.chaos.people import FLAVORS, NETWORKS, Operator

MOVES = ("failover", "failback")
_NOT_STARTED = ("test_cleanup", "stopped instance")


class Case:
    """What was asked for, what was there at first, and what is there."""

    def __init__(self, run: Any, operator: Operator, facts: Facts) -> None:
        self.run = run
        self.operator = operator
        self.facts = facts
        self.world = facts.world
        self.changes = run.changes[operator.id]
        self.groups = {name: facts.groups[name][operator.id] for name in SITES}
        self.docs = {name: one.doc for name, one in self.groups.items()}
        #: where both sites agree, which is judged by itself
        self.doc = self.docs[SITES[0]]
        self.primary = primary_of(facts, self.doc)
        #: every operation of the group at any site, with the site
        self.operations: list[tuple[str, Operation]] = [
            (site, one)
            for site, some in facts.operations.items()
            for one in some
            if one.group_id == operator.id
        ]
        #: what the world was seeded with, by name
        self.seeded: dict[str, SeedServer] = {
            server.name: server
            for group in self.world.groups
            if group.id == operator.id
            for server in group.servers
        }

    def site_id(self, site: str) -> str:
        return str(self.world.site_id(site))

    # -- the metadata

    def entries(self) -> list[tuple[str, Found]]:
        """Site, and what a member has or had there."""
        return [
            (self.facts.names[site_id], found)
            for member in self.doc["members"]
            for site_id, found in member["sites"].items()
        ]

    def current(self) -> list[tuple[Found, Found]]:
        """Each member, and what it has at the primary."""
        here = self.site_id(self.primary)
        return [
            (member, found)
            for member in self.doc["members"]
            if (found := entry(member, here)) is not None
        ]

    @staticmethod
    def name_of(member: Found) -> str:
        return str(next(iter(member["sites"].values()))["instance_name"])

    # -- what belongs to the group

    def is_ours(self, name: str) -> bool:
        """Whether a thing of that name is of this group's making."""
        return any(name.startswith(one) for one in self.seeded)

    def servers(self, site: str) -> dict[str, Found]:
        return {
            id_: one
            for id_, one in self.facts.servers[site].items()
            if self.is_ours(one["name"])
        }

    def volumes(self, site: str) -> dict[str, Found]:
        return {
            id_: one
            for id_, one in self.facts.volumes[site].items()
            if self.is_ours(one["name"])
        }

    def network(self, site: str) -> str:
        """The id of the network that the group's instances are on."""
        name = NETWORKS[self.operator.name][SITES.index(site)]
        return str(self.world.network_id(site, name))

    def has_lost_its_address(self, name: str) -> bool:
        """Whether a move says that a member has another address now."""
        return any(
            loss["member"] == name and loss["attribute"].endswith("fixed_ip")
            for _, one in self.moves()
            for loss in (one.record.to_json()["result_data"] or {}).get(
                "not_kept", ()
            )
        )

    def may_be_stopped(self, name: str) -> bool:
        """Whether a person has stopped a member; another judge looks at
        those."""
        placed = self.run.placed
        return (
            self.operator is self.run.operator
            and placed is not None
            and placed.site is not None
            and placed.address is None
            and placed.member == name
        )

    def flavor(self, site: str, seeded: str) -> str:
        """The name of the flavor that an instance has at a site."""
        mapped = FLAVORS.get(self.operator.name)
        return mapped[SITES.index(site)] if mapped else seeded

    @functools.cached_property
    def outsiders(self) -> dict[str, Found | None]:
        """By name, what is a member no more: only at home can it leave."""
        members = {self.name_of(one) for one in self.doc["members"]}
        home = SITES[0]
        named = {
            one["name"]: one
            for one in self.servers(home).values()
            if not self.is_left(home, one)
        }
        gone = set(self.seeded) - members
        return {name: named.get(name) for name in sorted(gone)}

    # -- what the operations say

    @functools.cached_property
    def leftovers(self) -> list[Found]:
        return [
            one
            for _, operation in self.operations
            for one in (operation.record.to_json()["result_data"] or {}).get(
                "leftovers", []
            )
            # what a clean-up has not started is in the test as well
            if (operation.type, one["kind"]) != _NOT_STARTED
        ]

    @property
    def to_be_started(self) -> set[str]:
        """Ids of the instances that may be stopped: a test or a record names
        them."""
        stopped = {
            one for test in self.doc["tests"] for one in test["stopped"]
        }
        return self.left_ids | stopped

    @functools.cached_property
    def left_ids(self) -> set[str]:
        """Named as left; where the winner of two documents knows of no
        drill, the drill's own record still does."""
        left = {one["id"] for one in self.leftovers}
        if self.operator.forced:
            for _, operation in self.operations:
                if operation.type == "test_failover":
                    result = operation.record.to_json()["result_data"] or {}
                    left |= set(result.get("instances", ()))
                    left |= set(result.get("volumes", ()))
        return left

    @functools.cached_property
    def left_names(self) -> set[tuple[str, str]]:
        """Whoever never got an answer knows a name, and no id."""
        return {(one["site"], one["name"]) for one in self.leftovers}

    def is_left(self, site: str, one: Found) -> bool:
        named = (site, one["name"]) in self.left_names
        return named or one["id"] in self.left_ids

    def moves(self) -> list[tuple[str, Operation]]:
        """The moves that were done, oldest first."""
        found = [
            (self.facts.history.commit(site, one.id), site, one)
            for site, one in self.operations
            if one.type in MOVES and one.state.committed
        ]
        done = [(at.at, site, one) for at, site, one in found if at]
        return [(site, one) for _, site, one in sorted(done, key=_first)]

    def commits(self) -> Iterator[tuple[str, Operation, Found, Found]]:
        """Each operation that changed the document: before, and after."""
        history = self.facts.history
        for site, one in self.operations:
            at = history.commit(site, one.id)
            if at is None or one.type == "sync_volumes":
                continue
            docs = [
                found
                for found in history.documents(site, one.group_id)
                if found.seq < at.seq
            ]
            if len(docs) > 1:
                yield site, one, docs[-2].row["doc"], docs[-1].row["doc"]

    @property
    def split(self) -> bool:
        """Whether both sites may run the group: somebody forced it, and
        nobody has moved it since, to where the old one was."""
        moves = self.moves()
        return self.operator.forced and not (
            moves and not moves[-1][1].state.forced
        )

    # -- the arrays

    def array(self, site: str) -> str:
        return ARRAYS[site]

    def drills(self, site: str) -> dict[str, Found]:
        return {i: s for i, s in self.servers(site).items() if is_drill(s)}


def _first(one: tuple[float, str, Operation]) -> float:
    return one[0]
