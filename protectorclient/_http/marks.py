"""Decide whether a response comes from the service or from a proxy.

An error is the service's own if it has the service's reason in its body, or
the version header (the mark). Where a deployment's successes lack that
header, its errors count if they are JSON or have a request id, once a success
has shown that the service is a protector. All others are lost answers: a 404
of a proxy does not prove that an operation is gone.
"""

from __future__ import annotations

from collections.abc import Callable

import requests

from protectorclient import exceptions
from protectorclient._http import error_bodies


class Marks:
    """Whether a service sends its version header, as far as is known.

    :param probe: asks the service for something that it must have, and
        calls `learn`.
    """

    def __init__(
        self, probe: Callable[[], object], *, overridden: bool = False
    ) -> None:
        self._probe = probe
        #: Whether the address is a setting's, not the catalog's.
        self.overridden = overridden
        #: None until the service has said something in this process. One
        #: mark is enough; only a success can show that there are none.
        self.used: bool | None = None

    def note(self, response: requests.Response) -> None:
        """Remember that a response had the version header."""
        if not self.used and error_bodies.is_marked(response):
            self.used = True

    def learn(self, response: requests.Response, noun: str) -> None:
        """Learn from a response that must come from the service."""
        self.note(response)
        if self.used is not None or not response.ok:
            return
        try:
            body = error_bodies.json_of(response)
        except ValueError:
            return
        if isinstance(body, dict) and noun in body:
            self.used = False

    def counts(self, response: requests.Response) -> bool:
        """Return whether an error without the header can be the service's own.

        Keystone's middleware stands before the service, and speaks first
        where a token is not valid.
        """
        if response.status_code == requests.codes.unauthorized and (
            error_bodies.asks_for_token(response)
        ):
            return True
        if not (
            error_bodies.is_json(response)
            or error_bodies.REQUEST_ID_HEADER in response.headers
        ):
            return False
        if self.used is None:
            try:
                self._probe()
            except exceptions.ProtectorError:
                return False
        return self.used is False

    def needs_second_answer(self, response: requests.Response) -> bool:
        """Return whether it is a 404 that counts only when it is repeated."""
        return (
            response.status_code == requests.codes.not_found
            and not error_bodies.is_from_service(response)
            and self.counts(response)
        )


def not_the_service(
    response: requests.Response,
    *,
    site: str | None,
    safe: bool = True,
    lead: str = "",
    overridden: bool = False,
) -> exceptions.ProtectorError:
    """Make the exception for a response that is not the service's.

    :param safe: whether nothing was to be changed.
    :param overridden: whether a setting named the address.
    """
    where = error_bodies.without_userinfo(response.url).split("?")[0]
    said = error_bodies.summary(response)
    message = (
        f"{lead}something else than the protector service {said} at {where}"
    )
    if overridden:
        message += (
            ", which protector_endpoint_override names in place of the catalog"
        )
    if safe:
        return exceptions.NotTheService(
            message, site=site, sent=True, brief=f"something else {said}"
        )
    return exceptions.OutcomeUnknown(
        f"{message}: whether the request was carried out is not known",
        site=site,
        request_id=response.request.headers.get(
            error_bodies.REQUEST_ID_HEADER
        ),
    )
