"""Session and clouds of a service account in its own project.

At its own site a service sees all that an admin sees; at the other one it
sees what a reader sees.
"""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fakeserver.base.fault_points import Faults
from fakeserver.base.wire import Wire
from fakeserver.engine.cloud_client.account import TIMEOUTS
from fakeserver.engine.cloud_client.cloud import (
    CloudUnreachable,
    LoginRefused,
    RemoteCloud,
)
from fakeserver.engine.peer.access import Access
from fakeserver.site import Site

if TYPE_CHECKING:
    from keystoneauth1 import session


def session_at(access: Access, wire: Wire, site_id: str) -> "session.Session":
    """Open a session of the account, in the project of the site record."""
    # not before: a site that asks nobody loads no HTTP library
    from keystoneauth1 import session
    from keystoneauth1.identity import v3

    record = access.record(site_id)
    who = access.account(site_id)
    http = wire.session()
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
def answering(faults: Faults, name: str) -> Iterator[None]:
    """Turn every failure to get an answer into one kind of error."""
    import requests
    from keystoneauth1 import exceptions

    if faults.cuts(name):
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


def cloud(site: Site, access: Access, site_id: str) -> RemoteCloud:
    """Open the clouds of a registered site in the account's own project.

    Raises CloudUnreachable or LoginRefused: Keystone says which project
    that is.
    """
    who = access.account(site_id)
    with answering(site.faults, who.site):
        project = session_at(access, site.wire, site_id).get_project_id()
    if project is None:
        raise LoginRefused(who.site, 401, "the token has no project")
    return RemoteCloud(who, str(project), site.wire, site.faults)
