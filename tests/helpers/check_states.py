"""For each check a state of the sandbox in which exactly it finds fault."""

from __future__ import annotations

import copy
import dataclasses
import functools
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any

from fakeserver.cloud.shared.schema import (
    GROUPS,
    IMAGES,
    PORTS,
    SERVERS,
    SUBNETS,
    VOLUMES,
)
from fakeserver.local.pair import LocalPair
from protectorclient.v1 import Client
from tests.helpers import clirunner
from tests.helpers.clirunner import Ran, typed

GROUP = "openstack protector protection-group"
WEB_MAPPING = "--network-mapping net-primary-web=net-secondary-web"
DB_MAPPING = "--network-mapping net-primary-db=net-secondary-db"
FLAVOR = "--flavor-mapping db.big=db.large"
#: what a policy needs, where a fix leaves it to the environment
ARRAYS = {
    "PRIMARY_FA_URL": "https://flasharray-a.example.com",
    "SECONDARY_FA_URL": "https://flasharray-b.example.com",
    "PRIMARY_FA_API_TOKEN": "fa-token-a-5f1c0e2b",
    "SECONDARY_FA_API_TOKEN": "fa-token-b-91d7ac44",
}


class World:
    """A sandbox, and the hands that change it."""

    def __init__(self, pair: LocalPair) -> None:
        self.pair = pair

    def type(self, command: str, cloud: str | None = None) -> Ran:
        """Type a command of a page, a fix or a person."""
        before = os.environ.get("OS_CLOUD", "")
        if cloud is not None:
            os.environ["OS_CLOUD"] = cloud
        try:
            line = os.path.expandvars(command)
            assert line.startswith("openstack ")
            return typed(line)
        finally:
            os.environ["OS_CLOUD"] = before

    def done(self, command: str, cloud: str | None = None) -> Ran:
        """Type a command that must work."""
        ran = self.type(command, cloud)
        assert ran.code == 0, ran.err
        return ran

    def client(self, cloud: str) -> Client:
        url = self.pair.site(cloud[: len("site-a")]).url
        return Client(
            self.pair.session(cloud), endpoint_override=url, site_name=cloud
        )

    def id_of(self, group: str) -> str:
        return self.client("site-a").protection_groups.find(group).id

    def rewrite(
        self,
        group: str,
        change: Callable[[dict[str, Any]], object],
        *sites: str,
    ) -> None:
        """Change the metadata at some sites, as an admin can."""
        document = self.client("site-a").metadata.get(self.id_of(group))
        document["version"] += 5
        change(document)
        for site in sites or ("site-a", "site-b"):
            admin = self.client(f"{site}-admin")
            admin.metadata.put(document["id"], document, force=True)

    def write_clouds(self, change: Callable[[str], str]) -> None:
        """Change clouds.yaml, as a person does."""
        path = self.pair.clouds_yaml
        path.write_text(change(path.read_text()))


@dataclasses.dataclass(frozen=True)
class State:
    """A world in which one check, and no other, finds fault."""

    check: str
    make: Callable[[World], object]
    group: str = "prod-web-app"
    purpose: str = "failover"
    #: mappings that are stored before
    stored: str = WEB_MAPPING
    #: global options of the check
    options: str = ""
    #: the cloud that the check is made from
    cloud: str = "site-a"
    severity: str = "problem"
    #: whether another row is left when this one is cleared
    clean: bool = True
    #: rows that cannot but find fault beside it
    beside: tuple[tuple[str, str], ...] = ()
    #: how the two sites are started
    pair: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    env: Mapping[str, str] = dataclasses.field(default_factory=dict)
    name: str = ""

    @property
    def id(self) -> str:
        return self.name or self.check

    @property
    def blocks(self) -> bool:
        """Whether the action is refused for it."""
        return self.severity == "problem" and self.check not in LATER

    def line(self, more: str = "") -> str:
        return (
            f"openstack {self.options} protector protection-group check"
            f" {self.group} --for {self.purpose} {more}"
        )


#: problems for which nothing is refused: what fails only later, or may
LATER = {
    "site-status",
    "live-copies",
    "members-once",
    "volume-types",
    "cinder-policy",
    "quota-compute",
    "quota-storage",
    "quota-network",
}


def nothing(world: World) -> None:
    """The seeded world is it already."""


def _no_volume_group(world: World) -> None:
    """Somebody has deleted it in Cinder, and left its volumes."""
    parts = world.pair.site("a").parts
    with parts.db.transaction() as tx:
        [row] = GROUPS.select(
            tx, "name = ?", (f"cg-{world.id_of('prod-web-app')[:8]}",)
        )
        for volume in VOLUMES.select(tx, "group_id = ?", (row["id"],)):
            VOLUMES.put(tx, {**volume, "group_id": None})
        GROUPS.delete(tx, row["id"])


