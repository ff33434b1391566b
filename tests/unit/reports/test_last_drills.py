"""The last drill of many groups, from one list of a site."""

from collections.abc import Iterator
from typing import Any

import pytest

from protectorclient.records.operation import Operation
from protectorclient.reports import overview_past

NAMES = ["pg-1", "pg-2", "pg-3", "pg-4", "pg-5"]


class Site:
    """Lists drills, newest first, and counts what is asked and read."""

    def __init__(self, drills: list[str]) -> None:
        self.drills = drills
        self.asked: list[dict[str, Any]] = []
        self.read = 0
        self.handle = self.client = self.operations = self

    def list(self, **asked: Any) -> Iterator[Operation]:
        self.asked.append(asked)
        for number, group in enumerate(self.drills):
            self.read += 1
            yield Operation(
                id=f"op-{number}",
                protection_group_id=group,
                operation_type="test_failover",
                status="completed",
            )


def found(site: Site, wanted: list[str]) -> dict[str, str]:
    drills = overview_past.last_drills(site, set(wanted))  # type: ignore[arg-type]
    return {group: drill.id for group, drill in drills.items()}


def test_the_newest_of_each_counts() -> None:
    site = Site(["pg-2", "pg-1", "pg-2", "pg-9"])
    assert found(site, NAMES) == {"pg-2": "op-0", "pg-1": "op-1"}
    assert len(site.asked) == 1


@pytest.mark.parametrize(("wanted", "read"), [(["pg-1"], 2), (["pg-2"], 1)])
def test_nothing_is_read_after_the_last(wanted: list[str], read: int) -> None:
    site = Site(["pg-2", "pg-1", *["pg-3"] * 50])
    found(site, wanted)
    assert site.read == read
