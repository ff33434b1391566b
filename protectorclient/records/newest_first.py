"""Put the operations of two sites in one order, the newest first.

The service gives whole seconds. Each site lists its own operations in the
order in which they were begun; of two that different sites began in one
second, the one that ended later was begun later, as operations of one group
follow each other.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from protectorclient.records.operation import Operation

_NEVER = datetime.datetime.max.replace(tzinfo=datetime.UTC)
_BEGINNING = datetime.datetime.min.replace(tzinfo=datetime.UTC)

Known = TypeVar("Known")
#: When an operation was begun, and the latest that it can have ended.
Moment = tuple[datetime.datetime, datetime.datetime]


def begun(operation: Operation) -> datetime.datetime:
    """Return when an operation was begun; the beginning of time if unknown."""
    return operation.started_at or _BEGINNING


def moment(operation: Operation) -> Moment:
    """Return what orders operations of which no site gives an order."""
    return begun(operation), operation.completed_at or _NEVER


def moments(listed: Iterable[Operation]) -> Iterator[tuple[Moment, Operation]]:
    """Yield what orders operations between sites, and keeps a site's order.

    :param listed: operations of one site, each second from its newest on.
    """
    second, ended = None, _NEVER
    for operation in listed:
        own_second, own_end = moment(operation)
        if own_second != second:
            second, ended = own_second, _NEVER
        # never later than the newer ones of the site in this second
        ended = min(ended, own_end)
        yield (own_second, ended), operation


def merged(
    lists: Sequence[tuple[Known, Iterable[Operation]]],
) -> list[tuple[Operation, Known]]:
    """Return the operations of all sites as one list.

    :param lists: each site, and its operations from its newest on, or from
        the newest of a second on; of two of one moment the first site's
        comes first.
    """
    items = [
        (at, operation, known)
        for known, listed in lists
        for at, operation in moments(listed)
    ]
    items.sort(key=lambda item: item[0], reverse=True)
    return [(operation, known) for _at, operation, known in items]
