"""Check token, version and role of every request before its view.

A request id; the version; the route; the token; the project and the role;
the body. The first that fails is the answer, in the error form.
"""

import dataclasses
import logging
import re
from typing import Any, cast

import flask
from flask import Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RoutingException

from fakeserver.api import body, microversion, problems, roles, schema
from fakeserver.api.microversion import OLDEST, Version
from fakeserver.api.source_page import SourcePage
from fakeserver.base.errors import RequestRefused
from fakeserver.base.ids import new_id
from fakeserver.cloud.identity.check import Identity, IdentityUnreachable
from fakeserver.cloud.identity.tokens import Token
from fakeserver.site import Site

REQUEST_ID = "X-OpenStack-Request-ID"
#: where a request's call is kept. Flask's ``g`` would be shared with a
#: request that is sent to this site, in this thread, while one is served
CALL = "protector.call"
#: what a call has raised that was answered without Flask
FAILED = "protector.failed"
LOG = logging.getLogger(__name__)

_REQUEST_ID = re.compile(
    r"req-[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
)
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclasses.dataclass
class Call:
    """One request, as far as it has been understood."""

    request_id: str
    version: Version = OLDEST
    token: Token | None = None
    query: dict[str, Any] = dataclasses.field(default_factory=dict)
    body: Any = None

    @property
    def admin(self) -> bool:
        return self.token is not None and roles.is_admin(self.token.roles)

    @property
    def project_id(self) -> str:
        """Return the token's project; never that of the address."""
        assert self.token is not None
        return self.token.project_id


def call() -> Call:
    """Return the request that is being served."""
    return cast(Call, request.environ[CALL])


def request_id_of(given: str) -> str:
    """Return a request id as it came, where it has the form of one, or a new
    one."""
    kept = _REQUEST_ID.fullmatch(given) is not None
    return given if kept else f"req-{new_id()}"


def template(rule: str) -> str:
    """Return a route of Flask's as the description writes it."""
    return _PARAMETER.sub(r"{\1}", rule)


