"""Define when a site is silent: for reads, for polls and for POSTs.

* A question got no answer, or that of a broken service: `NO_ANSWER`.
* The other site has answered, and the grace is over: `GraceExceeded`, one
  of these (see `at_once.both`).
* A site that is polled has not answered for `SILENT_AFTER`: `is_silent`.

The seconds stand in `protectorclient.durations`.
"""

from __future__ import annotations

from protectorclient import exceptions
from protectorclient.durations import SILENT_AFTER

#: A site that is down, cut off, or half up.
NO_ANSWER = (exceptions.SiteUnreachable, exceptions.ServerError)


def is_dead(error: BaseException | None) -> bool:
    """Return whether an error may mean that the site is down.

    What stopped the request on its way says nothing of the site.
    """
    return isinstance(error, NO_ANSWER) and not isinstance(
        error, exceptions.SiteNotReached
    )


#: The same, and a request that may have been carried out: asking again may
#: have more luck.
LOST_ANSWER = (*NO_ANSWER, exceptions.OutcomeUnknown)


class GraceExceeded(exceptions.SiteUnreachable):
    """The second site did not answer within the grace."""


def grace_exceeded(site: str, grace: float) -> GraceExceeded:
    """Make the error of a site that has not answered in time.

    :param site: the cloud's name.
    :param grace: seconds.
    """
    return GraceExceeded(
        f"{site} did not answer within {grace:g} s",
        site=site,
        sent=True,
        brief=f"no answer within {grace:g} s",
    )


def is_silent(silent_for: float, after: float = SILENT_AFTER) -> bool:
    """Return whether a polled site has not answered for too long.

    :param silent_for: seconds since its last answer.
    :param after: seconds; `Pace.silent_after`.
    """
    return silent_for > after
