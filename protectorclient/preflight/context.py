"""The context of the checks of one group: sites, roles, options."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import functools
from collections.abc import Callable, Mapping
from typing import Any

from protectorclient import exceptions
from protectorclient.advice.actions import ACTIONS
from protectorclient.mapping.files import MappingFile
from protectorclient.mapping.forecast import Forecast
from protectorclient.pair import liveness, locate
from protectorclient.pair.both_sites import BothSites
from protectorclient.pair.location import Location, rank
from protectorclient.pair.moves.resolve_names import Names
from protectorclient.pair.reads import narrow
from protectorclient.pair.site_facts import SiteFacts
from protectorclient.pair.sites import Sites
from protectorclient.polling.silence import NO_ANSWER, is_dead
from protectorclient.preflight import copies
from protectorclient.preflight.drift import addresses, protected
from protectorclient.preflight.drift.subject import Subject
from protectorclient.preflight.findings import Skip, unless_skipped
from protectorclient.preflight.resources import Resources
from protectorclient.records.protection_group import (
    ProtectionGroup,
    SyncStatus,
)
from protectorclient.records.site import Site


@dataclasses.dataclass(frozen=True)
class Parameters:
    """What the action would be given."""

    network_mapping: Mapping[str, str] = dataclasses.field(
        default_factory=dict
    )
    flavor_mapping: Mapping[str, str] = dataclasses.field(default_factory=dict)
    mapping_file: MappingFile | None = None
    accept_divergence: bool = False
    #: Of a test: it gets networks of its own.
    isolated: bool = False
    #: Of a test failover; None where it is not decided yet.
    retain_primary: bool | None = None


class Context:
    """A group, both sites, and a purpose.

    :param compares: whether the group is compared with what is there: then
        what that needs is asked for with everything else.
    :param alone: whether no other group is checked with the same sites: then
        they are asked for what concerns this one alone.
    :raises NotFound: no site that answers knows the group.
    """

    def __init__(
        self,
        pair: Sites,
        name: str,
        purpose: str,
        wanted: Parameters,
        sides: BothSites | None = None,
        *,
        compares: bool = True,
        alone: bool = True,
    ) -> None:
        self.pair = pair
        self.alone = alone
        self.name = name
        self.purpose = purpose
        self.wanted = wanted
        self.asked_sites = sides or open_sites(pair)
        self.asked_sites.take_names()
        self.sides = {side.name: side for side in self.asked_sites.every}
        self.located: Location | None = None
        #: What was left out of the mappings.
        self.warnings: list[str] = []
        #: Two groups of one name, by site.
        self.doubles: dict[str, ProtectionGroup] = {}
        self._find()
        self._ask_ahead(compares)

    def _find(self) -> None:
        """Ask both sites for the group; a dead one costs its timeout."""
        answers, errors = self.asked_sites.put(self._find_at)
        self.asked_sites.find_renamed(
            answers,
            errors,
            lambda answer: answer[1].id,
            lambda site, identity: (site.local, site.get(identity)),
        )
        found = {name: group for name, (_, group) in answers.items()}
        if len({group.id for group in found.values()}) > 1:
            self.doubles = found
            other = self.pair.secondary.name
            answers.pop(other)
            errors[other] = exceptions.NotFound(
                "another group has the name", site=other
            )
        if answers or any(
            isinstance(error, exceptions.NotFound) for error in errors.values()
        ):
            self.located = locate.put_together(
                self.asked_sites, self.name, answers, errors
            )

    def _find_at(self, site: SiteFacts) -> tuple[Site, ProtectionGroup]:
        if site.barred is not None:
            raise site.barred
        group = site.find(self.name)
        if self.purpose == "unplanned":
            self._probe_ahead(site, group)
        return site.local, group

    def _probe_ahead(self, side: SiteFacts, group: ProtectionGroup) -> None:
        """Probe the primary while its Keystone still is waited for."""
        record = side.handle.sites.get(group.current_primary_site_id or "")
        if side.local.id == group.current_primary_site_id or record is None:
            return
        (other,) = (it for it in self.sides.values() if it is not side)
        self.asked_sites.ahead(
            [
                lambda: side.sync(group.id),
                lambda: other.answers(record.protector_url),
            ]
        )

    def _ask_ahead(self, compares: bool) -> None:
        """Put the questions of most checks, all at once."""
        if self.located is None:
            return
        group = self.located.group.id
        questions: list[Callable[[], object]] = []
        if self.source is not None and self.source.barred is None:
            # the longest answers first
            source = self.source
            questions.append(lambda: source.servers)
            if compares and self.purpose != "unplanned":
                questions += self._compared(source)
        both = all(side.barred is None for side in self.sides.values())
        for name in self.located.groups:
            side = self.sides[name]
            if side is self.asked or not self.agree:
                questions.append(functools.partial(side.newest, group))
            if both:
                questions.append(functools.partial(side.sync, group))
            questions.append(functools.partial(getattr, side, "volume_types"))
            questions.append(
                functools.partial(getattr, side, "manages_volumes")
            )
        if self.asked is not None and self.asked.name in self.located.groups:
            asked = self.asked
            questions.append(functools.partial(asked.document, group))
            questions.append(functools.partial(asked.storage, group))
        if self.target is not None and self.target.barred is None:
            target = self.target
            questions.append(lambda: target.networks)
            questions.append(lambda: target.servers)
            questions.append(lambda: target.volumes)
            questions.append(lambda: target.flavors)
            questions.append(lambda: target.compute_limits)
            questions.append(lambda: target.volume_limits)
            if compares:
                ports = self._ask_addresses
                questions += [
                    lambda: target.network_quota,
                    lambda: target.subnets,
                    ports if self.alone else lambda: target.ports,
                ]
        self.asked_sites.ahead(map(unless_skipped, questions))

    def _compared(self, source: SiteFacts) -> list[Callable[[], object]]:
        """Return the questions of what the members have."""
        if not self.alone:
            return [lambda: source.volumes, lambda: source.ports]
        return [
            lambda: protected.instances(self.speaker),
            lambda: self.subject.ports,
            lambda: narrow.volumes_of(source, self._consistency_group),
        ]

    def _ask_addresses(self) -> None:
        # who looks for names among them does not wait for others who do
        _ = self.open_target().networks
        addresses.ask(self.subject)

    @property
    def _consistency_group(self) -> str | None:
        """Return the id that Cinder of the source has for the group's
        consistency group."""
        located = self.located
        if located is None or located.current.name not in located.groups:
            return None
        return located.groups[located.current.name].consistency_group_id

    # Who is who

    @property
    def group(self) -> ProtectionGroup:
        """Return the group, as the site has it that is ahead."""
        if self.located is None:
            raise Skip("no site answers that knows the group")
        return self.located.group

    @property
    def source(self) -> SiteFacts | None:
        """Return where the group runs."""
        if self.located is None:
            return None
        return self.sides[self.located.current.name]

    @property
    def target(self) -> SiteFacts | None:
        """Return where it would go, or where its tests are."""
        if self.located is None:
            return None
        return self.sides[self.located.other.name]

    @property
    def outage(self) -> bool:
        """Return whether the primary is silent, and the other site is not."""
        source, target = self.source, self.target
        return (
            source is not None
            and is_dead(source.barred)
            and target is not None
            and target.barred is None
        )

    @property
    def asked(self) -> SiteFacts | None:
        """Return the site that the action would be sent to."""
        return self.target if self.purpose == "unplanned" else self.source

    @property
    def speaker(self) -> SiteFacts:
        """Return a site that answers and knows the group; the asked one if it
        can."""
        located = self.located
        if located is not None:
            for side in (self.asked, self.source, self.target):
                if side is not None and side.name in located.groups:
                    return side
        raise Skip("no site answers that knows the group")

    def both(self) -> tuple[SiteFacts, SiteFacts]:
        """Both sites, where both can be asked for the group."""
        first, second = self.sides.values()
        for side in (first, second):
            self.need(side)
        return first, second

    def need(self, side: SiteFacts) -> SiteFacts:
        """Return the site itself, where it can be asked for the group."""
        if side.barred is not None:
            raise Skip(said(side.barred, side))
        if self.doubles:
            raise Skip("the name is another group's at each site")
        if self.located is None or side.name not in self.located.groups:
            raise Skip(f"{side.name} does not know the group")
        return side

    # What is known

    @functools.cached_property
    def forecast(self) -> Forecast:
        """Return the group's metadata, read for its direction."""
        located = self.located
        if located is None:
            raise Skip("no site answers that knows the group")
        return Forecast(
            self.speaker.document(self.group.id),
            located.site_ids[located.current.name],
            located.site_ids[located.other.name],
        )

    @property
    def agree(self) -> bool:
        """Return whether both sites have the group in one version."""
        located = self.located
        if located is None or len(located.groups) < len(self.sides):
            return False
        return len({rank(found) for found in located.groups.values()}) == 1

    @functools.cached_property
    def documents(self) -> tuple[Mapping[str, Any], ...]:
        """Return the metadata; of both sites where they may differ."""
        found = [self.forecast.document]
        if self.located is not None and not self.agree:
            for name in self.located.groups:
                if self.sides[name] is not self.speaker:
                    with contextlib.suppress(exceptions.ProtectorError):
                        side = self.sides[name]
                        found.append(side.document(self.group.id))
        return tuple(found)

    def copies(self, side: SiteFacts) -> tuple[copies.Copy, ...]:
        """Find copies of the group's instances at a site, beside those
        that it runs."""
        located = self.located
        if located is None:
            raise Skip("no site answers that knows the group")
        return copies.find(
            self.documents,
            located.site_ids[located.current.name],
            located.site_ids[side.name],
            side.name,
            side.servers,
        )

    def site_id(self, name: str) -> str | None:
        """Return the site id of a cloud, where it is known."""
        return self.located.site_ids[name] if self.located else None

    def compared(self) -> Mapping[str, SyncStatus]:
        """Return how both sites' metadata compare, as each of them sees it."""
        group = self.group.id
        told, errors = self.asked_sites.put(lambda site: site.sync(group))
        for error in errors.values():
            raise error
        return told

    def open_target(self) -> SiteFacts:
        """Return the target, where it can be asked."""
        if self.target is None:
            raise Skip("no site answers that knows the group")
        if self.group.status in ACTIONS[self.purpose].is_done_in:
            # it would go elsewhere, and that is a row of its own
            raise Skip(f"the group is {self.group.status}")
        if self.target.barred is not None:
            raise Skip(said(self.target.barred, self.target))
        return self.target

    @functools.cached_property
    def resources(self) -> Resources:
        """Return what the group uses, matched at a target that can be
        asked."""
        return Resources(
            self.forecast,
            self.open_target(),
            self._given,
            isolated=self.wanted.isolated,
        )

    @functools.cached_property
    def subject(self) -> Subject:
        """Return the group, to be compared with what is at both sites."""
        forecast = self.forecast
        located = self.located
        assert located is not None
        sides = (self.source, self.target)
        barred = [
            said(side.barred, side) for side in sides if side and side.barred
        ]
        return Subject(
            group=self.group.name,
            status=self.group.status,
            forecast=forecast,
            source=_open(self.source),
            target=_open(self.target),
            match=lambda: self.resources,
            consistency_group=self._consistency_group,
            protected=lambda: protected.ids(
                self.speaker, forecast.document, alone=self.alone
            ),
            unplanned=self.purpose == "unplanned",
            drill=self.purpose == "test-failover",
            recovery_point=self._recovery_point(),
            unasked=", ".join(barred) or "no site answers",
            alone=self.alone,
        )

    def _recovery_point(self) -> datetime.datetime | None:
        """Return when the point was made from which an unplanned failover
        starts; None where it is not known."""
        if self.purpose != "unplanned" or self.located is None:
            return None
        site = self.located.site_ids[self.located.other.name]
        with contextlib.suppress(exceptions.ProtectorError):
            points = self.speaker.storage(self.group.id)
            found = points.latest_at(site)
            return found.created_at if found else None
        return None

    def _given(self, what: str) -> dict[str, str]:
        """Return the mapping that the action would be sent, as ids."""
        wanted = self.wanted
        file = wanted.mapping_file or MappingFile()
        if self.located is None:
            return {}
        stored = self.source is None or self.source.barred is not None
        names = Names(self.located, unplanned=stored)
        if what == "network":
            networks = file.networks_for(ACTIONS[self.purpose].name)
            found = names.networks(networks, wanted.network_mapping)
        else:
            found = names.flavors(file.flavors, wanted.flavor_mapping)
        self.warnings += found.warnings if found else ()
        return found.ids() if found else {}

    def signs_of_life(self) -> tuple[str, ...]:
        """Return who of the primary answers, and from where."""
        located = self.located
        if located is None:
            raise Skip("no site answers that knows the group")
        record = located.site(located.current)
        survivor = self.sides[located.other.name]
        return liveness.signs_of_life(
            located.current,
            located.errors.get(located.current.name),
            located.other,
            lambda: survivor.sync(located.group.id),
            lambda: self.sides[located.current.name].answers(
                record.protector_url if record else None
            ),
        )


def _open(side: SiteFacts | None) -> SiteFacts | None:
    """Return a site, where it can be asked."""
    return None if side is None or side.barred is not None else side


def open_sites(sites: Sites) -> BothSites:
    """Both sites of a pair; neither is asked for anything yet."""
    return BothSites(sites.handles, grace=None)


def said(error: exceptions.ProtectorError, side: SiteFacts) -> str:
    """Say why a site cannot be asked, in the words of every skipped row."""
    if isinstance(error, exceptions.AuthenticationFailed):
        return f"not signed in at {side.name}"
    if isinstance(error, exceptions.VersionNotSupported):
        return f"{side.name} does not speak this API version"
    if isinstance(error, exceptions.SiteNotReached):
        return f"{side.name} is not reached"
    if isinstance(error, NO_ANSWER):
        return f"{side.name} does not answer"
    return f"{side.name} cannot be asked"
