"""Operations of two sites as one list, and its pages."""

import dataclasses
import datetime
import random
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from protectorclient import exceptions
from protectorclient.drill import history
from protectorclient.pair.reads.lists import ListReads
from protectorclient.records import newest_first
from protectorclient.records.operation import Operation

NOON = datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.UTC)


def made(name: str, began: int, ended: int | None) -> Operation:
    return Operation(
        id=f"op-{name}",
        operation_type=name,
        started_at=NOON + datetime.timedelta(seconds=began),
        completed_at=None
        if ended is None
        else NOON + datetime.timedelta(seconds=ended),
    )


def names(found: Sequence[tuple[Operation, Any]]) -> list[str]:
    return [operation.operation_type for operation, _ in found]


@pytest.mark.parametrize(
    ("at_a", "at_b", "expected"),
    [
        (
            [("failback", 5, 6)],
            [("failover", 5, 5)],
            ["failback", "failover"],
        ),
        (
            [("failover", 5, 5)],
            [("failback", 5, 6)],
            ["failback", "failover"],
        ),
        # one that runs was begun behind one that has ended
        (
            [("failover", 5, 5)],
            [("failback", 5, None)],
            ["failback", "failover"],
        ),
        # nothing tells them apart: the first site's
        ([("a", 5, 5)], [("b", 5, 5)], ["a", "b"]),
        # the order of a site is kept, whatever ended first
        (
            [("new", 5, 6), ("old", 5, 9)],
            [("other", 5, 7)],
            ["other", "new", "old"],
        ),
        ([("old", 4, 99)], [("new", 5, 5)], ["new", "old"]),
    ],
)
def test_two_of_one_second(
    at_a: list[tuple[str, int, int | None]],
    at_b: list[tuple[str, int, int | None]],
    expected: list[str],
) -> None:
    lists = [
        ("a", [made(*one) for one in at_a]),
        ("b", [made(*one) for one in at_b]),
    ]
    assert names(newest_first.merged(lists)) == expected


class Site:
    """A site with operations, which counts the pages it sends."""

    def __init__(self, name: str, operations: list[Operation]) -> None:
        self.name = name
        self.held = operations
        self.client = types.SimpleNamespace(
            operations=types.SimpleNamespace(list=self.list)
        )

    def list(
        self,
        *,
        limit: int | None = None,
        marker: str | None = None,
        **filters: Any,
    ) -> Iterator[Operation]:
        ids = [one.id for one in self.held]
        first = ids.index(marker) + 1 if marker else 0
        kind = filters.get("operation_type")
        left = [
            one
            for one in self.held[first:]
            if kind in (None, one.operation_type)
        ]
        yield from left[:limit]

    def operation(self, identity: str) -> Operation:
        for one in self.held:
            if one.id == identity:
                return one
        raise exceptions.NotFound(identity)


class TwoSites(ListReads):
    def __init__(self, sites: list[Site]) -> None:
        self._sites = sites

    @property
    def handles(self) -> Any:
        return self._sites

    def ask(self, question: Callable[[Any], Any]) -> Any:
        return self.put(question, [one.name for one in self._sites])

    def put(
        self, question: Callable[[Any], Any], names: Sequence[str] = ()
    ) -> Any:
        found, errors = {}, {}
        for one in self._sites:
            if one.name in names:
                try:
                    found[one.name] = question(one)
                except exceptions.ProtectorError as error:
                    errors[one.name] = error
        return found, errors


@pytest.mark.parametrize("seed", range(20))
def test_pages_are_the_whole_list(seed: int) -> None:
    """Whatever seconds they share, none is lost and none comes twice."""
    chance = random.Random(seed)
    sites = []
    for name in "ab":
        began = sorted(
            (chance.randrange(4) for _ in range(chance.randrange(9))),
            reverse=True,
        )
        sites.append(
            Site(
                name,
                [
                    made(
                        f"{name}{number}",
                        second,
                        chance.choice([None, second, second + 1, second + 2]),
                    )
                    for number, second in enumerate(began)
                ],
            )
        )
    reads = TwoSites(sites)
    whole = names(reads.operations().items)
    for limit in (1, 2, 3, None):
        paged: list[str] = []
        marker = None
        while True:
            page = reads.operations(limit=limit, marker=marker).items
            paged += names(page)
            if limit is None or len(page) < limit:
                break
            marker = page[-1][0].id
        assert paged == whole


def test_behind_a_marker_that_the_filter_leaves_out() -> None:
    sites = [
        Site("a", [made("x", 5, 6), made("y", 5, 6), made("x2", 5, 6)]),
        Site("b", [made("y", 5, 7), made("y2", 5, 5)]),
    ]
    sites[1].held[0] = made("z", 5, 7)
    page = TwoSites(sites).operations(marker="op-y").items
    assert names(page) == ["x2", "y2"]


def test_a_clean_up_of_the_same_second_has_cleaned_the_test_up() -> None:
    test = dataclasses.replace(made("test_failover", 5, 5), status="completed")
    clean_up = dataclasses.replace(
        made("test_cleanup", 5, 5), status="completed"
    )
    site: Any = types.SimpleNamespace(name="b")
    for found in ([test, clean_up], [clean_up, test]):
        (drill,) = history.paired([(one, site) for one in found])
        assert drill.clean_up is clean_up
