"""What must be true after every run, whatever happened in it."""

from typing import Any

from fakeserver.engine.documents import TOKENS
from fakeserver.store import groups, operations
from fakeserver.world import ARRAYS, SITES

Found = dict[str, Any]
SETTLED = ("active", "failed_over", "failed_over_partial", "error")


def check(run: Any) -> list[str]:
    """Every invariant that does not hold, in a sentence each."""
    return Judge(run).problems()


class Judge:
    def __init__(self, run: Any) -> None:
        self.run = run
        self.pair = run.pair
        self.operator = run.operator
        self.parts = {n: s.parts for n, s in run.pair.sites.items()}
        self.docs = {
            name: groups.find(parts.db, self.operator.id).doc
            for name, parts in self.parts.items()
        }
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
            self._copies_agree,
            self._status_is_settled,
            self._each_member_lives_once,
            self._nothing_is_there_twice,
            self._everything_is_accounted_for,
            self._writes_survive,
            self._secrets_open,
        ):
            found += [f"{judge.__name__}: {what}" for what in judge()]
        return found

    # -- the invariants

    def _operations_end(self) -> list[str]:
        said = []
        for operation in self.operations:
            if operation is None:
                said.append("an accepted operation is lost")
            elif not operation.finished:
                said.append(f"{operation.type} is {operation.status}")
            elif (
                operation.status == "failed"
                and not operation.doc["error_message"]
            ):
                said.append("failed without a word")
        return said

    def _copies_agree(self) -> list[str]:
        versions = {n: d["version"] for n, d in self.docs.items()}
        counts = {n: d["failover_count"] for n, d in self.docs.items()}
        same = len(set(versions.values())) == 1 == len(set(counts.values()))
        return [] if same else [f"versions {versions}, counts {counts}"]

    def _status_is_settled(self) -> list[str]:
        doc = self.docs["site-a"]
        if doc["status"] in SETTLED:
            return []
        if self._superseded():
            # the rest of an operation that lost; a forced failover ends it
            return []
        return [f"the group is {doc['status']}"]

    def _superseded(self) -> bool:
        return any(
            "superseded" in (operation.doc["error_message"] or "")
            for operation in self.operations
            if operation is not None
        )

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
                if not (named or test or self._superseded()):
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
        return one["name"].startswith("web-")

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

    def _servers(self, site: str) -> dict[str, Found]:
        return self._listed(site, "/compute/v2.1/servers/detail", "servers")

    def _volumes(self, site: str) -> dict[str, Found]:
        project = self.world.project_id(site, "demo")
        path = f"/volume/v3/{project}/volumes/detail"
        return self._listed(site, path, "volumes")

    def _listed(self, site: str, path: str, noun: str) -> dict[str, Found]:
        session = self.pair.session(site)
        body = session.get(self.pair.site(site).url + path).json()
        return {one["id"]: one for one in body[noun]}

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
        return {one["id"] for one in self._leftovers()}
