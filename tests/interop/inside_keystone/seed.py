"""Fill the empty database of one Keystone: run by Keystone's own Python.

    python seed.py KEYSTONE.CONF WORLD.JSON

The users and projects keep the ids that the sandbox gave them, which
Keystone takes from its own programs (``keystone-manage project_setup
--project-id``, ``user_setup --user-id``) and never over HTTP. Keystone must
not run: it caches its catalog for minutes.
"""

import json
import pathlib
import sys
import uuid

import keystone.conf
from keystone.cmd import bootstrap, idutils
from keystone.common import fernet_utils, provider_api, sql
from keystone.common.sql import upgrades
from keystone.credential.providers import fernet as credentials

CONF = keystone.conf.CONF
KEYSTONE = provider_api.ProviderAPIs
DOMAIN = "default"
INTERFACES = ("public", "internal", "admin")


def main(config_file: str, world_file: str) -> None:
    world = json.loads(pathlib.Path(world_file).read_text())
    keystone.conf.configure()
    sql.initialize()
    CONF(args=["--config-file", config_file], project="keystone")
    upgrades.offline_sync_database_to_version()
    make_keys()
    roles = bootstrap_roles(world)
    for name, id_ in world["projects"].items():
        KEYSTONE.resource_api.create_project(
            id_,
            {"id": id_, "name": name, "domain_id": DOMAIN, "enabled": True},
        )
    for user in world["users"]:
        make_user(user)
    for grant in world["grants"]:
        give(grant, world["projects"], roles)
    for region, services in world["catalog"].items():
        make_catalog(region, services)


def make_keys() -> None:
    for folder, most, name in (
        (
            CONF.fernet_tokens.key_repository,
            CONF.fernet_tokens.max_active_keys,
            "fernet_tokens",
        ),
        (
            CONF.credential.key_repository,
            credentials.MAX_ACTIVE_KEYS,
            "credential",
        ),
    ):
        keys = fernet_utils.FernetUtils(folder, most, name)
        keys.create_key_directory()
        keys.initialize_key_repository()


def bootstrap_roles(world: dict) -> dict:
    """The domain and Keystone's own roles, and those of the world: the id
    of each by its name."""
    made = bootstrap.Bootstrapper()
    made.default_domain_id = DOMAIN
    made.admin_role_name = "admin"
    made.immutable_roles = True
    made._bootstrap_default_domain()
    made._bootstrap_reader_role()
    made._bootstrap_member_role()
    made._bootstrap_manager_role()
    made._bootstrap_admin_role()
    made._bootstrap_service_role()
    known = {r["name"]: r["id"] for r in KEYSTONE.role_api.list_roles()}
    wanted = {role for grant in world["grants"] for role in grant["roles"]}
    for name in sorted(wanted - set(known)):
        known[name] = uuid.uuid4().hex
        KEYSTONE.role_api.create_role(
            known[name], {"id": known[name], "name": name}
        )
    return known


def make_user(user: dict) -> None:
    # its constructor loads what the bootstrapper has loaded, which only one
    # of them may
    maker = object.__new__(idutils.Identity)
    maker.user_id = user["id"]
    maker._create_user(
        {
            "name": user["name"],
            "password": user["password"],
            "enabled": True,
            "domain_id": DOMAIN,
            "default_project_id": user["default_project_id"],
        }
    )


def give(grant: dict, projects: dict, roles: dict) -> None:
    api, user = KEYSTONE.assignment_api, grant["user_id"]
    for name in grant["roles"]:
        role = roles[name]
        if grant["scope"] == "system":
            api.create_system_grant_for_user(user, role)
        elif grant["scope"] == "domain":
            api.create_grant(role, user_id=user, domain_id=DOMAIN)
        else:
            api.add_role_to_user_and_project(
                user, projects[grant["scope"]], role
            )


def make_catalog(region: str, services: list) -> None:
    api = KEYSTONE.catalog_api
    api.create_region({"id": region, "parent_region_id": None})
    known = {s["type"]: s["id"] for s in api.list_services()}
    for service in services:
        kind = service["type"]
        if kind not in known:
            known[kind] = uuid.uuid4().hex
            api.create_service(
                known[kind],
                {
                    "id": known[kind],
                    "type": kind,
                    "name": service["name"],
                    "enabled": True,
                },
            )
        for interface in INTERFACES:
            endpoint = uuid.uuid4().hex
            api.create_endpoint(
                endpoint,
                {
                    "id": endpoint,
                    "service_id": known[kind],
                    "interface": interface,
                    "url": service["urls"][interface],
                    "region_id": region,
                    "enabled": True,
                },
            )


if __name__ == "__main__":
    arguments, sys.argv = sys.argv[1:], sys.argv[:1]
    main(*arguments)
