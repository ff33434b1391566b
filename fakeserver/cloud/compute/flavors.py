"""Nova's flavors, limits and quotas."""

import sqlite3
from typing import ClassVar

import flask

from fakeserver.base.ids import new_id
from fakeserver.cloud.compute.server import render
from fakeserver.cloud.compute.server.attributes import zones
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared import quotas, web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import FLAVORS, PROJECTS
from fakeserver.cloud.shared.web import Answer, CloudError, Route

_NUMBER = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}
_COUNT = {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
_NAME = {"type": "string", "minLength": 1, "maxLength": 255}
_CREATE = web.validator(
    {
        "type": "object",
        "required": ["flavor"],
        "properties": {
            "flavor": {
                "type": "object",
                "required": ["name", "vcpus", "ram", "disk"],
                "properties": {
                    "name": _NAME,
                    "id": {**_NAME, "type": ["string", "null"]},
                    "vcpus": _COUNT,
                    "ram": _COUNT,
                    "disk": _NUMBER,
                    "os-flavor-access:is_public": {"type": "boolean"},
                    "description": {"type": ["string", "null"]},
                },
            }
        },
    }
)
#: a quota that is named is changed; ``force`` is accepted, as in Nova
_QUOTAS = web.validator(
    {
        "type": "object",
        "required": ["quota_set"],
        "properties": {
            "quota_set": {
                "type": "object",
                "properties": {
                    "force": {"type": "boolean"},
                    "tenant_id": {"type": "string"},
                },
                "additionalProperties": {
                    "type": "integer",
                    "minimum": -1,
                    "maximum": 2**31 - 1,
                },
            }
        },
    }
)


class Flavors(web.Part):
    """List and show flavors; an admin creates and deletes them."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", "/v2.1/flavors", "index"),
        Route("GET", "/v2.1/flavors/detail", "detail"),
        Route("POST", "/v2.1/flavors", "create"),
        Route("GET", "/v2.1/flavors/<flavor>", "show"),
        Route("DELETE", "/v2.1/flavors/<flavor>", "delete"),
        Route("GET", "/v2.1/flavors/<flavor>/os-extra_specs", "specs"),
    )

    def index(self, caller: Token) -> Answer:
        rows, more = web.page(self._visible(caller), "flavors")
        shown = [
            {
                "id": row["id"],
                "name": row["name"],
                "links": render.links(self.site, "flavors", row["id"]),
            }
            for row in rows
        ]
        return _list("flavors", shown, more)

    def detail(self, caller: Token) -> Answer:
        rows, more = web.page(self._visible(caller), "flavors")
        shown = [render.flavor(self.site, row) for row in rows]
        return _list("flavors", shown, more)

    def show(self, caller: Token, flavor: str) -> Answer:
        row = self._get(flavor)
        return {"flavor": render.flavor(self.site, row)}

    def specs(self, caller: Token, flavor: str) -> Answer:
        return {"extra_specs": self._get(flavor).get("extra_specs", {})}

    def create(self, caller: Token) -> Answer:
        _admin(caller, "os_compute_api:os-flavor-manage:create")
        given = web.body(_CREATE)["flavor"]
        asked = given.get("id")
        row = {
            "id": new_id() if asked in (None, "auto") else asked,
            "name": given["name"],
            "vcpus": given["vcpus"],
            "ram": given["ram"],
            "disk": given["disk"],
            "is_public": given.get("os-flavor-access:is_public", True),
            "description": given.get("description"),
            "extra_specs": {},
        }
        with self.site.db.transaction() as tx:
            if FLAVORS.get(tx, row["id"]) is not None:
                raise CloudError(
                    409, f"Flavor with ID {row['id']} already exists."
                )
            try:
                FLAVORS.put(tx, row)
            except sqlite3.IntegrityError:
                raise CloudError(
                    409, f"Flavor with name {row['name']} already exists."
                ) from None
        return {"flavor": render.flavor(self.site, row)}

    def delete(self, caller: Token, flavor: str) -> Answer:
        _admin(caller, "os_compute_api:os-flavor-manage:delete")
        self._get(flavor)
        with self.site.db.transaction() as tx:
            FLAVORS.delete(tx, flavor)
        return "", 202

    def _get(self, flavor: str) -> Doc:
        row = FLAVORS.get(self.site.db.connection(), flavor)
        if row is None:
            raise CloudError(404, f"Flavor {flavor} could not be found.")
        return row

    def _visible(self, caller: Token) -> list[Doc]:
        """Filter flavors by is_public; only an admin may ask for all or
        private ones."""
        rows = FLAVORS.select(self.site.db.connection(), order="name")
        asked = flask.request.args.get("is_public", "true").lower()
        if not caller.is_admin or asked in ("1", "true", "t", "yes"):
            return [row for row in rows if row["is_public"]]
        if asked == "none":
            return rows
        return [row for row in rows if not row["is_public"]]


class Limits(web.Part):
    """Show the limits of the project and what it uses of them."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", "/v2.1/limits", "limits"),
        Route("GET", "/v2.1/os-quota-sets/<project>", "quotas"),
        Route("GET", "/v2.1/os-quota-sets/<project>/defaults", "defaults"),
        Route("GET", "/v2.1/os-quota-sets/<project>/detail", "details"),
        Route("PUT", "/v2.1/os-quota-sets/<project>", "set_quotas"),
        Route("DELETE", "/v2.1/os-quota-sets/<project>", "reset_quotas"),
        Route("GET", "/v2.1/os-availability-zone", "zones"),
        Route("GET", "/v2.1/os-availability-zone/detail", "zone_details"),
    )

    def limits(self, caller: Token) -> Answer:
        project = caller.project_id
        if caller.is_admin:
            project = flask.request.args.get("tenant_id", project)
        db = self.site.db.connection()
        allowed = quotas.limits(db, "compute", project)
        taken = quotas.used(db, "compute", project)
        absolute = {
            "maxTotalInstances": allowed["instances"],
            "maxTotalCores": allowed["cores"],
            "maxTotalRAMSize": allowed["ram"],
            "maxTotalKeypairs": allowed["key_pairs"],
            "maxServerMeta": allowed["metadata_items"],
            "maxServerGroups": allowed["server_groups"],
            "maxServerGroupMembers": allowed["server_group_members"],
            "totalInstancesUsed": taken["instances"],
            "totalCoresUsed": taken["cores"],
            "totalRAMUsed": taken["ram"],
            "totalServerGroupsUsed": taken["server_groups"],
        }
        return {"limits": {"rate": [], "absolute": absolute}}

    def quotas(self, caller: Token, project: str) -> Answer:
        self._may_see(caller, project)
        db = self.site.db.connection()
        return _quota_set(project, quotas.limits(db, "compute", project))

    def defaults(self, caller: Token, project: str) -> Answer:
        return _quota_set(project, dict(quotas.DEFAULTS["compute"]))

    def details(self, caller: Token, project: str) -> Answer:
        self._may_see(caller, project)
        db = self.site.db.connection()
        taken = quotas.used(db, "compute", project)
        allowed = quotas.limits(db, "compute", project)
        shown: Doc = {
            name: {
                "limit": limit,
                "in_use": taken.get(name, 0),
                "reserved": 0,
            }
            for name, limit in allowed.items()
        }
        return {"quota_set": {"id": project, **shown}}

    def set_quotas(self, caller: Token, project: str) -> Answer:
        _admin(caller, "os_compute_api:os-quota-sets:update")
        self._known(project)
        given = web.body(_QUOTAS)["quota_set"]
        given = {
            name: value
            for name, value in given.items()
            if name not in ("force", "tenant_id")
        }
        wanted = quotas.checked_values("compute", given)
        with self.site.db.transaction() as tx:
            found = quotas.change(tx, "compute", project, wanted)
        return {"quota_set": found}

    def reset_quotas(self, caller: Token, project: str) -> Answer:
        _admin(caller, "os_compute_api:os-quota-sets:delete")
        with self.site.db.transaction() as tx:
            quotas.forget(tx, "compute", project)
        return "", 202

    def zones(self, caller: Token) -> Answer:
        shown = [
            {"zoneName": name, "zoneState": {"available": True}, "hosts": None}
            for name in zones(self.site)
        ]
        return {"availabilityZoneInfo": shown}

    def zone_details(self, caller: Token) -> Answer:
        _admin(caller, "os_compute_api:os-availability-zone:detail")
        return self.zones(caller)

    def _known(self, project: str) -> None:
        if PROJECTS.get(self.site.db.connection(), project) is None:
            raise CloudError(
                400, f"Project ID {project} is not a valid project."
            )

    def _may_see(self, caller: Token, project: str) -> None:
        if project != caller.project_id:
            _admin(caller, "os_compute_api:os-quota-sets:show")


def _quota_set(project: str, values: dict[str, int]) -> Answer:
    return {"quota_set": {"id": project, **values}}


def _list(plural: str, shown: list[Doc], more: list[Doc]) -> Answer:
    return {plural: shown} | ({f"{plural}_links": more} if more else {})


def _admin(caller: Token, rule: str) -> None:
    if not caller.is_admin:
        raise CloudError(403, f"Policy doesn't allow {rule} to be performed.")
