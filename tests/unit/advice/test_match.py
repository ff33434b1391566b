"""The troubleshooting page as a table."""

import ast
import pathlib
from collections import Counter
from typing import Any

import pytest

import protectorclient
from protectorclient._http import error_bodies
from protectorclient.advice import causes, guide, match
from protectorclient.advice.row import Advice
from protectorclient.osc import next_commands
from protectorclient.preflight import checks, refusals
from protectorclient.records.operation import Operation

PACKAGE = pathlib.Path(protectorclient.__file__).parent


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
    assert match.for_operation(running, unchanged_for=901) is guide.STUCK


@pytest.mark.parametrize(
    ("reason", "message", "key"),
    [
        ("peer-unreachable", "any", "peer-unreachable"),
        ("policy-missing", "any", "policy"),
        (
            "invalid-state",
            "Protection Group is not in failed_over state",
            "not-failed-over",
        ),
        ("protector.invalid-state", "Protection Group is in error", "status"),
        ("out-of-sync", "any", "metadata-version"),
        ("metadata-conflict", "any", "metadata-checksum"),
        ("test-not-cleaned", "any", "test-left"),
        ("bad-request", "any", None),
        (None, "any", None),
    ],
)
def test_refusals(reason: str | None, message: str, key: str | None) -> None:
    found = match.for_reason(reason, message)
    assert (found.key if found else None) == key


def test_each_row_is_there_once() -> None:
    """And no module of the table keeps one to itself."""
    keys = Counter(row.key for row in match.TABLE)
    assert [key for key, count in keys.items() if count > 1] == []
    made = [
        one
        for module in (guide, causes)
        for one in vars(module).values()
        if isinstance(one, Advice)
    ]
    assert {row.key for row in made} == set(keys)


def test_each_reason_has_one_row() -> None:
    """But for what a message says more exactly, which stands before."""
    reasons = {reason for row in match.TABLE for reason in row.reasons}
    assert reasons <= set(error_bodies.BY_REASON)
    for reason in reasons:
        rows = [row for row in match.TABLE if reason in row.reasons]
        assert all(row.message for row in rows[:-1]), reason


def test_each_step_has_one_row() -> None:
    steps = {step for row in match.TABLE for step in row.steps}
    for step in steps:
        rows = [row for row in match.TABLE if step in row.steps]
        assert [row for row in rows if row.message is None] == rows[-1:], step


def test_what_is_typed_after_a_refusal_is_in_the_table() -> None:
    """Where a row has it, no other place has it."""
    for row in match.TABLE:
        for reason in row.reasons:
            kind = error_bodies.BY_REASON[reason]
            assert row.next
            assert next_commands.COMMANDS[kind] is next_commands._refused
    for refusal in refusals.REFUSALS:
        assert refusal.advice in match.TABLE
        if refusal.reason is not None:
            row = match.for_reason(refusal.reason)
            assert row is refusal.advice
    for check in checks.CHECKS:
        assert check.advice in match.TABLE


def commands_made_by_hand(path: pathlib.Path) -> list[str]:
    """Calls that put names into a command without `fill`."""
    return [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("protector", "ShellCommand")
        and "shell_word" in ast.unparse(node)
    ]


def test_names_are_put_into_commands_in_one_place() -> None:
    found = [
        call
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name != "escape.py"
        for call in commands_made_by_hand(path)
    ]
    # what was typed is quoted again, word by word
    assert [one.partition(":")[0] for one in found] == ["osc/next_commands.py"]


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
    for row in guide.PAGE:
        filled = row.filled(group="prod-web-app", operation="op-1")
        for text in (*filled.fix, *filled.commands):
            assert "{" not in text
    filled = guide.OUT_OF_SYNC.filled(group="prod-web-app")
    assert filled.commands[0] == (
        "openstack protector protection-group sync-force prod-web-app"
    )


def test_the_seven_symptoms_are_there() -> None:
    assert len(guide.PAGE) == 7
    assert len({row.key for row in guide.PAGE}) == 7
    for row in guide.PAGE:
        assert row.symptom
        assert row.cause.endswith(".")
        assert row.fix
