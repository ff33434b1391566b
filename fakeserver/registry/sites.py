"""The records of the two sites, and which of them is this one."""

import ipaddress
import urllib.parse
from typing import Any

from fakeserver.base.clock import stamp
from fakeserver.base.errors import RequestRefused
from fakeserver.base.ids import new_id
from fakeserver.engine.service import Service
from fakeserver.site import Site
from fakeserver.store.sites import SITES

DEFAULTS = {
    "description": "",
    "region_name": "RegionOne",
    "interface": "public",
    "user_domain_name": "Default",
    "project_domain_name": "Default",
}


def _base(url: str) -> str:
    """Return the root of a service, in whichever form it was registered."""
    return url.rstrip("/").removesuffix("/v1").rstrip("/")


def _origin(url: str) -> tuple[str, ...]:
    """Return what distinguishes two addresses; loopback has many names."""
    try:
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        # an address that cannot be: nobody else has it
        return (url,)
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    name = "loopback" if loopback else host
    return parts.scheme, name, str(port or usual)


def _place(site: Site, record: dict[str, Any]) -> None:
    """Return whether the record is this site's; refuse a second record of one
    address."""
    origin = _origin(record["protector_url"])
    record["local"] = origin == _origin(site.config.url)
    for other in SITES.all(site.db):
        if other["id"] == record["id"]:
            continue
        if _origin(other["protector_url"]) == origin:
            raise RequestRefused(
                "name-conflict",
                f"{other['name']} is registered at "
                f"{other['protector_url']} already",
            )


def create(site: Site, given: dict[str, Any]) -> dict[str, Any]:
    """Register a site; it becomes active when it is validated."""
    now = stamp(site.clock.time())
    site_id = str(given.get("id") or new_id()).lower()
    record = {
        **DEFAULTS,
        **given,
        "id": site_id,
        "protector_url": _base(given["protector_url"]),
        "password": site.vault.encrypt(given["password"], site_id),
        "status": "unreachable",
        "created_at": now,
        "updated_at": now,
    }
    with site.db.transaction() as tx:
        if _known(site, site_id):
            raise RequestRefused(
                "name-conflict", f"A site with id {site_id} exists already"
            )
        _place(site, record)
        SITES.put(tx, record)
    return record


def _known(site: Site, site_id: str) -> bool:
    return any(record["id"] == site_id for record in SITES.all(site.db))


def change(
    service: Service, site_id: str, given: dict[str, Any]
) -> dict[str, Any]:
    """Change the given fields of a site record."""
    site = service.site
    with site.db.transaction() as tx:
        before = SITES.get(site.db, site_id)
        record = {**before, **given}
        record["updated_at"] = stamp(site.clock.time())
        if "password" in given:
            record["password"] = site.vault.encrypt(given["password"], site_id)
        if "protector_url" in given:
            record["protector_url"] = _base(given["protector_url"])
            _place(site, record)
            if record["local"] != before["local"]:
                # the groups would lose the site they are at
                _require_unused(site, before)
        SITES.put(tx, record)
    service.access.forget()
    return record


def set_status(site: Site, site_id: str, status: str) -> None:
    with site.db.transaction() as tx:
        record = SITES.get(site.db, site_id)
        if record["status"] != status:
            record["status"] = status
            record["updated_at"] = stamp(site.clock.time())
            SITES.put(tx, record)


def delete(site: Site, site_id: str) -> None:
    """Delete a site record that no group uses."""
    with site.db.transaction() as tx:
        _require_unused(site, SITES.get(site.db, site_id))
        SITES.delete(tx, site_id)


def _require_unused(site: Site, record: dict[str, Any]) -> None:
    row = site.db.one(
        "SELECT count(*) AS number FROM pg_groups WHERE ? IN ("
        "json_extract(doc, '$.primary_site_id'), "
        "json_extract(doc, '$.secondary_site_id'))",
        record["id"],
    )
    used = int(row["number"]) if row is not None else 0
    if used:
        groups = "protection group" + ("s" if used > 1 else "")
        raise RequestRefused(
            "in-use",
            f"{record['name']} is used by {used} {groups}",
        )
