"""The folder of the sessions: ours alone, or not read.

A file is read where it belongs to this user, and nobody else can read it.
It is written whole, under another name, and put in its place, so that
twenty commands at once each read a whole one.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import re
import stat
import time

from protectorclient import user_paths
from protectorclient.escape import ShellCommand, fill, protector
from protectorclient.osc.cache.session import LIFE

_NAME = "sessions"
_KEY = "key"
#: Its existence switches the cache on for this user.
_ENABLED = "enabled"
_ENDING = ".json"
#: What we write here, and drafts of it that a crash has left behind.
_OUR_NAME = re.compile(
    rf"(?:{_KEY}|{_ENABLED}|[0-9a-f]{{64}}{re.escape(_ENDING)})"
    r"(?:\.[0-9a-f]{16})?"
)
#: Bytes of a session; more is none of ours.
_LARGEST = 2**20
_SECRET = 32
#: What removes a file that is not for us alone.
_CLEAR = protector("cache clear")
_CLOSE = ShellCommand("chmod 700 {folder}")


class NotOurs(OSError):
    """A file or folder that others own, or can read.

    :ivar remedy: the command that mends it, where there is one.
    """

    def __init__(
        self, message: str, *, remedy: ShellCommand | None = None
    ) -> None:
        super().__init__(message)
        self.remedy = remedy


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
            self.check()
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
        """Switch it off, and remove what is kept.

        :raises OSError: some of it cannot be removed.
        """
        try:
            self.clear()
        finally:
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(self.path, _ENABLED))

    def clear(self) -> int:
        """Remove what is kept, and the key with it; return how many sessions.

        :raises NotOurs: the folder belongs to somebody else.
        :raises OSError: some of it cannot be removed.
        """
        removed = 0
        trouble: OSError | None = None
        for name in self._names():
            if name == _ENABLED:
                continue
            try:
                os.unlink(os.path.join(self.path, name))
            except FileNotFoundError:
                continue  # another process was faster
            except OSError as error:
                # what can be removed holds tokens, too
                trouble = trouble or error
                continue
            removed += name.endswith(_ENDING)
        if trouble is not None:
            raise trouble
        return removed

    def count(self) -> int:
        """Return how many sessions are kept."""
        with contextlib.suppress(OSError):
            return sum(name.endswith(_ENDING) for name in self._names())
        return 0

    def _names(self) -> list[str]:
        """Return the names of our files, none of others'.

        :raises NotOurs: the folder belongs to somebody else.
        """
        try:
            _need_folder(self.path)
            return [n for n in os.listdir(self.path) if _OUR_NAME.fullmatch(n)]
        except FileNotFoundError:
            return []

    def secret(self, *, make: bool = False) -> bytes | None:
        """Return the key that names the files.

        :param make: whether to make one where there is none.
        :raises NotOurs: the folder or the key is not this user's alone.
        """
        found = self._read(_KEY)
        if make and (found is None or len(found) != _SECRET):
            self._make()
            # a file that a crash has cut is in nobody's use
            self._write(_KEY, os.urandom(_SECRET), anew=found is not None)
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
        self._remove_old()

    def _remove_old(self) -> None:
        """Remove what is not used any more: it holds tokens, too."""
        for name in self._names():
            if name in (_KEY, _ENABLED):
                continue
            path = os.path.join(self.path, name)
            with contextlib.suppress(OSError):
                if abs(time.time() - os.lstat(path).st_mtime) > LIFE:
                    os.unlink(path)

    def drop(self, name: str) -> None:
        """Forget a session."""
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(self.path, name + _ENDING))

    def _make(self) -> None:
        _make_private(self.path)
        self.check()

    def _read(self, name: str) -> bytes | None:
        path = os.path.join(self.path, name)
        try:
            self.check()
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except NotOurs:
            raise
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise NotOurs(f"{path} is a link", remedy=_CLEAR) from error
            return None
        try:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST:
                return None
            _need_own(path, found, _CLEAR)
            _need_private(path, found, _CLEAR)
            return os.read(handle, _LARGEST)
        finally:
            os.close(handle)

    def check(self) -> None:
        """Raise where the folder is not there, or not this user's alone.

        :raises NotOurs: others own it, or can read it.
        :raises OSError: it is not there.
        """
        found = _need_folder(self.path)
        _need_private(self.path, found, fill(_CLOSE, folder=self.path))

    def _write(self, name: str, content: bytes, *, anew: bool = True) -> None:
        path = os.path.join(self.path, name)
        draft = f"{path}.{os.urandom(8).hex()}"
        handle = os.open(
            draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600
        )
        try:
            with open(handle, "wb") as file:
                os.fchmod(handle, 0o600)
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


def _need_folder(path: str) -> os.stat_result:
    """Return the status of a folder of this user that is no link to one."""
    found = os.lstat(path)
    if stat.S_ISLNK(found.st_mode):
        raise NotOurs(f"{path} is a link")
    if not stat.S_ISDIR(found.st_mode):
        raise NotOurs(f"{path} is no folder")
    _need_own(path, found)
    return found


def _need_own(
    path: str, found: os.stat_result, remedy: ShellCommand | None = None
) -> None:
    if found.st_uid != os.geteuid():
        raise NotOurs(f"{path} belongs to another user", remedy=remedy)


def _need_private(
    path: str, found: os.stat_result, remedy: ShellCommand
) -> None:
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise NotOurs(f"{path} can be read by others", remedy=remedy)


def _make_private(path: str) -> None:
    """Make a folder for this user alone, where there is none, and those
    above it."""
    above = os.path.dirname(path)
    if above and not os.path.isdir(above):
        _make_private(above)
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, mode=0o700)
        # a umask may take from the user what mkdir gives
        os.chmod(path, 0o700)
