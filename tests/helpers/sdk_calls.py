"""Calls of openstacksdk on a first day, and how a real site answers."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Call(NamedTuple):
    """A call, whose it is, and what its refusal says."""

    name: str
    call: Callable[[Any], Any]
    refusal: str = ""
    admin: bool = False


CALLS = (
    Call("compute.servers", lambda c: c.compute.servers()),
    Call(
        "compute.servers(details=False)",
        lambda c: c.compute.servers(details=False),
    ),
    Call("compute.find_server", lambda c: c.compute.find_server("web-1")),
    Call(
        "compute.get_server",
        lambda c: c.compute.get_server(c.compute.find_server("web-1").id),
    ),
    Call("compute.flavors", lambda c: c.compute.flavors()),
    Call(
        "compute.flavors(get_extra_specs)",
        lambda c: c.compute.flavors(get_extra_specs=True),
    ),
    Call("compute.find_flavor", lambda c: c.compute.find_flavor("m1.large")),
    Call("compute.keypairs", lambda c: c.compute.keypairs()),
    Call(
        "compute.availability_zones", lambda c: c.compute.availability_zones()
    ),
    Call("compute.get_limits", lambda c: c.compute.get_limits()),
    Call(
        "compute.volume_attachments",
        lambda c: c.compute.volume_attachments(c.compute.find_server("web-1")),
    ),
    Call(
        "compute.server_interfaces",
        lambda c: c.compute.server_interfaces(c.compute.find_server("web-1")),
    ),
    Call(
        "compute.server_ips",
        lambda c: c.compute.server_ips(c.compute.find_server("web-1")),
    ),
    Call(
        "compute.get_server_metadata",
        lambda c: c.compute.get_server_metadata(
            c.compute.find_server("web-1")
        ),
    ),
    Call(
        "compute.server_actions",
        lambda c: c.compute.server_actions(c.compute.find_server("web-1")),
    ),
    Call("compute.server_groups", lambda c: c.compute.server_groups()),
    Call(
        "compute.services", lambda c: c.compute.services(), "os-services:list"
    ),
    Call(
        "compute.hypervisors",
        lambda c: c.compute.hypervisors(),
        "os-hypervisors:list",
    ),
    Call(
        "compute.get_server_console_output",
        lambda c: c.compute.get_server_console_output(
            c.compute.find_server("web-1")
        ),
    ),
    Call(
        "compute.fetch_server_security_groups",
        lambda c: c.compute.fetch_server_security_groups(
            c.compute.find_server("web-1")
        ),
    ),
    Call("compute.images", lambda c: c.compute.images()),
    Call(
        "compute.get_quota_set",
        lambda c: c.compute.get_quota_set(c.current_project_id),
    ),
    Call("network.networks", lambda c: c.network.networks()),
    Call(
        "network.find_network",
        lambda c: c.network.find_network("net-primary-web"),
    ),
    Call("network.subnets", lambda c: c.network.subnets()),
    Call("network.ports", lambda c: c.network.ports()),
    Call(
        "network.ports(device_id)",
        lambda c: c.network.ports(device_id=c.compute.find_server("web-1").id),
    ),
    Call("network.routers", lambda c: c.network.routers()),
    Call("network.security_groups", lambda c: c.network.security_groups()),
    Call(
        "network.security_group_rules",
        lambda c: c.network.security_group_rules(),
    ),
    Call("network.ips", lambda c: c.network.ips()),
    Call("network.extensions", lambda c: c.network.extensions()),
    Call(
        "network.get_quota",
        lambda c: c.network.get_quota(c.current_project_id),
    ),
    Call("network.agents", lambda c: c.network.agents()),
    Call(
        "network.network_ip_availabilities",
        lambda c: c.network.network_ip_availabilities(),
    ),
    Call(
        "network.availability_zones", lambda c: c.network.availability_zones()
    ),
    Call("network.subnet_pools", lambda c: c.network.subnet_pools()),
    Call("bs.volumes", lambda c: c.block_storage.volumes()),
    Call(
        "bs.find_volume", lambda c: c.block_storage.find_volume("web-1-root")
    ),
    Call("bs.types", lambda c: c.block_storage.types()),
    Call("bs.find_type", lambda c: c.block_storage.find_type("flash-async")),
    Call("bs.snapshots", lambda c: c.block_storage.snapshots()),
    Call("bs.backups", lambda c: c.block_storage.backups()),
    Call("bs.groups", lambda c: c.block_storage.groups()),
    Call("bs.group_types", lambda c: c.block_storage.group_types()),
    Call("bs.group_snapshots", lambda c: c.block_storage.group_snapshots()),
    Call("bs.attachments", lambda c: c.block_storage.attachments()),
    Call(
        "bs.services",
        lambda c: c.block_storage.services(),
        "User does not have admin privileges",
    ),
    Call("bs.get_limits", lambda c: c.block_storage.get_limits()),
    Call(
        "bs.get_quota_set",
        lambda c: c.block_storage.get_quota_set(c.current_project_id),
    ),
    Call("bs.extensions", lambda c: c.block_storage.extensions()),
    Call(
        "bs.availability_zones", lambda c: c.block_storage.availability_zones()
    ),
    Call(
        "bs.backend_pools",
        lambda c: c.block_storage.backend_pools(),
        "get_pools",
    ),
    Call("bs.resource_filters", lambda c: c.block_storage.resource_filters()),
    Call("bs.transfers", lambda c: c.block_storage.transfers()),
    Call(
        "bs.get_volume_metadata",
        lambda c: c.block_storage.get_volume_metadata(
            c.block_storage.find_volume("web-1-root")
        ),
    ),
    Call("bs.summary", lambda c: c.block_storage.summary(False)),
    Call("bs.default_type", lambda c: c.block_storage.get_type("default")),
    Call(
        "identity.projects",
        lambda c: c.identity.user_projects(c.current_user_id),
    ),
    Call(
        "identity.get_user", lambda c: c.identity.get_user(c.current_user_id)
    ),
    Call("identity.regions", lambda c: c.identity.regions()),
    Call(
        "identity.application_credentials",
        lambda c: c.identity.application_credentials(c.current_user_id),
    ),
    Call(
        "identity.find_project",
        lambda c: c.identity.find_project("demo"),
        "identity:list_projects",
    ),
    Call(
        "identity.access_rules",
        lambda c: c.identity.access_rules(c.current_user_id),
    ),
    Call("cloud.list_servers", lambda c: c.list_servers()),
    Call("cloud.get_server", lambda c: c.get_server("web-1")),
    Call("cloud.list_volumes", lambda c: c.list_volumes()),
    Call("cloud.list_networks", lambda c: c.list_networks()),
    Call("cloud.list_flavors", lambda c: c.list_flavors()),
    Call("cloud.list_images", lambda c: c.list_images()),
    Call("cloud.list_keypairs", lambda c: c.list_keypairs()),
    Call("cloud.list_security_groups", lambda c: c.list_security_groups()),
    Call("cloud.get_compute_limits", lambda c: c.get_compute_limits()),
    Call(
        "cloud.get_compute_usage",
        lambda c: c.get_compute_usage(c.current_project_id),
    ),
    Call(
        "cloud.list_availability_zone_names",
        lambda c: c.list_availability_zone_names(),
    ),
    Call("cloud.search_servers", lambda c: c.search_servers("web-*")),
    Call(
        "cloud.get_openstack_vars",
        lambda c: c.get_openstack_vars(c.get_server("web-1")),
    ),
    Call("cloud.list_floating_ips", lambda c: c.list_floating_ips()),
    Call("cloud.list_routers", lambda c: c.list_routers()),
    Call("cloud.get_external_networks", lambda c: c.get_external_networks()),
    Call("image.images", lambda c: c.image.images()),
    Call(
        "identity.role_assignments",
        lambda c: c.identity.role_assignments(),
        "",
        admin=True,
    ),
    Call("identity.projects", lambda c: c.identity.projects(), "", admin=True),
    Call("identity.users", lambda c: c.identity.users(), "", admin=True),
    Call(
        "identity.endpoints", lambda c: c.identity.endpoints(), "", admin=True
    ),
    Call("identity.services", lambda c: c.identity.services(), "", admin=True),
    Call("identity.groups", lambda c: c.identity.groups(), "", admin=True),
    Call(
        "identity.find_user",
        lambda c: c.identity.find_user("demo"),
        "",
        admin=True,
    ),
    Call(
        "compute.hypervisors",
        lambda c: c.compute.hypervisors(),
        "",
        admin=True,
    ),
    Call("compute.services", lambda c: c.compute.services(), "", admin=True),
    Call(
        "servers all",
        lambda c: c.compute.servers(all_projects=True),
        "",
        admin=True,
    ),
    Call(
        "bs.volumes all",
        lambda c: c.block_storage.volumes(all_projects=True),
        "",
        admin=True,
    ),
    Call(
        "bs.backend_pools",
        lambda c: c.block_storage.backend_pools(),
        "",
        admin=True,
    ),
)
