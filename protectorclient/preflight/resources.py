"""The networks and flavors of a group, and what replaces them at the target.

The checks, the impact of an action and the readiness of all groups are
made from this.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence

from protectorclient import exceptions
from protectorclient.mapping import move_command, suggest
from protectorclient.mapping.forecast import Choices, Forecast, Match
from protectorclient.pair.site_facts import SiteFacts

#: What an instance has that is another one at the target.
KINDS = ("network", "flavor")


def _nothing(kind: str) -> Mapping[str, str]:
    return {}


def choices(target: SiteFacts, kind: str) -> Choices:
    """Return what a site has of a kind, sorted once for all groups.

    :param kind: one of `KINDS`.
    """
    return target.ask(
        ("choices", kind),
        lambda: Choices(
            target.networks if kind == "network" else target.flavors
        ),
    )


class Resources:
    """What the instances of a group use, matched at the target.

    :param forecast: the group's metadata, read for its direction.
    :param target: the site where the group goes.
    :param given: the mapping of a kind that the action is given, by ids.
    :param isolated: whether a test gets networks of its own.
    """

    def __init__(
        self,
        forecast: Forecast,
        target: SiteFacts,
        given: Callable[[str], Mapping[str, str]] = _nothing,
        *,
        isolated: bool = False,
    ) -> None:
        self.forecast = forecast
        self.target = target
        self._given = given
        self._isolated = isolated

    @functools.cached_property
    def networks(self) -> list[Match]:
        """Each network in use, and what replaces it."""
        if self._isolated:
            return self.forecast.isolated_networks()
        given = self._given("network")
        return self.forecast.networks(given, choices(self.target, "network"))

    @functools.cached_property
    def flavors(self) -> list[Match]:
        """Each flavor in use, and what replaces it."""
        given = self._given("flavor")
        return self.forecast.flavors(given, choices(self.target, "flavor"))

    def of(self, kind: str) -> list[Match]:
        """Return the networks, or the flavors.

        :param kind: one of `KINDS`.
        """
        return self.networks if kind == "network" else self.flavors

    def unmatched(self, kind: str) -> list[Match]:
        """Those that nothing replaces."""
        return [one for one in self.of(kind) if not one.matched]

    def suggestions(self, kind: str) -> list[suggest.Suggestion]:
        """Return what may replace each of them, by address range or size."""
        if kind == "flavor":
            return suggest.flavors(self.forecast, self.target.flavors)
        try:
            subnets = self.target.subnets
        except exceptions.ProtectorError:
            subnets = []
        return suggest.networks(self.forecast, self.target.networks, subnets)

    def options(self, kind: str, matches: Sequence[Match]) -> list[str] | None:
        """Make the options of a command that map a kind; None where one that
        is needed cannot be guessed.

        :param matches: those that are to be mapped, and those that are.
        """
        return move_command.options(kind, matches, self.suggestions(kind))
