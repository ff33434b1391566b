"""Logins and tokens of the emulated Keystone, without HTTP."""

import dataclasses
import functools
import json
from typing import TYPE_CHECKING, Any

from fakeserver.base.seed_world import DOMAIN
from fakeserver.cloud.identity.accounts import DOMAIN_SCOPE, SYSTEM
from fakeserver.cloud.identity.passwords import Checker
from fakeserver.cloud.identity.tokens import (
    Claims,
    Token,
    TokenBox,
    new_audit_id,
)
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import (
    APP_CREDENTIALS,
    GRANTS,
    PROJECTS,
    USERS,
)

if TYPE_CHECKING:
    from fakeserver.site import Site

DOMAIN_ID = "default"
#: of how many tokens the holder is remembered
_REMEMBERED = 512

#: all that a check needs, in one question
_LOOK_UP = """
SELECT users.name,
  coalesce((SELECT name FROM keystone_projects WHERE id = :project), ''),
  (SELECT json_extract(doc, '$.roles') FROM keystone_grants WHERE id = :grant),
  (SELECT doc FROM keystone_app_credentials WHERE id = :credential)
FROM keystone_users AS users WHERE users.id = :user AND NOT EXISTS
  (SELECT 1 FROM keystone_revoked WHERE audit_id IN (:audit, :chain))
"""


class LoginRefused(Exception):
    """No token for these credentials; why is nobody's business."""


class NoSuchLogin(Exception):
    """What the login names is not there; Keystone says so, with 404."""


def grant_id(user_id: str, project_id: str) -> str:
    return f"{user_id}/{project_id}"


