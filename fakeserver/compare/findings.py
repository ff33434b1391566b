"""Deviations, each kept once with how often it was seen."""

import dataclasses
from collections.abc import Iterable

from fakeserver.compare.commands import concerned
from fakeserver.compare.exchange import Deviation


class Findings:
    """All deviations so far."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str], Deviation] = {}

    def add(
        self, route: str, address: str, found: Iterable[tuple[str, str]]
    ) -> None:
        """Keep (rule, sentence) pairs that a read has shown."""
        for rule, detail in found:
            # one of a kind: the field, not its value
            key = rule, route, detail.partition(":")[0]
            known = self._kept.get(key)
            if known is None:
                self._kept[key] = Deviation(
                    rule, route, detail, address, concerned(route)
                )
            else:
                self._kept[key] = dataclasses.replace(
                    known, count=known.count + 1
                )

    @property
    def all(self) -> list[Deviation]:
        """In the order in which they were first seen."""
        return list(self._kept.values())
