"""The log of a site's process: the newest lines, in bounded space."""

import contextlib
import logging
import os
import pathlib
import shutil
import sys
from typing import TextIO

#: a log is put aside when it has grown to this, bytes; one older is kept
LIMIT = 4 << 20


def older(path: pathlib.Path) -> pathlib.Path:
    """Return the file that holds the older lines of a log."""
    return path.with_name(f"{path.name}.1")


class BoundedLog(logging.StreamHandler[TextIO]):
    """Writes to standard error, and keeps the file behind it small.

    The whole process writes there, not only its loggers, and it has the
    file open: so what is in it is copied, and the file itself is emptied.
    Nothing happens where standard error is not that file, as on a terminal.

    :param path: the file that standard error was opened on.
    """

    def __init__(self, path: pathlib.Path, limit: int = LIMIT) -> None:
        super().__init__(sys.stderr)
        self._path = path
        self._limit = limit

    def emit(self, record: logging.LogRecord) -> None:
        super().emit(record)
        # a full disk must not end what was only to be logged
        with contextlib.suppress(OSError, ValueError):
            self._put_aside()

    def _put_aside(self) -> None:
        handle = self.stream.fileno()
        found = os.fstat(handle)
        if found.st_size <= self._limit:
            return
        if not os.path.samestat(found, self._path.stat()):
            return
        try:
            shutil.copyfile(self._path, older(self._path))
        finally:
            # the limit holds, whether or not there is room for a copy
            os.ftruncate(handle, 0)
