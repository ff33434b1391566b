"""The real shells, in this process, and what they write and end with."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import io
import json
import logging
import re
import shlex
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

_IDS = re.compile(r"(req|op)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_STAKES = re.compile(
    r"^(fail(over|back)|test_failover) of \S+ from \S+ to [^ ,\n]+"
    r"(, unplanned)?\n(  .*\n)+",
    re.MULTILINE,
)
_PORT = re.compile(r"127\.0\.0\.1:\d+")


@dataclasses.dataclass(frozen=True)
class Ran:
    """One command that has ended."""

    code: int
    out: str
    err: str

    @functools.cached_property
    def json(self) -> Any:
        """The document on stdout, which must be the only thing there. It is
        read once: what a test takes out of it stays out."""
        return json.loads(self.out)

    @property
    def told(self) -> str:
        """What stderr says, without the ids and ports of the day."""
        return _PORT.sub("HOST", _IDS.sub(r"\1-ID", self.err))

    @property
    def brief(self) -> str:
        """The same without what an action says that it will move."""
        return _STAKES.sub("", self.told)


def openstack(command: str) -> Ran:
    """Run ``openstack <command>``: the shell of python-openstackclient."""
    with _quiet():
        from openstackclient import shell
    _forget_clients()
    shell.OpenStackShell.NAME = "openstack"
    return _run(shell.OpenStackShell, command)


def protector(command: str) -> Ran:
    """Run ``protector <command>``."""
    from protectorclient import shell

    return _run(shell.ProtectorShell, command)


#: The same commands from either of the two.
SHELLS: dict[str, Callable[[str], Ran]] = {
    "openstack": lambda command: openstack(f"protector {command}"),
    "protector": protector,
}

#: For a test of what a command does, which is the same in both shells:
#: test_exitcodes holds each command to that. Here it is the quick one, and
#: in the thorough stage the other.
EITHER_SHELL = [
    pytest.param("openstack", marks=pytest.mark.thorough),
    "protector",
]

_NAMED = re.compile(r"^openstack((?: .*)?) protector (.*)$", re.DOTALL)


def typed(line: str) -> Ran:
    """Run a line that is printed for a person, in the quicker shell."""
    named = _NAMED.match(line)
    if named:
        return protector(f"{named[1]} {named[2]}")
    return openstack(line.removeprefix("openstack "))


def _run(make: Callable[[], Any], command: str) -> Ran:
    out, err = io.StringIO(), io.StringIO()
    argv = shlex.split(command.replace("\\\n", " "))
    with (
        _quiet(),
        _logging_put_back(),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            code = make().run(argv)
        except SystemExit as end:
            code = end.code
    return Ran(int(code or 0), out.getvalue(), err.getvalue())


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """OpenStackClient sets filters of its own, and warns of itself.

    A warning that this package is to blame for is an error all the same.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", module=r"protectorclient\b")
        yield


@contextlib.contextmanager
def _logging_put_back() -> Iterator[None]:
    """Each shell adds handlers to the root logger, for good.

    What the sites log in this process is not for the shell to show.
    """
    root, sites = logging.getLogger(), logging.getLogger("fakeserver")
    handlers, level = root.handlers[:], root.level
    # nor is what a shell logs at its lowest level for pytest to keep
    for handler in handlers:
        root.removeHandler(handler)
    silence = logging.NullHandler()
    sites.addHandler(silence)
    sites.propagate = False
    try:
        yield
    finally:
        for handler in root.handlers[:]:
            if handler not in handlers:
                root.removeHandler(handler)
                handler.close()
        for handler in handlers:
            root.addHandler(handler)
        root.setLevel(level)
        sites.propagate = True
        sites.removeHandler(silence)


def _forget_clients() -> None:
    """osc-lib keeps the clients of a process in its classes.

    The second command of a process, for another cloud, would get those
    of the first.
    """
    manager = sys.modules["osc_lib.clientmanager"]
    for value in vars(manager.ClientManager).values():
        if isinstance(value, manager.ClientCache):
            value._handle = None
    # and until 2026.1 its volume plugin takes the versions that cinderclient
    # lacks out of a table, at each command, and stumbles at the second
    volume = sys.modules.get("openstackclient.volume.client")
    versions = getattr(volume, "API_VERSIONS", None)
    if isinstance(versions, dict):
        for lacking in ("1", "2"):
            versions.setdefault(lacking, "")
