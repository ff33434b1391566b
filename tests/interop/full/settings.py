"""What the configuration files of the real services say."""

import dataclasses
import pathlib
from collections.abc import Callable, Mapping

from fakeserver.base.seed_world import SERVICE_PROJECT, World
from fakeserver.cloud.volume import policy

Sections = dict[str, dict[str, object]]


@dataclasses.dataclass(frozen=True)
class Setting:
    """All that the services of one site depend on."""

    site: str
    folder: pathlib.Path
    world: World
    region: str
    keystone_url: str
    #: where Nova asks for images
    image_url: str
    transport_url: str
    #: database -> its URL
    database_url: Callable[[str], str]
    #: service -> its interpreter
    pythons: Mapping[str, pathlib.Path]
    sandbox: pathlib.Path
    #: as long as it exists, the arrays' driver renames what it manages
    renames: pathlib.Path

    def of(self, service: str) -> pathlib.Path:
        """The folder of a service."""
        return self.folder / service

    def shipped(self, service: str, name: str) -> pathlib.Path:
        """A file of configuration that came with a service."""
        return self.pythons[service].parents[1] / "etc" / service / name


def nova(setting: Setting) -> Sections:
    account = _account(setting, "nova")
    cinder = {
        "catalog_info": "block-storage::publicURL",
        "os_region_name": setting.region,
    }
    return {
        "DEFAULT": {
            **_common(setting, "nova"),
            "host": setting.site,
            "compute_driver": "fake.FakeDriver",
            "instances_path": setting.of("nova") / "instances",
            "enabled_apis": "",
            # there is one host
            "allow_resize_to_same_host": True,
            # up to a minute goes by before the first of the periodic tasks
            "periodic_fuzzy_delay": 0,
        },
        "api": {"auth_strategy": "keystone"},
        "api_database": {"connection": setting.database_url("nova_api")},
        "database": {"connection": setting.database_url("nova")},
        "keystone_authtoken": _token_check(setting, "nova"),
        "service_user": {"send_service_user_token": True, **account},
        "placement": {**_account(setting, "placement")},
        "neutron": {**_account(setting, "neutron")},
        "cinder": {**_account(setting, "cinder"), **cinder},
        "glance": {"endpoint_override": setting.image_url},
        "scheduler": {"workers": 1, "discover_hosts_in_cells_interval": 2},
        "conductor": {"workers": 1},
        "vnc": {"enabled": False},
        **_shared(setting, "nova"),
    }


def neutron(setting: Setting) -> Sections:
    return {
        "DEFAULT": {
            **_common(setting, "neutron"),
            "core_plugin": "ml2",
            "service_plugins": "router",
            "auth_strategy": "keystone",
            "api_paste_config": setting.shipped("neutron", "api-paste.ini"),
            "notify_nova_on_port_status_changes": False,
            "notify_nova_on_port_data_changes": False,
            "dhcp_agent_notification": False,
        },
        "database": {"connection": setting.database_url("neutron")},
        "keystone_authtoken": _token_check(setting, "neutron"),
        "ml2": {
            "type_drivers": "local,geneve",
            "tenant_network_types": "geneve",
            "mechanism_drivers": "any_port",
            "extension_drivers": "port_security",
        },
        "ml2_type_geneve": {"vni_ranges": "1:1000", "max_header_size": 38},
        **_shared(setting, "neutron"),
    }


def placement(setting: Setting) -> Sections:
    return {
        "DEFAULT": _common(setting, "placement"),
        "api": {"auth_strategy": "keystone"},
        "placement_database": {
            "connection": setting.database_url("placement")
        },
        "keystone_authtoken": _token_check(setting, "placement"),
    }


