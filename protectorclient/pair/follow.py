"""Follow operations of a pair at the site that runs them.

Only the site that started an operation knows it. Which one that was may
have to be asked for patiently too: a site that is away now may be the one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from protectorclient.pair.sites import Sites
from protectorclient.polling import poller


def follow(
    sites: Sites,
    operations: Iterable[str | poller.Key],
    *,
    timeout: float | None = None,
    pace: poller.Pace | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[poller.Event]:
    """Follow them all at once.

    :param operations: ids, or keys where the site is known already; it is
        the cloud's name.
    """
    handles = {handle.name: handle for handle in sites.handles}
    keys = [
        one if isinstance(one, poller.Key) else poller.Key("", one)
        for one in operations
    ]
    return poller.follow(
        keys,
        lambda site, wanted: handles[site].client.operations.fetch(wanted),
        sites=tuple(handles),
        timeout=timeout,
        pace=pace,
        find_outcome=lambda site, operation: handles[
            site
        ].client.operations.outcome(operation),
        cancelled=cancelled,
    )
