"""For what the service is certain to refuse a planned move or a drill.

Facts before anything is sent, from what was asked for the preview. What is
unknown, cannot be seen or is only likely (a quota, room, a lag) is no
refusal: the service decides. Nothing of this is asked of an unplanned
failover. In the order in which the service looks.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.escape import ShellCommand, protector, shell_word
from protectorclient.mapping import commands
from protectorclient.pair.location import rank
from protectorclient.preflight import copies
from protectorclient.v1 import group_states

if TYPE_CHECKING:
    from protectorclient.pair.moves.action import PreparedAction
    from protectorclient.preflight.impact import Impact
    from protectorclient.records.protection_group import ProtectionGroup

MOVES = frozenset({"failover", "failback"})
DRILL = frozenset({"test_failover"})


@dataclasses.dataclass(frozen=True)
class Facts:
    """What is known of an action before it is sent."""

    prepared: PreparedAction
    #: Impact; None before it was asked for.
    impact: Impact | None = None

    @property
    def name(self) -> str:
        """Return the group's name."""
        return self.prepared.group.name

    @property
    def word(self) -> str:
        """Return the group's name as a shell takes it."""
        return shell_word(self.name)

    @property
    def group(self) -> ProtectionGroup | None:
        """Return the group, as the site has it that is asked."""
        return self.prepared.located.groups.get(self.prepared.site.name)

    @property
    def document(self) -> Mapping[str, Any]:
        """Return the metadata of the group; empty before they were asked
        for."""
        if self.impact is None or self.impact.forecast is None:
            return {}
        return self.impact.forecast.document

    @property
    def target(self) -> str:
        """Return the cloud's name of the site where it goes."""
        return self.prepared.located.other.name


Sentence = Callable[[Facts], str | None]
Command = Callable[[Facts], ShellCommand]


@dataclasses.dataclass(frozen=True)
class Refusal:
    """A row of the table."""

    #: The check that says the same.
    check: str
    #: The service's word for it, without the prefix; None where it takes
    #: the action, and rolls it back.
    reason: str | None
    #: What is wrong; None where nothing is, or it is not known.
    says: Sentence
    #: The command to type next.
    next: Command
    actions: frozenset[str] = MOVES | DRILL


def _operation(known: Facts) -> str | None:
    running = known.document.get("operation")
    if not isinstance(running, Mapping) or not running.get("id"):
        return None
    located = known.prepared.located
    site = located.site_name(running.get("site_id")) or "the other site"
    return (
        f"Operation {running['id']} ({running.get('type')}) of this"
        f" protection group is not finished at {site}"
    )


def _wait(known: Facts) -> ShellCommand:
    running = known.document.get("operation") or {}
    return protector(f"operation wait {shell_word(str(running.get('id')))}")


def _status(known: Facts) -> str | None:
    group = known.group
    if group is None:
        return None
    if group.status in group_states.MOVING and known.impact is None:
        # the operation that moves it is named first
        return None
    action = known.prepared.action
    return group_states.misfit(
        group, action, known.prepared.located.current.name
    )


def _after_status(known: Facts) -> ShellCommand:
    group = known.group
    assert group is not None
    return group_states.after_misfit(group, known.prepared.action)


def _right_site(known: Facts) -> str | None:
    located, site = known.prepared.located, known.prepared.site
    group = known.group
    if group is None:
        return None
    here = located.site_ids[site.name]
    if group.current_primary_site_id in (None, here):
        return None
    right = located.site_name(group.current_primary_site_id)
    return (
        f"A {known.prepared.action} of protection group {known.name} is"
        f" started at the current primary; {site.name} takes {right} for it"
    )


def _test(known: Facts) -> str | None:
    if not known.document.get("tests"):
        return None
    return (
        f"Protection group {known.name} has a test failover that is not"
        " cleaned up; run test_cleanup first"
    )


def _policy(known: Facts) -> str | None:
    if not known.document or known.document.get("policy"):
        return None
    return f"Protection group {known.name} has no replication policy"