def cinder(setting: Setting) -> Sections:
    # the host that the site is registered with: site-b@flasharray-b#pool
    host, _, backend = setting.world.backend(setting.site).partition("@")
    array = backend.partition("#")[0]
    folder = setting.of("cinder")
    return {
        "DEFAULT": {
            **_common(setting, "cinder"),
            "host": host,
            "auth_strategy": "keystone",
            "api_paste_config": setting.shipped("cinder", "api-paste.ini"),
            "resource_query_filters_file": setting.shipped(
                "cinder", "resource_filters.json"
            ),
            "rootwrap_config": setting.shipped("cinder", "rootwrap.conf"),
            "image_conversion_dir": folder / "conversion",
            "volumes_dir": folder / "volumes",
            "enabled_backends": array,
            "glance_api_servers": setting.image_url,
        },
        array: {
            "volume_backend_name": array,
            "volume_driver": "array_driver.SandboxArrayDriver",
            "sandbox_folder": setting.sandbox,
            "sandbox_array": array,
            "sandbox_renames": setting.renames,
            "volume_clear": "none",
        },
        "database": {"connection": setting.database_url("cinder")},
        "keystone_authtoken": _token_check(setting, "cinder"),
        "nova": _account(setting, "nova"),
        "oslo_policy": {"policy_file": folder / "policy.yaml"},
        "coordination": {"backend_url": f"file://{folder / 'lock'}"},
        **_shared(setting, "cinder"),
    }


ALL: Mapping[str, Callable[[Setting], Sections]] = {
    "placement": placement,
    "neutron": neutron,
    "cinder": cinder,
    "nova": nova,
}


def write(setting: Setting) -> None:
    """Write the files of all services of a site; they hold passwords."""
    for service, sections in ALL.items():
        folder = setting.of(service)
        for part in ("lock", "instances", "conversion", "volumes"):
            (folder / part).mkdir(mode=0o700, parents=True)
        path = folder / f"{service}.conf"
        path.touch(mode=0o600)
        path.write_text(_text(sections(setting)))
    shipped = setting.shipped("nova", "api-paste.ini")
    (setting.of("nova") / shipped.name).write_bytes(shipped.read_bytes())
    # what the published guide asks an operator to write
    policy.write_default(setting.of("cinder") / "policy.yaml")
    _register(setting.of("neutron") / "plugins")


def _register(folder: pathlib.Path) -> None:
    """Make the mechanism driver known to Neutron: as a package."""
    package = folder / "any_port-0.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: any_port\nVersion: 0\n"
    )
    (package / "entry_points.txt").write_text(
        "[neutron.ml2.mechanism_drivers]\nany_port = any_port:AnyPort\n"
    )


def _common(setting: Setting, service: str) -> dict[str, object]:
    folder = setting.of(service)
    return {
        "my_ip": "127.0.0.1",
        "transport_url": setting.transport_url,
        "state_path": folder,
        "use_stderr": True,
        "graceful_shutdown_timeout": 2,
    }


def _shared(setting: Setting, service: str) -> Sections:
    return {
        "oslo_concurrency": {"lock_path": setting.of(service) / "lock"},
        "oslo_messaging_rabbit": {"rabbit_quorum_queue": False},
    }


def _account(setting: Setting, service: str) -> dict[str, object]:
    """How a service logs in at Keystone."""
    return {
        "auth_type": "password",
        "auth_url": setting.keystone_url,
        "username": service,
        "password": setting.world.password(service),
        "project_name": SERVICE_PROJECT,
        "user_domain_id": "default",
        "project_domain_id": "default",
        "region_name": setting.region,
    }


def _token_check(setting: Setting, service: str) -> dict[str, object]:
    return {
        **_account(setting, service),
        "www_authenticate_uri": setting.keystone_url,
        "service_token_roles": "service",
        "service_token_roles_required": True,
    }


def _text(sections: Sections) -> str:
    lines = []
    for name, values in sections.items():
        lines.append(f"[{name}]")
        lines += [f"{key} = {value}" for key, value in values.items()]
    return "\n".join(lines) + "\n"
