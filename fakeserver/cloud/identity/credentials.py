"""Application credentials: a user makes one, and logs in with it."""

import secrets
import sqlite3
from typing import Any, ClassVar

import flask

from fakeserver.base.clock import parse_stamp
from fakeserver.base.ids import new_id
from fakeserver.cloud.identity import catalog, links
from fakeserver.cloud.identity.part import KeystonePart
from fakeserver.cloud.identity.passwords import hash_secret
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import APP_CREDENTIALS
from fakeserver.cloud.shared.web import Answer, CloudError, Route

_TEXT = {"type": "string", "minLength": 1, "maxLength": 255}
_CREATE = web.validator(
    {
        "type": "object",
        "required": ["application_credential"],
        "properties": {
            "application_credential": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": _TEXT,
                    "secret": {**_TEXT, "type": ["string", "null"]},
                    "description": {"type": ["string", "null"]},
                    "unrestricted": {"type": ["boolean", "null"]},
                    "expires_at": {"type": ["string", "null"]},
                    "roles": {
                        "type": ["array", "null"],
                        "items": {
                            "type": "object",
                            "properties": {"id": _TEXT, "name": _TEXT},
                            "minProperties": 1,
                        },
                    },
                    "access_rules": {"type": ["array", "null"]},
                },
            }
        },
    }
)
_PATH = "/v3/users/<user>/application_credentials"


class Credentials(KeystonePart):
    """A user's own application credentials."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", _PATH, "index"),
        Route("POST", _PATH, "create"),
        Route("GET", f"{_PATH}/<credential>", "show"),
        Route("DELETE", f"{_PATH}/<credential>", "delete"),
    )

    def index(self, caller: Token, user: str) -> Answer:
        _own(caller, user, "list")
        rows = APP_CREDENTIALS.select(
            self.site.db.connection(), "user_id = ?", (user,)
        )
        name = flask.request.args.get("name")
        found = [
            self._shown(row) for row in rows if name in (None, row["name"])
        ]
        return links.written("application_credentials", found)

    def create(self, caller: Token, user: str) -> Answer:
        _own(caller, user, "create", strictly=True)
        given = web.body(_CREATE)["application_credential"]
        self._may_create(caller)
        secret = given.get("secret") or secrets.token_urlsafe(48)
        made = {
            "id": new_id().replace("-", ""),
            "user_id": user,
            "name": given["name"],
            "description": given.get("description"),
            "project_id": caller.project_id,
            "roles": self._roles(caller, given.get("roles")),
            "unrestricted": bool(given.get("unrestricted")),
            "expires": self._expiry(given.get("expires_at")),
            "secret": hash_secret(secret),
        }
        try:
            with self.site.db.transaction() as tx:
                APP_CREDENTIALS.put(tx, made)
        except sqlite3.IntegrityError:
            raise CloudError(
                409,
                "Conflict occurred attempting to store application_credential"
                f" - Duplicate entry found with name {given['name']}.",
            ) from None
        shown = {**self._shown(made), "secret": secret}
        return {"application_credential": shown}, 201

    def show(self, caller: Token, user: str, credential: str) -> Answer:
        found = self._get(caller, user, credential, "get")
        return {"application_credential": self._shown(found)}

    def delete(self, caller: Token, user: str, credential: str) -> Answer:
        found = self._get(caller, user, credential, "delete")
        self._may_create(caller)
        with self.site.db.transaction() as tx:
            APP_CREDENTIALS.delete(tx, found["id"])
        return "", 204

    def _get(
        self, caller: Token, user: str, credential: str, verb: str
    ) -> Doc:
        _own(caller, user, verb)
        found = APP_CREDENTIALS.get(self.site.db.connection(), credential)
        if found is None or found["user_id"] != user:
            raise CloudError(
                404, f"Could not find Application Credential: {credential}."
            )
        return found

    def _may_create(self, caller: Token) -> None:
        """Refuse to manage credentials with a restricted credential."""
        if not caller.project_id:
            raise CloudError(403, "A project-scoped token is needed.")
        if caller.app_credential_id:
            used = APP_CREDENTIALS.get(
                self.site.db.connection(), caller.app_credential_id
            )
            if used is None or not used["unrestricted"]:
                raise CloudError(
                    403,
                    "Using method 'application_credential' is not allowed "
                    "for managing additional application credentials.",
                )

    def _roles(self, caller: Token, wanted: Any) -> list[str]:
        if not wanted:
            return list(caller.roles)
        known = {
            catalog.role_id(self.site.config, role): role
            for role in caller.roles
        }
        found = []
        for role in wanted:
            name = known.get(role.get("id"), role.get("name"))
            if name not in caller.roles:
                raise CloudError(
                    400,
                    "Invalid application credential: Could not find role "
                    f"assignment with role: {role.get('id') or name}.",
                )
            found.append(name)
        return found

    def _expiry(self, text: Any) -> float | None:
        if not text:
            return None
        head = text.partition(".")[0].rstrip("Z")
        try:
            moment = parse_stamp(f"{head}Z")
        except (ValueError, OverflowError):
            raise CloudError(400, f"Invalid time {text[:40]!r}.") from None
        if moment <= self.site.clock.time():
            raise CloudError(400, "The expiry is in the past.")
        return moment

    def _shown(self, row: Doc) -> Doc:
        shown = {
            key: row[key]
            for key in (
                "id",
                "name",
                "description",
                "project_id",
                "user_id",
                "unrestricted",
            )
        }
        ends = row["expires"]
        shown["expires_at"] = catalog.isotime(ends) if ends else None
        shown["system"] = None
        shown["roles"] = [
            {
                "id": catalog.role_id(self.site.config, name),
                "name": name,
                "domain_id": None,
            }
            for name in row["roles"]
        ]
        where = f"{self.site.config.url}/identity/v3/users/{row['user_id']}"
        own = f"{where}/application_credentials/{row['id']}"
        shown["links"] = {"self": own}
        return shown


def _own(caller: Token, user: str, verb: str, strictly: bool = False) -> None:
    if caller.user_id != user and (strictly or not caller.is_admin):
        raise CloudError(
            403,
            "You are not authorized to perform the requested action: "
            f"identity:{verb}_application_credentials.",
        )
