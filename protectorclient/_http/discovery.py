"""Which versions a service offers: its two documents."""

from __future__ import annotations

from collections.abc import Callable

import requests

from protectorclient import exceptions
from protectorclient._http import deadline, error_bodies, microversions
from protectorclient._http.marks import Marks, stranger
from protectorclient.durations import DISCOVERY_TIMEOUT

_PATHS = ("/v1/", "/")


def read(
    get: Callable[[str], requests.Response],
    marks: Marks,
    *,
    site: str | None,
) -> microversions.VersionRange:
    """The range in the first document that can be read.

    A page of a proxy says nothing of versions, also where it says that
    there is no such page.

    :param get: asks for a path below the service's root, without a token.
    :raises NotTheService: something answers, and it is none.
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
            lost = lost or stranger(
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
    """The range where the documents are not served, or not to us.

    The service says its newest version with any answer; one without marks
    is as old as can be.

    :param response: what was answered where the newest was asked for.
    :param error: what became of the documents; raised where that did not
        say it either.
    """
    told = microversions.told_by(
        response.headers.get(error_bodies.VERSION_HEADER)
    )
    if told is not None:
        return microversions.VersionRange(microversions.MINIMUM, told)
    if marks.used is False:
        return microversions.OLDEST_ONLY
    raise error
