"""Client for the protector API, which moves protected applications
between two OpenStack sites.

Public is what ``__all__`` has here, in `protectorclient.exceptions` and in
`protectorclient.v1`, and the pytest plugin `protectorclient.testing`.
Everything else is private, whatever it is named: it may change with any
version. The names are imported when they are first used, because every
``openstack`` command loads this package.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from protectorclient._version import __version__

if TYPE_CHECKING:
    from protectorclient import exceptions as exceptions
    from protectorclient._http.dry_run import (
        OutgoingRequest as OutgoingRequest,
    )
    from protectorclient.config.cloud import connect as connect
    from protectorclient.config.cloud import from_connection as from_connection
    from protectorclient.exceptions import ProtectorError as ProtectorError
    from protectorclient.exit_codes import ExitCode as ExitCode
    from protectorclient.mapping.files import MappingFile as MappingFile
    from protectorclient.pair.audit_log import AuditLog as AuditLog
    from protectorclient.pair.guards import Expect as Expect
    from protectorclient.pair.location import History as History
    from protectorclient.pair.location import Location as Location
    from protectorclient.pair.location import SyncReport as SyncReport
    from protectorclient.pair.moves.action import (
        PreparedAction as PreparedAction,
    )
    from protectorclient.pair.moves.action import (
        StartedOperation as StartedOperation,
    )
    from protectorclient.pair.site import SiteHandle as SiteHandle
    from protectorclient.polling.events import Changed as Changed
    from protectorclient.polling.events import Doubted as Doubted
    from protectorclient.polling.events import Ended as Ended
    from protectorclient.polling.events import Event as Event
    from protectorclient.polling.events import Key as Key
    from protectorclient.polling.events import Lost as Lost
    from protectorclient.polling.events import Outcome as Outcome
    from protectorclient.polling.events import Regained as Regained
    from protectorclient.polling.events import Silent as Silent
    from protectorclient.polling.pace import Pace as Pace
    from protectorclient.reports.drift import Difference as Difference
    from protectorclient.reports.drift import DriftReport as DriftReport
    from protectorclient.reports.drift import GroupDrift as GroupDrift
    from protectorclient.reports.fidelity import Comparison as Comparison
    from protectorclient.reports.fidelity import (
        FidelityReport as FidelityReport,
    )
    from protectorclient.reports.own_history import Band as Band
    from protectorclient.reports.pair_reports import SitePair as SitePair
    from protectorclient.reports.readiness import (
        GroupReadiness as GroupReadiness,
    )
    from protectorclient.reports.readiness import Readiness as Readiness
    from protectorclient.reports.readiness import Verdict as Verdict
    from protectorclient.v1.client import Client as Client

#: Where each name is; it is imported when it is first used.
_HOME = {
    "AuditLog": "protectorclient.pair.audit_log",
    "Band": "protectorclient.reports.own_history",
    "Changed": "protectorclient.polling.events",
    "Client": "protectorclient.v1.client",
    "Comparison": "protectorclient.reports.fidelity",
    "Difference": "protectorclient.reports.drift",
    "Doubted": "protectorclient.polling.events",
    "DriftReport": "protectorclient.reports.drift",
    "Ended": "protectorclient.polling.events",
    "Event": "protectorclient.polling.events",
    "ExitCode": "protectorclient.exit_codes",
    "Expect": "protectorclient.pair.guards",
    "FidelityReport": "protectorclient.reports.fidelity",
    "GroupDrift": "protectorclient.reports.drift",
    "GroupReadiness": "protectorclient.reports.readiness",
    "History": "protectorclient.pair.location",
    "Key": "protectorclient.polling.events",
    "Location": "protectorclient.pair.location",
    "Lost": "protectorclient.polling.events",
    "MappingFile": "protectorclient.mapping.files",
    "Outcome": "protectorclient.polling.events",
    "OutgoingRequest": "protectorclient._http.dry_run",
    "Pace": "protectorclient.polling.pace",
    "PreparedAction": "protectorclient.pair.moves.action",
    "ProtectorError": "protectorclient.exceptions",
    "Readiness": "protectorclient.reports.readiness",
    "Regained": "protectorclient.polling.events",
    "Silent": "protectorclient.polling.events",
    "SiteHandle": "protectorclient.pair.site",
    "SitePair": "protectorclient.reports.pair_reports",
    "StartedOperation": "protectorclient.pair.moves.action",
    "SyncReport": "protectorclient.pair.location",
    "Verdict": "protectorclient.reports.readiness",
    "connect": "protectorclient.config.cloud",
    "from_connection": "protectorclient.config.cloud",
}

__all__ = [
    "AuditLog",
    "Band",
    "Changed",
    "Client",
    "Comparison",
    "Difference",
    "Doubted",
    "DriftReport",
    "Ended",
    "Event",
    "ExitCode",
    "Expect",
    "FidelityReport",
    "GroupDrift",
    "GroupReadiness",
    "History",
    "Key",
    "Location",
    "Lost",
    "MappingFile",
    "Outcome",
    "OutgoingRequest",
    "Pace",
    "PreparedAction",
    "ProtectorError",
    "Readiness",
    "Regained",
    "Silent",
    "SiteHandle",
    "SitePair",
    "StartedOperation",
    "SyncReport",
    "Verdict",
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
