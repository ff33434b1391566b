"""Measure the CPU time of a request to a site in this process: by the
adapter of the sandbox, and by one built of werkzeug's test tools."""

import argparse
import io
import statistics
import time
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers
from urllib3 import HTTPResponse
from werkzeug.test import EnvironBuilder, run_wsgi_app

from fakeserver.local.pair import LocalPair
from fakeserver.local.wsgi_adapter import InProcess

REQUESTS = 300
ROUNDS = 7


class WerkzeugAdapter(BaseAdapter):
    """The same as the sandbox's, of werkzeug's parts."""

    def __init__(self, wire: InProcess) -> None:
        super().__init__()
        self._wire = wire

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        url = str(request.url)
        app = self._wire.application(url)
        environ = EnvironBuilder(
            path=url,
            method=request.method or "GET",
            headers=[(k, str(v)) for k, v in request.headers.items()],
            data=request.body or b"",
            environ_overrides={"REMOTE_ADDR": "127.0.0.1"},
        ).get_environ()
        parts, status, headers = run_wsgi_app(app, environ, buffered=True)
        made = requests.Response()
        made.status_code = int(status.partition(" ")[0])
        made.reason = status.partition(" ")[2]
        made.headers = CaseInsensitiveDict(headers.items())
        made.encoding = get_encoding_from_headers(made.headers)
        made.url, made.request = url, request
        made.raw = HTTPResponse(
            body=io.BytesIO(b"".join(parts)),
            headers=dict(headers.items()),
            status=made.status_code,
            preload_content=False,
        )
        return made

    def close(self) -> None:
        return None


def nothing(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    """Answer at once, so that the bridge alone is measured."""
    start("200 OK", [("Content-Type", "application/json")])
    return [b"{}"]


def cpu_us(call: Callable[[], object], count: int) -> float:
    """Return the processor time of one call, in microseconds."""
    began = time.process_time()
    for _ in range(count):
        call()
    return (time.process_time() - began) / count * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    count = parser.parse_args().requests
    with LocalPair() as pair:
        wire = pair.wire
        assert isinstance(wire, InProcess)
        wire.register("http://nothing", nothing)
        ours, theirs = (wire.session().by_requests for _ in range(2))
        theirs.mount("http://", WerkzeugAdapter(wire))
        for label, url in (
            ("an empty answer", "http://nothing/"),
            ("GET /v1/", f"{pair.site('a').url}/v1/"),
        ):
            spent: dict[str, list[float]] = {"ours": [], "werkzeug": []}
            for _ in range(ROUNDS):
                for name, session in (("ours", ours), ("werkzeug", theirs)):
                    spent[name].append(
                        cpu_us(lambda s=session, u=url: s.get(u), count)
                    )
            for name, found in spent.items():
                print(
                    f"{label:16} {name:9} least {min(found):5.0f} us,"
                    f" median {statistics.median(found):5.0f} us,"
                    f" {min(found) / min(spent['ours']):.2f}"
                )


if __name__ == "__main__":
    main()
