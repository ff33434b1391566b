"""Find the instances that an operation has built.

The metadata name those of a test and, after a move, those of the group; a
service that names fewer marks what it builds with the member's id.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from protectorclient.records.operation import Operation

Item = Mapping[str, Any]
#: The service marks with it what it builds: the member it is a copy of.
MARK = "protector_member"
#: It marks with it what it builds for a drill.
DRILL = "protector_drill"
#: The operations that build instances.
BUILDS = frozenset({"failover", "failback", "test_failover"})


@dataclasses.dataclass(frozen=True)
class Rebuilt:
    """A member, and the instance that was built of it."""

    #: The name of its source.
    name: str
    #: The member's id.
    member: str
    #: What the metadata hold of the source; empty where they have nothing.
    held: Item
    #: What they hold of the instance that was built; empty for a test.
    built: Item
    #: The instance, as Nova shows it; None where it is not there.
    server: Item | None


def find(
    operation: Operation,
    document: Item,
    source: str,
    target: str,
    servers: Iterable[Item],
) -> list[Rebuilt]:
    """Return each member with its instance, in the members' order.

    :param document: the group's metadata, from after the operation.
    :param source: the id of the site where it came from.
    :param target: the id of the site where it was built.
    :param servers: all instances of the project at the target.
    """
    servers = list(servers)
    by_id = {str(one.get("id")): one for one in servers}
    is_test = operation.operation_type == "test_failover"
    ours = set(_of_test(operation, document)) if is_test else set()
    found = []
    for member in document.get("members") or ():
        sites = member.get("sites") or {}
        held = sites.get(source) or {}
        identity = str(member.get("id"))
        called = held or sites.get(target) or {}
        name = str(called.get("instance_name") or identity)
        built = {} if is_test else sites.get(target) or {}
        if is_test:
            server = _of_member(identity, name, ours, by_id)
        else:
            server = by_id.get(str(built.get("instance_id")))
        found.append(Rebuilt(name, identity, held, built, server))
    return found


def _of_test(operation: Operation, document: Item) -> Iterator[str]:
    """Yield the ids of the instances that a test has built."""
    for test in document.get("tests") or ():
        if test.get("operation_id") == operation.id:
            yield from (str(one.get("id")) for one in test["instances"])
    yield from named(operation)


def named(operation: Operation) -> Iterator[str]:
    """Yield the ids of instances that the result of an operation names."""
    found = (operation.result_data or {}).get("instances")
    if isinstance(found, list):
        for one in found:
            yield str(one.get("id") if isinstance(one, Mapping) else one)


def _of_member(
    member: str, name: str, ours: set[str], by_id: Mapping[str, Item]
) -> Item | None:
    """Return the instance of a test that was built of a member."""
    built = [by_id[one] for one in ours if one in by_id]
    marked = [
        one
        for one in built or by_id.values()
        if (one.get("metadata") or {}).get(MARK) == member
        and (built or DRILL in (one.get("metadata") or {}))
    ]
    if len(marked) == 1:
        return marked[0]
    called = [one for one in built if one.get("name") == name]
    return called[0] if len(called) == 1 else None
