"""Limit each response in time and in size.

requests gives a timeout between two bytes and reads whatever comes. A peer
that sends a byte now and then, or a body without end, or one that unpacks
to a thousand times its size, would block its caller for ever. Here the
reading itself is bounded, from the first byte of the headers to the last of
the body: `Adapter` for what comes from a socket, as `metered` reads it, and
`read_whole` for the body of any answer.
"""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import requests
import urllib3.exceptions
from keystoneauth1 import session as ksa_session
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from protectorclient._http import deadline, metered
from protectorclient._http.metered import AnswerTooLarge, AnswerTooSlow

_CHUNK = 64 * 2**10
#: What `Accept-Encoding` asks for, and all that is unpacked.
ENCODINGS = "gzip, deflate"


class _Connection(HTTPConnection):
    response_class = metered.Response


class _SecureConnection(HTTPSConnection):
    response_class = metered.Response


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class Adapter(ksa_session.TCPKeepAliveAdapter):
    """keystoneauth's adapter, with connections that limit each response.

    Without a proxy it looks up a host's connections once, and not at each
    poll.
    """

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self._pools: dict[object, Any] = {}
        _bound(self.poolmanager)

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: Any,
        proxies: Any = None,
        cert: Any = None,
    ) -> Any:
        """Return the connections to a request's host."""
        key = (*str(request.url).split("/", 3)[:3:2], verify, cert)
        found = None if proxies else self._pools.get(key)
        # older versions of urllib3 close those that others have displaced
        if found is None or found.pool is None:
            found = super().get_connection_with_tls_context(
                request, verify, proxies, cert
            )
            if not proxies:
                self._pools[key] = found
        return found

    def close(self) -> None:
        self._pools.clear()
        super().close()

    def request_url(
        self, request: requests.PreparedRequest, proxies: Any
    ) -> str:
        """Return what the first line of a request names."""
        if not proxies:
            return request.path_url
        return super().request_url(request, proxies)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        _bound(manager)
        return manager


def _bound(manager: Any) -> None:
    known = manager.pool_classes_by_scheme
    if known.get("http") is HTTPConnectionPool:  # not that of SOCKS
        manager.pool_classes_by_scheme = {
            "http": _Pool,
            "https": _SecurePool,
        }


def bounded(adapter: Any) -> Any:
    """Make an adapter with limits from one; other kinds are returned as
    they are."""
    if type(adapter) not in (HTTPAdapter, ksa_session.TCPKeepAliveAdapter):
        return adapter
    made: Any = Adapter.__new__(Adapter)
    for name in ("tls_ciphers", "tls_min_version"):
        setattr(made, name, getattr(adapter, name, None))
    made.__setstate__(adapter.__getstate__())
    return made


def read_whole(response: requests.Response, end: float) -> None:
    """Read the whole body into the response, within the limits.

    :param end: the moment by which it must be there.
    :raises requests.RequestException: it is not, or is too large, or
        cannot be unpacked.
    """
    known: Any = response._content
    if known is not False:
        if len(known or b"") > metered.LARGEST:
            raise requests.ConnectionError(AnswerTooLarge())
        return
    parts: list[bytes] = []
    try:
        with _as_requests(response):
            size = 0
            for part in _unpacked(response):
                size += len(part)
                if size > metered.LARGEST:
                    raise AnswerTooLarge
                parts.append(part)
                if deadline.clock() > end:
                    raise AnswerTooSlow
    except BaseException:
        response.close()
        raise
    response._content = parts[0] if len(parts) == 1 else b"".join(parts)
    response._content_consumed = True  # type: ignore[attr-defined]


def _pieces(response: requests.Response) -> Iterable[bytes]:
    stream = getattr(response.raw, "stream", None)
    if stream is not None:
        pieces: Iterable[bytes] = stream(_CHUNK, decode_content=False)
        return pieces
    return iter(lambda: response.raw.read(_CHUNK), b"")


def _unpacked(response: requests.Response) -> Iterable[bytes]:
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return _pieces(response)
    if encoding in ("gzip", "x-gzip"):
        return _inflated(_pieces(response), 16 + zlib.MAX_WBITS)
    if encoding == "deflate":
        return _inflated(_pieces(response), zlib.MAX_WBITS)
    raise zlib.error(f"the answer is packed as {encoding[:40]!r}")


def _inflated(pieces: Iterable[bytes], bits: int) -> Iterator[bytes]:
    """Unpack piece by piece, no more than the limit at once."""
    unpacker = zlib.decompressobj(bits)
    members, begun = 0, False
    for piece in pieces:
        while True:
            try:
                part = unpacker.decompress(piece, _CHUNK)
            except zlib.error:
                if begun:
                    raise
                if members:
                    return  # padding behind what was packed
                if bits != zlib.MAX_WBITS:
                    raise
                # "deflate" without its header, as some send it
                unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
                part = unpacker.decompress(piece, _CHUNK)
            begun = begun or bool(piece)
            if part:
                yield part
            if unpacker.eof:
                piece = unpacker.unused_data
                members, begun = members + 1, False
                unpacker = zlib.decompressobj(bits)
                if not piece:
                    break
                continue
            piece = unpacker.unconsumed_tail
            if not piece and len(part) < _CHUNK:
                break
    if begun:
        raise zlib.error("the answer was cut")


@contextlib.contextmanager
def _as_requests(response: requests.Response) -> Iterator[None]:
    """Raise what fails while reading as the exceptions of requests."""
    try:
        yield
    except AnswerTooSlow as error:
        raise requests.ReadTimeout(error, response=response) from error
    except AnswerTooLarge as error:
        raise requests.ConnectionError(error, response=response) from error
    except zlib.error as error:
        raise requests.exceptions.ContentDecodingError(error) from error
    except urllib3.exceptions.ReadTimeoutError as error:
        raise requests.ReadTimeout(error, response=response) from error
    except urllib3.exceptions.SSLError as error:
        raise requests.exceptions.SSLError(error) from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise requests.exceptions.ChunkedEncodingError(error) from error
