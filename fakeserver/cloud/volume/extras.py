"""List what this Cinder has none of, and what it shows to admins."""

from collections.abc import Callable, Mapping
from typing import ClassVar, NamedTuple

from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import VOLUMES
from fakeserver.cloud.shared.web import Answer, CloudError, Route
from fakeserver.cloud.volume import disks, render
from fakeserver.cloud.volume.part import BASE, CinderPart, project_asked


class _Collection(NamedTuple):
    """A collection that has nothing in it."""

    plural: str
    #: the minor version that brought it
    since: int = 0
    #: the rule that it needs
    rule: str | None = None
    detail: bool = True


_EMPTY: Mapping[str, _Collection] = {
    "backups": _Collection("backups"),
    "group_snapshots": _Collection("group_snapshots", 14),
    "consistencygroups": _Collection("consistencygroups"),
    "cgsnapshots": _Collection("cgsnapshots"),
    "os-volume-transfer": _Collection("transfers"),
    "volume-transfers": _Collection("transfers", 55),
    "messages": _Collection("messages", 3, None, False),
    "qos-specs": _Collection(
        "qos_specs", 0, "volume_extension:qos_specs_manage:get_all", False
    ),
    "clusters": _Collection("clusters", 7, "clusters:get_all"),
}


class Empty(CinderPart):
    """List collections that have nothing in them."""

    ROUTES: ClassVar[tuple[Route, ...]] = tuple(
        Route("GET", f"{BASE}/{path}{tail}", path)
        for path, kind in _EMPTY.items()
        for tail in (("", "/detail") if kind.detail else ("",))
    )

    def __getattr__(self, name: str) -> Callable[[Token], Answer]:
        if name not in _EMPTY:
            raise AttributeError(name)
        return lambda caller: self._list(caller, _EMPTY[name])

    def _list(self, caller: Token, kind: _Collection) -> Answer:
        render.needs(kind.since)
        if kind.rule:
            self.enforce(caller, kind.rule)
        return {kind.plural: []}


class Extras(CinderPart):
    """Serve attachments, pools, capabilities and filters."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", f"{BASE}/attachments", "attachments"),
        Route("GET", f"{BASE}/attachments/detail", "attachment_details"),
        Route("GET", f"{BASE}/attachments/<attachment>", "attachment"),
        Route("GET", f"{BASE}/scheduler-stats/get_pools", "pools"),
        Route("GET", f"{BASE}/capabilities/<host>", "capabilities"),
        Route("GET", f"{BASE}/resource_filters", "filters"),
        Route("PUT", f"{BASE}/os-services/get-log", "log_levels"),
    )

    def attachments(self, caller: Token) -> Answer:
        shown = [
            {
                name: row[name]
                for name in ("id", "status", "instance", "volume_id")
            }
            for row in self._attachments(caller)
        ]
        return {"attachments": shown}

    def attachment_details(self, caller: Token) -> Answer:
        return {"attachments": self._attachments(caller)}

    def attachment(self, caller: Token, attachment: str) -> Answer:
        for row in self._attachments(caller):
            if row["id"] == attachment:
                return {"attachment": row | {"connection_info": {}}}
        raise CloudError(
            404,
            f"Volume attachment could not be found with filter: "
            f"attachment_id = {attachment}.",
        )

    def pools(self, caller: Token) -> Answer:
        self.enforce(caller, "scheduler_extension:scheduler_stats:get_pools")
        used = sum(
            row["size"] for row in VOLUMES.select(self.site.db.connection())
        )
        pool: Doc = {"name": self.site.world.backend(self.site.config.site)}
        if web.flag("detail"):
            pool["capabilities"] = {
                "volume_backend_name": disks.array_of(self.site),
                "storage_protocol": "iSCSI",
                "vendor_name": "Pure Storage",
                "driver_version": "19.0",
                "total_capacity_gb": 1048576.0,
                "free_capacity_gb": 1048576.0 - used,
                "allocated_capacity_gb": used,
                "provisioned_capacity_gb": float(used),
                "reserved_percentage": 0,
                "max_over_subscription_ratio": "20.0",
                "thin_provisioning_support": True,
                "thick_provisioning_support": False,
                "multiattach": True,
                "QoS_support": True,
                "replication_enabled": True,
                "timestamp": render.cinder_time(self.site.clock.time()),
            }
        return {"pools": [pool]}

    def capabilities(self, caller: Token, host: str) -> Answer:
        self.enforce(caller, "volume_extension:capabilities")
        backend = self.site.world.backend(self.site.config.site)
        if host != backend.partition("#")[0]:
            raise CloudError(404, f"Service {host} could not be found.")
        shown: Doc = {
            "namespace": f"OS::Storage::Capabilities::{host}",
            "vendor_name": "Pure Storage",
            "volume_backend_name": disks.array_of(self.site),
            "pool_name": None,
            "driver_version": "19.0",
            "storage_protocol": "iSCSI",
            "display_name": None,
            "description": None,
            "visibility": None,
            "replication_targets": [],
            "properties": {},
        }
        return shown

    def filters(self, caller: Token) -> Answer:
        render.needs(33)
        shown = [
            {"resource": name, "filters": list(filters)}
            for name, filters in _FILTERS.items()
        ]
        return {"resource_filters": shown}

    def log_levels(self, caller: Token) -> Answer:
        render.needs(32)
        self.enforce(caller, "volume_extension:services:update")
        return {"log_levels": []}

    def _attachments(self, caller: Token) -> list[Doc]:
        render.needs(27)
        self.enforce(caller, "volume:get_all")
        db = self.site.db.connection()
        project = project_asked(caller)
        rows = VOLUMES.select(db)
        return [
            {
                "id": made["attachment_id"],
                "status": "attached",
                "instance": made["server_id"],
                "volume_id": row["id"],
                "attached_at": render.cinder_time(made["attached"]),
                "detached_at": "",
                "attach_mode": "rw",
            }
            for row in rows
            if project in (None, row["project_id"])
            for made in row["attachments"]
        ]


#: what a user may filter the lists by
_FILTERS: Mapping[str, tuple[str, ...]] = {
    "volume": (
        "name",
        "status",
        "metadata",
        "bootable",
        "group_id",
        "size",
    ),
    "snapshot": ("name", "status", "volume_id"),
    "group": ("name",),
}
