"""Worlds that no scenario of the sandbox has: groups of many instances, and
many networks.

They are written by the server's own seeding: to add 500 members one by one
takes longer than most figures.
"""

import dataclasses
import ipaddress
import pathlib
from collections.abc import Callable, Iterator, Mapping
from unittest import mock

from fakeserver import compose
from fakeserver.base import seed_world as seeds
from fakeserver.base.ids import stable_id
from fakeserver.sandbox.folder import Folder, Settings

SEED = 1
#: of each instance, GiB
VOLUMES = (20, 50)


@dataclasses.dataclass(frozen=True)
class _World(seeds.World):
    """A world with more networks than a scenario has, at both sites."""

    more_networks: int = 0

    def networks(self, site: str) -> dict[str, str]:
        more = {f"net-{n:04d}": _cidr(n) for n in range(self.more_networks)}
        return super().networks(site) | more


def _cidr(number: int) -> str:
    return f"10.{100 + number // 256}.{number % 256}.0/24"


def world_of(
    groups: Mapping[str, int], networks: int = 0
) -> Callable[[pathlib.Path, int, int], None]:
    """Return what writes the folder of a sandbox, given the ports.

    :param groups: name -> instances, of two volumes each.
    :param networks: how many more each site has.
    """

    def write(path: pathlib.Path, port: int, peer_port: int) -> None:
        folder = Folder(path)
        settings = Settings(
            port=port,
            peer_port=peer_port,
            seed=SEED,
            scenario="fleet",
            groups=len(groups),
            pace=0.0,
        )
        folder.prepare()
        folder.write(settings)
        addresses = _addresses()
        made = [_group(name, n, addresses) for name, n in groups.items()]
        world = _World(SEED, "fleet", tuple(made), networks)
        configs = [folder.config(settings, site) for site in seeds.SITES]
        with mock.patch.object(compose, "build", return_value=world):
            sites = [compose.open_parts(config) for config in configs]
        try:
            compose.seed(sites)
        finally:
            for site in sites:
                compose.close_parts(site)

    return write


def _addresses() -> Iterator[ipaddress.IPv4Address]:
    hosts = iter(seeds.FLEET_RANGE)
    for _ in range(seeds.FLEET_FIRST):
        next(hosts)
    return hosts


def _group(
    name: str, number: int, addresses: Iterator[ipaddress.IPv4Address]
) -> seeds.SeedGroup:
    servers = [
        _server(f"{name}-{n + 1}", str(next(addresses))) for n in range(number)
    ]
    identifier = stable_id(SEED, "group", name)
    return seeds.SeedGroup(identifier, name, "", tuple(servers))


def _server(name: str, address: str) -> seeds.SeedServer:
    volumes = tuple(
        seeds.SeedVolume(
            id=stable_id(SEED, "site-a", "volume", name, device),
            name=f"{name}-{device}",
            size=size,
            bootable=device == "vda",
            device=f"/dev/{device}",
        )
        for device, size in zip(("vda", "vdb"), VOLUMES, strict=True)
    )
    return seeds.SeedServer(
        id=stable_id(SEED, "site-a", "server", name),
        name=name,
        flavor="m1.large",
        network=seeds.FLEET_NETWORK,
        fixed_ip=address,
        volumes=volumes,
    )
