"""The clouds of a registered site, asked with the service account."""

import contextlib
from collections.abc import Iterator

import requests
from keystoneauth1 import exceptions, session
from keystoneauth1.identity import v3

from fakeserver.cloud.remote import (
    Account,
    CloudRefused,
    CloudUnreachable,
    LoginRefused,
    RemoteCloud,
)
from fakeserver.cloud.remote_http import TIMEOUTS
from fakeserver.errors import PEER_UNREACHABLE, Refused
from fakeserver.site import Site
from fakeserver.store.sites import SITES


def account(site: Site, site_id: str) -> Account:
    found: Account = site.service.access.account(site_id)
    return found


def service_project(site: Site, site_id: str) -> str:
    """The id of the service account's own project, from that Keystone.

    Raises CloudUnreachable or LoginRefused as the other calls do.
    """
    record = SITES.get(site.db, site_id)
    who = account(site, site_id)
    if site.faults.cuts(who.site):
        raise CloudUnreachable(who.site)
    http = site.wire.session()
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
    try:
        project = asked.get_project_id()
    except exceptions.HttpError as error:
        status = int(error.http_status or 500)
        if status >= 500:
            raise CloudUnreachable(who.site) from error
        raise LoginRefused(who.site, status, str(error.message)) from error
    except (
        exceptions.ClientException,
        requests.RequestException,
        # an answer that no Keystone gives
        TypeError,
        ValueError,
        LookupError,
    ) as error:
        raise CloudUnreachable(who.site) from error
    if project is None:
        raise LoginRefused(who.site, 401, "the token has no project")
    return str(project)


def own_cloud(site: Site, site_id: str) -> RemoteCloud:
    """The clouds as the service account's own project sees them."""
    return RemoteCloud(
        account(site, site_id),
        service_project(site, site_id),
        site.wire,
        site.faults,
    )


@contextlib.contextmanager
def refusals(site: Site) -> Iterator[None]:
    """What a cloud answers, or does not, as this API's own refusal."""
    try:
        yield
    except CloudUnreachable as error:
        if error.site == site.config.site:
            raise Refused(
                "invalid-state", f"The cloud of site {error.site} is silent"
            ) from error
        raise Refused("peer-unreachable", PEER_UNREACHABLE) from error
    except LoginRefused as error:
        raise site.service.access.locked_out(error) from error
    except CloudRefused as error:
        raise Refused(
            "invalid-state",
            f"Site {error.site} refused: {error.message}",
            site=error.site,
            status=error.status,
        ) from error
