"""The work of the process of one site."""

import contextlib
import errno
import fcntl
import logging
import os
import pathlib
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from types import FrameType

from fakeserver import compose
from fakeserver.base import descriptors
from fakeserver.base.json_file import BrokenFile
from fakeserver.engine.run.workers import STOP_TIMEOUT
from fakeserver.http import certificate, instances
from fakeserver.http.app import create_app
from fakeserver.http.listener import Listener
from fakeserver.http.ports import bind
from fakeserver.sandbox import process
from fakeserver.sandbox.bounded_log import BoundedLog
from fakeserver.sandbox.folder import Folder
from fakeserver.sandbox.problem import Problem
from fakeserver.schema_version import SchemaProblem

LOG = logging.getLogger("fakeserver")
#: how often a site looks whether its folder is still there, seconds
LOOK = 1.0
#: how long the work of a site without a folder is waited for, seconds:
#: there is nothing left in which it could be written down
SHORT = 2.0


def work_out(folder: Folder, sites: Sequence[str]) -> None:
    """Work out what is the same for every site, above all its addresses."""
    config = folder.config(folder.settings(), sites[0])
    opened = compose.work_out(config)
    create_app(opened)
    opened.request_log.close()


def run(
    folder: Folder,
    site: str,
    ready: Callable[[], None],
    *,
    seeded: bool = False,
) -> int:
    """Be a site until it is stopped; return the exit code of the process.

    :param ready: is called when the site answers.
    :param seeded: whether its databases were made a moment ago.
    """
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        handlers=[BoundedLog(folder.log(site))],
    )
    # a busy queue is no news in a sandbox
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    try:
        with _only_one(folder, site) as lock:
            process.write_pid(folder, site)
            try:
                _serve(folder, site, lock, ready, seeded)
            finally:
                process.remove_pid(folder, site)
    except Problem as problem:
        LOG.error("%s", problem)
        return problem.code
    except (SchemaProblem, BrokenFile) as problem:
        LOG.error("%s", problem)
        return 1
    return 0


def _serve(
    folder: Folder,
    name: str,
    lock: int,
    ready: Callable[[], None],
    seeded: bool,
) -> None:
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
    config = folder.config(settings, name)
    workers = descriptors.share(config.workers)
    opened = compose.open_site(config, workers=workers, seeded=seeded)
    files = None
    if settings.tls:
        files = (
            folder.path / certificate.CERTIFICATE,
            folder.path / certificate.KEY,
        )
    listener = Listener(create_app(opened), port, files)
    door = instances.Door(
        instances.answers_of(opened.ground),
        config.instances_of(name),
        folder.path,
    )
    opened.service.start()
    LOG.info("%s answers at %s, pid %s", name, config.url, os.getpid())
    ready()
    homeless = False
    while not homeless and not stop.wait(LOOK):
        homeless = not _is_there(folder, name, lock)
    if homeless:
        LOG.error("%s stops: its folder %s does not exist", name, folder.path)
    else:
        LOG.info("%s stops", name)
    # first the engine, while its peer still gets answers from here
    opened.service.stop(SHORT if homeless else STOP_TIMEOUT)
    door.close()
    listener.close()
    compose.close_site(opened)


def _lock_file(folder: Folder, site: str) -> pathlib.Path:
    return folder.path / f"{site}.lock"


def _is_there(folder: Folder, site: str, lock: int) -> bool:
    """Return whether the folder is the one that this process was started over.

    Nothing takes a lock file away but who takes away the folder; where
    there is another one, the folder was made anew.
    """
    try:
        found = os.stat(_lock_file(folder, site))
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        # not known to be gone
        return True
    return os.path.samestat(found, os.fstat(lock))


@contextlib.contextmanager
def _only_one(folder: Folder, site: str) -> Iterator[int]:
    """Lock the site; the kernel holds the lock as long as the process
    lives."""
    path = _lock_file(folder, site)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Problem(f"{site} already runs in {folder.path}.") from None
        yield handle
    finally:
        os.close(handle)
