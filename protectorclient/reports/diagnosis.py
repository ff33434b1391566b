"""Diagnose an operation: what is wrong, and the command to type next.

First everything is asked that anybody can tell: the record, and at both
sites the group and its metadata. What follows from that is decided without
asking any more.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from protectorclient.advice import causes, guide, match
from protectorclient.advice.row import Advice
from protectorclient.escape import ShellCommand, commands
from protectorclient.preflight import copies
from protectorclient.reports import next_commands
from protectorclient.reports.operation_facts import Facts, SiteAnswer, examine

if TYPE_CHECKING:
    from protectorclient.records.operation import Operation
    from protectorclient.records.protection_group import ProtectionGroup


__all__ = ["Diagnosis", "Facts", "SiteAnswer", "diagnose", "examine"]


@dataclasses.dataclass(frozen=True)
class Diagnosis:
    """What follows from the facts."""

    #: One sentence: how it stands.
    verdict: str
    #: Whether anything has to be done.
    healthy: bool
    advice: Advice | None
    #: What to type, in this order: commands, and sentences before some.
    lines: tuple[str, ...]
    #: The same for another way, or where the first does not help.
    instead: tuple[str, ...] = ()

    @property
    def commands(self) -> tuple[str, ...]:
        """Return what to type, in this order."""
        return commands(self.lines)

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what is to be known of some commands, and the other way."""
        return tuple(_noted([*self.lines, *self.instead]))


def diagnose(facts: Facts) -> Diagnosis:
    """Return what the facts mean."""
    operation = facts.operation
    if operation is None:
        return _nobody_knows(facts)
    verdict, row = _judge(facts, operation)
    group = facts.group
    name = (group.name if group else None) or operation.protection_group_id
    live = _beside(facts, operation)
    cure: copies.Cure | None = None
    if live and group is not None and operation.is_finished:
        verdict += f"; {copies.sentence(live, facts.primary)}"
        cure = copies.cure(
            live,
            group=group.name,
            status=group.status,
            primary=facts.primary,
            in_sync=not facts.out_of_sync,
        )
        row = row or causes.LIVE_COPIES
    filled = row and row.filled(
        group=name or "GROUP",
        operation=operation.id,
        site=facts.home.site if facts.home else "SITE",
    )
    told = [*next_commands.lines(facts, operation, name or "GROUP", filled)]
    instead = [*next_commands.by_hand(facts, operation)]
    if cure is not None:
        told += cure.commands
        instead += cure.lines[len(cure.commands) :]
    return Diagnosis(
        verdict, row is None, filled, tuple(_once(told)), tuple(instead)
    )


def _noted(lines: Iterable[str]) -> Iterator[str]:
    """Pair each sentence with the commands below it."""
    sentence = ""
    typed: list[str] = []
    for line in [*lines, ""]:
        if isinstance(line, ShellCommand):
            typed.append(line)
            continue
        if sentence.endswith(":"):
            yield f"{sentence} {'; '.join(typed)}".rstrip()
        elif sentence:
            yield sentence
        sentence, typed = line, []


def _once(lines: Iterable[str]) -> Iterator[str]:
    """Keep a command that comes twice where it is first.

    A sentence goes with the command behind it.
    """
    known: set[str] = set()
    waiting: list[str] = []
    for line in lines:
        if not isinstance(line, ShellCommand):
            waiting.append(line)
        elif line not in known:
            known.add(line)
            yield from waiting
            waiting = []
            yield line
        else:
            waiting = _whole(waiting)
    yield from _whole(waiting)


def _whole(sentences: Iterable[str]) -> list[str]:
    """Those that say something without the command behind them."""
    return [line for line in sentences if not line.endswith(":")]


def _beside(facts: Facts, operation: Operation) -> list[copies.Copy]:
    """Live copies, but for those that the operation names as left."""
    named = {
        str(item.get("id"))
        for item in operation.leftovers
        if isinstance(item, Mapping)
    }
    return [it for it in facts.live_copies if it.instance_id not in named]


