"""Read the version documents of a service."""

from __future__ import annotations

from collections.abc import Callable

import requests

from protectorclient import exceptions
from protectorclient._http import deadline, error_bodies, microversions
from protectorclient._http.marks import Marks, not_the_service
from protectorclient.durations import DISCOVERY_TIMEOUT

_PATHS = ("/v1/", "/")


def read(
    get: Callable[[str], requests.Response],
    marks: Marks,
    *,
    site: str | None,
) -> microversions.VersionRange:
    """Read the range from the first version document that can be read.

    A page of a proxy does not count, not even a 404.

    :param get: asks for a path below the service's root, without a token.
    :raises NotTheService: something else answers.
    """
    lost: exceptions.ProtectorError | None = None
    with deadline.within(DISCOVERY_TIMEOUT):
        for path in _PATHS:
            response = get(path)
            marks.note(response)
            if response.status_code >= 500:
                raise error_bodies.error_from(response, site=site)
            try:
                found = microversions.range_from(
                    error_bodies.json_of(response)
                )
            except ValueError:
                found = None
            if found is not None:
                return found
            lost = lost or not_the_service(
                response,
                site=site,
                lead="the version of the API is not known: ",
                overridden=marks.overridden,
            )
    assert lost is not None
    raise lost


def without_documents(
    response: requests.Response,
    marks: Marks,
    error: exceptions.NotTheService,
) -> microversions.VersionRange:
    """Find the range of a service whose version documents cannot be read.

    Each response of the service names its newest version. A service
    without that header has the oldest version only.

    :param response: what was answered where the newest was asked for.
    :param error: why the documents cannot be read; raised where that
        response does not show the version either.
    """
    version = microversions.version_in(
        response.headers.get(error_bodies.VERSION_HEADER)
    )
    if version is not None:
        return microversions.VersionRange(microversions.MINIMUM, version)
    if marks.used is False:
        return microversions.OLDEST_ONLY
    raise error
