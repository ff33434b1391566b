"""The request log of a site: requests and answers, on disk, in bounded
space."""

import io
import json
import logging
import os
import pathlib
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from fakeserver.base import masking
from fakeserver.base.clock import Clock, stamp
from fakeserver.base.loopback_guard import in_control

LOG = logging.getLogger(__name__)
#: a request log is renamed when it has grown to this, bytes
LIMIT = 4 << 20
#: how much of a body is read, and how much of an answer
BODY = 64 << 10
ANSWER = 8 << 10
#: paths are cut at this
PATH = 512
#: in the environment of a request: its answer is JSON for certain; and the
#: fault that made another answer of it
WRITTEN = "protector.written"
FAULT = "sandbox.fault"
_encode = json.JSONEncoder(separators=(",", ":")).encode


class RequestLog:
    """A file of JSON lines, one a request, and one older file of the same
    size."""

    def __init__(self, path: pathlib.Path, limit: int = LIMIT) -> None:
        self._path = path
        self._limit = limit
        self._lock = threading.Lock()
        self._handle: int | None = None
        self._size = 0

    def write(self, entry: dict[str, Any], bodies: dict[str, str]) -> None:
        """Write a line.

        :param bodies: fields that are the text of JSON already.
        """
        text = _encode(entry)
        if bodies:
            more = ",".join(f'"{key}":{body}' for key, body in bodies.items())
            text = f"{text[:-1]},{more}}}"
        line = text.encode() + b"\n"
        with self._lock:
            if self._handle is None or self._size > self._limit:
                self._open()
            assert self._handle is not None
            self._size += os.write(self._handle, line)

    def close(self) -> None:
        with self._lock:
            if self._handle is not None:
                os.close(self._handle)
                self._handle = None

    def _open(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
        try:
            if self._path.stat().st_size > self._limit:
                os.replace(self._path, _older(self._path))
        except FileNotFoundError:
            pass
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._handle = os.open(self._path, flags, 0o600)
        self._size = os.fstat(self._handle).st_size


def _older(path: pathlib.Path) -> pathlib.Path:
    return path.with_name(f"{path.name}.1")


def entries(path: pathlib.Path) -> Iterator[dict[str, Any]]:
    """Read the entries, oldest first; skip an incomplete last line."""
    for part in (_older(path), path):
        if not part.exists():
            continue
        with part.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                try:
                    entry = json.loads(line)
                except (ValueError, RecursionError):
                    continue
                if isinstance(entry, dict):
                    yield entry


class RequestLogMiddleware:
    """Writes each request and its answer to the request log."""

    def __init__(
        self, app: WSGIApplication, journal: RequestLog, clock: Clock
    ) -> None:
        self._app = app
        self._journal = journal
        self._clock = clock

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if in_control(environ["PATH_INFO"]):
            # how the sandbox is driven is not what the site was asked
            return self._app(environ, start_response)
        asked = _Request(environ, self._clock.time())
        answer: dict[str, Any] = {}

        def start(
            status: str,
            headers: list[tuple[str, str]],
            exc_info: Any = None,
            /,
        ) -> Any:
            answer["status"] = int(status[:3])
            answer["headers"] = masking.headers(headers, PATH)
            return start_response(status, headers, exc_info)

        body: list[bytes] = []
        try:
            parts = self._app(environ, start)
            try:
                # the answers of this server are made whole; a broken
                # one stays broken, because its length was promised
                body.extend(parts)
            finally:
                close = getattr(parts, "close", None)
                if close is not None:
                    close()
        finally:
            entry = asked.entry(answer)
            bodies = asked.bodies(body)
            try:
                self._journal.write(entry, bodies)
            except OSError as error:
                # whoever asked gets the answer all the same
                LOG.warning("The request log cannot be written: %s", error)
        return body


class _Request:
    """One request, from its beginning to its line in the log."""

    def __init__(self, environ: WSGIEnvironment, now: float) -> None:
        self._environ = environ
        self._now = now
        self._real = time.time()
        self._began = time.perf_counter()
        self._body = _peek(environ)

    def bodies(self, pieces: list[bytes]) -> dict[str, str]:
        """Return what was asked and answered, each as the text of JSON."""
        size = sum(map(len, pieces))
        answer = (
            masking.unread(size)
            if size > ANSWER
            else masking.readable(b"".join(pieces), ANSWER, self._is_json())
        )
        found = {"body": self._body, "answer": answer}
        return {key: body for key, body in found.items() if body is not None}

    def _is_json(self) -> bool:
        """Return whether the answer is what the application has written."""
        return WRITTEN in self._environ and FAULT not in self._environ

    def entry(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Return all else that the line holds."""
        environ = self._environ
        made: dict[str, Any] = {
            "at": stamp(self._now),
            # by the machine's clock: it orders what two sites did
            "real": round(self._real, 6),
            "method": environ["REQUEST_METHOD"][:16],
            "path": masking.mask_text(environ["PATH_INFO"][:PATH]),
        }
        query = environ.get("QUERY_STRING")
        if query:
            made["query"] = masking.mask_query(query[:PATH])
        asked = masking.asked_headers(environ, PATH)
        if asked:
            made["headers"] = asked
        made["status"] = answer.get("status")
        if answer.get("headers"):
            made["answer_headers"] = answer["headers"]
        fault = environ.get(FAULT)
        if fault:
            made["fault"] = fault
        made["ms"] = round((time.perf_counter() - self._began) * 1000, 1)
        return made


def _peek(environ: WSGIEnvironment) -> str | None:
    """Return the body for the log; the application can still read it."""
    length = environ.get("CONTENT_LENGTH") or "0"
    size = int(length) if length.isdigit() else 0
    if not 0 < size <= BODY:
        return f'"({size} bytes)"' if size else None
    body = environ["wsgi.input"].read(size)
    environ["wsgi.input"] = io.BytesIO(body)
    return masking.readable(body, BODY)
