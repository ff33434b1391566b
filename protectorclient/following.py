"""Following operations of a pair, wherever they were started.

Only the site that started an operation knows it. Which one that was may
have to be asked for patiently too: a site that is away now may be the one.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from typing import TYPE_CHECKING

from protectorclient import exceptions, watch
from protectorclient.sitehandle import SILENT, SiteHandle

if TYPE_CHECKING:
    from protectorclient.pair import SitePair


def follow(
    pair: SitePair,
    ids: Iterable[str],
    *,
    timeout: float | None = None,
    pace: watch.Pace | None = None,
) -> Iterator[watch.Event]:
    """Find each operation's site, then follow them all at once."""
    pace = pace or watch.Pace()
    began = pace.clock()
    handles: dict[str, SiteHandle] = {}
    keys: list[watch.Key] = []
    for identity in dict.fromkeys(ids):
        left = _left(pace, began, timeout)
        home = yield from _find(pair, identity, pace, left)
        if home is not None:
            handles[home.name] = home
            keys.append(watch.Key(home.name, identity))
    yield from watch.follow(
        keys,
        lambda site, wanted: handles[site].client.operations.fetch(wanted),
        timeout=_left(pace, began, timeout),
        pace=pace,
        settle=lambda site, operation: handles[site].client.operations.outcome(
            operation
        ),
    )


def _left(
    pace: watch.Pace, began: float, timeout: float | None
) -> float | None:
    if timeout is None:
        return None
    return max(0.0, began + timeout - pace.clock())


def _find(
    pair: SitePair,
    identity: str,
    pace: watch.Pace,
    timeout: float | None,
) -> Generator[watch.Event, None, SiteHandle | None]:
    """The site that knows an operation, or None after it has ended."""
    patience = pace.give_up_after
    if timeout is not None:
        patience = min(patience, timeout)
    began, delay = pace.clock(), pace.shortest
    key = watch.Key("", identity)
    lost: list[str] = []
    polls = 0
    while True:
        error: exceptions.ProtectorError
        try:
            _, home = pair.operation(identity)
        except (*SILENT, exceptions.OperationUnknown) as silence:
            error = silence
        except exceptions.ProtectorError as refusal:
            yield _end(pace, key, refusal)
            return None
        else:
            for site in lost:
                yield watch.Regained(
                    at=pace.clock(),
                    site=site,
                    polls=polls,
                    seconds=pace.clock() - began,
                )
            return home
        polls += 1
        if not lost:
            lost.append(error.site or pair.either)
            yield watch.Lost(at=pace.clock(), site=lost[0], error=error)
        left = began + patience - pace.clock()
        if left <= 0:
            yield _end(pace, key, error)
            return None
        pace.sleep(min(delay, left))
        delay = min(delay * pace.growth, pace.longest)


def _end(
    pace: watch.Pace, key: watch.Key, error: exceptions.ProtectorError
) -> watch.Ended:
    return watch.Ended(
        at=pace.clock(),
        key=key,
        outcome=watch.Outcome.UNKNOWN,
        error=error,
    )
