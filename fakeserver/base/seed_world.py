"""The seeded world, as data: the same ids for the same seed, every time.

Nothing here touches a database. The emulated clouds, the arrays and the
service each read their own part and write it down.
"""

import dataclasses
import functools
import ipaddress

from fakeserver.base.config import SITES as SITES
from fakeserver.base.ids import stable_hex, stable_id

REGION = "RegionOne"
DOMAIN = "Default"
SERVICE_USER = "protector"
#: the account that the other site keeps
PEER_USER = "protector-peer"
SERVICE_PROJECT = "service"

#: user -> (project, role); passwords are the user's name + "-secret"
USERS = {
    "demo": ("demo", "member"),
    "auditor": ("demo", "reader"),
    "admin": ("demo", "admin"),
    "rival": ("rival", "member"),
}
PROJECTS = ("demo", "rival", SERVICE_PROJECT)
#: what each role brings with it, as in Keystone's own bootstrap
IMPLIED_ROLES = {
    "admin": ("admin", "member", "reader"),
    "member": ("member", "reader"),
    "reader": ("reader",),
    "protector_peer": ("protector_peer",),
}
#: what each account of the service may do in each tenant's project
SERVICE_ROLES = ("member", "reader", "protector_peer")
#: what the account of the other site may do in the services' own project:
#: see flavors, networks and volume types, and ask for the types of the site
PEER_ROLES = ("reader",)

#: name -> cidr
NETWORKS = {
    "site-a": {
        "net-primary-web": "10.10.0.0/24",
        "net-primary-db": "10.20.0.0/24",
    },
    "site-b": {
        "net-secondary-web": "10.10.0.0/24",
        "net-secondary-db": "10.20.0.0/24",
    },
}
#: a fleet needs more addresses than those have, and no mapping: it is on a
#: network that has the same name at both sites
FLEET_NETWORK = "net-fleet"
FLEET_RANGE = ipaddress.IPv4Network("10.32.0.0/16")
#: the first of them is the gateway's
FLEET_FIRST = 16
FLEET_MOST = FLEET_RANGE.num_addresses - FLEET_FIRST - 1
#: name -> (vcpus, ram MiB, disk GiB)
FLAVORS = {
    "site-a": {
        "m1.large": (4, 8192, 40),
        "m2.large": (4, 16384, 40),
        "db.big": (8, 32768, 80),
    },
    "site-b": {
        "m1.large": (4, 8192, 40),
        "m2.large": (4, 16384, 40),
        "db.large": (8, 32768, 100),
    },
}
#: name -> Cinder extra specs
VOLUME_TYPES = {
    "flash-async": {
        "replication_enabled": "<is> True",
        "replication_type": "<in> async",
    },
    "flash-sync": {
        "replication_enabled": "<is> True",
        "replication_type": "<in> sync",
    },
    "standard": {},
}
DEFAULT_VOLUME_TYPE = "flash-async"
ARRAYS = {"site-a": "flasharray-a", "site-b": "flasharray-b"}
#: what the arrays of the sandbox accept; a policy that carries another token
#: is refused by the array, not by the service
ARRAY_TOKENS = {
    "flasharray-a": "fa-token-a-5f1c0e2b",
    "flasharray-b": "fa-token-b-91d7ac44",
}


def changed_token(array: str, fault: str) -> str:
    """Return the token that an array accepts while a fault changes it."""
    return f"{ARRAY_TOKENS[array]}-{fault}"


def once_changed(array: str, token: str) -> bool:
    """Return whether a fault has ever given this token to the array."""
    return token.startswith(changed_token(array, "fault-"))


IMAGE = "sandbox-image"


@dataclasses.dataclass(frozen=True)
class SeedVolume:
    id: str
    name: str
    size: int
    bootable: bool
    device: str


@dataclasses.dataclass(frozen=True)
class SeedServer:
    id: str
    name: str
    flavor: str
    network: str
    fixed_ip: str
    volumes: tuple[SeedVolume, ...]


@dataclasses.dataclass(frozen=True)
class SeedGroup:
    id: str
    name: str
    description: str
    servers: tuple[SeedServer, ...]
    policy: bool = True


