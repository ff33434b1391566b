"""The reads of a deployment, and what each answer has to agree with."""

import contextlib
import dataclasses
from collections.abc import Iterable
from typing import Any

from fakeserver.api.microversion import (
    OLDEST,
    VERSIONS,
    Version,
    parse,
    show,
)
from fakeserver.compare import agreement, described, rules
from fakeserver.compare.exchange import Deviation, Exchange, Read
from fakeserver.compare.findings import Findings
from fakeserver.compare.upstream import Upstream

TENANT = "/v1/{tenant_id}"
GROUPS = f"{TENANT}/protection-groups"
GROUP = f"{GROUPS}/{{pg_id}}"
OPERATIONS = f"{TENANT}/operations"
OPERATION = f"{OPERATIONS}/{{op_id}}"
SITES = "/v1/admin/sites"
MAPPINGS = "/v1/admin/tenant-mappings"
HEALTH = "/v1/health"
#: A group's other reads: what is below it, and the noun of the answer.
BELOW = {
    "members": "members",
    "policy": "policy",
    "consistency-group": "consistency_group",
    "sync-status": "sync_status",
    "metadata": "metadata",
}
#: Answers of a size that no list has by chance.
_PAGE = 2
#: An id that nothing has, and a project that nobody has.
NOTHING = "00000000-0000-4000-8000-00000000dead"
NOBODY = "0" * 28 + "dead"
#: How often a group that changes while it is read is read again.
AGAIN = 3


class Enough(Exception):
    """As many reads as were asked for have been made."""


@dataclasses.dataclass(frozen=True)
class Report:
    """What a comparison has found."""

    reads: int
    versions: tuple[str, ...]
    groups: int
    operations: int
    deviations: list[Deviation]


