"""Connections to HTTP addresses: real sockets, or those of a test."""

from typing import Protocol

from fakeserver.base.wire.session import Session


class Wire(Protocol):
    """Makes the session under every call to another service."""

    def session(self) -> Session: ...


class Sockets:
    """Plain sockets, with a certificate file when the sandbox runs with
    TLS."""

    def __init__(self, verify: bool | str = True) -> None:
        self._verify = verify

    def session(self) -> Session:
        # not before: the command that starts a site asks nobody
        from fakeserver.base.wire.plain_session import PlainSession

        return PlainSession(self._verify)
