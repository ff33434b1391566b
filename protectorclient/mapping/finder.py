"""Find ids by name in a site's Neutron, Nova, Cinder and Keystone.

One list request for each kind, kept for the life of the finder: sites
hold thousands of networks, and a name may be shared, which only the list
shows. Plain GETs on the session are enough: importing the SDK takes 580 ms of
CPU, this package with keystoneauth 380 (``benchmarks/startup.py``).
"""

from __future__ import annotations

import contextlib
import re
import weakref
from collections.abc import Mapping
from typing import Any

import requests
from keystoneauth1 import exceptions as ksa_exceptions
from keystoneauth1 import plugin
from keystoneauth1 import session as ksa_session

from protectorclient import exceptions
from protectorclient._http import error_bodies as answers
from protectorclient._http import failures, urls
from protectorclient._http.session import with_bounds
from protectorclient.durations import CONNECT_TIMEOUT, READ_TIMEOUT
from protectorclient.mapping import model
from protectorclient.mapping.model import Resource

_MOST_PAGES = 1000
#: Nova shows lock, description, tags, server groups and the host name of
#: an instance in its newer versions alone; each Nova takes this word
_NEWEST_NOVA = "compute latest"
#: the first in which Cinder shows the group of a volume
_GROUPS_CINDER = "volume 3.13"
#: the filters of a list: of several values of one, each fits
Params = Mapping[str, str | list[str]]
_EVERY: Params = {}
#: a host in Cinder's form that is none: what is asked of it does nothing
NO_HOST = "protector-check@none#none"
#: what was found in the catalog of a token, as long as there is the token
_addresses: weakref.WeakKeyDictionary[Any, dict[Any, str]] = (
    weakref.WeakKeyDictionary()
)


