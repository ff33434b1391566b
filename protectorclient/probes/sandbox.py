"""Reach the instances of a sandbox, which have addresses of no network.

The sandbox writes a file with the port of loopback at which each site speaks
for its instances, as an HTTP proxy does (``CONNECT``); the entry of its
clouds.yaml names the file. A cloud whose Keystone is not on loopback is never
asked this way: see `protectorclient.config.cloud`.
"""

from __future__ import annotations

import pathlib
import socket

from protectorclient.probes.network import Dial, NoAnswer, direct

_LOOPBACK = "127.0.0.1"


def dial(path: str | None) -> Dial:
    """Return what opens connections to the instances of a cloud.

    :param path: the file of a sandbox; None for a real cloud.
    """
    if path is None:
        return direct
    return lambda address, port, seconds: _through(
        pathlib.Path(path), address, port, seconds
    )


def _through(
    path: pathlib.Path, address: str, port: int, seconds: float
) -> socket.socket:
    try:
        door = int(path.read_text().strip())
    except (OSError, ValueError):
        raise NoAnswer("the sandbox does not run") from None
    made = socket.create_connection((_LOOPBACK, door), timeout=seconds)
    try:
        host = f"[{address}]" if ":" in address else address
        made.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\n\r\n".encode("ascii"))
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = made.recv(1)
            if not byte or len(head) > 1000:
                raise ConnectionResetError("the sandbox broke off")
            head += byte
        if head.split()[1:2] != [b"200"]:
            raise ConnectionRefusedError
    except BaseException:
        made.close()
        raise
    return made
