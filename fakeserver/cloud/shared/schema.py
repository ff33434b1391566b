"""The tables of one site's emulated cloud."""

import sqlite3

from fakeserver.cloud.shared.rows import Table

PROJECTS = Table("keystone_projects", "name")
USERS = Table("keystone_users", "name")
#: id is ``user/project``; the project of a system grant is ``system``
GRANTS = Table("keystone_grants", "user_id")
APP_CREDENTIALS = Table("keystone_app_credentials", "user_id", "name")

FLAVORS = Table("nova_flavors", "name")
SERVERS = Table("nova_servers", "project_id", "name")
#: id is ``server/request``
SERVER_ACTIONS = Table("nova_server_actions", "server_id")
SERVER_GROUPS = Table("nova_server_groups", "project_id", "name")
#: id is ``user/name``
KEY_PAIRS = Table("nova_key_pairs", "user_id", "name")

NETWORKS = Table("neutron_networks", "project_id", "name")
SUBNETS = Table("neutron_subnets", "network_id", "name")
PORTS = Table("neutron_ports", "network_id", "device_id", "ip_address")
SECURITY_GROUPS = Table("neutron_security_groups", "project_id", "name")
SECURITY_GROUP_RULES = Table("neutron_security_group_rules", "group_id")

VOLUME_TYPES = Table("cinder_types", "name")
VOLUMES = Table("cinder_volumes", "project_id", "array_name", "group_id")
SNAPSHOTS = Table("cinder_snapshots", "project_id", "volume_id")
GROUP_TYPES = Table("cinder_group_types", "name")
GROUPS = Table("cinder_groups", "project_id", "name")

IMAGES = Table("glance_images", "name")

#: what one project may have, id is ``service/project``
QUOTAS = Table("cloud_quotas")

#: what is counted for quotas, and searched by, read from the documents by
#: the database
SERVER_SIZES = (
    "vcpus INTEGER GENERATED ALWAYS AS "
    "(json_extract(doc, '$.flavor.vcpus')) VIRTUAL",
    "ram INTEGER GENERATED ALWAYS AS "
    "(json_extract(doc, '$.flavor.ram')) VIRTUAL",
)
VOLUME_SIZES = (
    "size INTEGER GENERATED ALWAYS AS (json_extract(doc, '$.size')) VIRTUAL",
)
PORT_OWNERS = (
    "project_id TEXT GENERATED ALWAYS AS "
    "(json_extract(doc, '$.project_id')) VIRTUAL",
    "mac_address TEXT GENERATED ALWAYS AS "
    "(json_extract(doc, '$.mac_address')) VIRTUAL",
)

#: everything that a reset empties; revoked tokens stay revoked
TABLES = (
    PROJECTS,
    USERS,
    GRANTS,
    APP_CREDENTIALS,
    FLAVORS,
    SERVERS,
    SERVER_ACTIONS,
    SERVER_GROUPS,
    KEY_PAIRS,
    NETWORKS,
    SUBNETS,
    PORTS,
    SECURITY_GROUPS,
    SECURITY_GROUP_RULES,
    VOLUME_TYPES,
    VOLUMES,
    SNAPSHOTS,
    GROUP_TYPES,
    GROUPS,
    IMAGES,
    QUOTAS,
)

SCHEMA = (
    PROJECTS.schema("UNIQUE (name)"),
    USERS.schema("UNIQUE (name)"),
    GRANTS.schema(),
    GRANTS.index("user_id"),
    APP_CREDENTIALS.schema("UNIQUE (user_id, name)"),
    FLAVORS.schema("UNIQUE (name)"),
    SERVERS.schema(*SERVER_SIZES),
    SERVERS.index("project_id", "name"),
    SERVERS.index("project_id", "vcpus", "ram"),
    SERVER_ACTIONS.schema(),
    SERVER_ACTIONS.index("server_id"),
    SERVER_GROUPS.schema(),
    SERVER_GROUPS.index("project_id"),
    KEY_PAIRS.schema("UNIQUE (user_id, name)"),
    NETWORKS.schema(),
    NETWORKS.index("project_id"),
    NETWORKS.key_index("name", "NOCASE"),
    NETWORKS.key_index("shared"),
    SUBNETS.schema(),
    SUBNETS.index("network_id"),
    SUBNETS.key_index("project_id"),
    PORTS.schema(*PORT_OWNERS, "UNIQUE (network_id, ip_address)"),
    PORTS.index("device_id"),
    PORTS.index("project_id"),
    PORTS.index("network_id", "mac_address"),
    PORTS.index("ip_address"),
    PORTS.key_index("subnet_id"),
    PORTS.key_index("name", "NOCASE"),
    PORTS.key_index("description", "NOCASE"),
    SECURITY_GROUPS.schema(),
    SECURITY_GROUPS.index("project_id"),
    SECURITY_GROUP_RULES.schema(),
    SECURITY_GROUP_RULES.key_index("project_id"),
    SECURITY_GROUP_RULES.index("group_id"),
    VOLUME_TYPES.schema("UNIQUE (name)"),
    VOLUMES.schema(*VOLUME_SIZES, "UNIQUE (array_name)"),
    VOLUMES.index("project_id"),
    VOLUMES.index("project_id", "size"),
    # with what a list of a group's volumes shows
    VOLUMES.index("group_id", "seq", "id"),
    SNAPSHOTS.schema(),
    SNAPSHOTS.index("volume_id"),
    SNAPSHOTS.index("project_id"),
    GROUP_TYPES.schema("UNIQUE (name)"),
    GROUPS.schema(),
    GROUPS.index("project_id", "name"),
    IMAGES.schema(),
    QUOTAS.schema(),
    "CREATE TABLE IF NOT EXISTS keystone_revoked "
    "(audit_id TEXT PRIMARY KEY, expires_at REAL NOT NULL)",
)


def empty(tx: sqlite3.Connection) -> None:
    """Remove every resource of the cloud, as a reset does first."""
    for table in TABLES:
        tx.execute(f"DELETE FROM {table.name}")
