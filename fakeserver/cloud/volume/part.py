"""What the parts of Cinder share: the policy, and how a volume is found."""

import sqlite3
from typing import TYPE_CHECKING

import flask

from fakeserver.base.seed_world import DEFAULT_VOLUME_TYPE
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared import quotas, web
from fakeserver.cloud.shared.rows import Doc, Table
from fakeserver.cloud.shared.schema import GROUPS, VOLUME_TYPES, VOLUMES
from fakeserver.cloud.shared.web import CloudError
from fakeserver.cloud.volume import pending, render
from fakeserver.cloud.volume.policy import Policy

if TYPE_CHECKING:
    from fakeserver.cloud.identity.check import Identity
    from fakeserver.site import Site

BASE = "/v3/<project>"


class CinderPart(web.Part):
    """A part of Cinder that enforces the policy file."""

    def __init__(self, site: "Site", identity: "Identity") -> None:
        super().__init__(site, identity)
        self.policy = Policy(site.config.cinder_policy)

    def enforce(
        self, caller: Token, action: str, row: Doc | None = None
    ) -> None:
        project = row["project_id"] if row else caller.project_id
        self.policy.enforce(action, caller, project)

    def volume(
        self, db: sqlite3.Connection, caller: Token, volume: str
    ) -> Doc:
        """Find a volume of the caller's project; an admin finds every
        volume."""
        row = _visible(db, VOLUMES, "Volume", caller, volume)
        group = GROUPS.get(db, row["group_id"]) if row["group_id"] else None
        if group is None or not group.get("pending"):
            return row
        pending.make_due(self.site, group)
        return _visible(db, VOLUMES, "Volume", caller, volume)

    def group(self, db: sqlite3.Connection, caller: Token, group: str) -> Doc:
        pending.make_due(self.site, GROUPS.get(db, group) or {})
        return _visible(db, GROUPS, "Group", caller, group)

    def type_of(self, db: sqlite3.Connection, wanted: object) -> Doc:
        """Find a volume type by id or name, or the default type."""
        name = str(wanted or DEFAULT_VOLUME_TYPE)
        found = VOLUME_TYPES.get(db, name)
        if found is None:
            rows = VOLUME_TYPES.select(db, "name = ?", (name,))
            found = rows[0] if rows else None
        if found is None:
            raise CloudError(
                404, f"Volume type with name {name} could not be found."
            )
        return found

    def shown(self, caller: Token, row: Doc) -> Doc:
        return render.volume(self.site, self.policy, caller, row)

    def within_quota(
        self,
        tx: sqlite3.Connection,
        project_id: str,
        size: int,
        volumes: int = 1,
    ) -> None:
        wanted = {"volumes": volumes, "gigabytes": size}
        over = quotas.require(tx, "volume", project_id, wanted)
        if over is None:
            return
        allowed = quotas.limits(tx, "volume", project_id)[over]
        if over == "volumes":
            message = (
                "VolumeLimitExceeded: Maximum number of volumes allowed "
                f"({allowed}) exceeded for quota 'volumes'."
            )
        else:
            taken = quotas.used(tx, "volume", project_id)[over]
            message = (
                "VolumeSizeExceedsAvailableQuota: Requested volume or "
                "snapshot exceeds allowed gigabytes quota. Requested "
                f"{size}G, quota is {allowed}G and {taken}G has been "
                "consumed."
            )
        raise CloudError(413, message)


def project_asked(caller: Token) -> str | None:
    """Return the project whose resources are listed; None for all projects."""
    if caller.is_admin and web.flag("all_tenants"):
        args = flask.request.args
        return args.get("project_id") or args.get("tenant_id")
    return caller.project_id


def _visible(
    db: sqlite3.Connection, table: Table, noun: str, caller: Token, id_: str
) -> Doc:
    row = table.get(db, id_)
    if row is None or (
        row["project_id"] != caller.project_id and not caller.is_admin
    ):
        raise CloudError(404, f"{noun} {id_} could not be found.")
    return row
