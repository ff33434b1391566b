"""What is written into each real Keystone: the sandbox's own users and ids,
and a catalog with every form that catalogs have."""

from collections.abc import Mapping, Sequence
from typing import Any

from fakeserver.base.seed_world import (
    PROJECTS,
    REGION,
    SERVICE_PROJECT,
    SITES,
    World,
)
from fakeserver.cloud.identity import accounts
from fakeserver.cloud.identity.catalog import INTERFACES, SERVICES

#: a region whose catalog says the protector's URL with /v1/PROJECT
SECOND_REGION = "RegionTwo"
#: a region in which there is no protector
BARE_REGION = "RegionThree"
#: the region of the real Nova, Neutron, Cinder and Placement, where there are
REAL_REGION = "RealRegion"
#: an address of the catalog's at which nothing answers
NOWHERE = "http://127.0.0.1:1"
#: a user with no default project: its token without a scope has none
WANDERER = "wanderer"
#: what a service of OpenStack may do in the project of the services
SERVICE_ROLES = ("admin", "service")

#: type of the catalog, name and address of a real service
Real = tuple[str, str, str]


def world_of(
    world: World,
    site: str,
    keystone_url: str,
    site_url: str,
    real: Sequence[Real] = (),
) -> dict[str, Any]:
    """Users, grants and catalog of one site, as seed.py reads them.

    Each real service has an account with its own name.
    """
    projects = {name: world.project_id(site, name) for name in PROJECTS}
    users = [
        {
            "id": account.id,
            "name": account.name,
            "password": account.password,
            "default_project_id": projects[account.project],
        }
        for account in accounts.accounts(world, site)
    ]
    users.append(
        {
            "id": world.user_id(site, WANDERER),
            "name": WANDERER,
            "password": world.password(WANDERER),
            "default_project_id": None,
        }
    )
    users += [
        {
            "id": world.user_id(site, name),
            "name": name,
            "password": world.password(name),
            "default_project_id": projects[SERVICE_PROJECT],
        }
        for _, name, _ in real
    ]
    grants = [
        {
            "user_id": world.user_id(site, grant.user),
            "scope": grant.scope,
            "roles": grant.roles,
        }
        for grant in (
            *accounts.grants(),
            accounts.Grant(WANDERER, "demo", ("member",)),
            *(
                accounts.Grant(name, SERVICE_PROJECT, SERVICE_ROLES)
                for _, name, _ in real
            ),
        )
    ]
    return {
        "projects": projects,
        "users": users,
        "grants": grants,
        "catalog": catalog(keystone_url, site_url, real),
    }


def catalog(
    keystone_url: str, site_url: str, real: Sequence[Real] = ()
) -> dict[str, Any]:
    """Region -> services; the protector is written in three ways."""
    identity = _service("identity", "keystone", keystone_url)
    clouds = [
        _service(kind, name, site_url + path)
        for kind, name, path in SERVICES
        if kind not in ("identity", "protector")
    ]
    protector = _service("protector", "protector", site_url)
    protector["urls"] |= {"internal": f"{site_url}/v1", "admin": NOWHERE}
    second = f"{site_url}/v1/%(project_id)s"
    emulated = [
        _service(kind, name, site_url + path)
        for kind, name, path in SERVICES
        if kind in ("image", "protector")
    ]
    real_region = {
        REAL_REGION: [
            identity,
            *emulated,
            *(_service(kind, name, url) for kind, name, url in real),
        ]
    }
    return {
        **(real_region if real else {}),
        REGION: [identity, *clouds, protector],
        SECOND_REGION: [
            identity,
            _service("protector", "protector", second),
        ],
        BARE_REGION: [identity],
    }


def _service(kind: str, name: str, url: str) -> dict[str, Any]:
    urls = dict.fromkeys(INTERFACES, url)
    return {"type": kind, "name": name, "urls": urls}


def worlds(
    world: World,
    keystones: Mapping[str, str],
    urls: Mapping[str, str],
    real: Mapping[str, Sequence[Real]],
) -> dict[str, Any]:
    """Site -> what its Keystone is filled with."""
    return {
        site: world_of(
            world, site, keystones[site], urls[site], real.get(site, ())
        )
        for site in SITES
    }
