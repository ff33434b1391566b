"""The seeded world, as data: the same ids for the same seed, every time.

Nothing here touches a database. The emulated clouds, the arrays and the
service each read their own part and write it down.
"""

import dataclasses

from fakeserver.ids import stable_hex, stable_id

SITES = ("site-a", "site-b")
REGION = "RegionOne"
DOMAIN = "Default"
SERVICE_USER = "protector"
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
#: what the service account may do in each tenant's project
SERVICE_ROLES = ("member", "reader", "protector_peer")

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
    """Both sites of one scenario."""

    seed: int
    scenario: str
    groups: tuple[SeedGroup, ...]

    @property
    def registered(self) -> bool:
        """Whether the services know the sites, the tenant and the groups."""
        return self.scenario != "empty"

    def site_id(self, site: str) -> str:
        """The id of the site's record, the same at both services."""
        return stable_id(self.seed, "site", site)

    def backend(self, site: str) -> str:
        """The Cinder host of the site's FlashArray pool."""
        return f"{site}@{ARRAYS[site]}#pool"

    def project_id(self, site: str, name: str) -> str:
        return stable_hex(self.seed, site, "project", name)

    def user_id(self, site: str, name: str) -> str:
        return stable_hex(self.seed, site, "user", name)

    def password(self, user: str) -> str:
        return f"{user}-secret"

    def network_id(self, site: str, name: str) -> str:
        return stable_id(self.seed, site, "network", name)

    def flavor_id(self, site: str, name: str) -> str:
        return stable_id(self.seed, site, "flavor", name)

    def volume_type_id(self, site: str, name: str) -> str:
        return stable_id(self.seed, site, "volume-type", name)

    def image_id(self, site: str) -> str:
        return stable_id(self.seed, site, "image", IMAGE)


def build(scenario: str, seed: int, groups: int = 0) -> World:
    """The world of a scenario; instances and volumes are all at site-a.

    A scenario that is not ``fleet`` starts from the same three groups.
    """
    if scenario == "fleet":
        made = tuple(_fleet_group(seed, n) for n in range(groups))
    else:
        made = _three_groups(seed)
    return World(seed=seed, scenario=scenario, groups=made)


def _three_groups(seed: int) -> tuple[SeedGroup, ...]:
    web = [
        _server(seed, "web-1", "m1.large", "web", 11, (20, 50)),
        _server(seed, "web-2", "m1.large", "web", 12, (20, 50)),
        _server(seed, "web-3", "m1.large", "web", 13, (20,)),
    ]
    database = [
        _server(seed, "db-1", "db.big", "db", 11, (40, 200)),
        _server(seed, "db-2", "db.big", "db", 12, (40, 200)),
    ]
    bare = [_server(seed, "bare-1", "m1.large", "web", 21, (10,))]
    return (
        _group(seed, "prod-web-app", "The web shop", web),
        _group(seed, "prod-db", "Its databases", database),
        _group(seed, "bare", "No policy yet", bare, policy=False),
    )


def _fleet_group(seed: int, number: int) -> SeedGroup:
    name = f"app-{number:04d}"
    server = _server(
        seed,
        f"{name}-1",
        "m1.large",
        "web",
        (number % 200) + 30,
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
    net: str,
    host: int,
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
    third = {"web": 10, "db": 20}[net]
    return SeedServer(
        id=stable_id(seed, "site-a", "server", name),
        name=name,
        flavor=flavor,
        network=f"net-primary-{net}",
        fixed_ip=f"10.{third}.0.{host}",
        volumes=volumes,
    )
