"""A stranger's tool reads the description and tries all that it can."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from fakeserver.api import description
from tests.helpers import fuzzing
from tests.helpers.fuzzed_world import FuzzedWorld

#: version -> the share of the configured examples that is drawn
RUNS = {"1.2": 1.0, "1.0": 0.1}
#: it measures time, and needs to be told how much is too much
NEEDS_A_FIGURE = {"max_response_time"}
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(autouse=True)
def every_answer_is_as_described() -> None:
    """schemathesis sees to that here."""


@pytest.mark.thorough
@pytest.mark.parametrize("version", RUNS)
def test_every_check_over_every_endpoint(
    version: str, record_property: Any
) -> None:
    from schemathesis.checks import CHECKS

    run = fuzzing.fuzz(version, RUNS[version])
    for name, value in run.figures().items():
        record_property(name, value)
    assert not run.problems, "\n\n".join(dict.fromkeys(run.problems))
    assert set(run.operations) == {
        f"{method} {path}" for method, path in description.routes()
    }
    assert set(run.checks) == set(CHECKS.get_all_names()) - NEEDS_A_FIGURE
    if version == "1.2":
        # it has come further than to refusals, everywhere
        assert not {
            label
            for label, statuses in run.operations.items()
            if not any(status < 300 for status in statuses)
        }


class Asking:
    """One request after another, and the listed refusals that came."""

    def __init__(self, world: FuzzedWorld) -> None:
        self.world = world
        self.met: set[fuzzing.Refusal] = set()
        _, self._refusals = fuzzing.configuration()

    def send(self, method: str, path: str, body: Any = None) -> Any:
        return requests.request(
            method,
            self.world.url + path.replace("T/", f"/v1/{self.world.project}/"),
            json=body,
            headers={
                "X-Auth-Token": self.world.token,
                fuzzing.VERSION: "protector 1.2",
            },
            timeout=30,
        )

    def refused(
        self, operation: str, method: str, path: str, body: Any = None
    ) -> None:
        answer = self.send(method, path, body)
        assert answer.status_code == 400, answer.text
        message = answer.json()["error"]["message"]
        listed = [
            one for one in self._refusals if one.fits(operation, message)
        ]
        assert len(listed) == 1, message
        self.met.update(listed)


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> Iterator[Asking]:
    world = FuzzedWorld(monkeypatch)
    yield Asking(world)
    world.close()


def test_what_is_listed_is_refused(asking: Asking) -> None:
    """Each row of the table stands for something that the server says."""
    known, refused = asking.world.known, asking.refused
    ours, theirs, unused = known["path.site_id"]
    app, _, bare = (f"T/protection-groups/{id}" for id in known["path.pg_id"])
    for operation, path in {
        "list_sites": "/v1/admin/sites",
        "list_tenant_mappings": "/v1/admin/tenant-mappings",
        "list_protection_groups": "T/protection-groups",
        "list_members": f"{app}/members",
        "list_operations": "T/operations",
        "show_health": "/v1/health",
        "list_sync_status": "T/sync-status",
    }.items():
        refused(operation, "GET", f"{path}?marker={NOBODY}")

    mapping = {"name": "new", "projects": {ours: "p", NOBODY: "q"}}
    refused(
        "create_tenant_mapping",
        "POST",
        "/v1/admin/tenant-mappings",
        {"tenant_mapping": mapping},
    )

    flash, _, standard = known["body.protection_group.volume_type_id"]
    group = {
        "name": "new",
        "volume_type_id": flash,
        "primary_site_id": ours,
        "secondary_site_id": theirs,
    }
    for change in (
        {"primary_site_id": NOBODY},
        {"secondary_site_id": ours},
        {"secondary_site_id": unused},
        {"volume_type_id": NOBODY},
        {"volume_type_id": standard},
    ):
        refused(
            "create_protection_group",
            "POST",
            "T/protection-groups",
            {"protection_group": group | change},
        )

    refused(
        "add_member",
        "POST",
        f"{bare}/members",
        {"member": {"instance_id": NOBODY}},
    )
    moved = {"site": {"volume_backend_host": "other@other#pool"}}
    assert asking.send("PATCH", f"/v1/admin/sites/{ours}", moved).ok
    free = known["body.member.instance_id"][-1]
    refused(
        "add_member",
        "POST",
        f"{bare}/members",
        {"member": {"instance_id": free}},
    )

    for mappings in (
        {"network_mapping": {NOBODY: NOBODY}},
        {"flavor_mapping": {"m1.large": "m9.large"}},
        {"flavor_mapping": asking.world.twice("m1.large")},
        {"network_mapping": asking.world.beside_the_point},
    ):
        refused(
            "act_on_protection_group",
            "POST",
            f"{app}/action",
            {"failover": mappings},
        )

    refused(
        "act_on_protection_group",
        "POST",
        f"{app}/action",
        {"failover": {"power_on": [NOBODY]}},
    )
    refused("force_sync", "POST", f"{app}/sync-force?discard=1")

    urls = {
        "primary_fa_url": "https://a.example.com",
        "secondary_fa_url": "https://b.example.com",
    }
    refused("set_policy", "POST", f"{bare}/policy", {"policy": urls})

    document = asking.send("GET", f"{bare}/metadata").json()["metadata"]
    new = document | {"id": NOBODY}
    whole = asking.send("GET", f"{app}/metadata").json()["metadata"]
    twins = whole["members"][:1] * 2
    token = {"sealed": "gAAAA", "fingerprint": "0" * 64}
    policy = urls | {
        "replication_interval": 300,
        "rpo_minutes": 15,
        "primary_fa_api_token": token,
        "secondary_fa_api_token": token,
    }
    sealed = copy.deepcopy(whole["members"])
    for held in sealed[0]["sites"].values():
        mark = {"db_password": {"fingerprint": "0" * 64}}
        held["attributes"]["properties"] = mark
    unknown = f"T/protection-groups/{NOBODY}"
    for path, changed in (
        (unknown, document),
        (bare, document | {"policy": policy}),
        (unknown, new | {"secondary_site_id": NOBODY}),
        (unknown, new | {"secondary_site_id": ours}),
        (unknown, new | {"current_primary_site_id": unused}),
        (app, whole | {"members": sealed}),
        (unknown, new | {"members": twins}),
        (unknown, new | {"volume_type": "slow"}),
    ):
        refused(
            "import_metadata",
            "PUT",
            f"{path}/metadata?force=true",
            {"metadata": changed},
        )

    refused(
        "import_metadata",
        "PUT",
        f"{app}/metadata?since={'0' * 64}",
        {"metadata": whole},
    )

    _, listed = fuzzing.configuration()
    assert asking.met == set(listed)
