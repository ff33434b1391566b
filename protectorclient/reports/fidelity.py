"""How faithful the instances are that an operation has rebuilt."""

from __future__ import annotations

import collections
import dataclasses
import functools
import pathlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.advice import commands
from protectorclient.escape import fill
from protectorclient.fidelity import baseline
from protectorclient.fidelity.case import Case
from protectorclient.fidelity.compare import compare
from protectorclient.fidelity.comparison import (
    DIFFERS,
    EQUAL,
    NOT_COMPARABLE,
    VERDICTS,
)
from protectorclient.fidelity.comparison import Comparison as Comparison
from protectorclient.fidelity.sides import HeldSide, LiveSide, Side
from protectorclient.mapping.forecast import Forecast
from protectorclient.pair.reads import rebuilt
from protectorclient.pair.reads.rebuilt import Rebuilt
from protectorclient.polling.silence import NO_ANSWER
from protectorclient.preflight.drift.subject import Subject
from protectorclient.preflight.findings import Skip
from protectorclient.preflight.resources import Resources
from protectorclient.records.operation import Operation

if TYPE_CHECKING:
    from protectorclient.pair.both_sites import BothSites
    from protectorclient.pair.location import Location
    from protectorclient.pair.site_facts import SiteFacts
    from protectorclient.pair.site_pair import SitePair


@dataclasses.dataclass(frozen=True)
class FidelityReport:
    """Every attribute of every rebuilt instance, beside its source."""

    operation_id: str
    protection_group_id: str
    protection_group: str
    #: The clouds' names.
    source: str
    target: str
    comparisons: tuple[Comparison, ...]
    #: Whether it was a test, whose sources are still there.
    is_test: bool = False
    #: Why the source was not asked: then its attributes are those that the
    #: metadata hold.
    error: exceptions.ProtectorError | None = None

    @property
    def new(self) -> tuple[Comparison, ...]:
        """Return what differs, and the baseline has it not."""
        return tuple(one for one in self.comparisons if one.is_new)

    @property
    def counts(self) -> dict[str, int]:
        """Return how often there is each verdict."""
        found = collections.Counter(one.verdict for one in self.comparisons)
        return {verdict: found[verdict] for verdict in VERDICTS}

    def accept(self) -> pathlib.Path:
        """Make what differs now the baseline of the group.

        :returns: the file, for the user alone.
        :raises ProtectorError: it cannot be written.
        """
        return baseline.write(
            self.protection_group_id, self.operation_id, self.comparisons
        )

    def to_dict(self) -> dict[str, Any]:
        """As data."""
        return {
            "operation_id": self.operation_id,
            "protection_group_id": self.protection_group_id,
            "protection_group": self.protection_group,
            "source": self.source,
            "target": self.target,
            "counts": self.counts,
            "new": len(self.new),
            "comparisons": [one.to_dict() for one in self.comparisons],
        }


def look(pair: SitePair, operation: Operation | str) -> FidelityReport:
    """Compare the instances that an operation has rebuilt with their sources.

    :raises UsageProblem: the operation builds no instances.
    :raises GuardRefused: it has not completed.
    :raises ProtectorError: its instances are not there any more.
    """
    record, site = pair.operation(
        operation if isinstance(operation, str) else operation.id
    )
    _suits(record)
    located = pair.locate(str(record.protection_group_id))
    return Scene(located, record, located.asked, site.name).report()


def _suits(operation: Operation) -> None:
    if operation.operation_type not in rebuilt.BUILDS:
        raise exceptions.UsageProblem(
            f"{operation.id} is a {operation.operation_type}, which builds no"
            " instances"
        )
    if operation.state != "completed":
        raise exceptions.GuardRefused(
            f"{operation.operation_type} {operation.id} is"
            f" {operation.status}: only what has completed is compared"
        ).then(fill(commands.SHOW_OPERATION, operation=operation.id))


