"""The differences of this server from waitress.

* A request that waitress refuses before any application sees it (no HTTP,
  headers too large, chunks that are none) is answered in the error form of
  the API, with a request id. What is still sent of such a request is read
  and dropped: a connection that is closed over unread bytes is reset, and
  takes the answer with it.
* Head and body of an answer are one write, of the pieces as they are: waitress
  writes the head alone, and copies a long body twice before it is sent.
* Where the process has no file descriptor left for a connection, waitress
  asks for it again at once, and again, with a traceback each time. Here the
  server rests for :data:`REST` seconds, and says so once a minute.
"""

import contextlib
import errno
import http
import json
import logging
import os
import re
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import waitress.server  # type: ignore[import-untyped]
from waitress.adjustments import (  # type: ignore[import-untyped]
    Adjustments,
)
from waitress.channel import (  # type: ignore[import-untyped]
    ClientDisconnected,
    HTTPChannel,
)
from waitress.task import (  # type: ignore[import-untyped]
    ErrorTask,
    Task,
    WSGITask,
)

from fakeserver.base import descriptors
from fakeserver.base.ids import new_id

LOG = logging.getLogger(__name__)
#: how long no connection is accepted after one that could not be, seconds
REST = 0.5
#: how often it is logged that connections wait, seconds
SAID = 60.0
#: a lack of descriptors, buffers or memory: it may be over in a moment
EXHAUSTED = frozenset(
    (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
)
#: how long, seconds, and how much, bytes, is read after a refusal
DRAIN = 2.0
DRAINED = 64 << 20
#: how long the server waits for anything at all, seconds
IDLE = 30.0
#: pieces of an answer that one system call may take
_MOST_PIECES = os.sysconf("SC_IOV_MAX")
#: connections of a site at most, where the process may have enough files
CONNECTIONS = 1000

#: status -> reason of the error form, and what the caller did
_REASONS = {
    400: ("bad-request", "The request is not valid HTTP"),
    413: ("too-large", "The body is too large"),
    431: ("too-large", "The headers are too large"),
    501: (
        "bad-request",
        "The server does not support this use of HTTP",
    ),
}
_INTERNAL = (
    "internal",
    "The service has an internal error; its log has the cause",
)
_REQUEST_ID = re.compile(
    r"req-[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-"
    r"[0-9A-Fa-f]{12}"
)


class Exhaustion:
    """Remembers that no connection could be accepted, and until when.

    :param clock: seconds that only grow; a test has its own.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until = 0.0
        self._silent_until = 0.0

    def begin(self, error: OSError) -> None:
        """Accept nothing for :data:`REST` seconds from now."""
        now = self._clock()
        self._until = now + REST
        if now >= self._silent_until:
            self._silent_until = now + SAID
            LOG.error(
                "No connection can be accepted: %s; trying again every %s s",
                error.strerror,
                REST,
            )

    def left(self) -> float:
        """Return the seconds until connections are accepted again."""
        return max(0.0, self._until - self._clock())


class WholeTask(Task):  # type: ignore[misc]
    """Sends an answer when it is complete."""

    def start(self) -> None:
        super().start()
        # what a task that has failed has left
        self.channel.pieces.clear()

    def finish(self) -> None:
        super().finish()
        self.channel.send_pieces()


class AnswerTask(WholeTask, WSGITask):  # type: ignore[misc]
    """Answers by the application."""


class RefusalTask(WholeTask, ErrorTask):  # type: ignore[misc]
    """Answers in the error form what waitress itself refuses."""

    def execute(self) -> None:
        error = self.request.error
        # after a failure of the application the request is a made-up one
        asked = next(iter(self.channel.requests), self.request)
        reason, sentence = _REASONS.get(error.code, _INTERNAL)
        if error.code in _REASONS and error.body:
            sentence = f"{sentence}: {_plain(error.body)}"
        given = str(asked.headers.get("X_OPENSTACK_REQUEST_ID", ""))
        kept = _REQUEST_ID.fullmatch(given) is not None
        request_id = given if kept else f"req-{new_id()}"
        title = http.HTTPStatus(error.code).phrase
        body = json.dumps(
            {
                "error": {
                    "code": error.code,
                    "title": title,
                    "message": sentence,
                    "reason": f"protector.{reason}",
                    "request_id": request_id,
                    "details": {},
                }
            }
        ).encode()
        self.status = f"{error.code} {title}"
        self.response_headers += [
            ("Content-Type", "application/json"),
            ("X-OpenStack-Request-ID", request_id),
            # before the headers are read, no version has been asked for
            ("OpenStack-API-Version", "protector 1.0"),
            ("Vary", "OpenStack-API-Version"),
        ]
        self.set_close_on_finish()
        self.channel.refused = True
        if getattr(asked, "command", None) == "HEAD":
            self.response_headers.append(("Content-Length", str(len(body))))
            self.write(b"")
            return
        self.content_length = len(body)
        self.write(body)


def _plain(text: str) -> str:
    """Return waitress' own words, readable and bounded."""
    shown = "".join(c if c.isprintable() else "?" for c in text)
    return shown[:200]


class Channel(HTTPChannel):  # type: ignore[misc]
    """A connection whose refusals have the error form, and whose answers are
    sent whole."""

    task_class = AnswerTask
    error_task_class = RefusalTask
    #: whether the answer was a refusal of waitress itself
    refused = False
    _drains_until: float | None = None
    _drained = 0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        #: of the answer that is being made
        self.pieces: list[bytes] = []
        super().__init__(*arguments, **options)

    def write_soon(self, data: bytes) -> int:
        """Keep a piece of an answer until the answer is complete."""
        if not self.connected:
            raise ClientDisconnected
        if data:
            self.pieces.append(data)
        return len(data)

    def send_pieces(self) -> None:
        """Send an answer; what the socket does not take is waitress' to send
        later."""
        pieces, self.pieces = self.pieces, []
        sent = 0
        with self.outbuf_lock:
            if not self.total_outbufs_len:
                sent = self._send_at_once(pieces)
            for piece in pieces:
                if sent < len(piece):
                    super().write_soon(piece[sent:])
                sent = max(0, sent - len(piece))

    def _send_at_once(self, pieces: list[bytes]) -> int:
        """Return how many bytes the socket has taken."""
        if len(pieces) > _MOST_PIECES:
            return 0
        try:
            return int(self.socket.sendmsg(pieces))
        except OSError:
            # it takes none now, or never will: waitress finds out which
            return 0

    def handle_close(self) -> None:
        ends = self.refused and self.will_close and self.connected
        if ends and self._drains_until is None:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)
                self._drains_until = time.monotonic() + DRAIN
                self.server.draining.add(self)
                return
        self.server.draining.discard(self)
        super().handle_close()

    def readable(self) -> bool:
        return self._drains_until is not None or bool(super().readable())

    def writable(self) -> bool:
        if self._drains_until is not None:
            return time.monotonic() >= self._drains_until
        return bool(super().writable())

    def handle_write(self) -> None:
        if self._drains_until is not None:
            self.handle_close()
            return
        super().handle_write()

    def handle_read(self) -> None:
        if self._drains_until is None:
            super().handle_read()
            return
        try:
            # it closes by itself when the other end has
            self._drained += len(self.recv(1 << 16))
        except OSError:
            self._drained = DRAINED
        if self._drained >= DRAINED:
            self.handle_close()


