"""Keystone's lists: projects, users, roles, domains, services, endpoints."""

from collections.abc import Iterable
from typing import ClassVar

import flask

from fakeserver.base.seed_world import DOMAIN, IMPLIED_ROLES, REGION
from fakeserver.cloud.identity import catalog, links
from fakeserver.cloud.identity.keystone import DOMAIN_ID
from fakeserver.cloud.identity.part import KeystonePart
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared.rows import Doc, Table
from fakeserver.cloud.shared.schema import PROJECTS, USERS
from fakeserver.cloud.shared.web import Answer, CloudError, Route

BUILT_IN_ROLES = ("admin", "member", "reader")
#: what Keystone shows of a user; never its password's hash
_USER = ("id", "name", "domain_id", "enabled", "default_project_id")


class Directory(KeystonePart):
    """Read only: who and what is there is decided by the seed."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", "/v3/projects", "projects"),
        Route("GET", "/v3/projects/<project>", "project"),
        Route("GET", "/v3/users", "users"),
        Route("GET", "/v3/users/<user>", "user"),
        Route("GET", "/v3/users/<user>/projects", "projects_of"),
        Route("GET", "/v3/roles", "roles"),
        Route("GET", "/v3/roles/<role>", "role"),
        Route("GET", "/v3/domains", "domains"),
        Route("GET", "/v3/domains/<domain>", "domain"),
        Route("GET", "/v3/regions", "regions"),
        Route("GET", "/v3/services", "services"),
        Route("GET", "/v3/services/<service>", "service"),
        Route("GET", "/v3/endpoints", "endpoints"),
        Route("GET", "/v3/endpoints/<endpoint>", "endpoint"),
    )

    def projects(self, caller: Token) -> Answer:
        admin_only(caller, "list_projects")
        return self._list("projects", self._all(PROJECTS))

    def project(self, caller: Token, project: str) -> Answer:
        if project != caller.project_id:
            mine = self.keystone.projects_of(caller.user_id)
            if project not in [row["id"] for row in mine]:
                admin_only(caller, "get_project")
        found = PROJECTS.get(self.site.db.connection(), project)
        return self._show("project", project, found)

    def users(self, caller: Token) -> Answer:
        admin_only(caller, "list_users")
        return self._list("users", map(_user, self._all(USERS)))

    def user(self, caller: Token, user: str) -> Answer:
        if user != caller.user_id:
            admin_only(caller, "get_user")
        found = USERS.get(self.site.db.connection(), user)
        return self._show("user", user, found and _user(found))

    def projects_of(self, caller: Token, user: str) -> Answer:
        if user != caller.user_id:
            admin_only(caller, "list_user_projects")
        found = self.keystone.projects_of(user)
        return links.listed("projects", found)

    def roles(self, caller: Token) -> Answer:
        admin_only(caller, "list_roles")
        return self._list("roles", self._roles())

    def role(self, caller: Token, role: str) -> Answer:
        admin_only(caller, "get_role")
        return self._pick("role", role, self._roles())

    def domains(self, caller: Token) -> Answer:
        admin_only(caller, "list_domains")
        return self._list("domains", [DEFAULT_DOMAIN])

    def domain(self, caller: Token, domain: str) -> Answer:
        # every user is in this domain, and may see it
        return self._pick("domain", domain, [DEFAULT_DOMAIN])

    def regions(self, caller: Token) -> Answer:
        region = {"id": REGION, "description": "", "parent_region_id": None}
        return self._list("regions", [region])

    def services(self, caller: Token) -> Answer:
        admin_only(caller, "list_services")
        return self._list("services", catalog.services(self.site.config))

    def service(self, caller: Token, service: str) -> Answer:
        admin_only(caller, "get_service")
        known = catalog.services(self.site.config)
        return self._pick("service", service, known)

    def endpoints(self, caller: Token) -> Answer:
        admin_only(caller, "list_endpoints")
        return self._list("endpoints", catalog.endpoints(self.site.config))

    def endpoint(self, caller: Token, endpoint: str) -> Answer:
        admin_only(caller, "get_endpoint")
        known = catalog.endpoints(self.site.config)
        return self._pick("endpoint", endpoint, known)

    def _all(self, table: Table) -> list[Doc]:
        return table.select(self.site.db.connection(), order="name")

    def _roles(self) -> list[Doc]:
        return [
            {
                "id": catalog.role_id(self.site.config, name),
                "name": name,
                "domain_id": None,
                "description": None,
                "options": _options(name),
            }
            for name in IMPLIED_ROLES
        ]

    def _list(self, plural: str, docs: Iterable[Doc]) -> Answer:
        args = flask.request.args
        rows = list(docs)
        for key in ("name", "type", "interface", "service_id", "domain_id"):
            if (wanted := args.get(key)) is not None:
                rows = [row for row in rows if row.get(key) == wanted]
        return links.listed(plural, rows)

    def _pick(self, noun: str, id_: str, known: list[Doc]) -> Answer:
        found = next((row for row in known if row["id"] == id_), None)
        return self._show(noun, id_, found)

    def _show(self, noun: str, id_: str, found: Doc | None) -> Answer:
        if found is None:
            raise CloudError(404, f"Could not find {noun}: {id_}.")
        return {noun: links.linked(f"{noun}s", found)}


DEFAULT_DOMAIN: Doc = {
    "id": DOMAIN_ID,
    "name": DOMAIN,
    "enabled": True,
    "description": "The default domain",
    "options": {},
    "tags": [],
}


def _options(role: str) -> Doc:
    """Refuse to change Keystone's own roles."""
    return {"immutable": True} if role in BUILT_IN_ROLES else {}


def _user(row: Doc) -> Doc:
    shown = {key: row[key] for key in _USER}
    return {
        **shown,
        "options": {},
        "password_expires_at": None,
    }


def admin_only(caller: Token, action: str) -> None:
    """Pass for an admin; raise CloudError 403 for anybody else."""
    if not caller.is_admin:
        raise forbidden(action)


def forbidden(action: str) -> CloudError:
    return CloudError(
        403,
        "You are not authorized to perform the requested action: "
        f"identity:{action}.",
    )
