"""An application of two instances, made at site-a as a user makes it."""

import contextlib
import json
import secrets
from collections.abc import Sequence

from openstack.connection import Connection
from openstack.exceptions import SDKException

from fakeserver.base.seed_world import REGION, SITES, World, build
from fakeserver.local import controls
from fakeserver.sandbox.folder import Folder
from protectorclient.exit_codes import ExitCode
from tests.helpers.clirunner import Ran, protector
from tests.helpers.clirunner import openstack as openstack_command
from tests.interop.full.real_clouds import RENAMES
from tests.interop.full.seeding import connection
from tests.interop.place import Place
from tests.interop.worlds import REAL_REGION

#: name of an instance -> sizes of its volumes, GiB
INSTANCES = {"shop": (1, 2), "till": (1,)}
MAPPING = "--network-mapping net-primary-web=net-secondary-web"
POLICY = """policy set {} \\
    --primary-fa-url https://flasharray-a.example.com \\
    --secondary-fa-url https://flasharray-b.example.com \\
    --primary-fa-api-token-env ARRAY_TOKEN_A \\
    --secondary-fa-api-token-env ARRAY_TOKEN_B \\
    --replication-interval 300 --rpo-minutes 15"""


class Application:
    """Two instances with three volumes, and the group that protects them."""

    def __init__(self, run: Place, real: Sequence[str], renames: bool) -> None:
        self._run = run
        self._real = tuple(real)
        self._renames = renames
        self.world: World = build("default", run.seed)
        number = secrets.token_hex(2)
        self.group = f"walk-{number}"
        self.names = [f"{name}-{number}" for name in INSTANCES]
        self.clouds: dict[str, Connection] = {}

    def region(self, site: str) -> str:
        return REAL_REGION if site in self._real else REGION

    def keystone(self, site: str) -> str:
        return self._run.keystones[site]

    def register(self) -> None:
        """Register the regions of the sites, and connect to both clouds."""
        flag = self._run.folder / RENAMES
        flag.unlink(missing_ok=True)
        if self._renames:
            flag.touch()
        for site in SITES:
            changed = protector(
                f"--os-cloud {site}-admin site set {site} "
                f"--region-name {self.region(site)}"
            )
            assert changed.code == 0, changed.err
            self.clouds[site] = connection(
                self.world,
                self.keystone(site),
                "demo",
                self.region(site),
            )

    def begin(self) -> None:
        """Register the regions, and make the instances."""
        self.register()
        cloud = self.clouds[SITES[0]]
        for name, sizes in zip(self.names, INSTANCES.values(), strict=True):
            volumes = [
                cloud.block_storage.create_volume(
                    name=f"{name}-{n}", size=size, volume_type="flash-async"
                )
                for n, size in enumerate(sizes)
            ]
            for volume in volumes:
                wait(cloud, volume, "available")
            cloud.block_storage.set_volume_bootable_status(volumes[0], True)
            boot(cloud, name, "net-primary-web", volumes)

    def end(self) -> None:
        """Delete all that is left, at both sites."""
        # where a test has failed half-way: what the volumes are in
        protector(f"protection-group delete {self.group}")
        for site, cloud in self.clouds.items():
            with contextlib.suppress(SDKException):
                self._empty(site)
            cloud.close()

    def _empty(self, site: str) -> None:
        cloud = self.clouds[site]
        for server in self.servers(site):
            cloud.compute.unlock_server(server)
            cloud.compute.delete_server(server)
        for server in self.servers(site):
            cloud.compute.wait_for_delete(server, interval=0.5, wait=60)
        for volume in self.volumes(site):
            # Nova lets go of it a moment later
            wait(cloud, volume, "available")
            cloud.block_storage.delete_volume(volume)

    # -- what is there

    def servers(self, site: str) -> list:
        """Its instances at a site, of a drill too."""
        return [
            server
            for server in self.clouds[site].compute.servers()
            if server.name.startswith(tuple(self.names))
        ]

    def running(self, site: str) -> dict[str, str]:
        """Name -> status."""
        return {server.name: server.status for server in self.servers(site)}

    def volumes(self, site: str) -> list:
        return [
            volume
            for volume in self.clouds[site].block_storage.volumes()
            if volume.name.startswith(tuple(self.names))
        ]

    def addresses(self, site: str) -> dict[str, list[str]]:
        """Name -> its addresses."""
        return {
            server.name: sorted(
                port["addr"]
                for ports in server.addresses.values()
                for port in ports
            )
            for server in self.servers(site)
        }

    def on_array(self, site: str) -> set[str]:
        """The names of all volumes on the array of a site."""
        with controls.disks(Folder(self._run.sandbox)) as db:
            rows = db.all(
                "SELECT name FROM arr_volumes WHERE array = ?",
                self.world.backend(site).split("@")[1].split("#")[0],
            )
        return {row["name"] for row in rows}

    # -- what is done

    def protect(self) -> None:
        """Make the group, with its members and its policy, and replicate."""
        for command in (
            f"protection-group create {self.group} --volume-type flash-async",
            f"member add {self.group} {' '.join(self.names)}",
            POLICY.format(self.group),
            f"consistency-group sync {self.group} --wait",
        ):
            ran = protector(command)
            assert ran.code == 0, ran.err

    def move(
        self, verb: str, options: str = "", code: int = ExitCode.OK
    ) -> dict:
        """Do an operation to its end; its record."""
        ran = protector(
            f"protection-group {verb} {self.group} {options} --wait -f json"
        )
        assert ran.code == code, f"{ran.out}\n{ran.err}"
        return json.loads(ran.out)

    def command(self, command: str) -> Ran:
        """A command of protector that must succeed."""
        ran = protector(command)
        assert ran.code == 0, f"{ran.out}\n{ran.err}"
        return ran

    def show(self, command: str) -> Ran:
        ran = openstack_command(command)
        assert ran.code == 0, ran.err
        return ran


def wait(cloud: Connection, volume: object, status: str) -> None:
    cloud.block_storage.wait_for_status(
        volume, status=status, failures=["error"], interval=0.3, wait=60
    )


def boot(
    cloud: Connection, name: str, network: str, volumes: Sequence
) -> object:
    """Make an instance with these volumes, and wait until it runs."""
    found = cloud.network.find_network(network, ignore_missing=False)
    flavor = cloud.compute.find_flavor("m1.large", ignore_missing=False)
    devices = [
        {
            "uuid": volume.id,
            "source_type": "volume",
            "destination_type": "volume",
            "boot_index": 0 if n == 0 else -1,
            "delete_on_termination": False,
        }
        for n, volume in enumerate(volumes)
    ]
    server = cloud.compute.create_server(
        name=name,
        flavor_id=flavor.id,
        networks=[{"uuid": found.id}],
        block_device_mapping_v2=devices,
    )
    return cloud.compute.wait_for_server(server, interval=0.5, wait=120)
