"""Sessions of the service accounts at the clouds of a registered site."""

import contextlib
from collections.abc import Iterator
from typing import Any

from fakeserver.base.errors import PEER_UNREACHABLE, RequestRefused
from fakeserver.engine.cloud_client.cloud import (
    CloudRefused,
    CloudUnreachable,
    LoginRefused,
    RemoteCloud,
)
from fakeserver.engine.peer import own_project
from fakeserver.engine.service import Service
from fakeserver.store.sites import SITES


def peers_volume_types(service: Service, site_id: str) -> list[dict[str, Any]]:
    """List the volume types of the peer, as its own service shows them.

    The account that is kept here is no admin there, and Cinder shows the
    kind of replication to nobody else.

    Raises CloudUnreachable, LoginRefused or CloudRefused.
    """
    record = SITES.get(service.site.db, site_id)
    name = record["name"]
    path = f"/v1/admin/sites/{site_id}/volume-types?local=true"
    with own_project.answering(service.site.faults, name):
        asked = own_project.session_at(
            service.access, service.site.wire, site_id
        )
        answer = asked.request(
            record["protector_url"] + path, "GET", headers={}
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
    return own_project.cloud(service.site, service.access, site_id)


@contextlib.contextmanager
def refusals(service: Service) -> Iterator[None]:
    """Turn the refusal, or the silence, of a cloud into an error of this
    API."""
    try:
        yield
    except CloudUnreachable as error:
        if error.site == service.site.config.site:
            raise RequestRefused(
                "invalid-state", f"The cloud of {error.site} does not answer"
            ) from error
        raise RequestRefused("peer-unreachable", PEER_UNREACHABLE) from error
    except LoginRefused as error:
        raise service.access.locked_out(error) from error
    except CloudRefused as error:
        raise RequestRefused(
            "invalid-state",
            f"{error.site} refused: {error.message}",
            site=error.site,
            status=error.status,
        ) from error
