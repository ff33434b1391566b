"""An operation in a table: what matters first, on one screen."""

from __future__ import annotations

import uuid
from typing import Any

from protectorclient.osc import columns
from protectorclient.osc.formats import formatters, table, values
from protectorclient.osc.v1 import _operation_table


def ids(count: int) -> list[str]:
    return [str(uuid.UUID(int=n + 10**30)) for n in range(count)]


RECORD: dict[str, Any] = {
    "id": f"op-{ids(1)[0]}",
    "protection_group_id": ids(1)[0],
    "operation_type": "failback",
    "status": "completed",
    "progress": 100,
    "source_site_id": ids(1)[0],
    "target_site_id": ids(1)[0],
    "started_at": "2025-11-03T10:00:00Z",
    "completed_at": "2025-11-03T10:07:43Z",
    "updated_at": "2025-11-03T10:07:43Z",
    "error_message": None,
    "steps_completed": [
        "validate_target_site",
        "get_latest_snapshot",
        "promote_volumes_on_flasharray",
        "manage_volumes_into_cinder",
        "recreate_instances",
        "reverse_replication",
        "update_protection_group_state",
    ],
    "steps_failed": [],
    "parameters": {
        "network_mapping": {ids(2)[0]: ids(2)[1]},
        "reverse_replication": True,
    },
    "request_id": f"req-{ids(1)[0]}",
    "result_data": {
        "instances_created": 3,
        "volumes_managed": 5,
        "current_primary_site": "site-a",
        "instances": ids(3),
        "volumes": ids(5),
        "snapshot_id": ids(1)[0],
        "snapshot_created_at": "2025-11-03T10:00:00Z",
        "leftovers": [],
        "sync_warning": "site-a was not told; its metadata is behind until"
        " sync-force has run from site-b",
        "stale_removed": [
            {
                "instance_id": ids(3)[n],
                "name": f"web-{n}",
                "snapshots": [f"volume-{one}.op-{one}" for one in ids(2)],
            }
            for n in range(3)
        ],
    },
    "site": "site-b",
    "outcome": "completed",
}


def shown(**changes: Any) -> tuple[list[str], dict[str, str]]:
    """The lines of the table at 80 columns, and the cells by their field."""
    output = _operation_table.arranged(columns.shown({**RECORD, **changes}))
    cells = [formatters.plain(cell) for cell in output[1]]
    lines = table.record(output[0], cells, 80)
    return lines, dict(zip(output[0], cells, strict=True))


def test_the_longest_of_all_is_read_at_a_glance() -> None:
    """`watch` at 80x24 leaves 22 lines: what matters is in them."""
    lines, cells = shown()
    assert len(lines) <= 35
    seen = "\n".join(lines[:22])
    for told in (
        "status",
        "100%",
        "error_message",
        "steps_failed",
        "update_protection_group_state",
        "leftovers: none",
        "sync_warning",
    ):
        assert told in seen
    assert cells["result_data"].splitlines() == [
        "leftovers: none",
        "instances_created: 3, volumes_managed: 5",
        "current_primary_site: site-a",
        "snapshot_created_at: 2025-11-03T10:00:00Z",
        "sync_warning: site-a was not told; its metadata is behind until"
        " sync-force has run from site-b",
        "stale_removed: web-0, web-1, web-2",
        "ids with -c result_data: instances (3), volumes (5), snapshot_id",
    ]
    assert set(cells) == set(RECORD)


def test_leftovers_come_first_and_are_counted() -> None:
    left = [
        {"kind": "volume", "name": f"v-{n}", "site": "site-b", "why": "busy"}
        for n in range(7)
    ]
    _, cells = shown(result_data={"instances": ids(1), "leftovers": left})
    assert cells["result_data"].splitlines() == [
        "leftovers:",
        *(f"  volume v-{n} at site-b: busy" for n in range(5)),
        "  and 2 more",
        "ids with -c result_data: instances (1)",
    ]


def test_a_mapping_is_short_and_ids_are_cut_to_eight_digits() -> None:
    _, cells = shown()
    assert cells["parameters"].splitlines() == [
        "reverse_replication: True",
        "network_mapping: 0000000c -> 0000000c",
    ]
    many = {"flavor_mapping": {f"m{n}.large": "世界" for n in range(7)}}
    _, cells = shown(parameters=many)
    assert cells["parameters"].splitlines() == [
        "flavor_mapping:",
        *(f"  m{n}.large -> 世界" for n in range(5)),
        "  and 2 more",
    ]


def test_nothing_yet_and_what_a_newer_service_adds() -> None:
    lines, cells = shown(
        result_data=None, parameters=None, steps_completed=None, newer={"a": 1}
    )
    assert cells["result_data"] == cells["steps_completed"] == ""
    assert cells["newer"] == "a: 1"
    assert len(lines) <= 24


def test_programs_get_the_value() -> None:
    _, cells = _operation_table.arranged(columns.shown(RECORD))
    found = [values.machine(cell) for cell in cells]
    assert RECORD["result_data"] in found
    assert RECORD["steps_completed"] in found


def test_what_is_not_kept_is_named_once_for_all_who_lost_it() -> None:
    """Of seven instances with one loss there is one line."""
    lost = [
        {
            "member": f"web-{n}",
            "attribute": "key_pair",
            "value": None,
            "reason": "It belongs to a user",
        }
        for n in range(7)
    ]
    lost.append(
        {
            "member": "web-1",
            "attribute": "tags",
            "value": ["gold"],
            "reason": "At site-b it is []",
        }
    )
    result = {**RECORD["result_data"], "not_kept": lost}
    _, cells = shown(result_data=result)
    lines = cells["result_data"].splitlines()
    start = lines.index("not_kept:")
    told = " ".join(line.strip() for line in lines[start + 1 :])
    assert "key_pair of web-0, web-1, web-2" in told
    assert "more: It belongs to a user" in told
    assert told.count("key_pair") == 1
    assert "tags gold of web-1: At site-b it is []" in told
