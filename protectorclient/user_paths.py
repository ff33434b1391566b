"""Find the user's name, and the folders where this package keeps files.

platformdirs knows where they are. It is imported where that is not plain: a
read looks for the folder of its session before anything else.
"""

from __future__ import annotations

import contextlib
import errno
import os
import pathlib
import socket
import sys

_APPLICATION = "protectorclient"


def state() -> pathlib.Path:
    """Return the folder for what must not get lost, such as the audit log.

    :raises FileNotFoundError: no absolute path to it is known.
    """
    return _folder("user_state_path", "XDG_STATE_HOME", ".local/state")


def cache() -> pathlib.Path:
    """Return the folder for what can be lost, such as the times of steps.

    :raises FileNotFoundError: no absolute path to it is known.
    """
    return _folder("user_cache_path", "XDG_CACHE_HOME", ".cache")


def config_folders() -> tuple[str, ...]:
    """Return where openstack.config looks for its files, in its order."""
    config = os.path.join(os.path.expanduser("~"), ".config")
    shared = os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    above = (
        os.environ.get("XDG_CONFIG_HOME") or config,
        config,
        *shared.split(":"),
        "/etc",
    )
    return (os.getcwd(), *(os.path.join(one, "openstack") for one in above))


def _folder(kind: str, variable: str, default: str) -> pathlib.Path:
    """Ask platformdirs for a folder, and refuse a relative path.

    It would be below the current directory. It comes from a relative
    variable, or from a home directory that is not known: then some
    versions answer with a folder that is named ``~``, and newer ones with
    a RuntimeError.
    """
    plain = _plain(variable, default)
    if plain is not None:
        return plain
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


def _plain(variable: str, default: str) -> pathlib.Path | None:
    """Return a folder as the XDG specification has it, of a plain Linux."""
    if sys.platform != "linux" or "ANDROID_DATA" in os.environ:
        return None
    above = os.environ.get(variable, "")
    if not above:
        above = os.path.join(os.path.expanduser("~"), default)
    if above != above.strip() or not os.path.isabs(above):
        return None
    return pathlib.Path(above, _APPLICATION)


def who() -> str:
    """Return user and machine, for a line that says who did something."""
    import getpass

    user = "unknown"
    with contextlib.suppress(OSError, KeyError, ImportError):
        user = getpass.getuser()
    return f"{user}@{socket.gethostname()}"
