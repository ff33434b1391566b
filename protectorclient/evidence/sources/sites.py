"""What the sites of a pair say for a record, as far as they answer."""

from __future__ import annotations

import contextlib
import functools
import platform
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from protectorclient import _version, exceptions
from protectorclient.evidence import record as records
from protectorclient.pair.both_sites import BothSites

if TYPE_CHECKING:
    from protectorclient.pair.site_facts import SiteFacts
    from protectorclient.pair.site_pair import SitePair

T = TypeVar("T")


def versions() -> dict[str, str]:
    """Return the versions of this tool and of what it runs on."""
    return {
        "python-protectorclient": _version.__version__,
        "python": platform.python_version(),
    }


class Sites:
    """Asks both sites for what a record has; each question once."""

    def __init__(self, pair: SitePair) -> None:
        self.asked = BothSites(pair.handles, grace=None)
        found, self._errors = self.asked.put(
            lambda facts: (facts.local.id, facts.local.region_name)
        )
        self._ids = {name: one[0] for name, one in found.items()}
        self._regions = {name: one[1] for name, one in found.items()}
        self._names = {
            identity: name for name, identity in self._ids.items() if identity
        }

    def learn(self, ids: Mapping[str, str]) -> None:
        """Take the ids of sites that do not answer themselves.

        :param ids: by the sites' names.
        """
        for name, identity in ids.items():
            self._ids[name] = self._ids.get(name) or identity
            self._names.setdefault(identity, name)

    @property
    def is_whole(self) -> bool:
        """Return whether both sites answer."""
        return not self._errors

    def records(self) -> tuple[records.Site, ...]:
        """Return both sites."""
        return tuple(
            records.Site(
                name=facts.name,
                id=self._ids.get(facts.name),
                region=self._regions.get(facts.name),
                api_version=self._version(facts),
                error=self._errors[facts.name].message
                if facts.name in self._errors
                else None,
            )
            for facts in self.asked.every
        )

    def _version(self, facts: SiteFacts) -> str | None:
        if facts.name in self._errors:
            return None
        return quietly(lambda: str(facts.client.http.version))

    @property
    def skew(self) -> float | None:
        """Return by how many seconds the clocks of the sites differ."""
        found = [
            facts.clock_skew
            for facts in self.asked.every
            if facts.name not in self._errors
        ]
        known = [one for one in found if one is not None]
        return round(known[1] - known[0], 1) if len(known) == 2 else None

    def name(self, site_id: str | None) -> str | None:
        """Return what a site is called here; its id, where that is not
        known."""
        return self._names.get(site_id or "", site_id)

    def facts(self, site_id: str | None) -> SiteFacts | None:
        """Return a site that answers, by its id."""
        name = self._names.get(site_id or "")
        if name is None or name in self._errors:
            return None
        return self.asked.facts(name)

    def by_name(self, name: str) -> SiteFacts:
        """Return a site by its name here."""
        return self.asked.facts(name)

    def first(self, question: Callable[[SiteFacts], T]) -> T | None:
        """Return the answer of the first site that has one."""
        for facts in self.asked.every:
            if facts.name not in self._errors:
                found = quietly(functools.partial(question, facts))
                if found is not None:
                    return found
        return None

    def objective(self, group: str) -> float | None:
        """Return the recovery point objective of a group, in seconds."""
        policy = self.first(lambda facts: facts.policy(group))
        if policy is None or policy.rpo_minutes is None:
            return None
        return policy.rpo_minutes * 60.0

    def resource(self, kind: str, site_id: str | None, identity: str) -> str:
        """Return the name of a network or a flavor; its id, where the site
        does not say it."""
        facts = self.facts(site_id)
        if facts is None:
            return identity
        found: list[dict[str, Any]] = (
            quietly(
                lambda: facts.networks if kind == "network" else facts.flavors
            )
            or []
        )
        names = {str(one.get("id")): str(one.get("name")) for one in found}
        return names.get(identity, identity)


def quietly(question: Callable[[], T]) -> T | None:
    """Return an answer, or None instead of an error of a site."""
    with contextlib.suppress(exceptions.ProtectorError):
        return question()
    return None


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a mapping; an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}
