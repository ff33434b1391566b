"""Find the user's name, and the folders where this package keeps files.

platformdirs knows where they are. It is imported when a folder is needed:
most commands need none.
"""

from __future__ import annotations

import contextlib
import errno
import getpass
import os
import pathlib
import socket

_APPLICATION = "protectorclient"


def state() -> pathlib.Path:
    """Return the folder for what must not get lost, such as the audit log.

    :raises FileNotFoundError: no absolute path to it is known.
    """
    return _folder("user_state_path", "XDG_STATE_HOME")


def cache() -> pathlib.Path:
    """Return the folder for what can be lost, such as the times of steps.

    :raises FileNotFoundError: no absolute path to it is known.
    """
    return _folder("user_cache_path", "XDG_CACHE_HOME")


def _folder(kind: str, variable: str) -> pathlib.Path:
    """Ask platformdirs for a folder, and refuse a relative path.

    It would be below the current directory. It comes from a relative
    variable, or from a home directory that is not known: then some
    versions answer with a folder that is named ``~``, and newer ones with
    a RuntimeError.
    """
    import platformdirs

    try:
        found: pathlib.Path = getattr(platformdirs, kind)(_APPLICATION)
        if found.is_absolute():
            return found
    except RuntimeError:
        pass
    why = "this user has no home directory"
    if os.environ.get(variable):
        why = f"{variable} is not an absolute path"
    raise FileNotFoundError(errno.ENOENT, why)


def who() -> str:
    """Return user and machine, for a line that says who did something."""
    user = "unknown"
    with contextlib.suppress(OSError, KeyError, ImportError):
        user = getpass.getuser()
    return f"{user}@{socket.gethostname()}"
