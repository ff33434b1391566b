"""The users of the seeded world and what each may do, as data.

The emulated Keystone is seeded from it, and so is a real one.
"""

import dataclasses
from collections.abc import Iterator

from fakeserver.base.seed_world import (
    IMPLIED_ROLES,
    PEER_ROLES,
    PEER_USER,
    PROJECTS,
    SERVICE_PROJECT,
    SERVICE_ROLES,
    SERVICE_USER,
    USERS,
    World,
)

#: the scopes of a grant that is not one in a project
SYSTEM = "system"
DOMAIN_SCOPE = "domain"


@dataclasses.dataclass(frozen=True)
class Account:
    """A user of one site."""

    id: str
    name: str
    password: str = dataclasses.field(repr=False)
    #: the name of the user's default project
    project: str


@dataclasses.dataclass(frozen=True)
class Grant:
    """The roles of a user in a project, on the domain or on the system."""

    user: str
    #: a project's name, SYSTEM or DOMAIN_SCOPE
    scope: str
    roles: tuple[str, ...]


def accounts(world: World, site: str) -> Iterator[Account]:
    """Return all users of a site, those of the services included."""
    for name, (project, _) in USERS.items():
        password = world.password(name)
        yield Account(world.user_id(site, name), name, password, project)
    yield Account(
        world.user_id(site, SERVICE_USER),
        SERVICE_USER,
        world.password(SERVICE_USER),
        SERVICE_PROJECT,
    )
    yield peer_account(world, site)


def peer_account(world: World, site: str) -> Account:
    """Return the account of this site that the other one keeps."""
    return Account(
        world.user_id(site, PEER_USER),
        PEER_USER,
        world.peer_password(),
        SERVICE_PROJECT,
    )


def grants() -> Iterator[Grant]:
    """Return all grants, the same at both sites."""
    for name, (project, role) in USERS.items():
        roles = IMPLIED_ROLES[role]
        yield Grant(name, project, roles)
        if role == "admin":
            yield Grant(name, SYSTEM, roles)
            yield Grant(name, DOMAIN_SCOPE, roles)
    for project in PROJECTS:
        roles = SERVICE_ROLES
        if project == SERVICE_PROJECT:
            # as every service of OpenStack: admin, at home only
            roles = (*IMPLIED_ROLES["admin"], "protector_peer")
        yield Grant(SERVICE_USER, project, roles)
    yield from peer_grants()


def peer_grants() -> Iterator[Grant]:
    """Return the grants that the other site's engine needs here.

    It makes and removes instances and volumes in the tenants' projects,
    and pushes metadata. What only an admin may read, the service of this
    site reads with its own account.
    """
    for project in PROJECTS:
        roles = PEER_ROLES if project == SERVICE_PROJECT else SERVICE_ROLES
        yield Grant(PEER_USER, project, roles)
