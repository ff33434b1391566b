"""A group that replicates synchronously, from its first volume on."""

from collections.abc import Iterator
from typing import Any

import pytest

from fakeserver.base.seed_world import ARRAY_TOKENS
from fakeserver.local.pair import LocalPair


class Cloud:
    """site-a as the tenant uses it: its clouds, and its service."""

    def __init__(self, pair: LocalPair) -> None:
        session = pair.session("site-a")
        site = pair.site("a")
        self.url, self.world = site.url, site.world
        self.project = str(session.get_project_id())
        self._token = str(session.get_token())
        self._http = pair.http()

    def post(
        self, path: str, body: Any = None, version: str = "protector latest"
    ) -> Any:
        headers = {"X-Auth-Token": self._token}
        headers["OpenStack-API-Version"] = version
        answer = self._http.post(self.url + path, json=body, headers=headers)
        assert answer.ok, answer.text
        if not answer.content:
            return None
        return next(iter(answer.json().values()))

    def get(self, path: str) -> Any:
        headers = {"X-Auth-Token": self._token}
        headers["OpenStack-API-Version"] = "protector latest"
        answer = self._http.get(self.url + path, headers=headers)
        return next(iter(answer.json().values()))

    def instance(self, kind: str) -> str:
        """One that boots from a volume of this type."""
        volumes = f"/volume/v3/{self.project}/volumes"
        new = {"size": 10, "name": "pod-1-root", "volume_type": kind}
        volume = self.post(volumes, {"volume": new}, "volume 3.50")["id"]
        bootable = {"os-set_bootable": {"bootable": True}}
        self.post(f"{volumes}/{volume}/action", bootable, "volume 3.50")
        disk = {
            "uuid": volume,
            "source_type": "volume",
            "destination_type": "volume",
            "boot_index": 0,
        }
        network = self.world.network_id("site-a", "net-primary-web")
        server = {
            "name": "pod-1",
            "flavorRef": self.world.flavor_id("site-a", "m1.large"),
            "networks": [{"uuid": network}],
            "block_device_mapping_v2": [disk],
        }
        path = "/compute/v2.1/servers"
        return str(self.post(path, {"server": server}, "compute 2.1")["id"])

    def group(self, kind: str) -> Any:
        new = {
            "name": "pod",
            "volume_type_id": self.world.volume_type_id("site-a", kind),
            "primary_site_id": self.world.site_id("site-a"),
            "secondary_site_id": self.world.site_id("site-b"),
        }
        path = f"/v1/{self.project}/protection-groups"
        return self.post(path, {"protection_group": new})


@pytest.fixture
def pair() -> Iterator[LocalPair]:
    with LocalPair() as made:
        yield made


POLICY = {
    "primary_fa_url": "https://a.example.com",
    "secondary_fa_url": "https://b.example.com",
    "primary_fa_api_token": ARRAY_TOKENS["flasharray-a"],
    "secondary_fa_api_token": ARRAY_TOKENS["flasharray-b"],
}


def test_a_pod_has_no_lag(pair: LocalPair) -> None:
    cloud = Cloud(pair)
    group = cloud.group("flash-sync")
    assert group["replication_type"] == "sync"
    path = f"/v1/{cloud.project}/protection-groups/{group['id']}"
    instance = cloud.instance("flash-sync")
    cloud.post(f"{path}/members", {"member": {"instance_id": instance}})
    cloud.post(f"{path}/policy", {"policy": POLICY})
    for _ in range(3):
        pair.advance(1001)
        health = {
            one["protection_group_name"]: one
            for one in cloud.get("/v1/health")
        }
        pod = health["pod"]
        assert pod["replication_lag_seconds"] == 0
        assert pod["rpo_compliant"] and pod["failover_ready"]
        assert health["prod-db"]["replication_lag_seconds"] > 0
        [newest, *_] = cloud.get(f"{path}/consistency-group")[
            "recovery_points"
        ]
        assert newest["complete"] is True

    networks = {
        cloud.world.network_id("site-a", "net-primary-web"): (
            cloud.world.network_id("site-b", "net-secondary-web")
        )
    }
    action = {"failover": {"network_mapping": networks}}
    started = cloud.post(f"{path}/action", action)
    pair.drain()
    done = cloud.get(f"/v1/{cloud.project}/operations/{started['id']}")
    assert done["status"] == "completed", done


@pytest.mark.parametrize(
    ("group", "instance", "reason"),
    [
        ("flash-sync", "flash-async", "is replicated async"),
        ("flash-async", "flash-sync", "is replicated sync"),
        ("flash-async", "standard", "which is not replicated"),
    ],
)
def test_a_volume_replicates_as_its_group(
    pair: LocalPair, group: str, instance: str, reason: str
) -> None:
    cloud = Cloud(pair)
    path = f"/v1/{cloud.project}/protection-groups"
    made = cloud.group(group)
    body = {"member": {"instance_id": cloud.instance(instance)}}
    with pytest.raises(AssertionError) as caught:
        cloud.post(f"{path}/{made['id']}/members", body)
    assert "protector.volume-type-not-replicated" in str(caught.value)
    assert "volume pod-1-root" in str(caught.value)
    assert reason in str(caught.value)