class NameFinder:
    """Finds resources by name at one site."""

    def __init__(
        self,
        session: ksa_session.Session,
        *,
        site: str | None = None,
        auth: plugin.BaseAuthPlugin | None = None,
        region_name: str | None = None,
        interface: str | list[str] | None = None,
        overrides: Mapping[str, str] | None = None,
    ) -> None:
        self.site = site
        self._session = with_bounds(session)
        self._auth = auth
        self._region_name = region_name
        self._interface = interface
        self._overrides = dict(overrides or {})
        self._kept: dict[str, list[dict[str, Any]]] = {}

    def networks(self) -> list[dict[str, Any]]:
        """List the networks that the project sees, as Neutron has them.

        Networks that were made for a drill are not among them: nothing is
        ever moved into one.
        """
        return [one for one in self.every_network() if not model.drill_of(one)]

    def every_network(self) -> list[dict[str, Any]]:
        """List the networks that the project sees, those of drills too."""
        return self._all("networks", "network", "/v2.0/networks")

    def subnets(self) -> list[dict[str, Any]]:
        """List the subnets that the project sees, as Neutron has them."""
        return self._all("subnets", "network", "/v2.0/subnets")

    def flavors(self) -> list[dict[str, Any]]:
        """List the flavors that the project sees, as Nova has them."""
        return self._all("flavors", "compute", "/flavors/detail")

    def servers(self) -> list[dict[str, Any]]:
        """List the servers of the project as they are now, with all that the
        newest version of Nova shows of them."""
        return self._list(
            "servers", "compute", "/servers/detail", {}, _NEWEST_NOVA
        )

    def server_groups(self) -> list[dict[str, Any]]:
        """List the server groups of the project."""
        return self._list(
            "server_groups", "compute", "/os-server-groups", {}, _NEWEST_NOVA
        )

    def key_pairs(self) -> list[dict[str, Any]]:
        """List the key pairs of the user."""
        found = self._list("keypairs", "compute", "/os-keypairs", {})
        return [
            one["keypair"]
            for one in found
            if isinstance(one.get("keypair"), dict)
        ]

    def availability_zones(self) -> list[dict[str, Any]]:
        """List the availability zones of Nova."""
        return self._list(
            "availabilityZoneInfo", "compute", "/os-availability-zone", {}
        )

    def ports(self, wanted: Params = _EVERY) -> list[dict[str, Any]]:
        """List the ports that the project sees as they are now."""
        return self._list("ports", "network", "/v2.0/ports", wanted)

    def security_groups(self) -> list[dict[str, Any]]:
        """List the security groups that the project sees."""
        return self._list(
            "security_groups", "network", "/v2.0/security-groups", {}
        )

    def images(self) -> list[dict[str, Any]]:
        """List the images that the project sees, as Glance has them."""
        return self._list("images", "image", "/v2/images", {})

    def volumes(self, wanted: Params = _EVERY) -> list[dict[str, Any]]:
        """List the volumes of the project as they are now."""
        path = "/volumes/detail"
        return self._list(
            "volumes", "block-storage", path, wanted, _GROUPS_CINDER
        )

    def volume_group(self, group_id: str) -> dict[str, Any]:
        """Fetch a volume group; NotFound where Cinder shows none."""
        path = f"/groups/{urls.segment(group_id, 'volume group')}"
        return self._get("block-storage", path, {}, _GROUPS_CINDER)

    def volume_groups(self) -> list[dict[str, Any]]:
        """List the volume groups of the project as they are now."""
        return self._list(
            "groups", "block-storage", "/groups", {}, _GROUPS_CINDER
        )

    def volume_types(self) -> list[dict[str, Any]]:
        """List the volume types that the project sees, as Cinder has them."""
        return self._all("volume_types", "block-storage", "/types")

    def compute_limits(self) -> dict[str, Any]:
        """Fetch the project's quotas in Nova, and how much of them is used."""
        return self._limits("compute")

    def volume_limits(self) -> dict[str, Any]:
        """Fetch the project's quotas in Cinder, and how much of them is
        used."""
        return self._limits("block-storage")

    def network_quota(self, project_id: str) -> dict[str, Any]:
        """Fetch the project's quotas in Neutron, and how much of them is
        used.

        :returns: by the resource, such as ``port``, each with ``limit`` and
            ``used``.
        """
        project = urls.segment(project_id, "project")
        path = f"/v2.0/quotas/{project}/details.json"
        found = self._get("network", path, {}).get("quota")
        if not isinstance(found, dict):
            raise exceptions.UnreadableAnswer(
                "the network service answered without its quota",
                site=self.site,
                sent=True,
            )
        return found

    def require_volume_manage(self) -> None:
        """Ask Cinder whether its policy lets the caller manage volumes.

        One ``POST /os-volume-manage`` for a host that no Cinder has: the
        policy is checked before the host, so nothing is managed. The list
        of services proves nothing: Cinder shows it to admins alone, also
        where its policy lets members see it.

        :raises Forbidden: the policy does not.
        """
        nothing = {"host": NO_HOST, "ref": {"source-name": "none"}}
        path = "/os-volume-manage"
        with contextlib.suppress(exceptions.BadRequest, exceptions.NotFound):
            self._ask(
                "block-storage", "POST", path, {}, json={"volume": nothing}
            )

    def find(self, what: str, name_or_id: str) -> Resource:
        """Find a network, flavor or volume type by its id or exact name."""
        things = {
            "network": self.network,
            "flavor": self.flavor,
            "volume type": self.volume_type,
        }
        return things[what](name_or_id)

    def network(self, name_or_id: str) -> Resource:
        """Find a network by its id or exact name."""
        return self._pick(self.networks(), name_or_id, "network")

    def flavor(self, name_or_id: str) -> Resource:
        """Find a flavor by its id or exact name."""
        return self._pick(self.flavors(), name_or_id, "flavor")

    def volume_type(self, name_or_id: str) -> Resource:
        """Find a volume type by its id or exact name."""
        return self._pick(self.volume_types(), name_or_id, "volume type")

    def server(self, name_or_id: str) -> Resource:
        """Find a server by its id or exact name.

        Nova filters names by a regular expression, so the answer is
        compared again here.
        """
        if urls.is_identifier(name_or_id):
            found = self.one_server(name_or_id)
            if found is not None:
                return _thing(found)
        servers = self._list(
            "servers",
            "compute",
            "/servers",
            {"name": f"^{re.escape(name_or_id)}$"},
        )
        return self._pick(servers, name_or_id, "server")

    def project(self, name_or_id: str) -> Resource:
        """Find a project by its id or exact name; only an admin may.

        :raises Forbidden: Keystone refuses to list projects.
        """
        if urls.is_identifier(name_or_id):
            path = f"/projects/{urls.segment(name_or_id, 'project')}"
            # the list below has the better error
            with contextlib.suppress(
                exceptions.NotFound, exceptions.Forbidden
            ):
                found = self._get("identity", path, {}).get("project")
                if isinstance(found, dict):
                    return _thing(found)
        named = self._list(
            "projects", "identity", "/projects", {"name": name_or_id}
        )
        return self._pick(named, name_or_id, "project")

    def one_server(self, server_id: str) -> dict[str, Any] | None:
        """Fetch a server by its id; None where Nova has none."""
        path = f"/servers/{urls.segment(server_id, 'server')}"
        try:
            answer = self._get("compute", path, {})
        except exceptions.NotFound:
            return None
        server = answer.get("server")
        return server if isinstance(server, dict) else None

    def console_output(self, server_id: str) -> str:
        """Return what Nova has of the console output of a server.

        One ``POST /servers/{id}/action`` that changes nothing.

        :raises Forbidden: the policy shows it to others alone.
        """
        path = f"/servers/{urls.segment(server_id, 'server')}/action"
        answer = self._ask(
            "compute", "POST", path, {}, json={"os-getConsoleOutput": {}}
        )
        found = answer.get("output")
        return found if isinstance(found, str) else ""

    def _limits(self, service: str) -> dict[str, Any]:
        limits = self._get(service, "/limits", {}).get("limits")
        found = limits.get("absolute") if isinstance(limits, dict) else None
        if not isinstance(found, dict):
            raise exceptions.UnreadableAnswer(
                f"the {service} service answered without its limits",
                site=self.site,
                sent=True,
            )
        return found

    def _pick(
        self, items: list[dict[str, Any]], wanted: str, what: str
    ) -> Resource:
        return model.pick(
            [_thing(item) for item in items],
            wanted,
            what=what,
            site=self.site,
        )

    def _all(self, noun: str, service: str, path: str) -> list[dict[str, Any]]:
        if noun not in self._kept:
            self._kept[noun] = self._list(noun, service, path, {})
        return self._kept[noun]

    def _list(
        self,
        noun: str,
        service: str,
        path: str,
        params: Params,
        version: str = "",
    ) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        asked: set[object] = set()
        known: set[str] = set()
        for _ in range(_MOST_PAGES):
            answer = self._get(service, path, params, version)
            items = answer.get(noun)
            if not isinstance(items, list):
                raise exceptions.UnreadableAnswer(
                    f"the {service} service answered without '{noun}'",
                    site=self.site,
                    sent=True,
                )
            fresh = [item for item in items if urls.is_new(item, known)]
            found += [item for item in fresh if isinstance(item, dict)]
            asked.add(params.get("marker"))
            marker = urls.next_marker(answer, noun, items)
            if marker is None or marker in asked or not fresh:
                break
            params = {**params, "marker": marker}
        return found

    def _get(
        self, service: str, path: str, params: Params, version: str = ""
    ) -> dict[str, Any]:
        return self._ask(service, "GET", path, params, version=version)

    def _ask(
        self,
        service: str,
        method: str,
        path: str,
        params: Params,
        json: dict[str, Any] | None = None,
        version: str = "",
    ) -> dict[str, Any]:
        """Send a request that changes nothing, also where it is a POST."""
        url = self._url(service) + path
        headers = {"Accept": "application/json"}
        if version:
            headers["OpenStack-API-Version"] = version
        with (
            failures.authenticating(self.site, self._session),
            failures.sending(self.site, url, safe=True, headers={}),
        ):
            try:
                response = self._session.request(
                    url,
                    method,
                    params=params,
                    json=json,
                    auth=self._auth,
                    headers=headers,
                    timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
                    raise_exc=False,
                    redirect=False,
                    connect_retries=0,
                )
            except ksa_exceptions.EndpointNotFound as error:
                raise self._no_endpoint(service) from error
        if response.status_code >= 300:
            raise self._error(service, response)
        try:
            body = answers.json_of(response)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise exceptions.UnreadableAnswer(
                f"the {service} service answered without its JSON",
                site=self.site,
                sent=True,
            )
        return body

    def _error(
        self, service: str, response: requests.Response
    ) -> exceptions.ProtectorError:
        """Make the exception for an error of the service or of a proxy.

        Keystone's middleware before each service sends no JSON; its
        answers are a 401 or a 5xx.
        """
        status = response.status_code
        if (
            status >= 500
            or status == 401
            or not response.content
            or answers.is_json(response)
        ):
            return answers.error_from(response, site=self.site)
        return exceptions.NotTheService(
            f"something else than the {service} service"
            f" {answers.summary(response)}",
            site=self.site,
            sent=True,
        )

    def _url(self, service: str) -> str:
        url: str | None = self._overrides.get(service)
        if url is None:
            url = self._in_catalog(service)
        if not url:
            raise self._no_endpoint(service)
        url = url.rstrip("/")
        if service == "network":
            url = url.removesuffix("/v2.0")
        if service == "image":
            url = url.removesuffix("/v2")
        if service == "identity" and not url.endswith("/v3"):
            url += "/v3"
        return url

    def _in_catalog(self, service: str) -> str | None:
        """Look a service up in the catalog that came with the token; each
        look copies the whole catalog, so the address is kept with it."""
        with failures.authenticating(self.site, self._session):
            kept: dict[Any, str] = {}
            auth = self._auth or getattr(self._session, "auth", None)
            if (access := getattr(auth, "get_access", None)) is not None:
                kept = _addresses.setdefault(access(self._session), kept)
            key = service, str(self._interface), self._region_name
            url = kept.get(key) or self._session.get_endpoint(
                self._auth,
                service_type=service,
                interface=self._interface,
                region_name=self._region_name,
            )
            if url:
                kept[key] = url
        return url

    def _no_endpoint(self, service: str) -> exceptions.ConfigProblem:
        return exceptions.ConfigProblem(
            f"the catalog has no {service} service", site=self.site
        )


def _thing(item: Mapping[str, Any]) -> Resource:
    return Resource(id=str(item.get("id", "")), name=str(item.get("name", "")))
