"""The action endpoint: what it takes, and what it asks of the engine."""

import itertools
from typing import Any

import pytest

from fakeserver.base.ids import stable_id
from tests.helpers.api_parts import PROJECT, Api, Engine, error_of

GROUP = stable_id(1, "g")
PATH = f"/v1/{PROJECT}/protection-groups/{GROUP}"
ACTIONS = (
    "failover",
    "failback",
    "test_failover",
    "test_cleanup",
    "sync_volumes",
)
FLAGS = {
    "force": ("failover",),
    "retain_primary": ("failover", "test_failover"),
    "reverse_replication": ("failback",),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_started(call: Api, engine: Engine, action: str) -> None:
    rid = f"req-{stable_id(1, action)}"
    response = call(
        "POST",
        f"{PATH}/action",
        {action: {}},
        role="member",
        headers={"X-OpenStack-Request-ID": rid},
    )
    assert response.status_code == 202
    assert engine.calls == [("act", PROJECT, GROUP, action, {}, rid)]
    assert response.get_json()["operation"]["operation_type"] == action


@pytest.mark.parametrize(
    ("action", "flag"), list(itertools.product(ACTIONS, FLAGS))
)
def test_flags(call: Api, engine: Engine, action: str, flag: str) -> None:
    """A false is accepted everywhere, a true where it means something."""
    response = call("POST", f"{PATH}/action", {action: {flag: False}})
    assert response.status_code == 202
    response = call("POST", f"{PATH}/action", {action: {flag: True}})
    if action in FLAGS[flag]:
        assert response.status_code == 202
    else:
        assert error_of(response).reason == "bad-request"
        assert len(engine.calls) == 1


def test_retain_primary_makes_a_test(call: Api, engine: Engine) -> None:
    given = {"network_mapping": {"a": "b"}, "retain_primary": True}
    call("POST", f"{PATH}/action", {"failover": given})
    assert engine.calls[0][3:5] == ("test_failover", given)


def test_mappings_and_reason_arrive(call: Api, engine: Engine) -> None:
    given = {
        "network_mapping": {"net-1": "net-2"},
        "flavor_mapping": {"m1.large": "m2.large"},
        "reason": "the drill of the month",
        "reverse_replication": True,
    }
    call("POST", f"{PATH}/action", {"failback": given})
    assert engine.calls[0][3:5] == ("failback", given)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_reason_comes_with_1_2(
    call: Api, engine: Engine, action: str, version: str
) -> None:
    body = {action: {"reason": "because"}}
    found = error_of(call("POST", f"{PATH}/action", body, version=version))
    assert found.message == f"{action}.reason is not known here"
    assert engine.calls == []
    assert call("POST", f"{PATH}/action", body).status_code == 202


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_reason_of_the_sync_comes_with_1_2(
    call: Api, engine: Engine, version: str
) -> None:
    path, body = f"{PATH}/consistency-group/sync", {"reason": "because"}
    found = error_of(call("POST", path, body, version=version))
    assert found.message == "reason is not known here"
    assert engine.calls == []
    assert call("POST", path, body).status_code == 202
    assert engine.calls[0][3:5] == ("sync_volumes", body)
    found = error_of(call("POST", path, {"reason": "x" * 256}))
    assert found.details["field"] == "reason"


def test_reset_status_is_for_admins(call: Api, engine: Engine) -> None:
    body = {"reset_status": {"status": "active"}}
    found = error_of(call("POST", f"{PATH}/action", body, role="member"))
    assert (found.status, found.reason) == (403, "forbidden")
    assert engine.calls == []
    assert call("POST", f"{PATH}/action", body).status_code == 202


def test_sync_is_the_action(call: Api, engine: Engine) -> None:
    response = call("POST", f"{PATH}/consistency-group/sync", role="member")
    assert response.status_code == 202
    assert engine.calls[0][1:5] == (PROJECT, GROUP, "sync_volumes", {})


@pytest.mark.parametrize("path", ["action", "consistency-group/sync"])
def test_result_data_comes_with_1_1(call: Api, path: str) -> None:
    body: Any = {"sync_volumes": {}} if path == "action" else None
    for version, known in (("1.0", False), ("1.1", True), ("1.2", True)):
        response = call("POST", f"{PATH}/{path}", body, version=version)
        operation = response.get_json()["operation"]
        assert ("result_data" in operation) == known


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "sync-status", ("sync_status", PROJECT, GROUP)),
        (
            "GET",
            "sync-status?local=true",
            ("local_sync_status", PROJECT, GROUP),
        ),
        ("POST", "sync-force", ("sync_force", PROJECT, GROUP, False)),
        (
            "POST",
            "sync-force?force=True",
            ("sync_force", PROJECT, GROUP, True),
        ),
        ("GET", "metadata", ("export", PROJECT, GROUP, None)),
        ("GET", "metadata?version=3", ("export", PROJECT, GROUP, 3)),
    ],
)
def test_metadata_calls(
    call: Api,
    engine: Engine,
    method: str,
    path: str,
    expected: tuple[Any, ...],
) -> None:
    assert call(method, f"{PATH}/{path}").status_code == 200
    assert engine.calls == [expected]


def policy(**more: Any) -> dict[str, Any]:
    token = {"fingerprint": "0" * 64, "sealed": "geheim"}
    return {
        "primary_fa_url": "https://a.example.com",
        "secondary_fa_url": "https://b.example.com",
        "replication_interval": 300,
        "rpo_minutes": 15,
        "primary_fa_api_token": token,
        "secondary_fa_api_token": token,
        **more,
    }


def test_sealed_tokens_come_in_and_never_go_out(
    call: Api, engine: Engine
) -> None:
    document = call("GET", f"{PATH}/metadata").get_json()["metadata"]
    document["policy"] = policy()
    response = call(
        "PUT",
        f"{PATH}/metadata",
        {"metadata": document},
        role="protector_peer",
    )
    assert response.status_code == 200
    assert engine.calls[-1][3]["policy"] == policy()
    assert "geheim" not in response.get_data(as_text=True)
    assert response.get_json()["metadata"]["policy"][
        "primary_fa_api_token"
    ] == {"fingerprint": "0" * 64}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"extra": 1}, "metadata.extra is not known here"),
        ({"version": 0}, "metadata.version must be at least 1"),
        ({"version": "1"}, "metadata.version must be an integer"),
        (
            {"version": 1 << 40},
            "metadata.version must be at most 2147483647",
        ),
        ({"id": "x"}, "metadata.id must be a UUID"),
        (
            {"policy": policy(rpo_minutes=0)},
            "metadata.policy.rpo_minutes must be at least 1",
        ),
        (
            {"members": [{"id": GROUP, "status": "well", "sites": {}}]},
            "metadata.members[0].status must be one of protected, "
            "failed_over, error",
        ),
        ({"deleted": None}, "metadata.deleted must be true or false"),
    ],
)
def test_bad_document(
    call: Api, engine: Engine, change: dict[str, Any], message: str
) -> None:
    document = call("GET", f"{PATH}/metadata").get_json()["metadata"]
    body = {"metadata": {**document, **change}}
    assert error_of(call("PUT", f"{PATH}/metadata", body)).message == message
    assert len(engine.calls) == 1
