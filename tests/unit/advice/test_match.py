"""The troubleshooting page as a table."""

from typing import Any

import pytest

from protectorclient import exceptions
from protectorclient.advice import match
from protectorclient.records.operation import Operation


def failed(step: str, message: str = "no", **fields: Any) -> Operation:
    return Operation.from_dict(
        {
            "id": "op-1",
            "operation_type": "failover",
            "status": "failed",
            "steps_failed": [step],
            "error_message": message,
            **fields,
        }
    )


@pytest.mark.parametrize(
    ("operation", "key"),
    [
        (
            failed("manage_volumes_into_cinder", "HTTP 403 from Cinder"),
            "cinder-policy",
        ),
        (
            failed("manage_volumes_into_cinder", "Policy doesn't allow it"),
            "cinder-policy",
        ),
        (failed("manage_volumes_into_cinder", "out of quota"), "volumes"),
        (failed("get_latest_snapshot"), "storage"),
        (failed("promote_volumes_on_flasharray"), "storage"),
        (failed("clone_volumes_on_flasharray"), "storage"),
        (failed("recreate_instances"), "instances"),
        (
            failed(
                "recreate_instances",
                "The cloud of site-a is unreachable: it does not answer",
            ),
            "cloud-unreachable",
        ),
        (
            failed("delete_test_instances", operation_type="test_cleanup"),
            "test-left",
        ),
        (
            failed(
                "validate_target_site",
                "Cannot modify protection group — remote site unreachable",
            ),
            "peer-unreachable",
        ),
    ],
)
def test_failed_operations(operation: Operation, key: str | None) -> None:
    found = match.for_operation(operation)
    assert (found.key if found else None) == key


def test_a_completed_operation_needs_none() -> None:
    assert match.for_operation(Operation(id="op-1", status="completed")) is (
        None
    )


def test_a_stuck_operation() -> None:
    running = Operation(id="op-1", status="running")
    assert match.for_operation(running) is None
    assert match.for_operation(running, unchanged_for=899) is None
    assert match.for_operation(running, unchanged_for=901) is match.STUCK


@pytest.mark.parametrize(
    ("reason", "message", "key"),
    [
        ("peer-unreachable", "any", "peer-unreachable"),
        ("policy-missing", "any", "storage"),
        (
            "invalid-state",
            "Protection Group is not in failed_over state",
            "not-failed-over",
        ),
        ("invalid-state", "Protection Group is in error", None),
        ("out-of-sync", "any", "out-of-sync"),
        ("metadata-conflict", "any", "out-of-sync"),
        ("test-not-cleaned", "any", "test-left"),
        ("bad-request", "any", None),
    ],
)
def test_refusals(reason: str, message: str, key: str | None) -> None:
    error = exceptions.Conflict(
        message, code=409, reason=f"protector.{reason}"
    )
    found = match.for_error(error)
    assert (found.key if found else None) == key


def test_errors_of_operations() -> None:
    operation = failed("get_latest_snapshot")
    error = exceptions.OperationFailed("no", operation=operation)
    assert match.for_error(error) is match.STORAGE
    error = exceptions.OperationFailed("no", advice=match.STUCK)
    assert match.for_error(error) is match.STUCK
    assert match.for_error(exceptions.WaitTimeout("no")) is None
    assert match.for_error(ValueError("no")) is None


def test_the_site_in_trouble_is_the_one_that_is_named() -> None:
    message = "The cloud of site-a is unreachable: it does not answer"
    operation = failed("validate_target_site", message)
    found = match.for_operation(operation)
    assert found is not None
    assert found.cause.startswith("A service of the cloud of site-a (")
    assert found.filled(site="site-b").commands == (
        "openstack --os-cloud site-a token issue",
        "as an admin:",
        "openstack protector site validate site-a",
    )


def test_the_names_of_the_day() -> None:
    for row in match.TABLE:
        filled = row.filled(group="prod-web-app", operation="op-1")
        for text in (*filled.fix, *filled.commands):
            assert "{" not in text
    filled = match.OUT_OF_SYNC.filled(group="prod-web-app")
    assert filled.commands[0] == (
        "openstack protector protection-group sync-force prod-web-app"
    )


def test_the_seven_symptoms_are_there() -> None:
    assert len(match.TABLE) == 7
    assert len({row.key for row in match.TABLE}) == 7
    for row in match.TABLE:
        assert row.symptom
        assert row.cause.endswith(".")
        assert row.fix
