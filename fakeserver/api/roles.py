"""The access rules: one table for the check, the documentation and a test."""

import dataclasses
from collections.abc import Collection

from fakeserver.api import body

#: Keystone lets a bigger role do what a smaller one may
BRINGS = {
    "admin": {"admin", "member", "reader"},
    "member": {"member", "reader"},
}

READ = ("reader",)
CHANGE = ("member",)
MANAGE = ("admin",)
PEER = ("protector_peer",)
ANYBODY: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Rule:
    """The roles that may call one route: any one of them; none needs no
    token."""

    method: str
    path: str
    roles: tuple[str, ...]
    #: the action in the body, where it decides
    action: str | None = None
    #: bytes that the body may have, for whoever has the role
    largest: int = body.LIMIT


_T = "/v1/{tenant_id}"
_PG = f"{_T}/protection-groups/{{pg_id}}"
_SITE = "/v1/admin/sites/{site_id}"
_MAPPING = "/v1/admin/tenant-mappings"

RULES = (
    Rule("GET", "/", ANYBODY),
    Rule("GET", "/v1/", ANYBODY),
    Rule("GET", "/v1/openapi.json", ANYBODY),
    Rule("GET", "/v1/health", READ),
    Rule("GET", "/v1/admin/sites", READ),
    Rule("POST", "/v1/admin/sites", MANAGE),
    Rule("GET", _SITE, READ),
    Rule("PATCH", _SITE, MANAGE),
    Rule("DELETE", _SITE, MANAGE),
    Rule("POST", f"{_SITE}/validate", MANAGE),
    Rule("GET", f"{_SITE}/volume-types", READ),
    Rule("GET", _MAPPING, MANAGE),
    Rule("POST", _MAPPING, MANAGE),
    Rule("GET", f"{_MAPPING}/{{mapping_id}}", MANAGE),
    Rule("DELETE", f"{_MAPPING}/{{mapping_id}}", MANAGE),
    Rule("GET", f"{_T}/protection-groups", READ),
    Rule("POST", f"{_T}/protection-groups", CHANGE),
    Rule("GET", _PG, READ),
    Rule("PATCH", _PG, CHANGE),
    Rule("DELETE", _PG, CHANGE),
    Rule("GET", f"{_PG}/members", READ),
    Rule("POST", f"{_PG}/members", CHANGE),
    Rule("GET", f"{_PG}/members/{{member_id}}", READ),
    Rule("DELETE", f"{_PG}/members/{{member_id}}", CHANGE),
    Rule("GET", f"{_PG}/policy", READ),
    Rule("POST", f"{_PG}/policy", CHANGE),
    Rule("DELETE", f"{_PG}/policy", CHANGE),
    Rule("GET", f"{_PG}/consistency-group", READ),
    Rule("POST", f"{_PG}/consistency-group/sync", CHANGE),
    Rule("POST", f"{_PG}/action", CHANGE),
    Rule("POST", f"{_PG}/action", MANAGE, action="reset_status"),
    Rule("GET", f"{_PG}/sync-status", READ + PEER),
    Rule("POST", f"{_PG}/sync-force", CHANGE),
    Rule("GET", f"{_PG}/metadata", READ),
    Rule("PUT", f"{_PG}/metadata", PEER + MANAGE, largest=body.LARGE),
    Rule("GET", f"{_T}/sync-status", READ + PEER),
    Rule("GET", f"{_T}/operations", READ),
    Rule("GET", f"{_T}/operations/{{op_id}}", READ),
)

_BY_CELL = {(rule.method, rule.path, rule.action): rule for rule in RULES}


def rule_of(method: str, path: str, action: str | None = None) -> Rule:
    """Return the rule of a route; an action without a row of its own has the
    row of all actions."""
    special = _BY_CELL.get((method, path, action))
    return special or _BY_CELL[method, path, None]


def allows(rule: Rule, held: Collection[str]) -> bool:
    """Return whether a caller with these roles may call the route."""
    if not rule.roles:
        return True
    granted = set(held).union(*(BRINGS.get(role, ()) for role in held))
    return not granted.isdisjoint(rule.roles)


#: whoever may ask: nobody in particular, and each role by itself
ASKERS = (None, "reader", "member", "admin", "protector_peer")


def refusal(rule: Rule, role: str | None) -> int | None:
    """Return the status that refuses a caller with this role, or without a
    token; None where the caller may call the route."""
    if allows(rule, () if role is None else (role,)):
        return None
    return 401 if role is None else 403


def is_admin(held: Collection[str]) -> bool:
    return "admin" in held
