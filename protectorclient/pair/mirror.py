"""What has to be recorded at both services, under one id.

Sites and tenant mappings are not pushed from one service to the other:
each is told by the client. A change that only one of them takes is taken
back, or told.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions

if TYPE_CHECKING:
    from protectorclient.pair.site import SiteHandle
    from protectorclient.pair.site_pair import SitePair
    from protectorclient.records.site import Site


def create(
    pair: SitePair,
    make: Callable[[Any, str | None], Any],
    undo: Callable[[Any, Any], object],
) -> Any:
    """Make a record at both services; at neither, if one refuses.

    :param make: makes it with a client, under an id where there is one.
    :param undo: takes it back with a client.
    """
    # learn before the first record is made that the second service, too,
    # is there and lets us in
    pair.need_both()
    # of two who make one name at once, from either side, the same service
    # decides which is first; each starting at its own, both were refused
    first, second = sorted(pair.handles, key=_address)
    made = make(first.client, None)
    try:
        also = make(second.client, made.id)
    except exceptions.ProtectorError:
        with contextlib.suppress(exceptions.ProtectorError):
            undo(first.client, made)
        raise
    return made if first is pair.primary else also


def _address(handle: SiteHandle) -> str:
    return handle.client.http.endpoint.root


def delete(
    pair: SitePair, name: str, what: str, manager: Callable[[Any], Any]
) -> None:
    """Delete a record at both services; gone at one of them is fine.

    :param what: such a record, in words.
    :param manager: the manager of such records in a client.
    """
    pair.need_both()
    found = _find(pair, name, what, manager)
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
    pair: SitePair,
    name: str,
    changes: Mapping[str, Any],
    own: Mapping[str, Any] | None = None,
    peers: Mapping[str, Any] | None = None,
) -> Any:
    """Change a site's record at both services, found before the first.

    What the second refuses is taken back at the first.

    :param own: what is changed at the site's own service alone.
    :param peers: what is changed at the other one alone.
    """
    first, second = pair.handles
    pair.need_both()
    found = _find(pair, name, "site", lambda client: client.sites)
    for handle in pair.handles:
        if handle.name not in found:
            raise exceptions.NotFound(
                f"no site has the name or id '{name}'", site=handle.name
            )
    # a site that is of neither service has one account at both
    of_none = not any(it.local for it in found.values())
    each = {
        site: {**changes, **((own if it.local or of_none else peers) or {})}
        for site, it in found.items()
    }
    # the one record may need no change where the other one does
    changed = found[first.name]
    if each[first.name]:
        changed = first.client.sites.update(changed, **each[first.name])
    try:
        if each[second.name]:
            second.client.sites.update(found[second.name], **each[second.name])
    except exceptions.OutcomeUnknown as error:
        error.hint = (
            f"it is changed at {first.name}, and whether at {second.name} is"
            " not known: the same command again makes them equal"
        )
        raise
    except exceptions.ProtectorError as error:
        error.hint = _taken_back(first, found[first.name], each[first.name])
        raise
    return changed


def _taken_back(
    handle: SiteHandle, before: Site, changes: Iterable[str]
) -> str:
    """Put a site's record back; what is left to say of it.

    The service account is never answered, so it cannot be put back.
    """
    known = before.to_dict()
    old = {field: known[field] for field in changes if field in known}
    if old:
        try:
            handle.client.sites.update(before, **old)
        except exceptions.ProtectorError as error:
            return (
                f"it is changed at {handle.name} already, and that could not"
                f" be taken back: {error}"
            )
    lost = [field for field in changes if field not in known]
    if lost:
        return (
            f"at {handle.name} the new {', '.join(lost)} cannot be taken"
            " back: give the old ones again"
        )
    return f"the change was taken back at {handle.name}"


def _find(
    pair: SitePair, name: str, what: str, manager: Callable[[Any], Any]
) -> dict[str, Any]:
    """The record at each service that has it, by the clouds' names.

    A name is looked up at each, and must mean one record.
    """
    found: dict[str, Any] = {}
    for handle in pair.handles:
        with contextlib.suppress(exceptions.NotFound):
            found[handle.name] = manager(handle.client).find(name)
    first, second = pair.handles
    if not found:
        raise exceptions.NotFound(
            f"no {what} has the name or id '{name}', neither at {first.name}"
            f" nor at {second.name}"
        )
    ids = {site: str(record.id) for site, record in found.items()}
    if len(set(ids.values())) > 1:
        told = " and ".join(f"{it} at {site}" for site, it in ids.items())
        raise exceptions.NotUnique(
            f"'{name}' is another {what} at each site: {told}; use the id",
            ids=list(ids.values()),
        )
    for handle in pair.handles:
        if handle.name not in found:
            # under another name, where a change has reached one of them
            with contextlib.suppress(exceptions.NotFound):
                it = manager(handle.client).get(next(iter(ids.values())))
                found[handle.name] = it
    return found
