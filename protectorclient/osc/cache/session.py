"""What is kept of the sites of one command line."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from protectorclient._http import microversions
from protectorclient._http.short.road import KnownSite

#: Seconds that an address, a version and the names of sites hold.
LIFE = 600.0
#: Seconds that a token must hold, or it is as good as gone.
LEAST = 30.0
#: So many operations are remembered, the newest ones.
MOST_OPERATIONS = 500
_FORM = 2
#: What a file raises that holds something else, or half of it.
_NOT_OURS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


@dataclasses.dataclass(frozen=True)
class Session:
    """The sites, in the order in which the configuration names them."""

    #: By the sites' names, None for one that was not asked yet.
    sites: Mapping[str, KnownSite | None]
    #: Until when each site's entry holds, seconds since 1970.
    until: Mapping[str, float]
    #: Why there is one site only, where that is no wish.
    alone: str | None = None
    #: The site that knows an operation, by the operation's id.
    operations: Mapping[str, str] = dataclasses.field(default_factory=dict)
    #: Whether these are all sites that a read of both asks. Otherwise they
    #: are the configured cloud, and what ``--site`` has named.
    whole: bool = True

    def at(self, now: float) -> Session:
        """Return what still holds at a time.

        What ends later than anything that is kept now was kept by a clock
        that was wrong.
        """
        return dataclasses.replace(
            self,
            sites={
                name: site
                if now < self.until.get(name, 0.0) <= now + LIFE
                else None
                for name, site in self.sites.items()
            },
        )

    def merged(self, newer: Session) -> Session:
        """Return the newer one, and what only this one knows."""
        names = self._names_with(newer)
        if names is None:
            return newer
        operations = {**self.operations, **newer.operations}
        newest = list(operations)[-MOST_OPERATIONS:]
        return dataclasses.replace(
            newer if newer.whole else self,
            sites={
                name: newer.sites.get(name) or self.sites.get(name)
                for name in names
            },
            until={**self.until, **newer.until},
            operations={one: operations[one] for one in newest},
        )

    def _names_with(self, newer: Session) -> list[str] | None:
        """Return the sites of both; None where these are others now."""
        mine, others = list(self.sites), list(newer.sites)
        if mine[:1] != others[:1]:
            return None
        if self.whole and newer.whole:
            return mine if mine == others else None
        if self.whole or newer.whole:
            return mine if self.whole else others
        return list(dict.fromkeys((*mine, *others)))


def dumped(session: Session) -> bytes:
    """Return a session as a file holds it."""
    document = {
        "form": _FORM,
        "alone": session.alone,
        "sites": {
            name: None if site is None else dataclasses.asdict(site)
            for name, site in session.sites.items()
        },
        "until": dict(session.until),
        "operations": dict(session.operations),
        "whole": session.whole,
    }
    return json.dumps(document).encode()


def loaded(content: bytes) -> Session | None:
    """Read a session; None where the file holds something else."""
    try:
        document = json.loads(content)
        if document["form"] != _FORM:
            return None
        return Session(
            sites={
                str(name): None if site is None else _site(site)
                for name, site in document["sites"].items()
            },
            until={n: float(at) for n, at in document["until"].items()},
            alone=document["alone"],
            operations={
                str(one): str(name)
                for one, name in document["operations"].items()
            },
            whole=bool(document["whole"]),
        )
    except _NOT_OURS:
        return None


def _site(found: dict[str, Any]) -> KnownSite:
    cert = found["cert"]
    return KnownSite(
        name=str(found["name"]),
        root=str(found["root"]),
        project_id=str(found["project_id"]),
        token=str(found["token"]),
        offered=_range(found["offered"]),
        local_id=found["local_id"],
        site_names=dict(found["site_names"]),
        verify=found["verify"],
        cert=(cert[0], cert[1]) if cert else None,
    )


def _range(
    found: dict[str, list[int]] | None,
) -> microversions.VersionRange | None:
    if found is None:
        return None
    return microversions.VersionRange(
        microversions.Version(*map(int, found["minimum"])),
        microversions.Version(*map(int, found["maximum"])),
    )
