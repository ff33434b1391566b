"""Which commands read which route, as a table."""

_GROUP = "/v1/{tenant_id}/protection-groups/{pg_id}"
#: What every command does first.
EVERY = ("every command",)

COMMANDS: dict[str, tuple[str, ...]] = {
    "/": EVERY,
    "/v1/": EVERY,
    "/v1/openapi.json": (),
    "/v1/admin/sites": (
        "site list",
        "every command that names a site",
    ),
    "/v1/admin/sites/{site_id}": ("site show", "site set"),
    "/v1/admin/sites/{site_id}/volume-types": (
        "site volume type list",
        "protection-group create",
    ),
    "/v1/admin/tenant-mappings": ("tenant mapping list",),
    "/v1/admin/tenant-mappings/{mapping_id}": ("tenant mapping delete",),
    "/v1/{tenant_id}/protection-groups": (
        "protection-group list",
        "status",
        "every command that names a group",
    ),
    _GROUP: (
        "protection-group show",
        "protection-group check",
        "protection-group failover",
        "protection-group failback",
        "protection-group test-failover",
    ),
    f"{_GROUP}/members": ("member list", "protection-group check", "status"),
    f"{_GROUP}/members/{{member_id}}": ("member remove",),
    f"{_GROUP}/policy": ("policy show", "protection-group check"),
    f"{_GROUP}/consistency-group": (
        "consistency-group show",
        "protection-group check",
    ),
    f"{_GROUP}/sync-status": (
        "protection-group sync-status",
        "protection-group check",
        "protection-group reconcile",
    ),
    f"{_GROUP}/metadata": (
        "protection-group failover --type unplanned",
        "protection-group reconcile",
        "mapping check",
    ),
    "/v1/{tenant_id}/operations": (
        "operation list",
        "operation wait",
        "operation watch",
        "drill overdue",
    ),
    "/v1/{tenant_id}/operations/{op_id}": (
        "operation show",
        "operation wait",
        "operation watch",
        "operation diagnose",
        "every command with --wait",
    ),
    "/v1/health": ("health show", "status", "protection-group check"),
}


def concerned(route: str) -> tuple[str, ...]:
    """Return the commands that a deviation of a route concerns."""
    return COMMANDS.get(route, EVERY)