def _other_password(world: World) -> None:
    def change(text: str) -> str:
        first, second = text.split("  site-b:\n", 1)
        second = second.replace("demo-secret", "wrong", 1)
        return f"{first}  site-b:\n{second}"

    world.write_clouds(change)


def _older_site(world: World) -> None:
    site = world.pair.site("b")
    site.stop()
    site.config = dataclasses.replace(site.config, max_microversion="1.1")
    site.start()


def _as_token(world: World) -> None:
    token = world.done("openstack token issue -f value -c id").out.strip()

    def change(text: str) -> str:
        first, second = text.split("  site-b:\n", 1)
        for line in ("username", "password", "user_domain_name"):
            start = first.index(f"      {line}:")
            first = first[:start] + first[first.index("\n", start) + 1 :]
        first = first.replace(
            "    auth:\n", f"    auth_type: token\n    auth:\n{_token(token)}"
        )
        return f"{first}  site-b:\n{second}"

    world.write_clouds(change)


def _token(token: str) -> str:
    return f'      token: "{token}"\n'


def _old_token(world: World) -> None:
    world.before = world.pair.clouds_yaml.read_text()  # type: ignore[attr-defined]
    _as_token(world)
    world.pair.advance("23h45m")


def _validated_while_away(world: World) -> None:
    world.pair.site("b").stop()
    admin = world.client("site-a-admin")
    admin.sites.validate(admin.sites.find("site-b"))
    world.pair.site("b").start()


def _two_of_one_name(world: World) -> None:
    """Site b has renamed the group, and made another of its name."""
    world.rewrite(
        "prod-web-app", lambda doc: doc.update(name="old-web"), "site-b"
    )

    def other(doc: dict[str, Any]) -> None:
        doc.update(
            id="00000000-0000-4000-8000-000000000001",
            members=[],
            policy=None,
            current_primary_site_id=doc["secondary_site_id"],
        )

    world.rewrite("prod-web-app", other, "site-b")


def _unknown_at_b(world: World) -> None:
    identity = world.id_of("prod-web-app")
    with world.pair.site("b").parts.db.transaction() as tx:
        tx.execute("DELETE FROM pg_groups WHERE id = ?", (identity,))


def _unplanned(world: World) -> None:
    world.pair.site("a").kill()
    world.done(f"{GROUP} failover prod-web-app --type unplanned --wait")
    world.pair.site("a").start()


def _failed_over(world: World) -> None:
    world.done(f"{GROUP} failover prod-web-app --wait")


def _update(words: dict[str, Any], document: dict[str, Any]) -> None:
    document.update(words)


def conflict(world: World) -> None:
    for site in ("site-a", "site-b"):
        words = {"description": f"from {site}"}
        change = functools.partial(_update, words)
        world.rewrite("prod-web-app", change, site)
        document = world.client(site).metadata.get(world.id_of("prod-web-app"))
        document["version"] = 100
        admin = world.client(f"{site}-admin")
        admin.metadata.put(document["id"], document, force=True)


def _shared_instance(world: World) -> None:
    web = world.client("site-a").metadata.get(world.id_of("prod-web-app"))
    member = copy.deepcopy(web["members"][0])
    member["id"] = "00000000-0000-4000-8000-000000000002"
    world.rewrite("bare", lambda doc: doc["members"].append(member))


def _two_networks_in_one(world: World) -> None:
    networks = {
        network["name"]: network["id"]
        for cloud in ("site-a", "site-b")
        for network in openstack_networks(cloud)
    }
    into = networks["net-secondary-web"]

    def change(doc: dict[str, Any]) -> None:
        for at_site in doc["members"][0]["sites"].values():
            at_site["networks"].append(
                {
                    "id": networks["net-primary-db"],
                    "name": "net-primary-db",
                    "cidr": "10.20.0.0/24",
                    "fixed_ip": "10.20.0.99",
                }
            )
        doc["network_mapping"] = {
            networks["net-primary-web"]: into,
            networks["net-primary-db"]: into,
        }

    world.rewrite("prod-web-app", change)


def openstack_networks(cloud: str) -> list[dict[str, Any]]:
    listed = clirunner.openstack(f"--os-cloud {cloud} network list -f json")
    return [{"id": row["ID"], "name": row["Name"]} for row in listed.json]


def _no_members(world: World) -> None:
    for name in ("web-1", "web-2", "web-3"):
        world.done(f"openstack protector member remove prod-web-app {name}")


