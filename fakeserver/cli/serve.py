"""The processes of sites: ``python -m fakeserver.cli.serve DIR [SITE]``.

What a site needs is loaded once. With the pipe of ``protector-sandbox`` the
process then splits into the sites that it names, and ends; so each of them
costs a third of a process of its own, and shares with the other what neither
changes.
"""

import contextlib
import functools
import gc
import os
import pathlib
import sys
from collections.abc import Callable, Sequence

from fakeserver.sandbox import loader, process
from fakeserver.sandbox.folder import Folder
from fakeserver.sandbox.problem import Problem


def main(argv: Sequence[str] | None = None) -> int:
    directory, *sites = sys.argv[1:] if argv is None else argv
    os.umask(0o077)
    path = pathlib.Path(directory)
    pipe = os.environ.pop(loader.PIPE, None)
    if pipe is None:
        with contextlib.suppress(OSError):
            os.setsid()
        from fakeserver.cli import site_process

        return site_process.run(Folder(path), sites[0], lambda: None)
    return _split(path, int(pipe))


def _split(path: pathlib.Path, pipe: int) -> int:
    """Become one process a site; this one ends."""
    # what is loaded stays: to look through it is a tenth of the time
    gc.disable()
    problem = _load()
    # what they read is written by now, or never
    sites = os.read(0, 100).decode().split()
    if not sites:
        return 1
    folder = Folder(path)
    _log_to(folder, sites[0])
    if problem is not None:
        raise problem
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    seeder = None
    if not _is_seeded(folder, sites):
        # while this process has something else to do; and a site that has
        # written it would keep what that takes
        seeder = _begin("seed", pipe)
        if not seeder:
            os._exit(0 if _quietly(_seed, folder, sites) else 1)
    from fakeserver.cli import site_process

    _quietly(site_process.work_out, folder, sites)
    seeded = seeder is not None and os.waitpid(seeder, 0)[1] == 0
    gc.freeze()
    for site in sites:
        if not _begin(site, pipe):
            gc.enable()
            _own_log(folder, site)
            ready = functools.partial(_ready, site, pipe)
            return site_process.run(folder, site, ready, seeded=seeded)
    os._exit(0)


def _load() -> Exception | None:
    """Load what the seed needs, which the sites need, too; return what went
    wrong, which has no log yet."""
    try:
        # pages of a library that was loaded before are a site's memory only
        # when it reads them: five of the seven megabytes of the ciphers are
        # not
        from cryptography import fernet  # noqa: F401

        from fakeserver import compose  # noqa: F401
        from fakeserver.cloud.shared import seed  # noqa: F401
        from fakeserver.storage import arrays  # noqa: F401
        from fakeserver.storage import seed as arrays_seed  # noqa: F401
        from fakeserver.store import seed as service_seed  # noqa: F401
        from fakeserver.store.steps import array_steps, site_steps  # noqa: F401
    except Exception as error:
        return error
    return None


def _is_seeded(folder: Folder, sites: Sequence[str]) -> bool:
    """Return whether each site has a database, of whatever content."""
    try:
        settings = folder.settings()
    except Problem:
        # each site says so
        return True
    files = [folder.config(settings, name).database for name in sites]
    return all(file.exists() for file in files)


def _seed(folder: Folder, sites: Sequence[str]) -> None:
    """Write the seeded world of the sites whose databases are empty."""
    from fakeserver import compose

    settings = folder.settings()
    for name in sites:
        compose.write_seed(folder.config(settings, name))


def _quietly(
    work: Callable[[Folder, Sequence[str]], None],
    folder: Folder,
    sites: Sequence[str],
) -> bool:
    """Do what each site does again, if it was not done, and then says why;
    return whether it was done."""
    with contextlib.suppress(Exception):
        work(folder, sites)
        return True
    return False


def _begin(name: str, pipe: int) -> int:
    """Begin a process and write its pid into the pipe; return 0 in it.

    It waits until its pid is there: who kills all that are named in the
    pipe, and this process, leaves none.
    """
    go, told = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(told)
        if not os.read(go, 1):
            os._exit(1)
        os.close(go)
        return 0
    _write(pipe, f"{name} {pid}")
    os.write(told, b"\n")
    os.close(told)
    os.close(go)
    return pid


def _own_log(folder: Folder, site: str) -> None:
    with contextlib.suppress(OSError):
        os.setsid()
    _log_to(folder, site)
    # both have the same command line; ps and top show this too, on Linux
    with contextlib.suppress(OSError):
        pathlib.Path("/proc/self/comm").write_text(site)


def _log_to(folder: Folder, site: str) -> None:
    handle = os.open(
        folder.log(site), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600
    )
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.close(handle)


def _ready(site: str, pipe: int) -> None:
    _write(pipe, f"{site} {process.READY}")
    os.close(pipe)


def _write(pipe: int, line: str) -> None:
    # whoever has started this may be gone
    with contextlib.suppress(BrokenPipeError):
        os.write(pipe, f"{line}\n".encode())


if __name__ == "__main__":
    sys.exit(main())
