"""A group at two real clouds whose members have every attribute that the
engine keeps, and the hands that plant differences in it."""

import base64
import contextlib
import json
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from openstack.connection import Connection

from fakeserver.base.seed_world import SITES
from fakeserver.sandbox import process
from tests.helpers.clirunner import protector
from tests.interop.full import seeding
from tests.interop.full.application import Application, wait
from tests.interop.full.planted import (
    AGAIN,
    APPS,
    ARCHIVE,
    DATA,
    FAR,
    GONE,
    LONELY,
    SHOP,
    SPARE,
    TILL,
)
from tests.interop.place import Place

A, B = SITES
#: network -> its addresses at each site
RANGES = {
    APPS: ("10.40.0.0/24", "10.40.0.0/24"),
    FAR: ("10.50.0.0/24", "10.99.0.0/24"),
}
#: the addresses that something else has at the target later
TAKEN, GATEWAY = "10.40.0.12", "10.40.0.9"
MAC, OTHER_MAC = "fa:16:3e:12:34:56", "fa:16:3e:12:34:57"
PAIR = {"ip_address": "10.40.0.200"}
USER_DATA = base64.b64encode(b"#cloud-config\npassword: hunter2\n").decode()
KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0sQv2rH8PnXb1lqkOaTjwzTqX0bZ2yl"
    "Wm3r1Yc9d0E me"
)
#: names that volumes are given later
SINCE, RENAMED = "since", "other"
#: a type that several instances may share a volume of
SHARED = "flash-shared"
#: of the members, behind the first: sizes of their volumes
VOLUMES = {SHOP: (1,), TILL: (1, 1, 1, 1), GONE: (1,), AGAIN: (1,)}

_OF_GROUP = "group_id = (SELECT id FROM pg_groups WHERE name = ?)"


