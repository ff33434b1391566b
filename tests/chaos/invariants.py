"""What must be true after every run, whatever happened in it."""

import functools
from typing import Any

from fakeserver.engine.documents import TOKENS
from fakeserver.store import groups, operations
from fakeserver.world import ARRAYS, SITES
from tests.chaos.moments import MAY_END_IN_ERROR

Found = dict[str, Any]
SETTLED = ("active", "failed_over", "failed_over_partial", "error")
#: one run in so many goes on with another move, to see that it can
USED_AGAIN = 4


def check(run: Any) -> list[str]:
    """Every invariant that does not hold, in a sentence each."""
    judge = Judge(run)
    found = judge.problems()
    broken = judge.docs["site-a"]["status"] == "error"
    if not found and (broken or run.story.seed % USED_AGAIN == 0):
        found = [f"afterwards {what}" for what in used_again(run)]
    return found


def used_again(run: Any) -> list[str]:
    """A group that is as it should be can be moved, and is then so too;
    one in error after an admin has put it back."""
    doc = Judge(run).docs["site-a"]
    if doc["tests"]:
        return []
    if doc["status"] == "error":
        said = run.operator.reset()
        run.log.append(f"reset: {said}")
        run.drain()
        doc = Judge(run).docs["site-a"]
        if doc["status"] == "error":
            return [f"no way out of the error: {said}"]
    actions = ["sync"]
    actions.append("failover" if doc["status"] == "active" else "failback")
    for action in actions:
        run.do(action)
        site, id_ = run.operator.accepted[-1]
        ended = operations.find(run.pair.site(site).parts.db, id_)
        if ended is None or ended.status != "completed":
            said = ended and ended.doc["error_message"]
            return [f"{action} is {ended and ended.status}: {said}"]
    return Judge(run).problems()


