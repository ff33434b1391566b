"""Seed the sites, tenants and groups of a world."""

import sqlite3
from typing import Any

from fakeserver.base.clock import stamp
from fakeserver.base.config import SiteConfig
from fakeserver.base.ids import stable_id
from fakeserver.base.seed_world import (
    ARRAY_TOKENS,
    ARRAYS,
    DEFAULT_VOLUME_TYPE,
    DOMAIN,
    FLAVORS,
    PEER_USER,
    REGION,
    SERVICE_PROJECT,
    SERVICE_USER,
    SITES,
    SeedGroup,
    SeedServer,
    World,
)
from fakeserver.cloud.network.addresses import mac_address
from fakeserver.cloud.shared.seed import consistency_group_id
from fakeserver.engine.model import document
from fakeserver.engine.model.group_state import GroupState, SharedVersion
from fakeserver.site import Site
from fakeserver.storage import names
from fakeserver.storage.seed import INTERVAL
from fakeserver.store import groups
from fakeserver.store.groups import Group
from fakeserver.store.mappings import MAPPINGS
from fakeserver.store.sites import SITES as REGISTERED


def seed_service(tx: sqlite3.Connection, site: Site, now: float) -> None:
    """Register sites, tenants and groups, where the scenario has them."""
    world, config = site.world, site.config
    if not world.registered:
        return
    moment = stamp(now)
    for of_site in (config, config.of_peer()):
        REGISTERED.put(tx, _site(site, of_site, moment))
    for tenant in ("demo", "rival"):
        projects = {
            world.site_id(name): world.project_id(name, tenant)
            for name in SITES
        }
        MAPPINGS.put(
            tx,
            {
                "id": mapping_id(world, tenant),
                "name": tenant,
                "projects": projects,
                "created_at": moment,
            },
        )
    for group in world.groups:
        groups.save(tx, _group(site, group, moment))


def mapping_id(world: World, tenant: str) -> str:
    """Return the id of a tenant's mapping, the same at both sites."""
    return stable_id(world.seed, "tenant-mapping", tenant)


def _site(site: Site, config: SiteConfig, moment: str) -> dict[str, Any]:
    world, name = site.world, config.site
    site_id = world.site_id(name)
    local = name == site.config.site
    account, password = PEER_USER, world.peer_password()
    if local:
        account, password = SERVICE_USER, world.password(SERVICE_USER)
    return {
        "id": site_id,
        "name": name,
        "description": f"The sandbox's {name}",
        "status": "active",
        "local": local,
        "auth_url": config.auth_url,
        "region_name": REGION,
        "interface": "public",
        "protector_url": config.url,
        "array_name": ARRAYS[name],
        "volume_backend_host": world.backend(name),
        "username": account,
        "password": site.vault.encrypt(password, site_id),
        "project_name": SERVICE_PROJECT,
        "user_domain_name": DOMAIN,
        "project_domain_name": DOMAIN,
        "created_at": moment,
        "updated_at": moment,
    }


def _group(site: Site, seeded: SeedGroup, moment: str) -> Group:
    world, name = site.world, site.config.site
    doc = document.new_document(
        group_id=seeded.id,
        name=seeded.name,
        description=seeded.description,
        replication_type="async",
        volume_type=DEFAULT_VOLUME_TYPE,
        primary_site_id=world.site_id("site-a"),
        secondary_site_id=world.site_id("site-b"),
    )
    renames = site.config.renames_at("site-a")
    doc["members"] = [
        _member(world, server, moment, renames) for server in seeded.servers
    ]
    if seeded.policy:
        doc["policy"] = _policy(site, seeded.id)
    local = GroupState(
        volume_type_id=world.volume_type_id(name, DEFAULT_VOLUME_TYPE),
        consistency_group_id=consistency_group_id(world, name, seeded.id),
        last_replication_at=moment if seeded.policy else None,
        last_sync_at=moment,
        base=SharedVersion(1, document.checksum(doc)),
        push="ok",
        created_at=moment,
        updated_at=moment,
        policy_updated_at=moment if seeded.policy else None,
    )
    project = world.project_id(name, "demo")
    return Group(seeded.id, project, doc, local)


def _policy(site: Site, group_id: str) -> dict[str, Any]:
    policy: dict[str, Any] = {
        "primary_fa_url": f"https://{ARRAYS['site-a']}.example.com",
        "secondary_fa_url": f"https://{ARRAYS['site-b']}.example.com",
        "replication_interval": INTERVAL,
        "rpo_minutes": 15,
    }
    for field, array in zip(document.TOKENS, ARRAYS.values(), strict=True):
        token = ARRAY_TOKENS[array]
        policy[field] = {
            "sealed": site.pair.encrypt(token, group_id),
            "fingerprint": site.pair.fingerprint(token, group_id),
        }
    return policy


def _member(
    world: World, server: SeedServer, moment: str, renames: bool
) -> dict[str, Any]:
    """Return a member as one is kept whose instance was examined."""
    home = "site-a"
    network_id = world.network_id(home, server.network)
    vcpus, ram, disk = FLAVORS[home][server.flavor]
    return {
        "id": stable_id(world.seed, "member", server.name),
        "status": "protected",
        "sites": {
            world.site_id(home): {
                "instance_id": server.id,
                "instance_name": server.name,
                "flavor": {
                    "id": world.flavor_id(home, server.flavor),
                    "name": server.flavor,
                    "vcpus": vcpus,
                    "ram": ram,
                    "disk": disk,
                },
                "image_id": world.image_id(home),
                "networks": [
                    {
                        "id": network_id,
                        "name": server.network,
                        "cidr": world.networks(home)[server.network],
                        "fixed_ip": server.fixed_ip,
                        "mac_address": mac_address(
                            server.id, network_id, server.fixed_ip
                        ),
                        "port_security_enabled": True,
                        "allowed_address_pairs": [],
                    }
                ],
                "volumes": [
                    {
                        "id": volume.id,
                        "name": volume.name,
                        "size": volume.size,
                        "bootable": volume.bootable,
                        "device": volume.device,
                        "volume_type": DEFAULT_VOLUME_TYPE,
                        **_on_array(names.created(volume.id, renames)),
                        "properties": {},
                        "multiattach": False,
                    }
                    for volume in server.volumes
                ],
                "attributes": {
                    "security_groups": ["default"],
                    "properties": {},
                    "tags": [],
                    "config_drive": False,
                    "availability_zone": "nova",
                    "description": server.name,
                    "hostname": server.name,
                    "locked": False,
                    "power_state": "ACTIVE",
                    "power_state_at": moment,
                    "server_group": None,
                    "key_pair": None,
                    "user_data": None,
                },
            }
        },
    }


def _on_array(name: str) -> dict[str, str]:
    serial = names.serial(ARRAYS["site-a"], name)
    return {"array_name": name, "array_serial": serial}