def _nobody_knows(facts: Facts) -> Diagnosis:
    names = " and ".join(one.site for one in facts.silent)
    verdict = f"not known: {names} may know it, and cannot be asked"
    group, witness = facts.group, facts.witness
    if witness and witness.told and group:
        kind = witness.told.get("type") or "operation"
        verdict += (
            f"; the metadata at {witness.site} name a {kind} of"
            f" {group.name}, which is {group.status} there"
        )
    row = guide.PEER_UNREACHABLE.filled(
        group=(group and group.name) or "GROUP", operation=facts.operation_id
    )
    return Diagnosis(verdict, False, row, tuple(next_commands.unknown(facts)))


def _judge(facts: Facts, operation: Operation) -> tuple[str, Advice | None]:
    """Return how it stands, and the row that fits; none where all is well."""
    kind = operation.operation_type
    if not operation.is_finished:
        assert facts.home is not None
        row = match.for_operation(
            operation, unchanged_for=facts.home.unchanged_for
        )
        if row is not None:
            return f"the {kind} does not move", row
        if facts.silent:
            return f"the {kind} goes on without the other site", (
                guide.PEER_UNREACHABLE
            )
        return f"the {kind} goes on", None
    group = facts.group
    if operation.state == "failed":
        if operation.leftovers or (group and group.status == "error"):
            return f"the {kind} failed and left something behind", (
                _with_leftovers(operation)
            )
        return f"the {kind} failed and was rolled back", (
            match.for_operation(operation)
        )
    if operation.state != "completed":
        return f"the {kind} ended with the status '{operation.status}'", (
            _with_leftovers(operation)
        )
    if _is_partial(operation, group):
        return f"the {kind} completed in part", causes.PARTIAL
    if operation.leftovers:
        return f"the {kind} completed and left something behind", (
            causes.LEFT_BEHIND
        )
    if facts.out_of_sync:
        return f"the {kind} completed, the sites differ", guide.OUT_OF_SYNC
    if facts.silent:
        if operation.parameters.get("force"):
            return f"the {kind} completed, the other site is still away", (
                guide.OUT_OF_SYNC
            )
        return f"the {kind} completed, a site does not answer now", (
            guide.PEER_UNREACHABLE
        )
    if _unprotected(facts, operation):
        return f"the {kind} completed, and nothing is replicated since", (
            causes.UNPROTECTED
        )
    uncleaned = _uncleaned(facts, operation)
    if uncleaned is not None:
        return f"the {kind} completed, its test is not cleaned up", uncleaned
    return f"the {kind} completed", None


def _with_leftovers(operation: Operation) -> Advice:
    row = match.for_operation(operation)
    if row is None or row is causes.ROLLED_BACK:
        return causes.LEFT_BEHIND
    return row


def _is_partial(operation: Operation, group: ProtectionGroup | None) -> bool:
    return bool(
        operation.parameters.get("force")
        and group
        and group.status == "failed_over_partial"
    )


def _unprotected(facts: Facts, operation: Operation) -> bool:
    """Return whether the group is home by it, and nothing is replicated
    since."""
    group = facts.group
    if not operation.leaves_unprotected or group is None:
        return False
    if group.current_primary_site_id != operation.target_site_id:
        return False
    last, ended = group.last_replication_at, operation.completed_at
    since = last is not None and ended is not None and last > ended
    synced = any(
        one.operation_type == "sync_volumes" and one.status == "completed"
        for seen in facts.seen.values()
        for one in _later(seen.history, operation)
    )
    return group.status == "active" and not since and not synced


def _uncleaned(facts: Facts, operation: Operation) -> Advice | None:
    """Return what is wrong with a test failover that completed, if
    anything."""
    if operation.operation_type != "test_failover":
        return None
    home = facts.home.drills if facts.home else ()
    if operation.id not in [one.id for one in home]:
        # too long ago to tell
        return None
    since = [
        one
        for seen in facts.seen.values()
        for one in _later(seen.drills, operation)
        if one.operation_type == "test_cleanup"
    ]
    if any(one.state == "completed" for one in since):
        return None
    return guide.TEST_LEFT if since else guide.NEVER_CLEANED


def _later(
    newest_first: Iterable[Operation], operation: Operation
) -> Iterator[Operation]:
    """Those of one site that were started after an operation."""
    began = operation.started_at
    for one in newest_first:
        if one.id == operation.id:
            return
        if began and one.started_at and one.started_at < began:
            return
        yield one
