"""Keystone's API: versions, tokens, catalog; the rest is beside it."""

from http import HTTPStatus
from typing import ClassVar

import flask

from fakeserver.cloud.identity import catalog, directory, links, login_body
from fakeserver.cloud.identity.accounts import DOMAIN_SCOPE, SYSTEM
from fakeserver.cloud.identity.assignments import Assignments
from fakeserver.cloud.identity.credentials import Credentials
from fakeserver.cloud.identity.keystone import LoginRefused, NoSuchLogin
from fakeserver.cloud.identity.part import KeystonePart
from fakeserver.cloud.identity.tokens import Token
from fakeserver.cloud.shared import web
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.shared.schema import APP_CREDENTIALS
from fakeserver.cloud.shared.web import Answer, CloudError, Route

_OBJECT = web.validator({"type": "object"})


class Tokens(KeystonePart):
    """Versions, tokens, and what a token's holder may see of itself."""

    ROUTES: ClassVar[tuple[Route, ...]] = (
        Route("GET", "/", "versions", open=True),
        Route("GET", "/v3", "version", open=True),
        Route("POST", "/v3/auth/tokens", "login", open=True),
        Route("GET", "/v3/auth/tokens", "show"),
        Route("DELETE", "/v3/auth/tokens", "revoke"),
        Route("GET", "/v3/auth/catalog", "catalog"),
        Route("GET", "/v3/auth/projects", "projects"),
        Route("GET", "/v3/auth/system", "system"),
        Route("GET", "/v3/auth/domains", "domains"),
    )

    def versions(self) -> Answer:
        return {"versions": {"values": [self._version()]}}, 300

    def version(self) -> Answer:
        return {"version": self._version()}

    def _version(self) -> Doc:
        href = f"{self.site.config.url}/identity/v3/"
        return {
            "id": "v3.14",
            "status": "stable",
            "updated": "2020-04-07T00:00:00Z",
            "links": [{"href": href, "rel": "self"}],
            "media-types": [
                {
                    "base": "application/json",
                    "type": "application/vnd.openstack.identity-v3+json",
                }
            ],
        }

    def login(self) -> Answer:
        identity, scope = login_body.checked(web.body(_OBJECT))
        try:
            sealed, token = self.keystone.login(identity, scope)
        except NoSuchLogin as error:
            raise CloudError(404, str(error)) from None
        except LoginRefused:
            raise CloudError(401, web.UNAUTHENTICATED) from None
        return self._answer(token, sealed, 201)

    def show(self, caller: Token) -> Answer:
        subject, token = self._subject(caller)
        return self._answer(token, subject, 200)

    def revoke(self, caller: Token) -> Answer:
        _, token = self._subject(caller)
        self.keystone.revoke(token)
        return "", 204

    def catalog(self, caller: Token) -> Answer:
        found = catalog.catalog(self.site.config, caller)
        return {"catalog": found, "links": links.own()}

    def projects(self, caller: Token) -> Answer:
        found = self.keystone.projects_of(caller.user_id)
        return links.listed("projects", found)

    def system(self, caller: Token) -> Answer:
        may = self.keystone.may_scope_to(SYSTEM, caller.user_id)
        found = [{"all": True}] if may else []
        return {"system": found, "links": links.own()}

    def domains(self, caller: Token) -> Answer:
        may = self.keystone.may_scope_to(DOMAIN_SCOPE, caller.user_id)
        return links.listed(
            "domains", [directory.DEFAULT_DOMAIN] if may else []
        )

    def _subject(self, caller: Token) -> tuple[str, Token]:
        """Return the token in question: the caller's own, or any as an
        admin."""
        subject = flask.request.headers.get("X-Subject-Token")
        if subject is None:
            raise CloudError(404, "No token in the request")
        token = self.keystone.check(subject)
        if token is None:
            raise CloudError(404, self.keystone.why_not(subject))
        if token.user_id != caller.user_id and not caller.is_admin:
            raise CloudError(
                403,
                "You are not authorized to perform the requested action: "
                "identity:validate_token.",
            )
        return subject, token

    def _answer(self, token: Token, sealed: str, status: int) -> Answer:
        credential = None
        if token.app_credential_id:
            credential = APP_CREDENTIALS.get(
                self.site.db.connection(), token.app_credential_id
            )
        answer = flask.jsonify(
            catalog.token_body(
                self.site.config,
                token,
                credential,
                with_catalog="nocatalog" not in flask.request.args,
            )
        )
        answer.headers["X-Subject-Token"] = sealed
        answer.status_code = status
        return answer


class Identity(web.Service):
    """Keystone at /identity."""

    name = "keystone"
    prefix = "/identity"
    PARTS = (Tokens, Credentials, directory.Directory, Assignments)
    # who looks for a Keystone has no token yet
    guarded = False
    for_readers = False

    def after(self, answer: flask.Response) -> flask.Response:
        answer.headers["Vary"] = "X-Auth-Token"
        return answer

    def error_body(self, error: CloudError) -> Doc:
        return {
            "error": {
                "code": error.status,
                "title": HTTPStatus(error.status).phrase,
                "message": error.message,
            }
        }

    def unauthenticated(self) -> Doc:
        return self.error_body(CloudError(401, web.UNAUTHENTICATED))
