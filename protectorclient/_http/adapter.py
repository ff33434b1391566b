"""Send requests to one site's service, on a keystoneauth session.

What a caller may rely on:

* a request goes out once. Nothing is repeated, save after a 401 with a
  renewed token: a request refused for its token was not carried out;
* redirects are not followed;
* there is always a timeout, for connecting and for the whole answer;
* a success is a 2xx with the JSON that belongs there. Without it a
  reading call raises `UnreadableAnswer` and a changing one
  `OutcomeUnknown`;
* an error is the service's own. What a proxy answers in its place
  raises `NotTheService`, and for a changing call `OutcomeUnknown`;
* an answer has an end: in time and in size;
* neither errors nor logs carry the secrets of a body.

keystoneauth's authenticated path looks the endpoint up in the catalog for
each request: 1.9 times a bare GET of requests; this one, with the record,
about 0.75 (``benchmarks/poll.py``, 13 services).
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from typing import Any

import requests
from keystoneauth1 import adapter, plugin
from keystoneauth1 import exceptions as ksa_exceptions
from keystoneauth1 import session as ksa_session

from protectorclient import exceptions
from protectorclient._http import (
    discovery,
    error_bodies,
    failures,
    marks,
    microversions,
    offered,
    tokens,
    urls,
)
from protectorclient._http import session as sessions
from protectorclient._http.conversation import (
    SAFE,
    VERSION_HEADER,
    Answer,
    Conversation,
)
from protectorclient._version import __version__
from protectorclient.durations import CONNECT_TIMEOUT, READ_TIMEOUT

#: What services lack, by who is signed in and where the service is.
_MISSING: weakref.WeakKeyDictionary[
    plugin.BaseAuthPlugin, dict[object, set[str]]
] = weakref.WeakKeyDictionary()


def _missing(auth: plugin.BaseAuthPlugin | None, where: object) -> set[str]:
    if auth is None:
        return set()
    return _MISSING.setdefault(auth, {}).setdefault(where, set())


class SiteAdapter(Conversation):
    """The HTTP side of a client: one site, one session."""

    def __init__(
        self,
        session: ksa_session.Session,
        *,
        site: str | None = None,
        auth: plugin.BaseAuthPlugin | None = None,
        endpoint_override: str | None = None,
        region_name: str | None = None,
        interface: str | list[str] | None = None,
        api_version: str = "auto",
        connect_timeout: float | None = None,
        read_timeout: float | None = None,
    ) -> None:
        #: How messages name the site.
        self.site = site
        self.session = session = sessions.with_bounds(session)
        self.region_name = region_name
        self._auth = auth
        self._tokens = tokens.TokenHeaders(session, auth)
        self._override = endpoint_override
        self._interface = interface
        self._wanted = api_version
        self._pinned = microversions.pinned(api_version)
        self._timeouts = (
            connect_timeout or CONNECT_TIMEOUT,
            read_timeout or session.timeout or READ_TIMEOUT,
        )
        self._adapter = adapter.Adapter(
            session,
            service_type=microversions.SERVICE_TYPE,
            interface=interface,
            region_name=region_name,
            auth=auth,
            connect_retries=0,
            status_code_retries=0,
            raise_exc=False,
            client_name="python-protectorclient",
            client_version=__version__,
        )
        #: Remembered as long as the caller is signed in: who looks again
        #: makes a new client, and asks no question in vain.
        self.missing_parameters = _missing(
            auth or session.auth, (endpoint_override, region_name)
        )
        self._project_id: str | None = None
        self._offered: microversions.VersionRange | None = None
        #: Whether the service marks what it says.
        self.marks = marks.Marks(
            self._probe, overridden=bool(endpoint_override)
        )

    # Where

    @property
    def endpoint(self) -> urls.Endpoint:
        """Return the service's URL at this site; the catalog is read once."""
        if self.known_endpoint is None:
            self.known_endpoint = urls.Endpoint.from_url(self._find_url())
        return self.known_endpoint

    @property
    def project_id(self) -> str:
        """Return the project of the token."""
        if self._project_id is None:
            found = self._scope() or self.endpoint.project_id
            if not found:
                raise self._without_project()
            self._project_id = found
        return self._project_id

    def _without_project(self) -> exceptions.AuthenticationFailed:
        return exceptions.AuthenticationFailed(
            "the token is not scoped to a project; name one with project_name"
            " and project_domain_name in clouds.yaml, or with OS_PROJECT_NAME"
            " and OS_PROJECT_DOMAIN_NAME",
            site=self.site,
        )

    def _find_url(self) -> str:
        if self._override:
            url = self._override
            for form in ("%(tenant_id)s", "%(project_id)s"):
                url = url.replace(form, self._scope() if form in url else "")
            return url
        self._token()
        found = None
        with failures.reading_catalog(self.site):
            found = self._adapter.get_endpoint()
        if not found:
            if not self._scope():
                # Keystone leaves out of its catalog what needs a project
                raise self._without_project()
            auth: Any = self._auth or self.session.auth
            with failures.reading_catalog(self.site):
                known = auth.get_access(self.session).service_catalog.catalog
                message = urls.not_in(known, self._interface, self.region_name)
            raise exceptions.ConfigProblem(message, site=self.site)
        return found

    def _scope(self) -> str:
        with failures.authenticating(self.site, self.session):
            return self.session.get_project_id(self._auth) or ""

    # Which version

    @property
    def offered(self) -> microversions.VersionRange:
        if self._offered is None:
            try:
                self._offered = self.read_versions()
            except exceptions.NotTheService as error:
                self._offered = discovery.without_documents(
                    self._probe("latest"), self.marks, error
                )
        return self._offered

    @property
    def known_offered(self) -> microversions.VersionRange | None:
        """Return the versions, where they are known already."""
        if self._pinned is not None:
            return microversions.VersionRange(self._pinned, self._pinned)
        return self._offered

    def read_versions(self) -> microversions.VersionRange:
        return discovery.read(
            lambda path: self._send("GET", path, {}, {}),
            self.marks,
            site=self.site,
        )

    def _probe(self, version: str | None = None) -> requests.Response:
        """Ask for the list of operations, which every deployment serves."""
        version = version or str(self._pinned or microversions.MINIMUM)
        headers = {
            "Accept": "application/json",
            VERSION_HEADER: f"{microversions.SERVICE_TYPE} {version}",
        }
        response = self._authenticated(
            "GET", self.tenant("operations"), headers, {"params": {"limit": 1}}
        )
        self.marks.learn(response, "operations")
        return response

    # Calls

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: object = None,
        request_id: str | None = None,
        secrets: Sequence[str] = (),
    ) -> Answer:
        headers = self.headers(request_id)
        kwargs: dict[str, Any] = {"log": not secrets}
        if params:
            kwargs["params"] = urls.query(params)
        if body is not None:
            kwargs["json"] = body
        response = self._authenticated(method, path, headers, kwargs)
        if method in SAFE and self.marks.needs_second_answer(response):
            # a 404 without the header counts when a second one comes
            response = self._authenticated(method, path, headers, kwargs)
        if response.status_code >= 300:
            lost = self._error(method, response, secrets)
            raise offered.explained(method, path, lost, self._exists, body)
        return self._read(method, response, request_id)

    def _exists(self, path: str) -> bool:
        """Return whether a path below ``/v1`` can be read."""
        return self._authenticated("GET", path, self.headers(), {}).ok

    def _error(
        self, method: str, response: requests.Response, secrets: Sequence[str]
    ) -> exceptions.ProtectorError:
        """Make the exception for a response that is not a success."""
        self.marks.note(response)
        error = error_bodies.error_from(
            response, site=self.site, secrets=secrets
        )
        if isinstance(error, exceptions.ServerError):
            # the request may be repeated later, whoever sent this
            return error
        error.is_from_service = error_bodies.is_from_service(response)
        if not (error.is_from_service or self.marks.counts(response)):
            return marks.not_the_service(
                response,
                site=self.site,
                safe=method in SAFE,
                overridden=self.marks.overridden,
            )
        if isinstance(error, exceptions.VersionRefused):
            self._explain_refused_version(error)
        return error

    def _learn(self, answer: Answer) -> None:
        if self.marks.used is None:
            self.marks.used = answer.version is not None

    def is_markless(self) -> bool:
        return not self.marks.used

    def prime(self) -> Mapping[str, str]:
        """Ask for all that a request needs before it can be made.

        :returns: the headers with the token.
        """
        _ = self.endpoint
        self.headers()
        return self._token()

    def _authenticated(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        kwargs: dict[str, Any],
    ) -> requests.Response:
        with_token = {**headers, **self._token()}
        response = self._send(method, path, with_token, kwargs)
        if response.status_code == requests.codes.unauthorized and (
            # Refused before anything was done. A proxy's 401 proves nothing.
            method in SAFE
            or error_bodies.is_from_service(response)
            or self.marks.counts(response)
        ):
            with failures.authenticating(self.site, self.session):
                renewable = self.session.invalidate(self._auth)
            if renewable:
                response = self._send(
                    method, path, {**headers, **self._token()}, kwargs
                )
        return response

    def _token(self) -> Mapping[str, str]:
        with failures.authenticating(self.site, self.session):
            try:
                found = self._tokens.read()
            except ksa_exceptions.MissingAuthPlugin:
                found = None
        if found is None:
            raise exceptions.AuthenticationFailed(
                "the session has no credentials", site=self.site
            )
        return found

    def _send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        kwargs: Mapping[str, Any],
    ) -> requests.Response:
        url = self.endpoint.root + path
        options: dict[str, Any] = {"redirect": False, **kwargs}
        with failures.sending(
            self.site, url, safe=method in SAFE, headers=headers
        ):
            response = self._adapter.request(
                url,
                method,
                headers=dict(headers),
                authenticated=False,
                timeout=self._timeouts,
                **options,
            )
        self.note_date(response.headers.get("Date"))
        return response

    def _read(
        self, method: str, response: requests.Response, sent: str | None
    ) -> Answer:
        request_id = (
            response.headers.get(error_bodies.REQUEST_ID_HEADER) or sent
        )
        self.marks.note(response)
        body: object = {}
        if response.status_code != requests.codes.no_content:
            try:
                body = error_bodies.json_of(response)
            except ValueError:
                body = None
        if not isinstance(body, dict):
            raise self._unreadable(method, "without its JSON", request_id)
        return Answer(
            response.status_code,
            body,
            response.headers.get(VERSION_HEADER),
            request_id,
        )

    def _explain_refused_version(
        self, error: exceptions.VersionRefused
    ) -> None:
        error.needed = str(self._pinned or self._wanted)
        try:
            error.offered = str(self.offered)
        except exceptions.ProtectorError:
            return
        error.message = (
            f"protector {error.needed} was asked for, and the site offers"
            f" {error.offered}"
        )