def _sync(known: Facts) -> str | None:
    located = known.prepared.located
    groups = located.groups
    head = f"The metadata of protection group {known.name} is not in sync"
    for site, error in located.errors.items():
        if isinstance(error, exceptions.NotFound):
            return f"{head}: {site} does not know the group"
    if len({rank(group) for group in groups.values()}) < 2:
        return None
    told = ", ".join(
        f"version {group.metadata_version} at {site}"
        for site, group in groups.items()
    )
    return f"{head}: {told}"


def _mapping(known: Facts) -> str | None:
    impact = known.impact
    if impact is None or not impact.unmatched:
        return None
    located = known.prepared.located
    site = located.site(located.other)
    name = site.name if site is not None else located.other.name
    return (
        f"Nothing at {name} matches {', '.join(impact.unmatched)}; map"
        " each to something that exists there"
    )


def _mapped(known: Facts) -> ShellCommand:
    impact = known.impact
    return (impact and impact.fix) or commands.suggest(known.name)


def _recovery_point(known: Facts) -> str | None:
    impact = known.impact
    if impact is None or not impact.no_recovery_point:
        return None
    if known.prepared.action == "failover" and not impact.never_replicated:
        # it makes one
        return None
    since = (
        ""
        if impact.never_replicated
        else " since its last move, and a drill makes none"
    )
    return (
        f"No replication of protection group {known.name} to {known.target}"
        f" has completed{since}: there is no recovery point to start from"
    )


#: In the service's order.
REFUSALS: tuple[Refusal, ...] = (
    Refusal("operation", "operation-in-progress", _operation, _wait),
    Refusal("status", "invalid-state", _status, _after_status),
    Refusal(
        "primary",
        "wrong-site",
        _right_site,
        lambda known: commands.sync_force(known.name),
    ),
    Refusal(
        "tests-cleaned",
        "test-not-cleaned",
        _test,
        lambda known: commands.group(f"test-cleanup {known.word} --wait"),
        frozenset({"failover"}),
    ),
    Refusal(
        "policy",
        "policy-missing",
        _policy,
        lambda known: commands.set_policy(known.name),
    ),
    Refusal(
        "metadata-version",
        "out-of-sync",
        _sync,
        lambda known: commands.sync_force(known.name),
    ),
    Refusal("networks", "mapping-incomplete", _mapping, _mapped),
    Refusal(
        "recovery-point",
        None,
        _recovery_point,
        lambda known: commands.sync_volumes(known.name),
        frozenset({"failover", "test_failover"}),
    ),
)


def hold(prepared: PreparedAction, impact: Impact | None = None) -> None:
    """Raise where the service is certain to refuse it.

    :param impact: the impact; without it only what both records of the
        group tell is looked at.
    :raises CertainRefusal: it is, and nothing was sent.
    """
    if prepared.options.get("force"):
        return
    known = Facts(prepared, impact)
    for row in REFUSALS:
        if prepared.action not in row.actions:
            continue
        sentence = row.says(known)
        if sentence is not None:
            raise exceptions.CertainRefusal(
                sentence,
                reason=row.reason and f"protector.{row.reason}",
                site=prepared.site.name,
            ).then(row.next(known))


def hold_copies(prepared: PreparedAction, impact: Impact) -> None:
    """Raise where instances run beside the group at the target.

    Asked only where the metadata name instances there, or the group has
    moved before: one list of instances.

    :raises CertainRefusal: some run, and nothing was sent.
    """
    forecast, located = impact.forecast, prepared.located
    if (
        forecast is None
        or prepared.action not in ("failover", "test_failover")
        or prepared.options.get("force")
        or not (forecast.stale or located.group.failover_count)
    ):
        return
    seen = copies.live(copies.at_target(prepared, forecast.document))
    if not seen:
        return
    raise exceptions.CertainRefusal(
        f"{located.group.name}:"
        f" {copies.sentence(seen, located.current.name)}; nothing was sent",
    ).then(*copies.stop(seen))
