"""The seeded world, written into one site's cloud."""

import sqlite3

from fakeserver.base.config import SiteConfig
from fakeserver.base.ids import stable_id
from fakeserver.base.seed_world import (
    DEFAULT_VOLUME_TYPE,
    FLAVORS,
    IMAGE,
    PROJECTS,
    VOLUME_TYPES,
    SeedServer,
    World,
)
from fakeserver.cloud.identity import accounts
from fakeserver.cloud.identity.keystone import DOMAIN_ID, grant_id
from fakeserver.cloud.identity.passwords import hash_secret
from fakeserver.cloud.network import addresses
from fakeserver.cloud.network.subnets import make as make_subnet
from fakeserver.cloud.shared import schema
from fakeserver.cloud.shared.rows import Doc
from fakeserver.cloud.volume import policy
from fakeserver.cloud.volume.groups import RESERVED_GROUP_TYPE
from fakeserver.storage import names

#: the group types: the one of the deployment, and the one that every Cinder
#: makes for itself
GROUP_TYPE = "consistent-group"
GROUP_TYPES = {
    GROUP_TYPE: "Consistent snapshots of several volumes",
    RESERVED_GROUP_TYPE: "Default group type for migrating cgsnapshot",
}
#: the tenant that owns everything that is seeded
TENANT = "demo"
#: where the seeded instances are
HOME = "site-a"


def consistency_group_id(world: World, site: str, group_id: str) -> str:
    """Return the id of the Cinder group of a seeded protection group."""
    return stable_id(world.seed, site, "consistency-group", group_id)


def seed_clouds(
    tx: sqlite3.Connection,
    site_name: str,
    world: World,
    config: SiteConfig,
    now: float,
) -> None:
    """Write the seeded world into a site, after removing what was there."""
    schema.empty(tx)
    _identity(tx, site_name, world)
    _networks(tx, site_name, world, now)
    _catalogues(tx, site_name, world)
    _image(tx, site_name, world, now)
    _groups(tx, site_name, world, now)
    if site_name == HOME:
        for group in world.groups:
            for server in group.servers:
                made = _server(tx, site_name, world, server, now)
                renames = config.renames_at(site_name)
                _volumes(tx, site_name, world, server, made, group.id, renames)
    policy.write_default(config.cinder_policy)


def _identity(tx: sqlite3.Connection, site: str, world: World) -> None:
    for name in PROJECTS:
        project = {
            "id": world.project_id(site, name),
            "name": name,
            "domain_id": DOMAIN_ID,
            "parent_id": DOMAIN_ID,
            "description": "",
            "enabled": True,
            "is_domain": False,
            "options": {},
            "tags": [],
            "links": {},
        }
        schema.PROJECTS.put(tx, project)
    for account in accounts.accounts(world, site):
        _user(tx, site, world, account)
    for grant in accounts.grants():
        _grant(tx, site, world, grant)


def seed_peer_account(tx: sqlite3.Connection, site: str, world: World) -> None:
    """Create the account of this site that the peer keeps."""
    _user(tx, site, world, accounts.peer_account(world, site))
    for grant in accounts.peer_grants():
        _grant(tx, site, world, grant)


def _user(
    tx: sqlite3.Connection, site: str, world: World, account: accounts.Account
) -> None:
    user = {
        "id": account.id,
        "name": account.name,
        "domain_id": DOMAIN_ID,
        "enabled": True,
        "default_project_id": world.project_id(site, account.project),
        "secret": hash_secret(account.password),
    }
    schema.USERS.put(tx, user)


def _grant(
    tx: sqlite3.Connection, site: str, world: World, given: accounts.Grant
) -> None:
    user_id = world.user_id(site, given.user)
    where = given.scope
    if where in PROJECTS:
        where = world.project_id(site, where)
    grant = {
        "id": grant_id(user_id, where),
        "user_id": user_id,
        "project_id": where,
        "roles": list(given.roles),
    }
    schema.GRANTS.put(tx, grant)


def _image(
    tx: sqlite3.Connection, site: str, world: World, now: float
) -> None:
    """Write the image from which the root volumes were made."""
    image: Doc = {
        "id": world.image_id(site),
        "name": IMAGE,
        "owner": world.project_id(site, TENANT),
        "created": now,
    }
    schema.IMAGES.put(tx, image)


