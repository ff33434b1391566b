"""What one is asked for costs the same beside few and beside many others.

Counted are steps of SQLite's machine and documents that are decoded.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable

import pytest

from fakeserver.cloud.network import lists
from fakeserver.cloud.shared import rows
from fakeserver.cloud.shared.schema import (
    NETWORKS,
    PORTS,
    SERVERS,
    SUBNETS,
    VOLUMES,
)
from tests.helpers.cloud_parts import Cloud

FEW, MANY = 20, 400
NETWORK = "net-primary-web"


def neighbours(cloud: Cloud, first: int, last: int) -> None:
    """Copy a seeded server, with its volume, and put each copy on a network
    of its own and on that of the seeded one."""
    with cloud.site.db.transaction() as tx:
        where = "project_id = ?"
        server = SERVERS.select(tx, where, (cloud.project(),))[0]
        port = PORTS.select(tx, "device_id = ?", (server["id"],))[0]
        network = NETWORKS.get(tx, port["network_id"]) or {}
        subnet = SUBNETS.get(tx, port["subnet_id"]) or {}
        volume = VOLUMES.get(tx, server["disks"][0]["id"]) or {}
        for n in range(first, last):
            own = {**server, "id": f"server-{n}", "name": f"other-{n}"}
            SERVERS.put(tx, own)
            VOLUMES.put(
                tx, volume | {"id": f"volume-{n}", "array_name": f"disk-{n}"}
            )
            NETWORKS.put(
                tx, network | {"id": f"network-{n}", "name": f"net-{n}"}
            )
            SUBNETS.put(
                tx,
                subnet | {"id": f"subnet-{n}", "network_id": f"network-{n}"},
            )
            for number, net in enumerate((f"network-{n}", network["id"])):
                PORTS.put(
                    tx,
                    port
                    | {
                        "id": f"port-{number}-{n}",
                        "network_id": net,
                        "device_id": own["id"],
                        "ip_address": f"10.99.{n // 250}.{n % 250}",
                        "name": f"port-{n}",
                    },
                )


@pytest.fixture
def spent(
    a: Cloud, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[], object]], tuple[int, int]]:
    """Counts the steps and the documents of a call."""

    def measured(call: Callable[[], object]) -> tuple[int, int]:
        counted = [0, 0]

        def step() -> int:
            counted[0] += 1
            return 0

        def decode(texts: Iterable[str]) -> list[object]:
            found = [json.loads(text) for text in texts]
            counted[1] += len(found)
            return found

        db: sqlite3.Connection = a.site.db.connection()
        with monkeypatch.context() as patch:
            for module in (rows, lists):
                patch.setattr(module, "load_all", decode)
            db.set_progress_handler(step, 1)
            try:
                call()
            finally:
                db.set_progress_handler(None, 1)
        return counted[0], counted[1]

    return measured


def questions(cloud: Cloud) -> dict[str, tuple[str, str, object]]:
    server = cloud.world.groups[0].servers[0]
    network = cloud.world.network_id("site-a", NETWORK)
    net, vol = "/networking/v2.0", f"/volume/v3/{cloud.project()}"
    port = {"network_id": network, "fixed_ips": [{"ip_address": "10.10.0.99"}]}
    pair = "{'key': 'no such'}"
    return {
        "network by id": ("GET", f"{net}/networks?id={network}", None),
        "network by name": ("GET", f"{net}/networks?name={NETWORK}", None),
        "page of networks": ("GET", f"{net}/networks?limit=2", None),
        "subnets": ("GET", f"{net}/subnets?network_id={network}", None),
        "ports": ("GET", f"{net}/ports?device_id={server.id}", None),
        "ports by address": (
            "GET",
            f"{net}/ports?network_id={network}"
            "&fixed_ips=ip_address=10.10.0.11&fixed_ips=ip_address=10.10.0.12",
            None,
        ),
        "ports by name": ("GET", f"{net}/ports?name=no-such", None),
        "ports of a member": ("GET", f"{net}/ports?description=none", None),
        "new port": ("POST", f"{net}/ports", {"port": port}),
        "server": ("GET", f"/compute/v2.1/servers/{server.id}", None),
        "volume by mark": ("GET", f"{vol}/volumes?metadata={pair}", None),
    }


#: what is counted for a quota, and of a filter what the database alone reads
#: through: no document, and few steps for each neighbour
ALLOWED = {"new port": 18, "volume by mark": 25}


def test_one_costs_the_same_beside_many(
    a: Cloud, spent: Callable[[Callable[[], object]], tuple[int, int]]
) -> None:
    def measure() -> dict[str, tuple[int, int]]:
        found = {}
        for name, (method, path, body) in questions(a).items():

            def call(m: str = method, p: str = path, b: object = body) -> None:
                answer = a.call(m, p, b)
                assert answer.status_code < 300, answer.text
                if m == "POST":
                    made = answer.json["port"]["id"]
                    a.call("DELETE", f"{p}/{made}")

            call()
            found[name] = spent(call)
        return found

    neighbours(a, 0, FEW)
    few = measure()
    neighbours(a, FEW, MANY)
    many = measure()
    for name, (steps, documents) in few.items():
        more = ALLOWED.get(name, 0) * (MANY - FEW)
        assert many[name][0] <= steps * 1.3 + 50 + more, name
        assert many[name][1] == documents, name


def test_a_list_of_servers_reads_each_document_once(
    a: Cloud, spent: Callable[[Callable[[], object]], tuple[int, int]]
) -> None:
    neighbours(a, 0, FEW)
    path = "/compute/v2.1/servers/detail"
    answer = a.get(path)
    servers = answer.json["servers"]
    ports = sum(
        len(addresses)
        for server in servers
        for addresses in server["addresses"].values()
    )
    _, documents = spent(lambda: a.get(path))
    # the user and the networks beside them
    assert documents <= len(servers) + ports + FEW + 5
