"""Listening sockets on loopback."""

import contextlib
import random
import socket

HOST = "127.0.0.1"
#: ports below those that systems give to outgoing connections
PORTS = range(15000, 32000)


def bind(port: int) -> socket.socket:
    """Return a listening socket on loopback; port 0 is any free one."""
    # with its protocol said, asyncio sends small answers without delay
    made = socket.socket(
        socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
    )
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((HOST, port))
        made.listen(1024)
    except BaseException:
        made.close()
        raise
    return made


def bind_any() -> socket.socket:
    """Return a listening socket on a port that can be bound again later.

    A port of the range from which outgoing connections get theirs may be
    taken by one of them while a site is stopped.
    """
    for number in random.SystemRandom().sample(PORTS, 50):
        with contextlib.suppress(OSError):
            return bind(number)
    return bind(0)