class Walk:
    """One comparison."""

    def __init__(self, upstream: Upstream, most: int) -> None:
        """Start at the first read.

        :param most: reads; the walk goes round until they are made."""
        self._upstream = upstream
        self._most = most
        self._reads = 0
        self._findings = Findings()
        self._newest: Version = VERSIONS[-1]
        self._groups: set[str] = set()
        self._operations: set[str] = set()

    def run(self, rounds: int | None = 1) -> Report:
        """Read everything; None goes round until the reads are made."""
        try:
            self._versions()
            while rounds is None or rounds > 0:
                self._round()
                rounds = None if rounds is None else rounds - 1
        except Enough:
            pass
        return Report(
            self._reads,
            tuple(show(v) for v in self._offered()),
            len(self._groups),
            len(self._operations),
            self._findings.all,
        )

    def _offered(self) -> list[Version]:
        return [v for v in VERSIONS if v <= self._newest]

    def _round(self) -> None:
        for version in self._offered():
            self._lists(f"protector {show(version)}")
        self._lists("protector latest")
        self._everything()
        self._pages()
        self._filters()
        self._refusals()

    # One read

    def get(self, route: str, **options: Any) -> Exchange:
        """Read, and hold the answer against the description."""
        if self._reads >= self._most:
            raise Enough
        path = {"tenant_id": self._upstream.project_id}
        path.update(options.pop("path", {}))
        read = Read(route, path, **options)
        self._reads += 1
        exchange = self._upstream.get(read)
        self._add(
            exchange,
            described.deviations(exchange, self._asked(read), self._newest),
        )
        return exchange

    def _asked(self, read: Read) -> Version:
        if read.version is None:
            return OLDEST
        number = read.version.removeprefix("protector ")
        try:
            found = parse(number)
        except ValueError:
            return self._newest
        return found if found <= self._newest else OLDEST

    def _add(
        self, exchange: Exchange, found: Iterable[tuple[str, str]]
    ) -> None:
        self._findings.add(exchange.read.route, exchange.read.address, found)

    def _judge(self, exchange: Exchange, noun: str, record: Any) -> None:
        if isinstance(record, dict):
            self._add(exchange, rules.broken(noun, record))

    def _expect(self, exchange: Exchange, *statuses: int) -> None:
        if exchange.status not in statuses:
            expected = " or ".join(map(str, statuses))
            sentence = f"answers {exchange.status}, expected {expected}"
            self._add(exchange, [("refusal", sentence)])

    # What is read

    def _versions(self) -> None:
        root = self.get("/", token="none", version=None)
        one = self.get("/v1/", token="none", version=None)
        found = root.records("versions")
        self._add(one, agreement.same_version(found, one.record("version")))
        for document in found:
            self._judge(root, "version", document)
        known = [v["max_version"] for v in found if "max_version" in v]
        with contextlib.suppress(TypeError, ValueError):
            self._newest = min(max(map(parse, known)), VERSIONS[-1])
        self.get("/v1/openapi.json", token="none")
        for version in self._offered():
            self.get(OPERATIONS, version=f"protector {show(version)}")
        self.get(OPERATIONS, version=None)
        self._expect(self.get(OPERATIONS, version="protector 9.9"), 406)
        self._expect(self.get(OPERATIONS, version="protector new"), 400)

    def _lists(self, version: str) -> None:
        for route, noun, kind in (
            (GROUPS, "protection_groups", "group"),
            (OPERATIONS, "operations", "operation"),
            (SITES, "sites", "site"),
            (MAPPINGS, "tenant_mappings", "tenant_mapping"),
            (HEALTH, "health", "health"),
        ):
            listed = self.get(route, version=version)
            later = route == HEALTH and self._asked(listed.read) < (1, 2)
            self._expect(listed, *((404,) if later else (200, 403)))
            records = listed.records(noun)
            self._add(listed, agreement.order(noun, records))
            self._add(listed, agreement.unique(noun, records))
            for record in records:
                self._judge(listed, kind, record)

    def _all(self, route: str, noun: str) -> list[dict[str, Any]]:
        """Return every record of a list, with pages of a thousand."""
        found: list[dict[str, Any]] = []
        query = {"limit": "1000"}
        asked: set[str] = set()
        while True:
            page = self.get(route, query=query)
            records = page.records(noun)
            found += records
            new = agreement.marker(page)
            # markers that come again would go round until the reads end
            if not records or new is None or new in asked:
                return found
            asked.add(new)
            query = {"limit": "1000", "marker": new}

    def _everything(self) -> None:
        sites = self.get(SITES)
        known = sites.records("sites")
        self._add(sites, agreement.pair_of_sites(known))
        for site in known:
            self._site(site)
        for mapping in self.get(MAPPINGS).records("tenant_mappings"):
            shown = self.get(
                f"{MAPPINGS}/{{mapping_id}}",
                path={"mapping_id": str(mapping.get("id"))},
            )
            self._same(shown, "tenant_mapping", mapping)
        groups = self._all(GROUPS, "protection_groups")
        ids = {str(site.get("id")) for site in known}
        for group in groups:
            self._group(group, ids)
        for operation in self._all(OPERATIONS, "operations"):
            self._operation(operation, ids)
        if self._newest >= (1, 2):
            health = self.get(HEALTH)
            self._add(
                health,
                agreement.health(health.records("health"), groups),
            )

    def _site(self, site: dict[str, Any]) -> None:
        path = {"site_id": str(site.get("id"))}
        shown = self.get(f"{SITES}/{{site_id}}", path=path)
        self._same(shown, "site", site)
        if site.get("local"):
            self.get(f"{SITES}/{{site_id}}/volume-types", path=path)

    def _group(self, listed: dict[str, Any], sites: set[str]) -> None:
        path = {"pg_id": str(listed.get("id"))}
        self._groups.add(path["pg_id"])
        for _ in range(AGAIN):
            shown = self.get(GROUP, path=path)
            if shown.status == 404:
                # deleted since it was listed
                return
            below = {
                name: self.get(f"{GROUP}/{name}", path=path) for name in BELOW
            }
            after = self.get(GROUP, path=path)
            if after.content == shown.content:
                break
        else:
            return
        group = shown.record("protection_group")
        if group is None:
            return
        self._same(shown, "protection_group", listed)
        self._judge(shown, "group", group)
        self._add(
            shown,
            agreement.group(group, sites, self._upstream.project_id),
        )
        for name, noun in BELOW.items():
            self._judge(below[name], noun, below[name].record(noun))
        self._add(
            below["members"],
            agreement.members(group, below["members"].records("members")),
        )
        self._add(
            below["metadata"],
            agreement.metadata(
                group,
                below["metadata"].record("metadata"),
                below["members"].records("members"),
            ),
        )
        self._add(
            below["sync-status"],
            agreement.sync_status(
                group, below["sync-status"].record("sync_status")
            ),
        )
        self._add(
            below["consistency-group"],
            agreement.volumes(
                group,
                below["consistency-group"].record("consistency_group"),
                below["members"].records("members"),
            ),
        )
        for member in below["members"].records("members"):
            one = self.get(
                f"{GROUP}/members/{{member_id}}",
                path={**path, "member_id": str(member.get("id"))},
            )
            self._same(one, "member", member)

    def _operation(self, listed: dict[str, Any], sites: set[str]) -> None:
        path = {"op_id": str(listed.get("id"))}
        self._operations.add(path["op_id"])
        shown = self.get(OPERATION, path=path)
        self._same(shown, "operation", listed)
        found = shown.record("operation")
        self._judge(shown, "operation", found)
        self._add(shown, agreement.operation(found, sites))

    def _same(
        self, shown: Exchange, noun: str, listed: dict[str, Any]
    ) -> None:
        if shown.status != 404:
            self._add(shown, agreement.same(noun, listed, shown.record(noun)))

    # Pages, filters, refusals

    def _pages(self) -> None:
        for route, noun in (
            (GROUPS, "protection_groups"),
            (OPERATIONS, "operations"),
        ):
            whole = [r.get("id") for r in self._all(route, noun)]
            found: list[Any] = []
            query = {"limit": str(_PAGE)}
            for _ in range(10):
                page = self.get(route, query=query)
                ids = [r.get("id") for r in page.records(noun)]
                self._add(page, agreement.page(page, ids, _PAGE, whole))
                found += ids
                if not ids:
                    break
                query = {"limit": str(_PAGE), "marker": str(ids[-1])}
            else:
                whole = whole[: len(found)]
            again = [r.get("id") for r in self._all(route, noun)]
            if again[: len(whole)] == whole:
                self._add(page, agreement.pages(found, whole))

    def _filters(self) -> None:
        groups = self._all(GROUPS, "protection_groups")
        operations = self._all(OPERATIONS, "operations")
        for route, noun, records, names in (
            (GROUPS, "protection_groups", groups, ("name", "status")),
            (
                OPERATIONS,
                "operations",
                operations,
                ("status", "operation_type", "protection_group_id"),
            ),
        ):
            for name in names:
                values = sorted({str(r[name]) for r in records if name in r})
                # three values are enough for each filter
                for value in values[:3]:
                    listed = self.get(
                        route, query={name: value, "limit": "1000"}
                    )
                    self._add(
                        listed,
                        agreement.filtered(
                            name, value, listed.records(noun), records
                        ),
                    )
            nothing = self.get(route, query={names[0]: _nowhere(names[0])})
            if nothing.records(noun):
                self._expect(nothing, 404)

    def _refusals(self) -> None:
        for route, path in (
            (GROUP, {"pg_id": NOTHING}),
            *((f"{GROUP}/{name}", {"pg_id": NOTHING}) for name in BELOW),
            (OPERATION, {"op_id": f"op-{NOTHING}"}),
            (OPERATION, {"op_id": "op-"}),
            (f"{SITES}/{{site_id}}", {"site_id": NOTHING}),
            (f"{SITES}/{{site_id}}/volume-types", {"site_id": NOTHING}),
        ):
            self._expect(self.get(route, path=path), 404, 403)
        for route in (GROUPS, OPERATIONS, SITES):
            for token in ("none", "wrong"):
                self._expect(self.get(route, token=token), 401)
        for route in (GROUPS, OPERATIONS):
            for query in (
                {"limit": "0"},
                {"limit": "1001"},
                {"limit": "ten"},
                {"colour": "red"},
            ):
                self._expect(self.get(route, query=query), 400)
            foreign = self.get(route, path={"tenant_id": NOBODY})
            self._expect(foreign, 403, 200)
            for noun in ("protection_groups", "operations"):
                if foreign.records(noun):
                    self._expect(foreign, 403)
        self._expect(self.get(OPERATIONS, query={"status": "gone"}), 400)


def _nowhere(name: str) -> str:
    """Return a value that a filter accepts, and that no record has."""
    return "failing_back" if name == "status" else NOTHING
