"""A session that sends plain requests without requests.

The sites ask each other and their clouds for each action that they accept. A
GET of requests costs the one who asks 0.97 ms, one of keystoneauth 1.2 ms, and
one over a socket of our own 0.1 ms. So a request over HTTP with a body that is
bytes is written and read here; TLS, redirects and all else that requests knows
is left to it. A site that needs none of that does not load requests: five and
a half of its megabytes.
"""

import collections
import contextlib
import functools
import http.client
import os
import select
import socket
import threading
import weakref
from typing import TYPE_CHECKING, Any

from fakeserver.base.wire import plain_answer
from fakeserver.base.wire.plain_request import Address, written
from fakeserver.base.wire.session import Answer, NoAnswer, NoAnswerInTime

if TYPE_CHECKING:
    import requests

    from fakeserver.base.wire.requests_session import RequestsSession

#: connections that are kept open to one address
_KEPT = 10

#: by process, too: what a child finds here is its parent's
_Idle = dict[tuple[int, Address], collections.deque[socket.socket]]


class PlainSession:
    """A session for a few addresses that are asked often.

    :param verify: what requests takes for it: whether a certificate is
        checked, or the file of the authorities.
    """

    def __init__(self, verify: bool | str = True) -> None:
        self._verify = verify
        self._idle: _Idle = collections.defaultdict(collections.deque)
        self._lock = threading.Lock()
        weakref.finalize(self, _close_all, self._idle)

    @functools.cached_property
    def _requests(self) -> "RequestsSession":
        """Send what is no plain request."""
        import requests

        from fakeserver.base.wire.requests_session import RequestsSession

        made = requests.Session()
        made.verify = self._verify
        # a proxy of the user's environment has no business on loopback
        made.trust_env = False
        return RequestsSession(made)

    @property
    def by_requests(self) -> "requests.Session":
        return self._requests.by_requests

    def close(self) -> None:
        _close_all(self._idle)
        if "_requests" in self.__dict__:
            self.by_requests.close()

    def request(self, method: str, url: str, **options: Any) -> Answer:
        """Send a request; return the answer, whatever its status.

        Raises NoAnswer.

        :param options: those of requests.
        """
        method = method.upper()
        follows = options.get("allow_redirects", True)
        plain = None
        # what has been asked for can be read again where it leads on
        if not follows or method == "GET":
            plain = written(method, url, options)
        if plain is None:
            return self._requests.request(method, url, **options)
        address, message = plain
        connect, read = options.get("timeout") or (None, None)
        connection = self._open_to(address, connect)
        try:
            connection.settimeout(read)
            _send(connection, message)
            answer, keeps_open = plain_answer.read(connection, method)
        except TimeoutError as error:
            connection.close()
            raise NoAnswerInTime("Read timed out.") from error
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise NoAnswer(str(error)) from error
        except BaseException:
            connection.close()
            raise
        self._put_back(address, connection, keeps_open)
        if follows and answer.is_redirect:
            return self._requests.request(method, url, **options)
        return answer

    def _open_to(
        self, address: Address, timeout: float | None
    ) -> socket.socket:
        """Return a connection that was kept, or a new one."""
        while (kept := self._kept(address)) is not None:
            if not _has_ended(kept):
                return kept
            kept.close()
        try:
            made = socket.create_connection(address, timeout)
        except TimeoutError as error:
            raise NoAnswerInTime(str(error)) from error
        except OSError as error:
            raise NoAnswer(str(error)) from error
        # a connection that has ended already says so when it is used
        with contextlib.suppress(OSError):
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def _kept(self, address: Address) -> socket.socket | None:
        with self._lock:
            kept = self._idle[os.getpid(), address]
            return kept.pop() if kept else None

    def _put_back(
        self, address: Address, connection: socket.socket, keeps_open: bool
    ) -> None:
        if keeps_open:
            with self._lock:
                kept = self._idle[os.getpid(), address]
                if len(kept) < _KEPT:
                    kept.append(connection)
                    return
        connection.close()


def _close_all(idle: _Idle) -> None:
    for kept in idle.values():
        while kept:
            kept.pop().close()


def _has_ended(connection: socket.socket) -> bool:
    """Return whether the other end has closed a connection, or has sent what
    nobody asked for."""
    waiting = select.poll()
    waiting.register(connection, select.POLLIN)
    return bool(waiting.poll(0))


def _send(connection: socket.socket, message: bytes) -> None:
    # the other end may have answered before it hung up
    with contextlib.suppress(BrokenPipeError):
        connection.sendall(message)