class Judge:
    def __init__(self, run: Any) -> None:
        self.run = run
        self.pair = run.pair
        self.operator = run.operator
        self.parts = {n: s.parts for n, s in run.pair.sites.items()}
        self.groups = {
            name: groups.find(parts.db, self.operator.id)
            for name, parts in self.parts.items()
        }
        self.docs = {name: found.doc for name, found in self.groups.items()}
        self.world = run.pair.site("a").world
        self.names = {self.world.site_id(n): n for n in SITES}
        self.operations = [
            self._operation(site, id_) for site, id_ in self.operator.accepted
        ]

    def _operation(self, site: str, id_: str) -> Any:
        return operations.find(self.parts[site].db, id_)

    def problems(self) -> list[str]:
        found: list[str] = []
        for judge in (
            self._operations_end,
            self._the_overtaken_gave_up,
            self._copies_agree,
            self._status_is_settled,
            self._an_error_is_earned,
            self._each_member_lives_once,
            self._nothing_is_there_twice,
            self._everything_is_accounted_for,
            self._cinders_group_is_the_group,
            self._writes_survive,
            self._secrets_open,
        ):
            found += [f"{judge.__name__}: {what}" for what in judge()]
        return found

    # -- the invariants

    def _operations_end(self) -> list[str]:
        said = []
        for site, parts in self.parts.items():
            for left in operations.unfinished(parts.db):
                said.append(f"{left.type} is {left.status} at {site}")
        for operation in self.operations:
            if operation is None:
                said.append("an accepted operation is lost")
                continue
            doc = operation.doc
            if operation.finished and not doc["completed_at"]:
                said.append("it ended at no time")
            if operation.status == "failed" and not doc["error_message"]:
                said.append("failed without a word")
        return said

    def _the_overtaken_gave_up(self) -> list[str]:
        """Whoever comes back to find a forced failover does nothing."""
        if len(self.run.moments.struck) > 1:
            # nobody may have been there to be found
            return []
        said = []
        for site, id_ in self.run.overtaken:
            found = self._operation(site, id_)
            if found is None or found.status != "failed":
                said.append(f"{found and found.type} went on at {site}")
        return said

    def _copies_agree(self) -> list[str]:
        versions = {n: d["version"] for n, d in self.docs.items()}
        counts = {n: d["failover_count"] for n, d in self.docs.items()}
        same = len(set(versions.values())) == 1 == len(set(counts.values()))
        return [] if same else [f"versions {versions}, counts {counts}"]

    def _status_is_settled(self) -> list[str]:
        doc = self.docs["site-a"]
        if doc["status"] in SETTLED and doc["operation"] is None:
            return []
        return [f"the group is {doc['status']}, with {doc['operation']}"]

    def _an_error_is_earned(self) -> list[str]:
        """Where the other site could be reached, an undo can be done."""
        struck = self.run.moments.struck
        if self.docs["site-a"]["status"] != "error":
            return []
        if {one.split()[0] for one in struck} & MAY_END_IN_ERROR:
            return []
        works = {site for site, _ in self.operator.accepted[-1:]}
        if any(
            f"crash at {site}" in one
            for one in struck
            for site in set(SITES) - works
        ):
            # it was the other site that died, and stayed dead for a while
            return []
        return [f"an error after {struck}: {self._leftovers()}"]

    def _each_member_lives_once(self) -> list[str]:
        doc = self.docs["site-a"]
        primary = self.names[doc["current_primary_site_id"]]
        stopped = self._stopped_for_a_test(doc)
        said = []
        for member in doc["members"]:
            entry = member["sites"][doc["current_primary_site_id"]]
            server = self._servers(primary).get(entry["instance_id"])
            if server is None:
                said.append(f"{entry['instance_name']} is gone")
            elif server["status"] != "ACTIVE":
                named = entry["instance_id"] in self._left_ids()
                test = entry["instance_id"] in stopped
                if not (named or test):
                    said.append(f"{server['name']} is {server['status']}")
        return said

    def _stopped_for_a_test(self, doc: Found) -> set[str]:
        return {one for test in doc["tests"] for one in test["stopped"]}

    def _nothing_is_there_twice(self) -> list[str]:
        said = []
        for site in SITES:
            names = [s["name"] for s in self._servers(site).values()]
            keys = [
                v["metadata"]["protector_key"]
                for v in self._volumes(site).values()
                if "protector_key" in v["metadata"]
            ]
            for what in (names, keys):
                twice = {one for one in what if what.count(one) > 1}
                stale = self._stale_names(site)
                if twice - stale:
                    said.append(f"{site} has {sorted(twice)} twice")
        return said

    def _stale_names(self, site: str) -> set[str]:
        """An old copy keeps its name until the failback removes it."""
        left = {one["name"] for one in self._leftovers()}
        return left | {
            entry["instance_name"]
            for site_id, entry in self._entries()
            if self.names[site_id] == site
            and site_id != self.docs["site-a"]["current_primary_site_id"]
        }

    def _everything_is_accounted_for(self) -> list[str]:
        known = self._known_ids() | self._left_ids()
        arrays = self._known_array_names() | {
            volume["metadata"].get("protector_key")
            for site in SITES
            for volume in self._volumes(site).values()
            if volume["id"] in self._left_ids()
            or (site, volume["name"]) in self._left_names()
        }
        said = []
        for site in SITES:
            for what, found in (
                ("server", self._servers(site)),
                ("volume", self._volumes(site)),
            ):
                for id_, one in found.items():
                    named = (site, one["name"]) in self._left_names()
                    if self._ours(one) and not named and id_ not in known:
                        said.append(f"{what} {one['name']} at {site}")
            driver = self.parts[site].arrays
            for volume in driver.volumes(ARRAYS[site]):
                ours = volume.name.startswith("pg-")
                left = volume.name in arrays or volume.name in known
                if ours and not left:
                    said.append(f"array volume {volume.name} at {site}")
        return said

    def _ours(self, one: Found) -> bool:
        return bool(one["name"].startswith("web-"))

    def _cinders_group_is_the_group(self) -> list[str]:
        """At the primary; unless it is not known what is there."""
        doc = self.docs["site-a"]
        if doc["status"] == "error":
            return []
        primary = self.names[doc["current_primary_site_id"]]
        local = self.groups[primary].local
        held = {
            id_
            for id_, volume in self._volumes(primary).items()
            if volume["group_id"] == local["consistency_group_id"]
        }
        wanted = {
            volume["id"]
            for site_id, entry in self._entries()
            if site_id == doc["current_primary_site_id"]
            for volume in entry["volumes"]
        }
        missing = wanted - held
        return [f"{len(missing)} are not in it"] if missing else []

    def _writes_survive(self) -> list[str]:
        return list(self.run.destroyed)

    def _secrets_open(self) -> list[str]:
        said = []
        for name, doc in self.docs.items():
            for field in TOKENS:
                sealed = doc["policy"][field]["sealed"]
                token = self.parts[name].pair.decrypt(sealed, doc["id"])
                if not token.startswith("fa-token-"):
                    said.append(f"{field} at {name}")
        return said

    # -- what is there

    @functools.lru_cache  # noqa: B019
    def _servers(self, site: str) -> dict[str, Found]:
        return self._listed(site, "/compute/v2.1/servers/detail", "servers")

    @functools.lru_cache  # noqa: B019
    def _volumes(self, site: str) -> dict[str, Found]:
        project = self.world.project_id(site, "demo")
        path = f"/volume/v3/{project}/volumes/detail"
        return self._listed(site, path, "volumes")

    def _listed(self, site: str, path: str, noun: str) -> dict[str, Found]:
        found = self.operator.cloud(site, path)[noun]
        return {one["id"]: one for one in found}

    def _entries(self) -> list[tuple[str, Found]]:
        return [
            (site_id, entry)
            for member in self.docs["site-a"]["members"]
            for site_id, entry in member["sites"].items()
        ]

    def _known_ids(self) -> set[str]:
        known = set()
        for _, entry in self._entries():
            known.add(entry["instance_id"])
            known |= {volume["id"] for volume in entry["volumes"]}
        for test in self.docs["site-a"]["tests"]:
            known |= {one["id"] for one in test["instances"]}
            known |= {one["id"] for one in test["volumes"]}
        return known

    def _known_array_names(self) -> set[str]:
        known = {
            volume["array_name"]
            for _, entry in self._entries()
            for volume in entry["volumes"]
        }
        for test in self.docs["site-a"]["tests"]:
            known |= {one["array_name"] for one in test["volumes"]}
        return known

    def _leftovers(self) -> list[Found]:
        return [
            one
            for operation in self.operations
            if operation is not None
            for one in (operation.doc["result_data"] or {}).get(
                "leftovers", []
            )
        ]

    def _left_names(self) -> set[tuple[str, str]]:
        """Whoever never got an answer knows a name, and no id."""
        return {(one["site"], one["name"]) for one in self._leftovers()}

    def _left_ids(self) -> set[str]:
        """Named as left, or as made by a drill: where the winner of two
        documents knows of no drill, its record still does."""
        left = {one["id"] for one in self._leftovers()}
        for operation in self.operations:
            if operation is not None and operation.type == "test_failover":
                result = operation.doc["result_data"] or {}
                left |= set(result.get("instances", ()))
                left |= set(result.get("volumes", ()))
        return left
