"""What several answers of one deployment have to agree on."""

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fakeserver.compare.exchange import SHOWN, Exchange

Record = dict[str, Any]
Found = Iterator[tuple[str, str]]

#: By what each list is sorted, and whether the largest comes first.
_ORDER = {
    "operations": ("started_at", True),
    "protection_groups": ("name", False),
    "sites": ("name", False),
    "tenant_mappings": ("name", False),
}
#: What may change between a list and the read of one record.
_MOVES = {
    "operation": (
        "status",
        "progress",
        "completed_at",
        "updated_at",
        "error_message",
        "steps_completed",
        "steps_failed",
        "result_data",
    ),
    "protection_group": ("last_replication_at",),
    "site": ("status", "updated_at"),
}
#: And of the attributes of a member: the engine reads them again by itself.
_READ_AGAIN = ("power_state", "power_state_at")
#: The fields that a group and its metadata both have, by either name.
_SHARED = {
    "id": "id",
    "name": "name",
    "description": "description",
    "status": "status",
    "replication_type": "replication_type",
    "primary_site_id": "primary_site_id",
    "secondary_site_id": "secondary_site_id",
    "current_primary_site_id": "current_primary_site_id",
    "failover_count": "failover_count",
    "metadata_version": "version",
    "network_mapping": "network_mapping",
    "flavor_mapping": "flavor_mapping",
}


def same_version(listed: list[Record], one: Record | None) -> Found:
    """Both version documents say the same."""
    if one is not None and listed and one not in listed:
        yield "version-documents", "GET / and GET /v1/ list different versions"


def order(noun: str, records: list[Record]) -> Found:
    """Check that a list has its order."""
    if noun not in _ORDER:
        return
    field, reverse = _ORDER[noun]
    found = [r.get(field) for r in records]
    if any(not isinstance(value, str) for value in found):
        return
    texts = [str(value) for value in found]
    if texts != sorted(texts, reverse=reverse):
        way = "newest first" if reverse else f"by {field}"
        yield "order", f"the list is not sorted {way}"


def unique(noun: str, records: list[Record]) -> Found:
    """Check that no record comes twice."""
    key = "protection_group_id" if noun == "health" else "id"
    ids = [r.get(key) for r in records]
    twice = sorted({str(one) for one in ids if ids.count(one) > 1})
    if twice:
        yield "unique", f"ids come twice: {', '.join(twice)}"


def pair_of_sites(sites: list[Record]) -> Found:
    """Check that a service knows both sites, and which of them it is."""
    local = [s for s in sites if s.get("local") is True]
    if sites and len(local) != 1:
        yield "local-site", f"{len(local)} of {len(sites)} sites are local"


def same(noun: str, listed: Record, shown: Record | None) -> Found:
    """Check that a record is the same in its list and by itself."""
    if shown is None:
        return
    moving = _MOVES.get(noun, ())
    if noun == "protection_group" and (
        listed.get("updated_at") != shown.get("updated_at")
        or listed.get("metadata_version") != shown.get("metadata_version")
    ):
        return
    if noun == "operation" and listed.get("completed_at") is not None:
        moving = ()
    listed, shown = _standing(listed), _standing(shown)
    for field in sorted({*listed, *shown} - set(moving)):
        if listed.get(field) != shown.get(field):
            yield (
                "list-and-show",
                f"{field}: {_short(listed.get(field))} in the list, "
                f"{_short(shown.get(field))} by itself",
            )


def _standing(record: Record) -> Record:
    """Return a record without the attributes that are read again."""
    attributes = record.get("attributes")
    if not isinstance(attributes, dict):
        return record
    kept = {k: v for k, v in attributes.items() if k not in _READ_AGAIN}
    return {**record, "attributes": kept}


def group(found: Record, sites: set[str], project_id: str) -> Found:
    """Check that a group is the project's, between two registered sites."""
    if found.get("project_id") != project_id:
        yield (
            "group-project",
            f"project_id: {found.get('project_id')} is not the token's",
        )
    for field in ("primary_site_id", "secondary_site_id"):
        if sites and found.get(field) not in sites:
            yield "group-registered", f"{field}: no site has this id"


def members(found: Record, listed: list[Record]) -> Found:
    """Check that a group counts its members, and has no instance twice."""
    if found.get("member_count") != len(listed):
        yield (
            "member-count",
            f"member_count is {found.get('member_count')}, listed are "
            f"{len(listed)}",
        )
    for field in ("id", "instance_id"):
        values = [one.get(field) for one in listed]
        if len(set(map(str, values))) != len(values):
            yield "member-unique", f"{field}: two members have the same"


