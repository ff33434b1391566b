"""The microversions that the emulated Nova serves."""

from collections.abc import Callable

import flask

from fakeserver.cloud.shared.web import CloudError

MIN_VERSION = (2, 1)
MAX_VERSION = (2, 96)


def since(minor: int) -> bool:
    """Return whether the request is answered in 2.``minor`` or later."""
    version: tuple[int, int] = flask.g.microversion
    return version >= (2, minor)


def since_of_request() -> Callable[[int], bool]:
    """Return what :func:`since` is for the request that is answered now, for
    many questions."""
    version: tuple[int, int] = flask.g.microversion
    # there is no other major version
    return version[1].__ge__


def needs(minor: int, until: int | None = None) -> None:
    """Answer 404 to a call that the request's microversion does not have.

    :param until: the first one that does not have it any more.
    """
    if not since(minor) or (until is not None and since(until)):
        raise CloudError(404, "The resource could not be found.")
