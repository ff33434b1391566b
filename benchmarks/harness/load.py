"""Requests to a server, and the processor time that they cost it.

The server's own processor seconds are counted, not the answers a second: the
one who asks is a Python program too, and would be half of the figure.
"""

import concurrent.futures
import http.client
import os

CLIENTS = 8
_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_of(pid: int) -> float:
    """Return the processor seconds that a process has used."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def cpu_of_requests(
    pid: int, port: int, path: str, headers: dict[str, str], number: int
) -> float:
    """Ask `number` times over 8 kept connections; return the processor
    seconds of the server, one request's share.

    Raises RuntimeError for an answer other than 200.
    """
    began = cpu_of(pid)
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        each = [
            pool.submit(_ask, port, path, headers, number // CLIENTS)
            for _ in range(CLIENTS)
        ]
        for future in each:
            future.result()
    return (cpu_of(pid) - began) / (number // CLIENTS * CLIENTS)


def _ask(port: int, path: str, headers: dict[str, str], number: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        for _ in range(number):
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"GET {path} answers {answer.status}")
    finally:
        connection.close()
