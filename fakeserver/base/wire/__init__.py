"""Connections to HTTP addresses: real sockets, or those of a test."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import requests


class Wire(Protocol):
    """Makes the requests session under every call to another service."""

    def session(self) -> "requests.Session": ...


class Sockets:
    """Plain sockets, with a certificate file when the sandbox runs with
    TLS."""

    def __init__(self, verify: bool | str = True) -> None:
        self._verify = verify

    def session(self) -> "requests.Session":
        # not before: the command that starts a site asks nobody
        from fakeserver.base.wire.plain_session import PlainSession

        made = PlainSession()
        made.verify = self._verify
        # a proxy of the user's environment has no business on loopback
        made.trust_env = False
        return made