def _late(world: World) -> None:
    world.done(
        "openstack protector policy set prod-web-app"
        " --replication-interval 7200 --rpo-minutes 5"
    )
    world.pair.advance("20m")


def _policy_for_bare(world: World) -> None:
    os.environ.update(ARRAYS)
    world.done(
        "openstack protector policy set bare"
        " --primary-fa-url $PRIMARY_FA_URL"
        " --secondary-fa-url $SECONDARY_FA_URL"
        " --primary-fa-api-token-env PRIMARY_FA_API_TOKEN"
        " --secondary-fa-api-token-env SECONDARY_FA_API_TOKEN"
    )


def left_behind(world: World) -> None:
    """A failover that neither ended well nor could be taken back."""
    world.pair.fault("step", match="recreate_instances", stage="after")
    world.pair.fault("step", stage="undo")
    over = threading.Event()

    def pass_time() -> None:
        while not over.wait(0.05):
            world.pair.advance("1m")

    clock = threading.Thread(target=pass_time)
    clock.start()
    try:
        ran = world.type(f"{GROUP} failover prod-web-app --wait")
    finally:
        over.set()
        clock.join()
    assert ran.code == 11, ran.err
    world.pair.clear_faults()


def _back_after_outage(world: World) -> None:
    """site-a is back, and knows of the failover without it."""
    _unplanned(world)
    world.done(f"{GROUP} sync-force prod-web-app")


def _left_over(world: World) -> None:
    left_behind(world)
    strays = world.done("openstack server list -f value -c ID", "site-b")
    world.done(
        f"openstack server stop {' '.join(strays.out.split())}", "site-b"
    )
    world.done(f"{GROUP} set prod-web-app --status active", "site-a-admin")
    world.done("openstack server start web-1 web-2 web-3")
    world.done(
        "openstack protector consistency-group sync prod-web-app --wait"
    )


def taken_address(world: World) -> None:
    """A port at site b that has the address of web-1, and no owner."""
    site = world.pair.site("b").parts
    network = site.world.network_id("site-b", "net-secondary-web")
    with site.db.transaction() as tx:
        subnet = SUBNETS.select(tx, "network_id = ?", (network,))[0]
        stranger = {
            "id": STRANGER,
            "project_id": site.world.project_id("site-b", "demo"),
            "network_id": network,
            "subnet_id": subnet["id"],
            "device_id": "",
            "ip_address": "10.10.0.11",
            "mac_address": "fa:16:3e:00:00:01",
            "created": site.clock.time(),
        }
        PORTS.put(tx, stranger)


def _free_address(world: World) -> None:
    with world.pair.site("b").parts.db.transaction() as tx:
        PORTS.delete(tx, STRANGER)


def _image_back(world: World) -> None:
    site = world.pair.site("b").parts
    image = {
        "id": site.world.image_id("site-b"),
        "name": "sandbox-image",
        "owner": site.world.project_id("site-b", "demo"),
        "created": site.clock.time(),
    }
    with site.db.transaction() as tx:
        IMAGES.put(tx, image)


def _with_key(name: str | None, world: World) -> None:
    """web-1 was made with a key pair, as Nova and the metadata say."""
    with world.pair.site("a").parts.db.transaction() as tx:
        server = SERVERS.select(tx, "name = ?", ("web-1",))[0]
        SERVERS.put(tx, {**server, "key_name": name})

    def change(doc: dict[str, Any]) -> None:
        (held,) = doc["members"][0]["sites"].values()
        pair = {"name": name, "fingerprint": "a1:b2"} if name else None
        held["attributes"]["key_pair"] = pair

    world.rewrite("prod-web-app", change)


#: the port that has an address which a member needs
STRANGER = "00000000-0000-4000-8000-000000000003"

