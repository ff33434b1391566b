"""What is made in the real cloud of a site: the networks, flavors and volume
types of the sandbox's world, and a group type."""

import warnings

import openstack

from fakeserver.base.seed_world import (
    DOMAIN,
    FLAVORS,
    NETWORKS,
    VOLUME_TYPES,
    World,
)
from tests.interop.worlds import REAL_REGION

#: Cinder's own one is reserved: "for migrating CGs to groups"
GROUP_TYPE = "consistent"


def connection(
    world: World, keystone_url: str, user: str, region: str = REAL_REGION
) -> openstack.connection.Connection:
    """A connection of a user of the project demo."""
    with warnings.catch_warnings():
        # it warns of what it may be configured with, and is not
        warnings.simplefilter("ignore")
        return openstack.connect(
            load_yaml_config=False,
            load_envvars=False,
            auth_url=keystone_url,
            username=user,
            password=world.password(user),
            project_name="demo",
            user_domain_name=DOMAIN,
            project_domain_name=DOMAIN,
            region_name=region,
            identity_api_version="3",
            # with the group that a volume is in
            block_storage_default_microversion="3.25",
        )


def seed(world: World, site: str, keystone_url: str) -> None:
    with (
        connection(world, keystone_url, "demo") as demo,
        connection(world, keystone_url, "admin") as admin,
    ):
        for name, cidr in NETWORKS[site].items():
            network = demo.network.create_network(name=name)
            demo.network.create_subnet(
                name=f"{name}-v4",
                network_id=network.id,
                ip_version=4,
                cidr=cidr,
            )
        for name, (vcpus, ram, disk) in FLAVORS[site].items():
            admin.compute.create_flavor(
                name=name, vcpus=vcpus, ram=ram, disk=disk
            )
        volumes = admin.block_storage
        for name, specs in VOLUME_TYPES.items():
            made = volumes.create_type(name=name)
            if specs:
                volumes.update_type_extra_specs(made, **specs)
        # the ten of Cinder's default are the volumes of the seeded groups
        volumes.put(
            f"/os-quota-sets/{demo.current_project_id}",
            json={"quota_set": {"volumes": 100, "gigabytes": 10000}},
        ).raise_for_status()
        consistent = volumes.create_group_type(name=GROUP_TYPE)
        volumes.create_group_type_group_specs(
            consistent, {"consistent_group_snapshot_enabled": "<is> True"}
        )
