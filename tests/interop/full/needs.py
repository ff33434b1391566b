"""The programs of other packages that a run needs, or what is missing."""

import pathlib
import shutil

#: beside the folders of PATH: where packages put servers
SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")


class Lacking(Exception):
    """A program is not installed; the message says how to install it."""


def program(name: str) -> pathlib.Path | None:
    """The path of a program, with links followed; None: not installed."""
    found = shutil.which(name)
    for folder in SBIN:
        found = found or shutil.which(name, path=folder)
    return pathlib.Path(found).resolve() if found else None


def rabbitmq() -> pathlib.Path:
    """The start script of RabbitMQ.

    What packages put on PATH is a wrapper that wants to be root; the script
    that it calls lies beside it and runs as anybody.

    :raises Lacking: not installed.
    """
    found = program("rabbitmq-server")
    if found is None or program("epmd") is None:
        raise Lacking(
            "RabbitMQ is not installed; Nova and Cinder do not work without "
            "it.\ninstall rabbitmq-server: apt-get install rabbitmq-server"
        )
    return found.with_name("rabbitmq-server")


def epmd() -> pathlib.Path:
    """The name server of Erlang, which RabbitMQ asks when it starts."""
    rabbitmq()
    found = program("epmd")
    assert found is not None
    return found


def mariadb() -> tuple[pathlib.Path, pathlib.Path] | None:
    """The server of MariaDB and what makes its first tables; None where it
    is not installed."""
    server, install = program("mariadbd"), program("mariadb-install-db")
    return (server, install) if server and install else None
