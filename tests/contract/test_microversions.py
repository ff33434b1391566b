"""Older servers lack what came later, and say so."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from fakeserver.local.pair import LocalPair

VERSIONS = ["1.0", "1.1", "1.2"]
HEADER = "OpenStack-API-Version"


class Server:
    """site-a of a pair, asked at any version."""

    def __init__(self, pair: LocalPair) -> None:
        self.pair = pair
        self.newest = pair.settings.max_microversion
        self._session = pair.session("site-a")
        self._project = self._session.get_project_id()

    def __call__(
        self, method: str, path: str, body: Any = None, version: str = "latest"
    ) -> requests.Response:
        site = self.pair.site("a")
        answer: requests.Response = self._session.request(
            site.url + path.replace("T/", f"/v1/{self._project}/"),
            method,
            json=body,
            headers={HEADER: f"protector {version}"},
            raise_exc=False,
        )
        return answer

    def group(
        self, name: str = "prod-web-app", version: str = "latest"
    ) -> Any:
        path = f"T/protection-groups?name={name}"
        [found] = self("GET", path, None, version).json()["protection_groups"]
        return found

    def knows(self, version: str) -> bool:
        return version <= self.newest


@pytest.fixture(params=VERSIONS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with LocalPair(max_microversion=request.param) as pair:
        yield Server(pair)


def test_its_range(server: Server) -> None:
    [root] = server("GET", "/").json()["versions"]
    v1 = server("GET", "/v1/").json()["version"]
    for found in (root, v1):
        assert found["min_version"] == "1.0"
        assert found["version"] == found["max_version"] == server.newest
    for version in (*VERSIONS, "1.3", "0.9", "2.0"):
        answer = server("GET", "T/protection-groups", None, version)
        if version in VERSIONS and server.knows(version):
            assert answer.status_code == 200
            assert answer.headers[HEADER] == f"protector {version}"
        else:
            error = answer.json()["error"]
            assert answer.status_code == error["code"] == 406
            assert error["reason"] == "protector.version-not-supported"
            assert error["details"] == {
                "min_version": "1.0",
                "max_version": server.newest,
            }
    answer = server("GET", "T/protection-groups")
    assert answer.headers[HEADER] == f"protector {server.newest}"


def test_its_description(server: Server) -> None:
    found = server("GET", "/v1/openapi.json").json()
    assert found["info"]["version"] == server.newest
    schemas = found["components"]["schemas"]
    operation = schemas["Operation"]["properties"]
    assert ("result_data" in operation) == server.knows("1.1")
    for name in ("ProtectionGroup", "NewProtectionGroup"):
        group = schemas[name]["properties"]
        assert ("network_mapping" in group) == server.knows("1.2")
    failover = schemas["Action"]["properties"]["failover"]["properties"]
    assert ("reason" in failover) == server.knows("1.2")
    health = found["paths"]["/v1/health"]["get"]["responses"]
    assert ("200" in health) == server.knows("1.2")
    header = found["components"]["parameters"]["Version"]["schema"]
    assert header["enum"] == [f"protector {server.newest}", "protector latest"]


def test_result_data_came_with_1_1(server: Server) -> None:
    path = f"T/protection-groups/{server.group()['id']}/action"
    started = server("POST", path, {"sync_volumes": {}}).json()["operation"]
    server.pair.drain()
    one = f"T/operations/{started['id']}"
    done = server("GET", one).json()["operation"]
    [listed] = server("GET", "T/operations").json()["operations"]
    assert done == listed
    for record in (started, done):
        assert ("result_data" in record) == server.knows("1.1")
    oldest = server("GET", one, None, "1.0").json()["operation"]
    assert "result_data" not in oldest


def test_stored_mappings_came_with_1_2(server: Server) -> None:
    group = server.group("prod-db")
    path = f"T/protection-groups/{group['id']}"
    world = server.pair.site("a").world
    mappings = {
        "network_mapping": {
            world.network_id("site-a", "net-primary-db"): (
                world.network_id("site-b", "net-secondary-db")
            )
        },
        "flavor_mapping": {"db.big": "db.large"},
    }
    answer = server("PATCH", path, {"protection_group": mappings})
    if not server.knows("1.2"):
        assert "network_mapping" not in group
        assert answer.status_code == 400
        assert "is not known here" in answer.json()["error"]["message"]
        return
    assert answer.status_code == 200
    found = server.group("prod-db")
    assert {field: found[field] for field in mappings} == mappings
    older = server.group("prod-db", "1.1")
    assert not older.keys() & mappings.keys()
    # used where an action gives none, also one that is asked for at 1.0
    answer = server("POST", f"{path}/action", {"failover": {}}, "1.0")
    assert answer.status_code == 202
    server.pair.drain()
    assert server.group("prod-db")["status"] == "failed_over"


def test_reasons_came_with_1_2(server: Server) -> None:
    path = f"T/protection-groups/{server.group()['id']}/action"
    body = {"sync_volumes": {"reason": "the drill of the month"}}
    answer = server("POST", path, body)
    if not server.knows("1.2"):
        message = answer.json()["error"]["message"]
        assert message == "sync_volumes.reason is not known here"
        return
    started = answer.json()["operation"]
    assert started["parameters"] == body["sync_volumes"]


def test_health_came_with_1_2(server: Server) -> None:
    assert server("GET", "/v1/health", None, "1.0").status_code == 404
    found = server("GET", "/v1/health")
    assert found.status_code == (200 if server.knows("1.2") else 404)


@pytest.mark.parametrize("older", ["1.0", "1.1"])
def test_an_older_peer_is_as_good(older: str) -> None:
    """Sites speak to each other in the oldest version, whatever they know,
    and lose nothing by that."""
    with LocalPair() as pair:
        site = pair.site("b")
        site.stop()
        site.config = dataclasses.replace(site.config, max_microversion=older)
        site.start()
        server = Server(pair)
        group = server.group()
        path = f"T/protection-groups/{group['id']}"
        world = pair.site("a").world
        network = {
            world.network_id("site-a", "net-primary-web"): (
                world.network_id("site-b", "net-secondary-web")
            )
        }
        change = {"protection_group": {"network_mapping": network}}
        assert server("PATCH", path, change).status_code == 200
        body = {"failover": {"reason": "to an older site"}}
        assert server("POST", f"{path}/action", body).status_code == 202
        pair.drain()
        found = server("GET", f"{path}/sync-status").json()["sync_status"]
        assert found["status"] == "IN_SYNC"
        assert server.group()["status"] == "failed_over"
        assert server.group()["network_mapping"] == network
