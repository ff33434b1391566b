"""The process of one site: ``python -m fakeserver.serve DIR SITE``."""

import contextlib
import errno
import fcntl
import logging
import os
import pathlib
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

from fakeserver import certificate
from fakeserver.app import create_app
from fakeserver.build import close_site, open_site
from fakeserver.listener import Listener, bind
from fakeserver.sandbox import process
from fakeserver.sandbox.folder import Folder
from fakeserver.sandbox.problem import Problem

LOG = logging.getLogger("fakeserver")


def main(argv: list[str] | None = None) -> int:
    directory, site = sys.argv[1:] if argv is None else argv
    os.umask(0o077)
    with contextlib.suppress(OSError):
        os.setsid()
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    # a busy queue is no news in a sandbox
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    folder = Folder(pathlib.Path(directory))
    try:
        with _only_one(folder, site):
            process.write_pid(folder, site)
            try:
                _serve(folder, site)
            finally:
                process.remove_pid(folder, site)
    except Problem as problem:
        LOG.error("%s", problem)
        return problem.code
    return 0


def _serve(folder: Folder, name: str) -> None:
    stop = threading.Event()

    def ask_to_stop(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    settings = folder.settings()
    number = settings.port_of(name)
    try:
        port = bind(number)
    except OSError as error:
        reason = os.strerror(error.errno or errno.EIO)
        raise Problem(f"Port {number} cannot be used: {reason}.") from None
    site = open_site(folder.config(settings, name))
    files = None
    if settings.tls:
        files = (
            folder.path / certificate.CERTIFICATE,
            folder.path / certificate.KEY,
        )
    listener = Listener(create_app(site), port, files)
    site.service.start()
    LOG.info("%s answers at %s, pid %s", name, site.config.url, os.getpid())
    stop.wait()
    LOG.info("%s stops", name)
    # first the engine, while its peer still gets answers from here
    site.service.stop()
    listener.close()
    close_site(site)


@contextlib.contextmanager
def _only_one(folder: Folder, site: str) -> Iterator[None]:
    """The kernel holds this for as long as the process lives."""
    path = folder.path / f"{site}.lock"
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Problem(f"{site} already runs in {folder.path}.") from None
        yield
    finally:
        os.close(handle)


if __name__ == "__main__":
    sys.exit(main())