class Keystone:
    """The identity service of one site."""

    def __init__(self, site: "Site") -> None:
        self._site = site
        self._box = TokenBox(site.config, site.clock)
        self._secrets = Checker()
        #: connection and token -> what the database said, in which state
        self._checked: dict[
            tuple[int, str], tuple[tuple[int, int, int], Token | None]
        ] = {}

    @property
    def url(self) -> str:
        return f"{self._site.config.url}/identity/v3"

    def check(self, text: str | None) -> Token | None:
        """Return the holder of a token; None for invalid, expired or revoked
        ones."""
        claims = self._box.open(text) if text else None
        if claims is None or claims.expires_at <= self._site.clock.time():
            return None
        assert text is not None
        state = self._site.db.state()
        if state is None:
            return self._look_up(claims)
        # each connection counts for itself
        key = state[0], text
        known = self._checked.get(key)
        if known is not None and known[0] == state:
            return known[1]
        token = self._look_up(claims)
        if len(self._checked) >= _REMEMBERED:
            self._checked.clear()
        self._checked[key] = state, token
        return token

    def why_not(self, text: str) -> str:
        """Return why a token is not valid, in Keystone's words."""
        if self._box.open(text) is None:
            return "Could not recognize Fernet token"
        return "Failed to validate token"

    def may_scope_to(self, scope: str, user_id: str) -> bool:
        """Return whether a user has a role on the domain, or on the system."""
        granted = grant_id(user_id, scope)
        return GRANTS.get(self._site.db.connection(), granted) is not None

    def revoke(self, token: Token) -> None:
        now = self._site.clock.time()
        with self._site.db.transaction() as tx:
            tx.execute(
                "DELETE FROM keystone_revoked WHERE expires_at < ?", (now,)
            )
            tx.execute(
                "INSERT OR IGNORE INTO keystone_revoked VALUES (?, ?)",
                (token.audit_ids[0], token.expires_at),
            )

    def login(self, identity: Doc, scope: Any) -> tuple[str, Token]:
        """Return a new token for the ``auth`` part of a request."""
        who = self._identify(identity)
        if who.app_credential_id:
            if scope is not None:
                raise LoginRefused
            claims = who
        elif scope is None:
            claims = self._default_scope(who)
        else:
            claims = self._scoped(who, scope)
        token = self._look_up(claims)
        if token is None or (token.scoped and not token.roles):
            raise LoginRefused
        return self._box.seal(claims), token

    def issue(self, user_id: str, project_id: str) -> str:
        """Return a token without a password; for tests and seeds."""
        claims = dataclasses.replace(
            self._fresh(user_id, ("password",)), project_id=project_id
        )
        return self._box.seal(claims)

    def user(self, wanted: Any) -> Doc | None:
        """Find a user by id, or by name and domain."""
        if not isinstance(wanted, dict):
            return None
        db = self._site.db.connection()
        if isinstance(wanted.get("id"), str):
            return USERS.get(db, wanted["id"])
        name = wanted.get("name")
        if not isinstance(name, str) or not _our_domain(wanted.get("domain")):
            return None
        return next(iter(USERS.select(db, "name = ?", (name,))), None)

    def project(self, wanted: Any) -> Doc | None:
        if not isinstance(wanted, dict):
            return None
        db = self._site.db.connection()
        if isinstance(wanted.get("id"), str):
            return PROJECTS.get(db, wanted["id"])
        name = wanted.get("name")
        if not isinstance(name, str) or not _our_domain(wanted.get("domain")):
            return None
        return next(iter(PROJECTS.select(db, "name = ?", (name,))), None)

    def projects_of(self, user_id: str) -> list[Doc]:
        """List the projects that a user has a role in."""
        db = self._site.db.connection()
        granted = GRANTS.select(db, "user_id = ?", (user_id,))
        ids = [grant["project_id"] for grant in granted]
        # those on the domain and on the system name no project
        found = (PROJECTS.get(db, id_) for id_ in ids)
        return [project for project in found if project]

    def _identify(self, identity: Doc) -> Claims:
        """Return the user; all methods of the login must name the same one."""
        methods = identity["methods"]
        found: Claims | None = None
        for method in methods:
            claims = _METHODS[method](self, identity.get(method))
            if found is not None and found.user_id != claims.user_id:
                raise LoginRefused
            found = claims
        if found is None:
            raise LoginRefused
        return found

    def _by_password(self, given: Any) -> Claims:
        wanted = given.get("user") if isinstance(given, dict) else None
        if not isinstance(wanted, dict):
            raise LoginRefused
        user = self.user(wanted)
        if not user or not self._secret_fits(wanted.get("password"), user):
            raise LoginRefused
        return self._fresh(user["id"], ("password",))

    def _by_token(self, given: Any) -> Claims:
        old = given.get("id") if isinstance(given, dict) else None
        if not isinstance(old, str):
            raise LoginRefused
        token = self.check(old)
        if token is None:
            raise NoSuchLogin(self.why_not(old))
        if token.app_credential_id:
            raise LoginRefused
        methods = dict.fromkeys(("token", *token.methods))
        fresh = self._fresh(token.user_id, tuple(methods))
        # a token got by a token lives no longer than that one
        return dataclasses.replace(
            fresh,
            expires_at=token.expires_at,
            audit_ids=(fresh.audit_ids[0], token.audit_ids[-1]),
        )

    def _by_app_credential(self, given: Any) -> Claims:
        if not isinstance(given, dict):
            raise LoginRefused
        db = self._site.db.connection()
        found: Doc | None = None
        if isinstance(given.get("id"), str):
            found = APP_CREDENTIALS.get(db, given["id"])
            if found is None:
                raise NoSuchLogin(
                    f"Could not find Application Credential: {given['id']}."
                )
        elif user := self.user(given.get("user")):
            rows = APP_CREDENTIALS.select(
                db,
                "user_id = ? AND name = ?",
                (user["id"], str(given.get("name"))),
            )
            found = rows[0] if rows else None
        if found is None or not self._secret_fits(given.get("secret"), found):
            raise LoginRefused
        fresh = self._fresh(found["user_id"], ("application_credential",))
        ends = found["expires"] or fresh.expires_at
        if ends <= fresh.issued_at:
            raise LoginRefused
        return dataclasses.replace(
            fresh,
            project_id=found["project_id"],
            app_credential_id=found["id"],
            expires_at=min(ends, fresh.expires_at),
        )

    def _secret_fits(self, given: Any, kept: Doc) -> bool:
        return isinstance(given, str) and self._secrets.fits(
            given, kept["secret"]
        )

    def _fresh(self, user_id: str, methods: tuple[str, ...]) -> Claims:
        now = self._site.clock.time()
        return Claims(
            user_id=user_id,
            project_id="",
            system=False,
            methods=methods,
            audit_ids=(new_audit_id(),),
            issued_at=now,
            expires_at=now + self._site.config.token_lifetime,
        )

    def _default_scope(self, who: Claims) -> Claims:
        user = self.user({"id": who.user_id})
        default = user["default_project_id"] if user else ""
        return dataclasses.replace(who, project_id=default or "")

    def _scoped(self, who: Claims, scope: Any) -> Claims:
        if scope == "unscoped":
            return who
        if not isinstance(scope, dict) or len(scope) != 1:
            raise LoginRefused
        if "unscoped" in scope:
            return who
        if scope.get("system") == {"all": True}:
            return dataclasses.replace(who, system=True)
        if "domain" in scope:
            if not _our_domain(scope["domain"]):
                raise LoginRefused
            return dataclasses.replace(who, domain_id=DOMAIN_ID)
        project = self.project(scope.get("project"))
        if project is None:
            raise LoginRefused
        return dataclasses.replace(who, project_id=project["id"])

    def _look_up(self, claims: Claims) -> Token | None:
        scope = claims.project_id
        if claims.system:
            scope = SYSTEM
        elif claims.domain_id:
            scope = DOMAIN_SCOPE
        found = self._site.db.connection().execute(
            _LOOK_UP,
            {
                "user": claims.user_id,
                "project": claims.project_id,
                "grant": grant_id(claims.user_id, scope),
                "credential": claims.app_credential_id,
                "audit": claims.audit_ids[0],
                "chain": claims.audit_ids[-1],
            },
        )
        row = found.fetchone()
        return None if row is None else _token(claims, *row)


# each write of anybody asks for the rows of a token again, and they are as
# they were
@functools.lru_cache(maxsize=_REMEMBERED)
def _token(
    claims: Claims,
    name: str,
    project: str,
    granted: str | None,
    credential: str | None,
) -> Token | None:
    """Return the token of its claims and of what the database has of them."""
    roles = tuple(json.loads(granted)) if granted else ()
    if claims.project_id and not project:
        return None
    if claims.app_credential_id:
        if credential is None:
            return None
        allowed = json.loads(credential)["roles"]
        roles = tuple(role for role in roles if role in allowed)
    return Token(
        user_name=name,
        project_name=project,
        roles=roles,
        **{
            field.name: getattr(claims, field.name)
            for field in dataclasses.fields(claims)
        },
    )


def _our_domain(domain: Any) -> bool:
    """Refuse every domain but the default one."""
    return isinstance(domain, dict) and (
        domain.get("id") == DOMAIN_ID or domain.get("name") == DOMAIN
    )


_METHODS = {
    "password": Keystone._by_password,
    "token": Keystone._by_token,
    "application_credential": Keystone._by_app_credential,
}
