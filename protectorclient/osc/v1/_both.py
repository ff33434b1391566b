"""What has to be recorded at both services, under one id.

Sites and tenant mappings are not pushed from one service to the other:
each is told by the client. A change that only one of them takes is taken
back, or told.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions

if TYPE_CHECKING:
    from protectorclient.pair import SitePair


def create(
    pair: SitePair,
    make: Callable[[Any, str | None], Any],
    undo: Callable[[Any, Any], object],
) -> Any:
    """Make a record at both services; at neither, if one refuses.

    :param make: makes it with a client, under an id where there is one.
    :param undo: takes it back with a client.
    """
    first, second = pair.handles
    # Learn before the first record is made that the second service, too,
    # is there and lets us in.
    list(second.client.sites.list(limit=1))
    made = make(first.client, None)
    try:
        make(second.client, made.id)
    except exceptions.ProtectorError:
        with contextlib.suppress(exceptions.ProtectorError):
            undo(first.client, made)
        raise
    return made


def delete(pair: SitePair, name: str, manager: Callable[[Any], Any]) -> None:
    """Delete a record at both services; gone at one of them is fine.

    :param manager: the manager of such records in a client.
    """
    found = {}
    missing: exceptions.NotFound | None = None
    for handle in pair.handles:
        try:
            found[handle.name] = manager(handle.client).find(name)
        except exceptions.NotFound as error:
            missing = error
    if not found and missing is not None:
        raise missing
    done: list[str] = []
    for handle in pair.handles:
        if handle.name not in found:
            continue
        try:
            manager(handle.client).delete(found[handle.name])
        except exceptions.ProtectorError as error:
            if done:
                error.hint = f"it is deleted at {done[0]} already"
            raise
        done.append(handle.name)


def update(
    pair: SitePair, name: str, change: Callable[[Any, Any], Any]
) -> dict[str, Any]:
    """Change a site's record at both services, found before the first.

    :param change: changes it with a client.
    """
    found = {
        handle.name: handle.client.sites.find(name) for handle in pair.handles
    }
    changed: dict[str, Any] = {}
    for handle in pair.handles:
        try:
            changed[handle.name] = change(handle.client, found[handle.name])
        except exceptions.ProtectorError as error:
            if changed:
                error.hint = f"it is changed at {next(iter(changed))} already"
            raise
    return changed