class Gate:
    """The way in and out of one site's protector API."""

    def __init__(
        self, site: Site, identity: Identity, blueprints: frozenset[str]
    ) -> None:
        self._site = site
        self._identity = identity
        self._blueprints = blueprints
        self._newest = microversion.parse(site.config.max_microversion)
        self._foreign: frozenset[str] | None = None
        strictly = site.config.strictly_source
        self._page = SourcePage(strictly) if strictly else None

    def attach(self, blueprint: flask.Blueprint) -> None:
        """Register hooks for the whole application, through one blueprint of
        it: an address that does not exist belongs to no blueprint."""
        blueprint.before_app_request(self.enter)
        blueprint.after_app_request(self.leave)
        blueprint.app_errorhandler(Exception)(self.fail)

    def ours(self) -> bool:
        """Return whether the address is the protector's, existing or not."""
        if request.url_rule is not None:
            return request.blueprint in self._blueprints
        if self._foreign is None:
            self._foreign = frozenset(
                rule.rule.split("/")[1]
                for rule in flask.current_app.url_map.iter_rules()
                if rule.endpoint.rpartition(".")[0] not in self._blueprints
            )
        return request.path.split("/")[1] not in self._foreign

    def enter(self) -> None:
        if not self.ours():
            return
        given = request.headers.get(REQUEST_ID, "")
        found = Call(request_id_of("" if self._page is not None else given))
        request.environ[CALL] = found
        raw = body.read(request.stream, self._largest())
        found.version = microversion.negotiate(
            request.headers.get(microversion.HEADER), self._newest
        )
        if isinstance(request.routing_exception, RoutingException):
            # Flask would answer with a way to the address without the
            # doubled slash; there is nothing at this one
            raise RequestRefused("not-found", problems.NOWHERE)
        if request.url_rule is not None:
            self._admit(found, raw)
        failed: Exception | None = request.environ.pop(FAILED, None)
        if failed is not None:
            raise failed

    def _largest(self) -> int:
        """Return how large the body may be; what is larger than usual is only
        kept for whoever may send it."""
        if request.url_rule is None:
            return body.LIMIT
        rule = roles.rule_of(*self._cell())
        if rule.largest > body.LIMIT:
            try:
                held = self._token().roles
            except RequestRefused:
                return body.LIMIT
            if not roles.allows(rule, held):
                return body.LIMIT
        return rule.largest

    def _cell(self) -> tuple[str, str]:
        """Return method and path of the request as the tables have them."""
        assert request.url_rule is not None
        method = "GET" if request.method == "HEAD" else request.method
        return method, template(request.url_rule.rule)

    def _admit(self, found: Call, raw: bytes | None) -> None:
        method, path = self._cell()
        rule = roles.rule_of(method, path)
        if rule.roles:
            found.token = self._token()
        page = self._page_for(found)
        if page is not None and not page.has(method, path):
            raise RequestRefused("not-found", problems.NOWHERE)
        if rule.roles:
            self._check_project(found)
            self._check_role(found, rule)
        if raw is None:
            raise RequestRefused(
                "too-large", f"The body is larger than {rule.largest} bytes"
            )
        route = schema.route(method, path, found.version)
        if route.missing:
            raise RequestRefused("not-found", problems.NOWHERE)
        given = request.args.to_dict(flat=False)
        if page is not None:
            given = page.query(path, given)
        found.query = schema.check_query(route, given)
        if route.body is not None and (raw or route.body_required):
            found.body = schema.check_body(route, _json(raw))
        if page is not None and path.endswith("/action"):
            unknown = page.unknown_in(found.body)
            if unknown is not None:
                raise RequestRefused(
                    "bad-request", f"'{unknown[:64]}' is not known"
                )
        if isinstance(found.body, dict) and len(found.body) == 1:
            action = next(iter(found.body))
            self._check_role(found, roles.rule_of(method, path, action))

    def _page_for(self, found: Call) -> SourcePage | None:
        """Return what binds this caller to the page, if anything does: the
        other site's service is not bound."""
        held = found.token.roles if found.token is not None else ()
        return None if roles.PEER[0] in held else self._page

    def _token(self) -> Token:
        text = request.headers.get("X-Auth-Token")
        if not text:
            raise RequestRefused(
                "unauthorized", "The request carries no X-Auth-Token"
            )
        try:
            token = self._identity.check(text)
        except IdentityUnreachable as error:
            raise RequestRefused("identity-unreachable", str(error)) from error
        if token is None:
            raise RequestRefused(
                "unauthorized",
                f"The token is not valid at {self._site.config.site}, "
                "or not any more",
            )
        if not token.admitted:
            scope = "the domain" if token.domain_id else "nothing"
            raise RequestRefused(
                "forbidden",
                f"The token is scoped to {scope}. This needs a token that is "
                "scoped to a project",
            )
        return token

    def _check_project(self, found: Call) -> None:
        asked = (request.view_args or {}).get("tenant_id")
        if asked is None or found.admin or asked == found.project_id:
            return
        raise RequestRefused(
            "forbidden", "The token's project is not the one in the address"
        )

    def _check_role(self, found: Call, rule: roles.Rule) -> None:
        held = found.token.roles if found.token is not None else ()
        if not roles.allows(rule, held):
            raise RequestRefused(
                "forbidden",
                f"This needs the role {' or '.join(rule.roles)}",
            )

    def leave(self, response: Response) -> Response:
        found: Call | None = request.environ.get(CALL)
        if found is not None:
            version = microversion.show(found.version)
            response.headers[REQUEST_ID] = found.request_id
            response.headers[microversion.HEADER] = (
                f"{microversion.SERVICE} {version}"
            )
            response.vary.add(microversion.HEADER)
            page = self._page_for(found)
            if page is not None:
                page.answer(response)
        return response

    def fail(self, error: Exception) -> Response | HTTPException:
        found: Call | None = request.environ.get(CALL)
        if found is None:
            if isinstance(error, HTTPException):
                return error
            raise error
        if isinstance(error, RequestRefused):
            return problems.refused(
                error, found.request_id, self._identity.url
            )
        if isinstance(error, HTTPException):
            return problems.unrouted(error, request.method, found.request_id)
        # Flask calls it while it handles the exception
        LOG.exception("%s %s", found.request_id, request.path)  # noqa: LOG004
        return problems.internal(found.request_id)


def _json(raw: bytes) -> Any:
    kind = request.headers.get("Content-Type")
    if raw and kind is not None and not request.is_json:
        raise RequestRefused(
            "bad-request",
            "Content-Type must be application/json",
            field="Content-Type",
        )
    return body.parse(raw)
