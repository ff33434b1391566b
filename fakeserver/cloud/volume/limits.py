"""Cinder's limits, quotas and services."""

from typing import ClassVar

from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared import quotas, web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import PROJECTS
from fakeserver.cloud.shared.web import Answer, CloudError, Route
from fakeserver.cloud.volume import policy, render
from fakeserver.cloud.volume.part import BASE, CinderPart

_QUOTAS = web.validator(
    {
        "type": "object",
        "required": ["quota_set"],
        "properties": {
            "quota_set": {
                "type": "object",
                "properties": {"force": {}, "tenant_id": {}},
                "additionalProperties": {
                    "type": "integer",
                    "minimum": -1,
                    "maximum": 2**31 - 1,
                },
            }
        },
    }
)
_SET = f"{BASE}/os-quota-sets/<target>"


class Limits(CinderPart):
    """Show the limits of the project, and Cinder's services."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", f"{BASE}/limits", "limits"),
        Route("GET", _SET, "quotas"),
        Route("GET", f"{_SET}/defaults", "defaults"),
        Route("PUT", _SET, "set_quotas"),
        Route("DELETE", _SET, "reset_quotas"),
        Route("GET", f"{BASE}/os-services", "services"),
        Route("GET", f"{BASE}/os-availability-zone", "zones"),
        Route("GET", f"{BASE}/extensions", "extensions"),
    )

    def limits(self, caller: Token) -> Answer:
        db = self.site.db.connection()
        allowed = quotas.limits(db, "volume", caller.project_id)
        taken = quotas.used(db, "volume", caller.project_id)
        absolute = {
            "maxTotalVolumes": allowed["volumes"],
            "maxTotalVolumeGigabytes": allowed["gigabytes"],
            "maxTotalSnapshots": allowed["snapshots"],
            "maxTotalBackups": allowed["backups"],
            "maxTotalBackupGigabytes": allowed["backup_gigabytes"],
            "totalVolumesUsed": taken["volumes"],
            "totalGigabytesUsed": taken["gigabytes"],
            "totalSnapshotsUsed": taken["snapshots"],
            "totalBackupsUsed": 0,
            "totalBackupGigabytesUsed": 0,
        }
        return {"limits": {"rate": [], "absolute": absolute}}

    def quotas(self, caller: Token, target: str) -> Answer:
        self._may_see(caller, target)
        db = self.site.db.connection()
        allowed = quotas.limits(db, "volume", target)
        shown: Doc = dict(allowed)
        if web.flag("usage"):
            taken = quotas.used(db, "volume", target)
            shown = {
                name: {
                    "limit": limit,
                    "in_use": taken.get(name, 0),
                    "reserved": 0,
                }
                for name, limit in allowed.items()
            }
        return {"quota_set": {"id": target, **shown}}

    def defaults(self, caller: Token, target: str) -> Answer:
        return {"quota_set": {"id": target, **quotas.DEFAULTS["volume"]}}

    def set_quotas(self, caller: Token, target: str) -> Answer:
        self.enforce(caller, "volume_extension:quotas:update")
        if PROJECTS.get(self.site.db.connection(), target) is None:
            raise CloudError(404, f"Project {target} could not be found.")
        given = web.body(_QUOTAS)["quota_set"]
        given.pop("force", None)
        given.pop("tenant_id", None)
        wanted = quotas.checked_values("volume", given)
        with self.site.db.transaction() as tx:
            return {"quota_set": quotas.change(tx, "volume", target, wanted)}

    def reset_quotas(self, caller: Token, target: str) -> Answer:
        self.enforce(caller, "volume_extension:quotas:update")
        with self.site.db.transaction() as tx:
            quotas.forget(tx, "volume", target)
        return "", 200

    def services(self, caller: Token) -> Answer:
        self.enforce(caller, policy.SERVICES)
        if not caller.is_admin:
            # the policy has let the call in; Cinder's database does not
            raise CloudError(403, "User does not have admin privileges")
        site = self.site.config.site
        backend = self.site.world.backend(site).partition("#")[0]
        now = render.cinder_time(self.site.clock.time())
        shown = [
            {
                "binary": binary,
                "host": host,
                "zone": "nova",
                "status": "enabled",
                "state": "up",
                "disabled_reason": None,
                "updated_at": now,
            }
            for binary, host in (
                ("cinder-scheduler", site),
                ("cinder-volume", backend),
            )
        ]
        return {"services": shown}

    def zones(self, caller: Token) -> Answer:
        zone = {"zoneName": "nova", "zoneState": {"available": True}}
        return {"availabilityZoneInfo": [zone]}

    def extensions(self, caller: Token) -> Answer:
        return {"extensions": []}

    def _may_see(self, caller: Token, target: str) -> None:
        rule = "volume_extension:quotas:show"
        self.policy.enforce(rule, caller, target)