def metadata(
    found: Record, document: Record | None, listed: list[Record]
) -> Found:
    """Check that the shared document agrees with the group."""
    if document is None:
        return
    for field, name in _SHARED.items():
        if field in found and found[field] != document.get(name):
            yield (
                "metadata-group",
                f"{name}: {_short(document.get(name))}, the group has "
                f"{_short(found[field])}",
            )
    inside = document.get("members")
    if isinstance(inside, list):
        ids = sorted(str(m.get("id")) for m in inside if isinstance(m, dict))
        if ids != sorted(str(m.get("id")) for m in listed):
            yield "metadata-members", "members: others than the group lists"


def sync_status(found: Record, status: Record | None) -> Found:
    """Check that the sync status is that of this group's document."""
    if status is None:
        return
    pairs = (
        ("protection_group_id", "id"),
        ("local_version", "metadata_version"),
        ("local_failover_count", "failover_count"),
    )
    for name, field in pairs:
        if name in status and status[name] != found.get(field):
            yield (
                "sync-status-group",
                f"{name}: {status[name]}, the group has {found.get(field)}",
            )


def volumes(
    found: Record, group_of: Record | None, listed: list[Record]
) -> Found:
    """Check that the consistency group has the volumes of the members."""
    if group_of is None:
        return
    if group_of.get("id") != found.get("consistency_group_id"):
        yield (
            "consistency-group",
            "id: not the group's consistency_group_id",
        )
    if found.get("status") != "active":
        return
    try:
        inside = {str(v["id"]) for v in group_of["volumes"]}
        needed = {str(v["id"]) for m in listed for v in m["volumes"]}
    except (KeyError, TypeError):
        return
    if needed - inside:
        yield (
            "consistency-group-volumes",
            f"volumes: {len(needed - inside)} of the members' are missing",
        )


def operation(found: Record | None, sites: set[str]) -> Found:
    """Check that an operation is between registered sites."""
    for field in ("source_site_id", "target_site_id"):
        if found is not None and sites and found.get(field) not in sites:
            yield "operation-registered", f"{field}: no site has this id"


def health(listed: list[Record], groups: list[Record]) -> Found:
    """Health has an entry for each group, under its name."""
    names = {str(g.get("id")): g.get("name") for g in groups}
    told = {
        str(h.get("protection_group_id")): h.get("protection_group_name")
        for h in listed
    }
    missing, more = names.keys() - told.keys(), told.keys() - names.keys()
    if listed and (missing or more):
        yield (
            "health-groups",
            f"{len(missing)} groups are missing, {len(more)} are unknown",
        )
    elif names and not listed:
        yield "health-groups", f"{len(names)} groups are missing, 0 unknown"
    wrong = [i for i in names.keys() & told.keys() if names[i] != told[i]]
    if wrong:
        yield "health-names", f"{len(wrong)} groups have another name"


# Lists


def marker(page: Exchange) -> str | None:
    """Return the marker of the next page, where the answer links to one."""
    links = page.noun("links")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("rel") == "next":
            found = parse_qs(urlsplit(str(link.get("href"))).query)
            return next(iter(found.get("marker", ())), None)
    return None


def page(
    found: Exchange, ids: list[Any], most: int, whole: list[Any]
) -> Found:
    """Check the length of a page and its link to the next one."""
    if found.status != 200:
        return
    if len(ids) > most:
        yield "limit", f"limit={most} answers with {len(ids)}"
    new = marker(found)
    last = bool(ids) and bool(whole) and ids[-1] == whole[-1]
    if ids and not last and len(ids) == most and new is None:
        yield "next-link", "no link to the next page"
    if new is not None and ids and new != str(ids[-1]):
        yield "next-link", "the next page's marker is not the last id"
    if new is not None and last:
        yield "next-link", "a link to a page behind the last one"


def pages(found: list[Any], whole: list[Any]) -> Found:
    """Check that all pages together are the list."""
    if found != whole:
        lacking = len(set(map(str, whole)) - set(map(str, found)))
        yield (
            "pages",
            f"pages of a list are not the list: {lacking} of {len(whole)} "
            f"are missing, {len(found)} came",
        )


def filtered(
    name: str, value: str, listed: list[Record], whole: Iterable[Record]
) -> Found:
    """Check that a filter returns all that matches, and no more."""
    if any(str(one.get(name)) != value for one in listed):
        yield "filter", f"{name}: the answer has others too"
    expected = {str(o.get("id")) for o in whole if str(o.get(name)) == value}
    ids = {str(one.get("id")) for one in listed}
    if name == "status":
        # one may have changed since the whole list was read
        if not ids and len(expected) > 1:
            yield "filter", f"{name}: all that fit are missing"
    elif expected - ids:
        yield "filter", f"{name}: {len(expected - ids)} that fit are missing"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