class Dressed(Application):
    """Four members, of which the shop has nearly everything."""

    def __init__(self, run: Place) -> None:
        super().__init__(run, SITES, renames=False)
        self.group = "dressed"
        self.names = [*VOLUMES, LONELY, *(SINCE, RENAMED, "x")]
        self._undo: list[Callable[[], object]] = []
        self.admins: dict[str, Connection] = {}
        self._networks: dict[str, dict[str, str]] = {}

    # -- made

    def begin(self) -> None:
        self.register()
        for n, site in enumerate(SITES):
            self.admins[site] = self._admin(site)
            self._networks[site] = {
                network: self._network(site, network, ranges[n])
                for network, ranges in RANGES.items()
            }
            self.clouds[site].network.create_security_group(name="web")
            self._server_group(site, "anti-affinity")
        self._build(self.clouds[A])

    def _admin(self, site: str) -> Connection:
        made = seeding.connection(self.world, self.keystone(site), "admin")
        kind = made.block_storage.find_type(SHARED)
        if kind is None:
            kind = made.block_storage.create_type(name=SHARED)
            made.block_storage.update_type_extra_specs(
                kind, multiattach="<is> True"
            )
        return made

    def _network(self, site: str, name: str, cidr: str) -> str:
        network = self.clouds[site].network
        made = network.create_network(name=name)
        first = cidr.rpartition(".")[0]
        network.create_subnet(
            name=f"{name}-v4",
            network_id=made.id,
            ip_version=4,
            cidr=cidr,
            # what is planted as the gateway is outside of it
            allocation_pools=[{"start": f"{first}.50", "end": f"{first}.99"}],
        )
        return str(made.id)

    def _server_group(self, site: str, policy: str) -> str:
        made = self.clouds[site].compute.post(
            "/os-server-groups",
            json={"server_group": {"name": "apart", "policy": policy}},
            microversion="2.64",
        )
        made.raise_for_status()
        return str(made.json()["server_group"]["id"])

    def _build(self, cloud: Connection) -> None:
        volumes = {
            name: [
                cloud.block_storage.create_volume(
                    name=f"{name}-{n}", size=size, volume_type="flash-async"
                )
                for n, size in enumerate(sizes)
            ]
            for name, sizes in VOLUMES.items()
        }
        for each in volumes.values():
            for volume in each:
                wait(cloud, volume, "available")
            cloud.block_storage.set_volume_bootable_status(each[0], True)
        cloud.block_storage.set_volume_metadata(volumes[SHOP][0], tier="gold")
        cloud.compute.create_keypair(name="alice", public_key=KEY)
        web = cloud.network.find_security_group("web")
        (group,) = cloud.compute.server_groups()
        dress = {
            "metadata": {"role": "web", "api_token": "hunter3"},
            "description": "the shop",
            "tags": ["gold"],
            "hostname": "shop-host",
            "config_drive": True,
            "user_data": USER_DATA,
            "key_name": "alice",
        }
        made = [
            self.boot(
                cloud,
                SHOP,
                volumes[SHOP],
                [
                    self.port(
                        A,
                        APPS,
                        GATEWAY,
                        mac_address=MAC,
                        security_groups=[web.id],
                        allowed_address_pairs=[PAIR],
                    ),
                    self.port(A, FAR, "10.50.0.9"),
                ],
                hint=group.id,
                **dress,
            ),
            self.boot(
                cloud,
                TILL,
                volumes[TILL],
                [
                    self.port(A, APPS, TAKEN),
                    self.port(A, FAR, "10.50.0.12"),
                ],
            ),
            *(
                self.boot(
                    cloud, name, volumes[name], [self.port(A, APPS, address)]
                )
                for name, address in (
                    (GONE, "10.40.0.21"),
                    (AGAIN, "10.40.0.22"),
                )
            ),
        ]
        for server_id in made:
            running(cloud, server_id)

    def port(self, site: str, network: str, address: str, **more: Any) -> str:
        made = self.clouds[site].network.create_port(
            network_id=self._networks[site][network],
            fixed_ips=[{"ip_address": address}],
            **more,
        )
        return str(made.id)

    def boot(
        self,
        cloud: Connection,
        name: str,
        volumes: Sequence[Any],
        ports: Sequence[str],
        hint: str | None = None,
        **dress: Any,
    ) -> str:
        """Begin to make an instance; its id."""
        flavor = cloud.compute.find_flavor("m1.large", ignore_missing=False)
        body: dict[str, Any] = {
            "server": {
                "name": name,
                "flavorRef": flavor.id,
                "networks": [{"port": port} for port in ports],
                "block_device_mapping_v2": [
                    {
                        "uuid": volume.id,
                        "source_type": "volume",
                        "destination_type": "volume",
                        "boot_index": 0 if n == 0 else -1,
                        "delete_on_termination": False,
                    }
                    for n, volume in enumerate(volumes)
                ],
                **dress,
            }
        }
        if hint is not None:
            body["os:scheduler_hints"] = {"group": hint}
        return str(
            said(cloud.compute.post("/servers", json=body, **NEWEST))[
                "server"
            ]["id"]
        )

    def protect(self) -> None:
        """Protect the members; only then are there differences."""
        every = self.names
        self.names = list(VOLUMES)
        super().protect()
        self.names = every
        self.command(
            f"protection-group set {self.group} "
            + " ".join(f"--network-mapping {n}={n}" for n in RANGES)
        )

    # -- looked up

    def server(self, site: str, name: str) -> Any:
        return self.clouds[site].compute.find_server(
            name, ignore_missing=False
        )

    def volume(self, site: str, name: str) -> Any:
        return self.clouds[site].block_storage.find_volume(
            name, ignore_missing=False
        )

    def port_of(self, site: str, server: Any, network: str) -> Any:
        (found,) = self.clouds[site].network.ports(
            device_id=server.id, network_id=self._networks[site][network]
        )
        return found

    # -- planted

    def change_instance(self, site: str, server: Any, name: str) -> None:
        """Another name, description, host name, property, tag; locked."""
        compute = self.clouds[site].compute
        path = f"/servers/{server.id}"
        body = {"name": name, "description": "new", "hostname": "www"}
        said(compute.put(path, json={"server": body}, **NEWEST))
        said(
            compute.post(
                f"{path}/metadata", json={"metadata": {"role": "db"}}, **NEWEST
            )
        )
        said(compute.put(f"{path}/tags/new", **NEWEST))

    def lock(self, site: str, server: Any) -> None:
        self.act(site, server, lock=None)

    def resize(self, site: str, server: Any) -> None:
        cloud = self.clouds[site]
        flavor = cloud.compute.find_flavor("m2.large", ignore_missing=False)
        self.act(site, server, resize={"flavorRef": flavor.id})
        running(cloud, server.id, "VERIFY_RESIZE")
        self.act(site, server, confirmResize=None)
        running(cloud, server.id)

    def stop(self, site: str, server: Any) -> None:
        self.act(site, server, **{"os-stop": None})
        running(self.clouds[site], server.id, "SHUTOFF")

    def act(self, site: str, server: Any, **action: Any) -> None:
        said(
            self.clouds[site].compute.post(
                f"/servers/{server.id}/action", json=action, **NEWEST
            )
        )

    def unplug(self, site: str, server: Any, port: Any) -> None:
        """Take a port from an instance, and delete it."""
        cloud = self.clouds[site]
        cloud.compute.delete_server_interface(port.id, server=server.id)
        until(
            lambda: (
                (found := cloud.network.find_port(port.id)) is None
                or not found.device_id
            )
        )
        cloud.network.delete_port(port.id)

    def plug(
        self, site: str, server: Any, network: str, address: str, **more: Any
    ) -> None:
        port = self.port(site, network, address, **more)
        self.clouds[site].compute.create_server_interface(
            server.id, port_id=port
        )

    def change_ports(self, site: str, shop: Any, till: Any) -> None:
        """Another MAC address, a pair more, no port security; of the till
        another address, and a second port on one network instead of the
        other."""
        network = self.clouds[site].network
        held = self.port_of(site, shop, APPS)
        address = held.fixed_ips[0]["ip_address"]
        groups = held.security_group_ids
        self.unplug(site, shop, held)
        self.plug(
            site,
            shop,
            APPS,
            address,
            mac_address=OTHER_MAC,
            security_groups=groups,
            allowed_address_pairs=[PAIR, {"ip_address": "10.40.0.201"}],
        )
        network.update_port(
            self.port_of(site, shop, FAR),
            security_groups=[],
            port_security_enabled=False,
        )
        network.update_port(
            self.port_of(site, till, APPS),
            fixed_ips=[{"ip_address": "10.40.0.31"}],
        )
        self.unplug(site, till, self.port_of(site, till, FAR))
        self.plug(site, till, APPS, "10.40.0.32")

    def change_volumes(
        self, site: str, till: Any, names: Sequence[str]
    ) -> None:
        """Of a volume all that Cinder changes while nobody has it; a second
        one is read-only and another device; a third one goes.

        :param names: of the three.
        """
        cloud = self.clouds[site]
        data, archive, spare = (self.volume(site, name) for name in names)
        storage = cloud.block_storage
        for volume in (data, archive, spare):
            cloud.compute.delete_volume_attachment(till.id, volume.id)
        for volume in (data, archive, spare):
            wait(cloud, volume, "available")
        held = storage.get_volume(data).group_id
        if held:
            self._ungroup(cloud, held, data.id)
        storage.extend_volume(data, 3)
        self._settled(cloud, data.id, size=3)
        storage.retype_volume(data, SHARED, migration_policy="never")
        self._settled(cloud, data.id, volume_type=SHARED)
        storage.update_volume(data, name=RENAMED)
        storage.set_volume_metadata(data, tier="gold")
        storage.set_volume_bootable_status(data, True)
        storage.set_volume_readonly(archive, True)
        for volume, device in ((data, "/dev/vdb"), (archive, "/dev/vdx")):
            cloud.compute.create_volume_attachment(
                till.id, volume_id=volume.id, device=device
            )
            wait(cloud, volume, "in-use")

    def _settled(self, cloud: Connection, volume: str, **new: Any) -> None:
        """Wait until Cinder has changed a volume."""

        def done() -> bool:
            now = cloud.block_storage.get_volume(volume)
            return now.status == "available" and all(
                getattr(now, name) == value for name, value in new.items()
            )

        until(done)

    def _ungroup(self, cloud: Connection, group_id: str, volume: str) -> None:
        storage = cloud.block_storage
        said(
            storage.put(
                f"/groups/{group_id}",
                json={"group": {"remove_volumes": volume}},
                microversion="3.25",
            )
        )
        until(lambda: not storage.get_volume(volume).group_id)

    def plant_in_drill(self) -> None:
        """Change what a test has built at the target."""
        shop, till, gone, again = (
            self.server(B, f"{name}-test") for name in VOLUMES
        )
        self.clouds[B].compute.delete_server(gone)
        self.change_ports(B, shop, till)
        self.resize(B, till)
        self.change_volumes(
            B, till, [f"{name}-test" for name in (DATA, ARCHIVE, SPARE)]
        )
        self.plug(B, again, APPS, "10.40.0.33")
        self.change_instance(B, shop, "x")
        self.lock(B, shop)
        self.stop(B, again)

    def plant_at_source(self) -> None:
        cloud = self.clouds[A]
        shop, till, gone, again = (self.server(A, name) for name in VOLUMES)
        self.recorded(
            TILL,
            availability_zone="az-2",
            config_drive=True,
            server_group={"name": "apart", "policy": "affinity"},
            key_pair={"name": "bob", "fingerprint": None},
        )
        self.recorded(SHOP, user_data=None)
        self.change_ports(A, shop, till)
        port = self.port_of(A, shop, APPS)
        default = cloud.network.find_security_group("default")
        cloud.network.update_port(port, security_groups=[default.id])
        self.resize(A, till)
        self.change_volumes(A, till, (DATA, ARCHIVE, SPARE))
        metadata = {"metadata": {"db_password": "hunter2"}}
        said(
            cloud.compute.post(
                f"/servers/{till.id}/metadata", json=metadata, **NEWEST
            )
        )
        since, lonely = (
            cloud.block_storage.create_volume(
                name=name, size=1, volume_type="flash-async"
            )
            for name in (SINCE, LONELY)
        )
        for volume in (since, lonely):
            wait(cloud, volume, "available")
        cloud.compute.create_volume_attachment(till.id, volume_id=since.id)
        wait(cloud, since, "in-use")
        for server in (gone, again):
            cloud.compute.delete_server(server)
        for server in (gone, again):
            cloud.compute.wait_for_delete(server, interval=0.3, wait=60)
        root = self.volume(A, f"{AGAIN}-0")
        wait(cloud, root, "available")
        cloud.block_storage.set_volume_bootable_status(lonely, True)
        for name, volume, address in (
            (AGAIN, root, "10.40.0.41"),
            (LONELY, lonely, "10.40.0.42"),
        ):
            port_id = self.port(A, APPS, address)
            running(cloud, self.boot(cloud, name, [volume], [port_id]))
        self.stop(A, till)
        self.change_instance(A, shop, "shop-one")
        self.lock(A, shop)

    def plant_at_target(self) -> None:
        cloud, admin = self.clouds[B], self.admins[B]
        self.port(B, APPS, TAKEN)
        (subnet,) = cloud.network.subnets(network_id=self._networks[B][APPS])
        cloud.network.update_subnet(subnet, gateway_ip=GATEWAY)
        cloud.network.delete_security_group(
            cloud.network.find_security_group("web")
        )
        for group in cloud.compute.server_groups():
            cloud.compute.delete_server_group(group)
        self._server_group(B, "affinity")
        self.recorded_of_volume(TILL, ARCHIVE, multiattach=True)
        self.recorded_of_volume(TILL, SPARE, volume_type="flash-gone")
        project = admin.current_project_id
        for proxy, path, key, most in (
            (
                admin.compute,
                f"/os-quota-sets/{project}",
                "quota_set",
                {"instances": 1, "cores": 1, "ram": 1},
            ),
            (
                admin.block_storage,
                f"/os-quota-sets/{project}",
                "quota_set",
                {"volumes": 1, "gigabytes": 1},
            ),
            # Neutron takes no less than there is
            (
                admin.network,
                f"/quotas/{project}",
                "quota",
                {"port": len(list(cloud.network.ports()))},
            ),
        ):
            before = {
                name: value
                for name, value in said(proxy.get(path))[key].items()
                if name in most
            }
            said(proxy.put(path, json={key: most}))
            self._undo.append(
                lambda proxy=proxy, path=path, key=key, before=before: said(
                    proxy.put(path, json={key: before})
                )
            )

    def recorded(self, member: str, **new: Any) -> None:
        """Change what both sites hold of a member: what is there is another
        then, as if it had been changed since."""
        self._rewrite(member, lambda held: held["attributes"].update(new))

    def recorded_of_volume(self, member: str, volume: str, **new: Any) -> None:
        def change(held: dict[str, Any]) -> None:
            (one,) = [v for v in held["volumes"] if v["name"] == volume]
            one.update(new)

        self._rewrite(member, change)

    def _rewrite(self, member: str, change: Callable[[Any], object]) -> None:
        for site in SITES:
            path = self._run.sandbox / f"{site}.db"
            with contextlib.closing(sqlite3.connect(path, timeout=30)) as db:
                db.execute("BEGIN IMMEDIATE")
                rows = db.execute(
                    f"SELECT seq, member FROM pg_members WHERE {_OF_GROUP}",
                    (self.group,),
                ).fetchall()
                for seq, text in rows:
                    one = json.loads(text)
                    for held in one["sites"].values():
                        if held["instance_name"] == member:
                            change(held)
                    db.execute(
                        "UPDATE pg_members SET member = ? WHERE seq = ?",
                        (json.dumps(one), seq),
                    )
                db.execute(
                    "UPDATE pg_groups SET revision = hex(randomblob(8))"
                )
                db.commit()

    # -- removed

    def end(self) -> None:
        for undo in self._undo:
            undo()
        # where a test has failed half-way
        protector(f"protection-group test-cleanup {self.group} --wait")
        clouds = dict(self.clouds)
        super().end()
        for site, cloud in clouds.items():
            self._remove(site, cloud)
        for admin in self.admins.values():
            admin.close()

    def _remove(self, site: str, cloud: Connection) -> None:
        """Delete what the members were made of."""
        for group in cloud.compute.server_groups():
            cloud.compute.delete_server_group(group)
        cloud.compute.delete_keypair("alice", ignore_missing=True)
        for network in RANGES:
            for found in cloud.network.networks(name=network):
                for port in cloud.network.ports(network_id=found.id):
                    cloud.network.delete_port(port)
                cloud.network.delete_network(found)
        for group in cloud.network.security_groups(name="web"):
            cloud.network.delete_security_group(group)


#: the microversion of Nova that takes all that is asked here
NEWEST = {"microversion": "2.90"}


def said(answer: Any) -> Any:
    """Return the JSON of an answer; fail with what a refusal says."""
    assert answer.ok, f"{answer.url}: {answer.status_code} {answer.text}"
    return answer.json() if answer.content else None


def running(cloud: Connection, server_id: str, status: str = "ACTIVE") -> None:
    """Wait until an instance is as it is wanted."""
    cloud.compute.wait_for_server(
        cloud.compute.get_server(server_id),
        status=status,
        interval=0.3,
        wait=120,
    )


def until(done: Callable[[], bool]) -> None:
    assert process.wait(done, 60)
