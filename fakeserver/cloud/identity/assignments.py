"""Who has which role where, and the lists of Keystone that are empty here."""

from collections.abc import Callable
from typing import Any, ClassVar

import flask

from fakeserver.base.seed_world import DOMAIN
from fakeserver.cloud.identity import catalog, directory, links
from fakeserver.cloud.identity.accounts import DOMAIN_SCOPE, SYSTEM
from fakeserver.cloud.identity.directory import BUILT_IN_ROLES, admin_only
from fakeserver.cloud.identity.keystone import DOMAIN_ID
from fakeserver.cloud.identity.part import KeystonePart
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import GRANTS, PROJECTS, USERS
from fakeserver.cloud.shared.web import Answer, Route

#: what a role of Keystone's brings with it, one step down
_IMPLIES = {"admin": ("member",), "member": ("reader",)}


class Assignments(KeystonePart):
    """Role assignments and what follows from them; read only."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", "/v3/role_assignments", "index"),
        Route("GET", "/v3/role_inferences", "inferences"),
        Route("GET", "/v3/groups", "groups"),
        Route("GET", "/v3/policies", "policies"),
        Route("GET", "/v3/OS-TRUST/trusts", "trusts"),
        Route("GET", "/v3/credentials", "credentials"),
        Route("GET", "/v3/limits", "limits"),
        Route("GET", "/v3/registered_limits", "registered_limits"),
        Route("GET", "/v3/users/<user>/access_rules", "access_rules"),
    )

    def index(self, caller: Token) -> Answer:
        """List one entry for each granted role, with the request's filters."""
        admin_only(caller, "list_role_assignments")
        db = self.site.db.connection()
        args = flask.request.args
        named = web.flag("include_names")
        wanted = {
            "user": args.get("user.id"),
            "scope": args.get("scope.project.id"),
            "role": args.get("role.id"),
        }
        found = []
        for grant in GRANTS.select(db):
            for role in _given(grant["roles"]):
                entry = {
                    "user": grant["user_id"],
                    "scope": grant["project_id"],
                    "role": catalog.role_id(self.site.config, role),
                }
                if all(w in (None, entry[key]) for key, w in wanted.items()):
                    found.append(self._shown(entry, role, named))
        return links.written("role_assignments", found)

    def _shown(self, entry: dict[str, str], role: str, named: bool) -> Doc:
        db = self.site.db.connection()
        domain: Doc = {"id": DOMAIN_ID}
        if named:
            domain["name"] = DOMAIN

        def thing(id_: str, name: Callable[[], Any], **more: Any) -> Doc:
            return (
                {"id": id_, "name": name(), **more} if named else {"id": id_}
            )

        user, where = entry["user"], entry["scope"]
        if where == SYSTEM:
            scope: Doc = {"system": {"all": True}}
            path = f"system/users/{user}"
        elif where == DOMAIN_SCOPE:
            scope = {"domain": domain}
            path = f"domains/{DOMAIN_ID}/users/{user}"
        else:
            project = thing(
                where,
                lambda: (PROJECTS.get(db, where) or {}).get("name"),
                domain=domain,
            )
            scope = {"project": project}
            path = f"projects/{where}/users/{user}"
        at = f"{links.base()}/{path}/roles/{entry['role']}"
        return {
            "role": thing(entry["role"], lambda: role),
            "user": thing(
                user,
                lambda: (USERS.get(db, user) or {}).get("name"),
                domain=domain,
            ),
            "scope": scope,
            "links": {"assignment": at},
        }

    def inferences(self, caller: Token) -> Answer:
        """List which role implies which."""
        admin_only(caller, "list_role_inference_rules")

        def role(name: str) -> Doc:
            id_ = catalog.role_id(self.site.config, name)
            return links.linked("roles", {"id": id_, "name": name})

        return {
            "role_inferences": [
                {
                    "prior_role": role(name),
                    "implies": [role(below) for below in implied],
                }
                for name, implied in _IMPLIES.items()
            ]
        }

    def groups(self, caller: Token) -> Answer:
        admin_only(caller, "list_groups")
        return links.written("groups", [])

    def policies(self, caller: Token) -> Answer:
        admin_only(caller, "list_policies")
        return links.written("policies", [])

    def trusts(self, caller: Token) -> Answer:
        admin_only(caller, "list_trusts")
        return links.written("trusts", [])

    def credentials(self, caller: Token) -> Answer:
        return links.written("credentials", [])

    def limits(self, caller: Token) -> Answer:
        return links.written("limits", [])

    def registered_limits(self, caller: Token) -> Answer:
        return links.written("registered_limits", [])

    def access_rules(self, caller: Token, user: str) -> Answer:
        if user != caller.user_id:
            # not even an admin, as such, may look at another's
            raise directory.forbidden("list_access_rules")
        return links.written("access_rules", [])


def _given(roles: list[str]) -> list[str]:
    """Return the granted roles, without the implied ones."""
    brought = {below for role in roles for below in _IMPLIES.get(role, ())}
    return [
        role
        for role in roles
        if role not in BUILT_IN_ROLES or role not in brought
    ]
