"""Find what follows a marker in the list of both sites' operations."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from protectorclient.records.newest_first import begun
from protectorclient.records.operation import Operation

if TYPE_CHECKING:
    from protectorclient.pair.site import SiteHandle


@dataclasses.dataclass(frozen=True)
class Marker:
    """The operation behind which a page begins."""

    #: The name of the site that knows it.
    site: str
    operation: Operation

    def is_tied(self, found: Mapping[str, list[Operation]]) -> bool:
        """Return whether another site has one of the same second."""
        second = begun(self.operation)
        return self.site in found and any(
            begun(one) == second
            for name, operations in found.items()
            if name != self.site
            for one in operations
        )

    def with_newer(
        self,
        found: Mapping[str, list[Operation]],
        same_second: list[Operation],
    ) -> dict[str, list[Operation]]:
        """Put in front what the site of the marker has begun in its second:
        without it the order of the sites is not known."""
        page = found[self.site]
        # a filter may leave the marker itself out
        ends = {self.operation.id, *(one.id for one in page[:1])}
        newer = itertools.takewhile(
            lambda one: one.id not in ends, same_second
        )
        return {**found, self.site: [*newer, self.operation, *page]}

    def cut(
        self, merged: list[tuple[Operation, SiteHandle]]
    ) -> list[tuple[Operation, SiteHandle]]:
        """Return those behind the marker."""
        ids = [operation.id for operation, _site in merged]
        if self.operation.id not in ids:
            return merged
        return merged[ids.index(self.operation.id) + 1 :]


def not_newer(
    operations: Iterable[Operation], marker: Operation, limit: int | None
) -> Iterator[Operation]:
    """Yield those of the marker's second, and at most so many older ones."""
    second = begun(marker)
    left = limit
    for operation in operations:
        if begun(operation) > second:
            continue
        if begun(operation) < second and left is not None:
            if left <= 0:
                return
            left -= 1
        yield operation
