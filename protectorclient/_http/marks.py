"""Who is speaking: the service, or something before it.

An error is the service's word when it has the service's reason, or the
service's version in a header. A deployment whose successes lack that header
has no marks: of its errors, those in JSON count. All else is a lost answer:
a proxy's 404 says nothing of an operation.
"""

from __future__ import annotations

from collections.abc import Callable

import requests

from protectorclient import exceptions
from protectorclient._http import error_bodies


class Marks:
    """Whether a service marks what it says, as far as is known.

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
        """Remember a mark, where there is one."""
        if not self.used and error_bodies.is_marked(response):
            self.used = True

    def learn(self, response: requests.Response, noun: str) -> None:
        """Look at the answer to a request that must have one."""
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
        """Whether an error without a mark can be the service's own.

        Keystone's middleware stands before the service, and speaks first
        where a token is not valid.
        """
        if response.status_code == requests.codes.unauthorized and (
            error_bodies.asks_for_token(response)
        ):
            return True
        if not error_bodies.is_json(response):
            return False
        if self.used is None:
            try:
                self._probe()
            except exceptions.ProtectorError:
                return False
        return self.used is False

    def is_doubtful(self, response: requests.Response) -> bool:
        """Whether it is a 404 that has to be said twice to count."""
        return (
            response.status_code == requests.codes.not_found
            and not error_bodies.is_word(response)
            and self.counts(response)
        )


def stranger(
    response: requests.Response,
    *,
    site: str | None,
    safe: bool = True,
    lead: str = "",
    overridden: bool = False,
) -> exceptions.ProtectorError:
    """The exception for what is not the service's word.

    :param safe: whether nothing was to be changed.
    :param overridden: whether a setting named the address.
    """
    where = error_bodies.without_userinfo(response.url).split("?")[0]
    said = error_bodies.summary(response)
    told = f"{lead}something else than the protector service {said} at {where}"
    if overridden:
        told += (
            ", which protector_endpoint_override names in place of the catalog"
        )
    if safe:
        return exceptions.NotTheService(
            told, site=site, sent=True, brief=f"something else {said}"
        )
    return exceptions.OutcomeUnknown(
        f"{told}: whether the request was carried out is not known",
        site=site,
        request_id=response.request.headers.get(
            error_bodies.REQUEST_ID_HEADER
        ),
    )
