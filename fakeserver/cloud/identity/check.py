"""Check a token: the one question of all services of a site."""

from typing import Protocol

from fakeserver.cloud.identity.tokens import Token


class IdentityUnreachable(Exception):
    """Keystone did not answer, so the user of the token is not known."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(
            f"Keystone at {url} does not say whose the token is: {why}"
        )


class Identity(Protocol):
    """The Keystone of a site, emulated or real."""

    @property
    def url(self) -> str:
        """Return the address of Keystone; it ends in ``/v3``."""

    def check(self, text: str | None) -> Token | None:
        """Return the holder of a token; None for invalid, expired and revoked
        ones.

        Raises IdentityUnreachable when Keystone does not say it.
        """
