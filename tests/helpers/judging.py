"""Each answer of the API held against the description it belongs to."""

import collections
import dataclasses
import functools
import re
from collections.abc import Iterator

import flask
import pytest
from openapi_core import OpenAPI
from openapi_core.contrib.flask import (
    FlaskOpenAPIRequest,
    FlaskOpenAPIResponse,
)
from openapi_core.exceptions import OpenAPIError
from openapi_core.templating.paths.exceptions import PathError

import fakeserver.api
from fakeserver.api import description, microversion
from fakeserver.api.gate import template
from fakeserver.cloud.identity.check import Identity
from fakeserver.engine.service import Service
from fakeserver.site import Site

VERSION = "OpenStack-API-Version"
#: of one kind in a process; then the time is better spent on others
ENOUGH = 15
#: an id or a time, in their only right forms: the answers that differ in
#: these alone are right or wrong together
_CHANGING = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{32}\b"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
)


@functools.cache
def described(version: str, newest: str) -> OpenAPI:
    parse = microversion.parse
    return OpenAPI.from_dict(
        description.document(parse(version), parse(newest))
    )


@dataclasses.dataclass(frozen=True)
class Answer:
    """What has been answered where, at which version."""

    version: str
    method: str
    path: str
    status: int


@dataclasses.dataclass
class Judge:
    """Sees every answer that the services of a test give."""

    seen: collections.Counter[Answer] = dataclasses.field(
        default_factory=collections.Counter
    )
    wrong: list[str] = dataclasses.field(default_factory=list)
    #: what was looked at and found right
    _right: set[tuple[Answer, str]] = dataclasses.field(default_factory=set)
    _looked: collections.Counter[Answer] = dataclasses.field(
        default_factory=collections.Counter
    )

    def attend(self, patch: pytest.MonkeyPatch) -> None:
        """Look at all sites that are opened from now on."""
        before = fakeserver.api.blueprints

        def blueprints(
            service: Service, identity: Identity
        ) -> list[flask.Blueprint]:
            # the first that is registered sees an answer last
            return [
                self._blueprint(service.site),
                *before(service, identity),
            ]

        patch.setattr(fakeserver.api, "blueprints", blueprints)
        # the reads that pass Flask by give the same to the byte, as their own
        # test says; here they are to be seen
        patch.setattr(fakeserver.api, "with_direct_calls", lambda app, *_: app)

    def _blueprint(self, site: Site) -> flask.Blueprint:
        made = flask.Blueprint(f"judge-{id(self)}", __name__)
        newest = site.config.max_microversion

        @made.after_app_request
        def look(response: flask.Response) -> flask.Response:
            self.look(flask.request, response, newest)
            return response

        return made

    def look(
        self, request: flask.Request, response: flask.Response, newest: str
    ) -> None:
        service, _, version = response.headers.get(VERSION, "").partition(" ")
        if service != "protector" or request.method == "HEAD":
            # another service of the site, or an answer without its body
            return
        rule = request.url_rule
        asked = request.method, "" if rule is None else template(rule.rule)
        kind = Answer(version, *asked, response.status_code)
        self.seen[kind] += 1
        alike = kind, _alike(response)
        if alike in self._right or self._looked[kind] >= ENOUGH:
            return
        self._looked[kind] += 1
        try:
            described(version, newest).validate_response(
                FlaskOpenAPIRequest(request), FlaskOpenAPIResponse(response)
            )
        except PathError:
            self._nowhere(response)
        except OpenAPIError as error:
            said = response.get_data(as_text=True)[:1000]
            self.wrong.append(
                f"{request.method} {request.full_path} at {version} answered "
                f"{response.status_code}: {_told(error)}\n{said}"
            )
        else:
            self._right.add(alike)

    def _nowhere(self, response: flask.Response) -> None:
        """There is no route: so nothing but an error is right."""
        if response.status_code not in (400, 404, 405, 406):
            self.wrong.append(f"an answer without a route: {response.status}")


def _alike(response: flask.Response) -> str:
    """The headers and the body, without what changes from day to day."""
    headers = "\n".join(
        f"{name}: {value}"
        for name, value in response.headers
        if name not in ("Date", "Content-Length")
    )
    body = response.get_data(as_text=True)
    return _CHANGING.sub("#", f"{headers}\n\n{body}")


def _told(error: BaseException) -> str:
    """All that is wrong; the reasons hang on one another."""
    parts = [str(error)]
    parts += [str(one) for one in getattr(error, "schema_errors", ())]
    if error.__cause__ is not None:
        parts.append(_told(error.__cause__))
    return ": ".join(parts)


def judged() -> Iterator[Judge]:
    """A judge from here on, for a fixture."""
    with pytest.MonkeyPatch.context() as patch:
        judge = Judge()
        judge.attend(patch)
        yield judge