class Server(waitress.server.TcpWSGIServer):  # type: ignore[misc]
    """waitress' server over a socket that listens already."""

    channel_class = Channel

    def __init__(
        self,
        application: Any,
        sock: Any,
        sockets: dict[int, object],
        dispatcher: Any,
        **options: Any,
    ) -> None:
        self.exhaustion = Exhaustion()
        #: channels that are refused, and read to their end
        self.draining: set[Channel] = set()
        self._waking = threading.Lock()
        self._has_ended = False
        adjustments = Adjustments(sockets=[sock], **options)
        super().__init__(
            application,
            sockets,
            True,
            sock,
            dispatcher=dispatcher,
            adj=adjustments,
            sockinfo=(sock.family, sock.type, sock.proto, sock.getsockname()),
            bind_socket=False,
        )

    def accept(self) -> Any:
        """Accept a connection; return None when there is none."""
        try:
            return super().accept()
        except OSError as error:
            if error.errno not in EXHAUSTED:
                raise
            self.exhaustion.begin(error)
            return None

    def readable(self) -> bool:
        if self.exhaustion.left():
            return False
        return bool(super().readable())

    def pull_trigger(self) -> None:
        """Wake the thread of the server, unless it has ended: the number of
        its pipe may be another file's by then."""
        with self._waking:
            if not self._has_ended:
                super().pull_trigger()

    def end(self) -> None:
        """Close what wakes the thread of the server."""
        with self._waking:
            self._has_ended = True
            self.trigger.close()

    def wait_seconds(self) -> float:
        """Return how long the loop may wait for the next event, in seconds."""
        return self.exhaustion.left() or (DRAIN if self.draining else IDLE)


def connection_limit(of_each: int) -> int:
    """Return how many connections leave the process files for its other work.

    :param of_each: descriptors that one connection takes.
    """
    return descriptors.left(CONNECTIONS, of_each)
