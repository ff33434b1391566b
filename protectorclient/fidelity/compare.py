"""Compare one member with its rebuilt instance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from protectorclient import exceptions
from protectorclient.fidelity import rules
from protectorclient.fidelity.case import Case
from protectorclient.fidelity.comparison import (
    AS_MAPPED,
    DIFFERS,
    EQUAL,
    NOT_COMPARABLE,
    Comparison,
)
from protectorclient.fidelity.rules import Rule
from protectorclient.fidelity.sides import Port, Side, Volume
from protectorclient.preflight.drift.attributes import MISSING
from protectorclient.preflight.drift.subject import Item

P = TypeVar("P")
Fits = Callable[[P, P], bool]


def compare(case: Case, source: Side, target: Side) -> list[Comparison]:
    """Compare an instance, its ports and its volumes."""
    found = Comparer(case, source, target)
    return [
        *found.rows(rules.INSTANCE, "", source.instance, target.instance),
        *found.shown("networks", found.ports),
        *found.shown("volumes", found.volumes),
    ]


class Comparer:
    """Compares the two sides of a member."""

    def __init__(self, case: Case, source: Side, target: Side) -> None:
        self.case, self.source, self.target = case, source, target

    def rows(
        self, table: Iterable[Rule], of: str, source: Item, target: Item
    ) -> Iterator[Comparison]:
        """Compare attribute by attribute.

        :param of: what the attributes are called after.
        """
        for rule in table:
            key = f"{of}.{rule.key}" if of else rule.key
            before = self.source.read(rule, source)
            after = self.target.read(rule, target)
            verdict, reason = self._verdict(rule, before, after)
            yield Comparison(
                self.case.member,
                key,
                rule.service,
                verdict,
                None if before is MISSING else rule.shown(before),
                None if after is MISSING else rule.shown(after),
                reason,
            )

    def _verdict(
        self, rule: Rule, before: Any, after: Any
    ) -> tuple[str, str | None]:
        if before is MISSING:
            return NOT_COMPARABLE, self.source.lacks
        if after is MISSING:
            return NOT_COMPARABLE, self.target.lacks
        if before == after or (
            None not in (before, after) and rule.same(before, after)
        ):
            return EQUAL, None
        if None not in (before, after) and rule.is_mapped(
            self.case, before, after
        ):
            return AS_MAPPED, rule.mapped
        return DIFFERS, None

    def _there(
        self, what: str, key: str, before: Any, after: Any, mapped: bool
    ) -> Comparison:
        """Make the comparison of what has no row of its own."""
        _, service, _, why = rules.OTHERS[what]
        verdict = EQUAL if before == after else DIFFERS
        if verdict == DIFFERS and mapped:
            verdict = AS_MAPPED
        return Comparison(
            self.case.member,
            key,
            service,
            verdict,
            before,
            after,
            why if verdict == AS_MAPPED else None,
        )

    def shown(
        self, what: str, find: Callable[[], Iterator[Comparison]]
    ) -> list[Comparison]:
        """Compare what has a list of its own; a cloud may refuse it."""
        try:
            return list(find())
        except (exceptions.Forbidden, exceptions.ConfigProblem) as error:
            service = rules.OTHERS[what][1]
            return [
                Comparison(
                    self.case.member,
                    what,
                    service,
                    NOT_COMPARABLE,
                    reason=str(error),
                )
            ]

    # Ports

    def ports(self) -> Iterator[Comparison]:
        """Compare the ports: by network and address, then by network."""
        pairs, gone, more = paired(
            self.source.ports(),
            self.target.ports(),
            (
                lambda a, b: (
                    self._is_there(a, b)
                    and bool(set(a.addresses) & set(b.addresses))
                ),
                self._is_there,
                lambda a, b: True,
            ),
        )
        for source, target in pairs:
            yield from self._port(source, target)
        for port in gone:
            yield self._there(
                "networks",
                f"networks[{port.network}]",
                port.network,
                None,
                mapped=False,
            )
        for port in more:
            name = self.case.network_name(port.network_id)
            yield self._there(
                "networks", f"networks[{name}]", None, name, mapped=False
            )

    def _is_there(self, source: Port, target: Port) -> bool:
        wanted = self.case.networks.get(source.network_id)
        return target.network_id == wanted

    def _port(self, source: Port, target: Port) -> Iterator[Comparison]:
        key = f"networks[{source.network}]"
        name = self.case.network_name(target.network_id)
        right = self._is_there(source, target)
        yield self._there("networks", key, source.network, name, mapped=right)
        before = source.addresses[0] if source.addresses else None
        after = target.addresses[0] if target.addresses else None
        if before in target.addresses:
            after = before
        room = before is None or self.case.has_room(target.network_id, before)
        yield self._there(
            "networks.fixed_ip",
            f"{key}.fixed_ip",
            before,
            after,
            mapped=right and not room,
        )
        yield from self.rows(rules.PORT, key, source.item, target.item)

    # Volumes

    def volumes(self) -> Iterator[Comparison]:
        """Compare the volumes: by name, then by device, then in order."""
        is_test = self.case.is_test

        def named(a: Volume, b: Volume) -> bool:
            return a.name == b.name or (
                is_test and b.name.startswith(f"{a.name}-")
            )

        pairs, gone, more = paired(
            self.source.volumes(),
            self.target.volumes(),
            (
                lambda a, b: named(a, b) and a.device == b.device,
                named,
                lambda a, b: a.device is not None and a.device == b.device,
            ),
        )
        for source, target in pairs:
            yield self._there(
                "volumes", f"volumes[{source.name}]", True, True, mapped=False
            )
            yield from self.rows(
                rules.VOLUME,
                f"volumes[{source.name}]",
                source.item,
                target.item,
            )
        for volume in gone:
            yield self._there(
                "volumes", f"volumes[{volume.name}]", True, False, mapped=False
            )
        for volume in more:
            yield self._there(
                "volumes", f"volumes[{volume.name}]", False, True, mapped=False
            )


def paired(
    sources: Sequence[P], targets: Sequence[P], ways: Iterable[Fits[P]]
) -> tuple[list[tuple[P, P]], list[P], list[P]]:
    """Pair what belongs together: the surest way first.

    :returns: the pairs in the order of the sources, what has no target, and
        what has no source.
    """
    left, free = list(range(len(sources))), list(range(len(targets)))
    found: dict[int, int] = {}
    for fits in ways:
        for one in list(left):
            for other in free:
                if fits(sources[one], targets[other]):
                    found[one] = other
                    left.remove(one)
                    free.remove(other)
                    break
    return (
        [(sources[one], targets[found[one]]) for one in sorted(found)],
        [sources[one] for one in left],
        [targets[other] for other in free],
    )