def _networks(
    tx: sqlite3.Connection, site: str, world: World, now: float
) -> None:
    for name, cidr in world.networks(site).items():
        network: Doc = {
            "id": world.network_id(site, name),
            "project_id": world.project_id(site, TENANT),
            "name": name,
            "description": "",
            "admin_state_up": True,
            "shared": False,
            "external": False,
            "mtu": 1450,
            "created": now,
            "updated": now,
        }
        schema.NETWORKS.put(tx, network)
        subnet_id = stable_id(world.seed, site, "subnet", name)
        subnet = make_subnet(subnet_id, network, f"{name}-v4", cidr, now)
        schema.SUBNETS.put(tx, subnet)


def _catalogues(tx: sqlite3.Connection, site: str, world: World) -> None:
    """Create the flavors, the volume types and the group types."""
    for name, (vcpus, ram, disk) in FLAVORS[site].items():
        flavor = {
            "id": world.flavor_id(site, name),
            "name": name,
            "vcpus": vcpus,
            "ram": ram,
            "disk": disk,
            "is_public": True,
            "description": None,
            "extra_specs": {},
        }
        schema.FLAVORS.put(tx, flavor)
    for name, specs in VOLUME_TYPES.items():
        kind = {
            "id": world.volume_type_id(site, name),
            "name": name,
            "description": None,
            "is_public": True,
            "extra_specs": dict(specs),
        }
        schema.VOLUME_TYPES.put(tx, kind)
    for name, description in GROUP_TYPES.items():
        group_type = {
            "id": stable_id(world.seed, site, "group-type", name),
            "name": name,
            "description": description,
            "is_public": True,
            "group_specs": {"consistent_group_snapshot_enabled": "<is> True"},
        }
        schema.GROUP_TYPES.put(tx, group_type)


def _groups(
    tx: sqlite3.Connection, site: str, world: World, now: float
) -> None:
    """Create a consistency group at each site for every registered group."""
    if not world.registered:
        return
    for group in world.groups:
        row = {
            "id": consistency_group_id(world, site, group.id),
            "project_id": world.project_id(site, TENANT),
            "name": f"cg-{group.id[:8]}",
            "description": group.description,
            "group_type": stable_id(
                world.seed, site, "group-type", GROUP_TYPE
            ),
            "volume_types": [world.volume_type_id(site, DEFAULT_VOLUME_TYPE)],
            "created": now,
        }
        schema.GROUPS.put(tx, row)


def _server(
    tx: sqlite3.Connection,
    site: str,
    world: World,
    seed: SeedServer,
    now: float,
) -> Doc:
    flavor = schema.FLAVORS.get(tx, world.flavor_id(site, seed.flavor))
    if flavor is None:
        raise ValueError(f"no flavor {seed.flavor} at {site}")
    kept = ("id", "name", "vcpus", "ram", "disk", "extra_specs")
    server: Doc = {
        "id": seed.id,
        "project_id": world.project_id(site, TENANT),
        "user_id": world.user_id(site, TENANT),
        "name": seed.name,
        "description": seed.name,
        # as Nova keeps it: a new name is no new host name
        "hostname": seed.name,
        "status": "ACTIVE",
        "metadata": {},
        "flavor": {name: flavor[name] for name in kept},
        "disks": [
            {
                "id": volume.id,
                "device": volume.device,
                "delete_on_termination": False,
            }
            for volume in seed.volumes
        ],
        "created": now,
        "updated": now,
    }
    schema.SERVERS.put(tx, server)
    addresses.add_port(
        tx,
        server,
        world.network_id(site, seed.network),
        seed.fixed_ip,
        stable_id(world.seed, site, "port", seed.name),
    )
    return server


def _volumes(
    tx: sqlite3.Connection,
    site: str,
    world: World,
    seed: SeedServer,
    server: Doc,
    group: str,
    renames: bool,
) -> None:
    cg = consistency_group_id(world, site, group)
    for volume in seed.volumes:
        row = {
            "id": volume.id,
            "project_id": server["project_id"],
            "user_id": server["user_id"],
            "name": volume.name,
            "description": None,
            "size": volume.size,
            "status": "in-use",
            "bootable": volume.bootable,
            "volume_type": DEFAULT_VOLUME_TYPE,
            "volume_type_id": world.volume_type_id(site, DEFAULT_VOLUME_TYPE),
            "metadata": {},
            "attachments": [
                {
                    "attachment_id": stable_id(
                        world.seed, site, "attachment", volume.id
                    ),
                    "server_id": seed.id,
                    "device": volume.device,
                    "attached": server["created"],
                }
            ],
            "group_id": cg if world.registered else None,
            "array_name": names.created(volume.id, renames),
            "created": server["created"],
            "updated": server["created"],
        }
        schema.VOLUMES.put(tx, row)
