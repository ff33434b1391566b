"""Sessions of the service accounts at the clouds of a registered site."""

import contextlib
from collections.abc import Iterator
from typing import Any

import requests
from keystoneauth1 import exceptions, session
from keystoneauth1.identity import v3

from fakeserver.base.errors import PEER_UNREACHABLE, Refused
from fakeserver.engine.cloud_client.cloud import (
    CloudRefused,
    CloudUnreachable,
    LoginRefused,
    RemoteCloud,
)
from fakeserver.engine.cloud_client.session import TIMEOUTS
from fakeserver.engine.service import Service
from fakeserver.store.sites import SITES


def _session(service: Service, site_id: str) -> session.Session:
    """Open a session of the account, in the project of the site record."""
    record = SITES.get(service.site.db, site_id)
    who = service.access.account(site_id)
    http = service.site.wire.session()
    auth = v3.Password(
        auth_url=who.auth_url,
        username=who.username,
        password=who.password,
        user_domain_name=who.user_domain_name,
        project_name=record["project_name"],
        project_domain_name=record["project_domain_name"],
    )
    asked = session.Session(auth=auth, session=http, verify=http.verify)
    asked.timeout = TIMEOUTS  # type: ignore[assignment]
    return asked


@contextlib.contextmanager
def _answering(service: Service, name: str) -> Iterator[None]:
    """Turn every failure to get an answer into one kind of error."""
    if service.site.faults.cuts(name):
        raise CloudUnreachable(name)
    try:
        yield
    except exceptions.HttpError as error:
        status = int(error.http_status or 500)
        if status >= 500:
            raise CloudUnreachable(name) from error
        raise LoginRefused(name, status, str(error.message)) from error
    except (
        exceptions.ClientException,
        requests.RequestException,
        # an answer that no Keystone, and no service, gives
        TypeError,
        ValueError,
        LookupError,
    ) as error:
        raise CloudUnreachable(name) from error


def service_project(service: Service, site_id: str) -> str:
    """Return the id of the service account's own project, from that Keystone.

    Raises CloudUnreachable or LoginRefused as the other calls do.
    """
    name = service.access.account(site_id).site
    with _answering(service, name):
        project = _session(service, site_id).get_project_id()
    if project is None:
        raise LoginRefused(name, 401, "the token has no project")
    return str(project)


def peers_volume_types(service: Service, site_id: str) -> list[dict[str, Any]]:
    """List the volume types of the peer, as its own service shows them.

    The account that is kept here is no admin there, and Cinder shows the
    kind of replication to nobody else.

    Raises CloudUnreachable, LoginRefused or CloudRefused.
    """
    record = SITES.get(service.site.db, site_id)
    name = record["name"]
    path = f"/v1/admin/sites/{site_id}/volume-types?local=true"
    with _answering(service, name):
        answer = _session(service, site_id).request(
            record["protector_url"] + path, "GET", raise_exc=False
        )
        body = answer.json()
        if answer.status_code < 400:
            types: list[dict[str, Any]] = body["volume_types"]
            return types
        if answer.status_code >= 500:
            raise ValueError("no answer of a service that works")
        message = str(body["error"]["message"])
    raise CloudRefused(name, answer.status_code, message)


def own_cloud(service: Service, site_id: str) -> RemoteCloud:
    """Open the site's own cloud in the service account's own project.

    Of its own site a service sees all that an admin sees; of the other one
    it sees what a reader sees.
    """
    return RemoteCloud(
        service.access.account(site_id),
        service_project(service, site_id),
        service.site.wire,
        service.site.faults,
    )


@contextlib.contextmanager
def refusals(service: Service) -> Iterator[None]:
    """Turn the refusal, or the silence, of a cloud into an error of this
    API."""
    try:
        yield
    except CloudUnreachable as error:
        if error.site == service.site.config.site:
            raise Refused(
                "invalid-state", f"The cloud of {error.site} does not answer"
            ) from error
        raise Refused("peer-unreachable", PEER_UNREACHABLE) from error
    except LoginRefused as error:
        raise service.access.locked_out(error) from error
    except CloudRefused as error:
        raise Refused(
            "invalid-state",
            f"{error.site} refused: {error.message}",
            site=error.site,
            status=error.status,
        ) from error