@dataclasses.dataclass(frozen=True)
class World:
    """Both sites of one scenario, as data."""

    seed: int
    scenario: str
    groups: tuple[SeedGroup, ...]

    @property
    def registered(self) -> bool:
        """Return whether the services know the sites, the tenant and the
        groups."""
        return self.scenario != "empty"

    def site_id(self, site: str) -> str:
        """Return the id of the site's record, the same at both services."""
        return stable_id(self.seed, "site", site)

    def backend(self, site: str) -> str:
        """Return the Cinder host of the site's FlashArray pool."""
        return f"{site}@{ARRAYS[site]}#pool"

    def networks(self, site: str) -> dict[str, str]:
        """Return the networks of a site: name -> cidr."""
        if self.scenario != "fleet":
            return NETWORKS[site]
        return {**NETWORKS[site], FLEET_NETWORK: str(FLEET_RANGE)}

    def project_id(self, site: str, name: str) -> str:
        return stable_hex(self.seed, site, "project", name)

    def user_id(self, site: str, name: str) -> str:
        return stable_hex(self.seed, site, "user", name)

    def password(self, user: str) -> str:
        return f"{user}-secret"

    def peer_password(self) -> str:
        """Return the password of the account that the peer keeps."""
        return f"{PEER_USER}-secret"

    def network_id(self, site: str, name: str) -> str:
        return stable_id(self.seed, site, "network", name)

    def flavor_id(self, site: str, name: str) -> str:
        return stable_id(self.seed, site, "flavor", name)

    def volume_type_id(self, site: str, name: str) -> str:
        return stable_id(self.seed, site, "volume-type", name)

    def image_id(self, site: str) -> str:
        return stable_id(self.seed, site, "image", IMAGE)


@functools.lru_cache(maxsize=16)
def build(scenario: str, seed: int, groups: int = 0) -> World:
    """Build the world of a scenario; all instances and volumes are at site-a.

    A scenario that is not ``fleet`` starts from the same three groups.
    """
    if scenario == "fleet":
        if groups > FLEET_MOST:
            raise ValueError(f"a fleet has at most {FLEET_MOST} groups")
        made = tuple(_fleet_group(seed, n) for n in range(groups))
    else:
        made = _three_groups(seed)
    return World(seed=seed, scenario=scenario, groups=made)


def _three_groups(seed: int) -> tuple[SeedGroup, ...]:
    def web(name: str, host: int, *sizes: int) -> SeedServer:
        address = f"10.10.0.{host}"
        return _server(
            seed, name, "m1.large", "net-primary-web", address, sizes
        )

    def database(name: str, host: int, *sizes: int) -> SeedServer:
        address = f"10.20.0.{host}"
        return _server(seed, name, "db.big", "net-primary-db", address, sizes)

    shop = [
        web("web-1", 11, 20, 50),
        web("web-2", 12, 20, 50),
        web("web-3", 13, 20),
    ]
    databases = [database("db-1", 11, 40, 200), database("db-2", 12, 40, 200)]
    return (
        _group(seed, "prod-web-app", "The web shop", shop),
        _group(seed, "prod-db", "Its databases", databases),
        _group(
            seed,
            "bare",
            "No policy yet",
            [web("bare-1", 21, 10)],
            policy=False,
        ),
    )


def _fleet_group(seed: int, number: int) -> SeedGroup:
    name = f"app-{number:04d}"
    server = _server(
        seed,
        f"{name}-1",
        "m1.large",
        FLEET_NETWORK,
        str(FLEET_RANGE[FLEET_FIRST + number]),
        (20,),
    )
    return _group(seed, name, "One of a fleet", [server])


def _group(
    seed: int,
    name: str,
    description: str,
    servers: list[SeedServer],
    policy: bool = True,
) -> SeedGroup:
    return SeedGroup(
        id=stable_id(seed, "group", name),
        name=name,
        description=description,
        servers=tuple(servers),
        policy=policy,
    )


def _server(
    seed: int,
    name: str,
    flavor: str,
    network: str,
    fixed_ip: str,
    sizes: tuple[int, ...],
) -> SeedServer:
    kinds = ("root", "data")
    volumes = tuple(
        SeedVolume(
            id=stable_id(seed, "site-a", "volume", name, kinds[n]),
            name=f"{name}-{kinds[n]}",
            size=size,
            bootable=n == 0,
            device=f"/dev/vd{'abcd'[n]}",
        )
        for n, size in enumerate(sizes)
    )
    return SeedServer(
        id=stable_id(seed, "site-a", "server", name),
        name=name,
        flavor=flavor,
        network=network,
        fixed_ip=fixed_ip,
        volumes=volumes,
    )
