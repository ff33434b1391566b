"""Requests to a server, and the processor time that they cost it.

The server's own processor seconds are counted, not the answers a second: the
one who asks is a Python program too, and would be half of the figure.
"""

import concurrent.futures
import dataclasses
import http.client
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

CLIENTS = 8
#: how a clock of the processor time of a process is numbered: see
#: clock_getcpuclockid(3) and MAKE_PROCESS_CPUCLOCK in Linux
_OF_PROCESS = 2


@dataclasses.dataclass(frozen=True)
class Request:
    """One request, and the status that its answer has to have."""

    path: str
    method: str = "GET"
    body: Any = None
    status: int = 200


def cpu_of(*pids: int) -> float:
    """Return the processor seconds that processes have used together."""
    return sum(
        time.clock_gettime((~pid << 3) | _OF_PROCESS) for pid in set(pids)
    )


def cpu_of_requests(
    pid: int, port: int, path: str, headers: dict[str, str], number: int
) -> float:
    """GET a path `number` times; return the processor seconds of the server,
    one request's share."""
    asked = [Request(path)] * (number // CLIENTS * CLIENTS)
    return cpu_of_all((pid,), port, asked, headers)


def cpu_of_all(
    pids: Sequence[int],
    port: int,
    requests: Sequence[Request],
    headers: dict[str, str],
) -> float:
    """Ask over 8 kept connections; return the processor seconds of all the
    processes, one request's share."""
    began = cpu_of(*pids)
    ask(port, requests, headers)
    return (cpu_of(*pids) - began) / len(requests)


def ask(
    port: int,
    requests: Sequence[Request],
    headers: dict[str, str],
    read: Callable[[Any], None] | None = None,
) -> None:
    """Ask over 8 kept connections.

    Raises RuntimeError for an answer with another status than is wanted.

    :param read: gets each answer's JSON, in the thread that asked.
    """
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        each = [
            pool.submit(_ask, port, requests[first::CLIENTS], headers, read)
            for first in range(CLIENTS)
        ]
        for future in each:
            future.result()


def answer(port: int, request: Request, headers: dict[str, str]) -> Any:
    """Return the JSON of one answer."""
    found: list[Any] = []
    _ask(port, [request], headers, found.append)
    return found[0]


def _ask(
    port: int,
    requests: Sequence[Request],
    headers: dict[str, str],
    read: Callable[[Any], None] | None,
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        for one in requests:
            body, more = None, headers
            if one.body is not None:
                body = json.dumps(one.body)
                more = headers | {"Content-Type": "application/json"}
            connection.request(one.method, one.path, body, more)
            found = connection.getresponse()
            text = found.read()
            if found.status != one.status:
                raise RuntimeError(
                    f"{one.method} {one.path} answers {found.status}:"
                    f" {text[:300]!r}"
                )
            if read is not None:
                read(json.loads(text))
    finally:
        connection.close()
