"""Session and clouds of a service account in its own project.

At its own site a service sees all that an admin sees; at the other one it
sees what a reader sees.
"""

import contextlib
from collections.abc import Iterator

from fakeserver.base.fault_points import Faults
from fakeserver.base.wire import Wire
from fakeserver.base.wire.session import NoAnswer
from fakeserver.engine.cloud_client.account import TIMEOUTS
from fakeserver.engine.cloud_client.account_session import AccountSession
from fakeserver.engine.cloud_client.cloud import (
    CloudUnreachable,
    LoginRefused,
    RemoteCloud,
)
from fakeserver.engine.cloud_client.login import LoginError, Project
from fakeserver.engine.cloud_client.session import message_of
from fakeserver.engine.peer.access import Access
from fakeserver.site import Site


def session_at(access: Access, wire: Wire, site_id: str) -> AccountSession:
    """Open a session of the account, in the project of the site record."""
    record = access.record(site_id)
    project = Project(
        name=record["project_name"],
        domain_name=record["project_domain_name"],
    )
    return AccountSession(access.account(site_id), project, wire, TIMEOUTS)


@contextlib.contextmanager
def answering(faults: Faults, name: str) -> Iterator[None]:
    """Turn every failure to get an answer into one kind of error."""
    if faults.cuts(name):
        raise CloudUnreachable(name)
    try:
        yield
    except LoginError as error:
        status = error.answer.status_code
        if status >= 500:
            raise CloudUnreachable(name) from error
        message = message_of(error.answer)
        raise LoginRefused(name, status, message) from error
    except (
        NoAnswer,
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
        project = session_at(access, site.wire, site_id).login().project_id
    if project is None:
        raise LoginRefused(who.site, 401, "the token has no project")
    return RemoteCloud(who, str(project), site.wire, site.faults)
