"""Client for the protector API, which moves protected applications
between two OpenStack sites.

What is exported here is public; modules and names with a leading
underscore are not. The names are imported when they are first used,
because every ``openstack`` command loads this package.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from protectorclient._version import __version__

if TYPE_CHECKING:
    from protectorclient import exceptions as exceptions
    from protectorclient.config.cloud import connect as connect
    from protectorclient.config.cloud import from_connection as from_connection
    from protectorclient.exceptions import ProtectorError as ProtectorError
    from protectorclient.exit_codes import ExitCode as ExitCode
    from protectorclient.pair.site_pair import SitePair as SitePair
    from protectorclient.v1.client import Client as Client

_HOME = {
    "Client": "protectorclient.v1.client",
    "ExitCode": "protectorclient.exit_codes",
    "ProtectorError": "protectorclient.exceptions",
    "SitePair": "protectorclient.pair.site_pair",
    "connect": "protectorclient.config.cloud",
    "from_connection": "protectorclient.config.cloud",
}

__all__ = [
    "Client",
    "ExitCode",
    "ProtectorError",
    "SitePair",
    "__version__",
    "connect",
    "exceptions",
    "from_connection",
]


def __getattr__(name: str) -> Any:
    if name == "exceptions":
        return importlib.import_module("protectorclient.exceptions")
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