class Scene:
    """A group, an operation of it, and both sites.

    :param speaker: the cloud's name of the site that has run the operation.
    """

    def __init__(
        self,
        located: Location,
        operation: Operation,
        asked: BothSites,
        speaker: str,
    ) -> None:
        self._located, self._operation = located, operation
        self._asked = asked
        clouds = {identity: c for c, identity in located.site_ids.items()}
        self.is_test = operation.operation_type == "test_failover"
        self.source_id = str(operation.source_site_id)
        self.target_id = str(operation.target_site_id)
        self.source = asked.facts(clouds[self.source_id])
        self.target = asked.facts(clouds[self.target_id])
        self._document = self._read(speaker)
        self._error: exceptions.ProtectorError | None = None

    def _read(self, speaker: str) -> Mapping[str, Any]:
        """Read the metadata where the operation ran, else where the group is
        known."""
        group = self._located.group.id
        try:
            return self._asked.facts(speaker).document(group)
        except NO_ANSWER:
            others = (self.source, self.target)
            other = next(one for one in others if one.name != speaker)
            return other.document(group)

    def report(self) -> FidelityReport:
        """Compare all members.

        :raises ProtectorError: the target does not answer, or none of the
            instances is there.
        """
        group = self._located.group
        found = rebuilt.find(
            self._operation,
            self._document,
            self.source_id,
            self.target_id,
            self.target.servers,
        )
        if not any(one.server for one in found):
            raise self._gone()
        self._look_at_source()
        rows = [row for one in found for row in self._member(one)]
        return FidelityReport(
            operation_id=self._operation.id,
            protection_group_id=group.id,
            protection_group=group.name,
            source=self.source.name,
            target=self.target.name,
            comparisons=baseline.marked(
                self._explained(rows), baseline.read(group.id)
            ),
            is_test=self.is_test,
            error=self._error,
        )

    def _gone(self) -> exceptions.ProtectorError:
        what = "test-cleanup has removed them" if self.is_test else "deleted"
        error = exceptions.ProtectorError(
            f"the instances of {self._operation.operation_type}"
            f" {self._operation.id} are not at {self.target.name} any more:"
            f" {what}"
        )
        if self.is_test:
            group = self._located.group.name
            return error.then(fill(commands.TEST_FAILOVER, group=group))
        return error

    def _look_at_source(self) -> None:
        """Ask the source for its instances, where they are still there."""
        try:
            _ = self.source.servers
        except (*NO_ANSWER, exceptions.Forbidden) as error:
            self._error = error
        except exceptions.AuthenticationFailed as error:
            self._error = error

    def _explained(self, rows: list[Comparison]) -> list[Comparison]:
        """Add the reasons that the service has given."""
        reasons = {
            (one.member, one.attribute): one.reason
            for one in self._operation.not_kept
        }
        return [
            dataclasses.replace(row, reason=reasons[row.member, row.attribute])
            if row.verdict == DIFFERS
            and (row.member, row.attribute) in reasons
            else row
            for row in rows
        ]

    def _member(self, one: Rebuilt) -> Iterator[Comparison]:
        if one.server is None:
            yield self._row(one, DIFFERS, "it is not there")
            return
        source = self._source_of(one)
        if source is None:
            why = "neither Nova nor the metadata have its source"
            yield self._row(one, NOT_COMPARABLE, why)
            return
        yield self._row(one, EQUAL, None)
        case = Case(
            member=one.name,
            source_name=one.name,
            target_name=str(one.server.get("name")),
            source=self.at_source,
            target=self.at_target,
            is_test=self.is_test,
            networks=self.networks,
            flavors=self.flavors,
            made={
                str(one.get("id")): str(one.get("name")) for one in self._made
            },
        )
        target = LiveSide(self.at_target, one.server)
        yield from compare(case, source, target)

    def _row(
        self, one: Rebuilt, verdict: str, reason: str | None
    ) -> Comparison:
        return Comparison(
            one.name,
            "instance",
            "Nova",
            verdict,
            verdict != NOT_COMPARABLE,
            one.server is not None,
            reason,
        )

    def _source_of(self, one: Rebuilt) -> Side | None:
        """Return the source: its instance, else what the metadata hold."""
        if self._error is None:
            identity = str(one.held.get("instance_id"))
            server = self.at_source.servers.get(identity)
            if server is not None:
                return LiveSide(self.at_source, server)
        return HeldSide(one.held) if one.held else None

    # Both sites

    @functools.cached_property
    def _forecast(self) -> Forecast:
        return Forecast(self._document, self.source_id, self.target_id)

    @functools.cached_property
    def at_source(self) -> Subject:
        """Return the site where the members came from."""
        return self._subject(self.source)

    @functools.cached_property
    def at_target(self) -> Subject:
        """Return the site where they were built."""
        return self._subject(self.target)

    def _subject(self, here: SiteFacts) -> Subject:
        def match() -> Resources:
            raise Skip("nothing is matched here")

        return Subject(
            group=self._located.group.name,
            status=self._located.group.status,
            forecast=self._forecast,
            source=here,
            target=None,
            match=match,
        )

    def _given(self, kind: str) -> Mapping[str, str]:
        found = self._operation.parameters.get(f"{kind}_mapping")
        return found if isinstance(found, Mapping) else {}

    @functools.cached_property
    def _made(self) -> list[Mapping[str, Any]]:
        """Return the networks that were made for an isolated test."""
        found = (self._operation.result_data or {}).get("networks")
        return [
            one
            for one in (found if isinstance(found, list) else ())
            if isinstance(one, Mapping)
        ]

    @functools.cached_property
    def networks(self) -> Mapping[str, str]:
        """Return what replaces each network, by ids."""
        if self._made:
            return {
                str(one.get("source_id")): str(one.get("id"))
                for one in self._made
            }
        matches = self._forecast.networks(
            self._given("network"), self.target.networks
        )
        return {
            match.source.id: match.target.id
            for match in matches
            if match.target is not None
        }

    @functools.cached_property
    def flavors(self) -> Mapping[str, str]:
        """Return what replaces each flavor, by names."""
        matches = self._forecast.flavors(
            self._given("flavor"), self.target.flavors
        )
        return {
            match.source.name: match.target.name
            for match in matches
            if match.target is not None
        }