STATES = (
    State("reachable", lambda w: w.pair.site("b").kill()),
    State("sign-in", _other_password),
    State(
        "api-version",
        _older_site,
        options="--os-protector-api-version 1.2",
    ),
    State(
        "role",
        nothing,
        options="--os-cloud site-a-auditor --secondary-cloud site-b",
    ),
    State("token-life", _old_token, severity="warning"),
    State("clocks", lambda w: w.pair.advance(120, "b"), severity="warning"),
    State("site-status", _validated_while_away),
    State("name", _two_of_one_name, cloud="site-a-admin", clean=False),
    State("known", _unknown_at_b),
    State("peer-link", lambda w: w.pair.fault("partition", site="a")),
    State("primary-silent", nothing, purpose="unplanned"),
    State(
        "primary",
        _unplanned,
        purpose="failback",
        beside=(("live-copies", "problem"), ("left-over", "warning")),
        clean=False,
    ),
    State(
        "metadata-version",
        lambda w: w.rewrite(
            "prod-web-app", lambda doc: doc.update(description="x"), "site-a"
        ),
    ),
    State("metadata-checksum", conflict),
    State(
        "status",
        lambda w: w.rewrite(
            "prod-web-app", lambda doc: doc.update(status="error")
        ),
        name="status: error",
    ),
    State("status", _failed_over, name="status: failed_over"),
    State(
        "operation",
        lambda w: w.done(
            "openstack protector consistency-group sync prod-web-app"
        ),
        pair={"pace": 0.5},
    ),
    State(
        "tests-cleaned",
        lambda w: w.done(
            f"{GROUP} test-failover prod-web-app --retain-primary --wait"
        ),
    ),
    State("test-there", nothing, purpose="test-cleanup"),
    State(
        "policy",
        lambda w: w.done("openstack protector policy delete prod-web-app"),
        env=ARRAYS,
        clean=False,
    ),
    State(
        "members",
        _no_members,
        severity="warning",
        env={"INSTANCE": "web-1"},
        # the others are protected by no group yet
        clean=False,
    ),
    State(
        "running",
        lambda w: w.done("openstack server stop web-1"),
        severity="warning",
    ),
    State(
        "drift",
        lambda w: w.done("openstack server set --name web-one web-1"),
        severity="warning",
    ),
    State(
        "neighbours",
        lambda w: w.done("openstack protector member remove bare bare-1"),
        severity="warning",
        clean=False,
    ),
    State(
        "live-copies",
        _back_after_outage,
        purpose="failback",
        beside=(("left-over", "warning"),),
        clean=False,
    ),
    State(
        "left-over",
        _left_over,
        severity="warning",
    ),
    State("members-once", _shared_instance),
    State(
        "volume-types",
        lambda w: w.done(
            "openstack volume type unset --property replication_enabled"
            " flash-async",
            "site-b-admin",
        ),
    ),
    State(
        "consistency-group",
        _no_volume_group,
        severity="warning",
        # its volumes are in no group
        beside=(("drift", "warning"),),
    ),
    State("cinder-policy", lambda w: w.pair.fault("cinder-403", site="b")),
    State(
        "replication",
        lambda w: w.pair.site("a").parts.arrays.stop_replication(
            w.id_of("prod-web-app")
        ),
        severity="warning",
    ),
    State("recovery-point", _policy_for_bare, group="bare"),
    State("recovery-point-age", _late, severity="warning"),
    State("networks", nothing, stored=""),
    State("flavors", nothing, group="prod-db", stored=DB_MAPPING),
    State(
        "flavor-size",
        nothing,
        group="prod-db",
        stored=f"{DB_MAPPING} --flavor-mapping db.big=m1.large",
        severity="warning",
    ),
    State(
        "mapping-shared",
        _two_networks_in_one,
        severity="warning",
        # web-1 is on one of them by its metadata alone
        beside=(("addresses", "warning"), ("drift", "warning")),
        clean=False,
    ),
    State("addresses", taken_address),
    State(
        "attributes",
        functools.partial(_with_key, "alice"),
        severity="warning",
    ),
    State(
        "images",
        lambda w: w.done(
            "openstack image delete sandbox-image", "site-b-admin"
        ),
        severity="warning",
    ),
    State(
        "quota-network",
        lambda w: w.done("openstack quota set --ports 1 demo", "site-b-admin"),
    ),
    State(
        "quota-compute",
        lambda w: w.done(
            "openstack quota set --instances 1 demo", "site-b-admin"
        ),
    ),
    State(
        "quota-storage",
        lambda w: w.done(
            "openstack quota set --volumes 1 demo", "site-b-admin"
        ),
    ),
)


def _own_token(world: World) -> None:
    world.write_clouds(lambda _: world.before)  # type: ignore[attr-defined]
    _as_token(world)


def _right_password(world: World) -> None:
    world.write_clouds(lambda text: text.replace('"wrong"', '"demo-secret"'))


#: what the fixes that no command of ours can make are in a sandbox
EQUIVALENTS: Mapping[str, Callable[[World], object]] = {
    "reachable": lambda w: w.pair.site("b").start(),
    "sign-in": _right_password,
    "token-life": _own_token,
    "clocks": lambda w: w.pair.advance(-120, "b"),
    "peer-link": lambda w: w.pair.clear_faults(),
    "cinder-policy": lambda w: w.pair.clear_faults(),
    "addresses": _free_address,
    "attributes": functools.partial(_with_key, None),
    "images": _image_back,
}
#: fixes that are another way to type the check itself
RETYPED: Mapping[str, str] = {
    # "use a cloud whose user has the role member"
    "role": "openstack protector protection-group check prod-web-app",
}
