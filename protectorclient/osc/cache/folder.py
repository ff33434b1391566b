"""The folder of the sessions: ours alone, or not read.

A file is read where it belongs to this user, and nobody else can read it.
It is written whole, under another name, and put in its place, so that
twenty commands at once each read a whole one.
"""

from __future__ import annotations

import contextlib
import functools
import os
import stat
from collections.abc import Callable, Iterator

from protectorclient import user_paths

_NAME = "sessions"
_KEY = "key"
#: Its existence switches the cache on for this user.
_ENABLED = "enabled"
_ENDING = ".json"
#: Bytes of a session; more is none of ours.
_LARGEST = 2**20
_SECRET = 32

Warn = Callable[[str], object]


class NotOurs(OSError):
    """A file or folder that others own, or can read."""


class Folder:
    """The sessions of this user.

    Nothing here is a reason to fail: what cannot be read is not there, and
    what cannot be written is not kept.
    """

    def __init__(self, path: str | None = None) -> None:
        self._given = path

    @functools.cached_property
    def path(self) -> str:
        """Return the folder, there or not.

        :raises OSError: the user has no home directory.
        """
        return self._given or str(user_paths.cache() / _NAME)

    @property
    def is_there(self) -> bool:
        """Return whether anything was ever kept or enabled."""
        try:
            return os.path.isdir(self.path)
        except OSError:
            return False

    @property
    def is_enabled(self) -> bool:
        """Return whether the user has switched the cache on."""
        try:
            self._need_ours(self.path, os.lstat(self.path))
            return os.path.exists(os.path.join(self.path, _ENABLED))
        except OSError:
            return False

    def enable(self) -> None:
        """Switch the cache on.

        :raises OSError: the folder cannot be made, or is not ours.
        """
        self._make()
        self._write(_ENABLED, b"")

    def disable(self) -> None:
        """Switch it off, and remove what is kept."""
        self.clear()
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(self.path, _ENABLED))

    def clear(self) -> int:
        """Remove what is kept, and the key with it; return how many files.

        :raises OSError: some of it cannot be removed.
        """
        removed = 0
        for name in list(self._names()):
            os.unlink(os.path.join(self.path, name))
            removed += name.endswith(_ENDING)
        return removed

    def count(self) -> int:
        """Return how many sessions are kept."""
        return sum(name.endswith(_ENDING) for name in self._names())

    def _names(self) -> Iterator[str]:
        try:
            names = os.listdir(self.path)
        except OSError:
            return
        for name in names:
            if name != _ENABLED:
                yield name

    def secret(self, *, make: bool = False) -> bytes | None:
        """Return the key that names the files.

        :param make: whether to make one where there is none.
        :raises NotOurs: the folder or the key is not this user's alone.
        """
        found = self._read(_KEY)
        if found is None and make:
            self._make()
            self._write(_KEY, os.urandom(_SECRET), anew=False)
            found = self._read(_KEY)
        return found if found and len(found) == _SECRET else None

    def read(self, name: str) -> bytes | None:
        """Return the content of a session, where there is one.

        :raises NotOurs: the folder or the file is not this user's alone.
        """
        return self._read(name + _ENDING)

    def write(self, name: str, content: bytes) -> None:
        """Keep a session.

        :raises OSError: it cannot be written.
        """
        self._make()
        self._write(name + _ENDING, content)

    def drop(self, name: str) -> None:
        """Forget a session."""
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(self.path, name + _ENDING))

    def _make(self) -> None:
        os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.mkdir(self.path, mode=0o700)
        self._need_ours(self.path, os.lstat(self.path))

    def _read(self, name: str) -> bytes | None:
        path = os.path.join(self.path, name)
        try:
            self._need_ours(self.path, os.lstat(self.path))
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except NotOurs:
            raise
        except OSError:
            return None
        try:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST:
                return None
            self._need_ours(path, found)
            return os.read(handle, _LARGEST)
        finally:
            os.close(handle)

    @staticmethod
    def _need_ours(path: str, found: os.stat_result) -> None:
        if found.st_uid != os.geteuid():
            raise NotOurs(f"{path} belongs to another user")
        if stat.S_IMODE(found.st_mode) & 0o077:
            raise NotOurs(f"{path} can be read by others")

    def _write(self, name: str, content: bytes, *, anew: bool = True) -> None:
        path = os.path.join(self.path, name)
        draft = f"{path}.{os.urandom(8).hex()}"
        handle = os.open(
            draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600
        )
        try:
            with open(handle, "wb") as file:
                file.write(content)
            if anew:
                os.replace(draft, path)
            else:
                # the first of several keys is everybody's
                with contextlib.suppress(FileExistsError):
                    os.link(draft, path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(draft)
