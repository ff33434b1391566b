"""What the service is certain to refuse a planned move or a drill for.

Facts before anything is sent, from what was asked for the preview. What is
unknown, cannot be seen or is only likely (a quota, room, a lag) is no
refusal: the service decides. Nothing of this is asked of an unplanned
failover. In the order in which the service looks.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.advice import actions, causes, commands, guide
from protectorclient.advice.row import Advice
from protectorclient.escape import at, fill
from protectorclient.pair.location import rank
from protectorclient.preflight import copies

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
    def purpose(self) -> str:
        """Return the purpose, as `actions.ACTIONS` names it."""
        return actions.PLANNED[self.prepared.action]

    @property
    def names(self) -> Mapping[str, str]:
        """Return what the commands to type next may name."""
        running = self.document.get("operation") or {}
        return {
            "group": self.name,
            "purpose": self.purpose,
            "operation": str(running.get("id")),
        }

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
Lines = Callable[[Facts], Iterable[str]]


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
    #: What causes it, and what to type next.
    advice: Advice
    actions: frozenset[str] = MOVES | DRILL
    #: What to type next, where the impact tells it more exactly.
    next: Lines | None = None
    #: Whether it is looked at when nothing else is wrong.
    last: bool = False


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


def _status(known: Facts) -> str | None:
    group = known.group
    if group is None:
        return None
    if group.status in actions.MOVING and known.impact is None:
        # the operation that moves it is named first
        return None
    return actions.why_not(
        group, known.purpose, known.prepared.located.current.name
    )


def _after_status(known: Facts) -> list[str]:
    group = known.group
    assert group is not None
    return actions.after_why_not(group, known.purpose)


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


def _mapped(known: Facts) -> list[str]:
    impact = known.impact
    found = impact and impact.fix
    return [found or fill(commands.SUGGEST, group=known.name)]


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


def _addresses(known: Facts) -> str | None:
    kept = known.impact.kept if known.impact else None
    if kept is None or not kept.taken:
        return None
    return "; ".join(one.why_not for one in kept.taken)


def _at_port(known: Facts) -> list[str]:
    kept = known.impact.kept if known.impact else None
    ports = [one.port for one in kept.taken if one.port] if kept else []
    return [at(known.target, "port show {id}", id=one) for one in ports]


def _running(known: Facts) -> str | None:
    kept = known.impact.kept if known.impact else None
    if kept is None or not kept.obstacles:
        return None
    told = "; ".join(map(str, kept.obstacles))
    return f"The operation cannot stop each instance: {told}"


def _cures(known: Facts) -> list[str]:
    kept = known.impact.kept if known.impact else None
    source = known.prepared.located.current.name
    found = [one.cure(source) for one in kept.obstacles] if kept else []
    return [one for one in found if one is not None]


#: In the service's order.
REFUSALS: tuple[Refusal, ...] = (
    Refusal(
        "operation", "operation-in-progress", _operation, causes.OPERATION
    ),
    Refusal(
        "status",
        "invalid-state",
        _status,
        causes.STATUS,
        next=_after_status,
    ),
    Refusal("primary", "wrong-site", _right_site, causes.PRIMARY),
    Refusal(
        "tests-cleaned",
        "test-not-cleaned",
        _test,
        guide.TEST_LEFT,
        frozenset({"failover"}),
    ),
    Refusal("policy", "policy-missing", _policy, causes.POLICY),
    Refusal("metadata-version", "out-of-sync", _sync, causes.METADATA_VERSION),
    Refusal(
        "networks",
        "mapping-incomplete",
        _mapping,
        causes.MAPPING,
        next=_mapped,
    ),
    Refusal(
        "recovery-point",
        None,
        _recovery_point,
        guide.NO_SNAPSHOT,
        frozenset({"failover", "test_failover"}),
    ),
    Refusal(
        "addresses",
        None,
        _addresses,
        causes.ADDRESSES,
        next=_at_port,
        last=True,
    ),
    Refusal("running", None, _running, causes.RUNNING, next=_cures, last=True),
)


def hold(
    prepared: PreparedAction,
    impact: Impact | None = None,
    *,
    last: bool = False,
) -> None:
    """Raise where the service is certain to refuse it.

    :param impact: the impact; without it only what both records of the
        group tell is looked at.
    :param last: look at the rows that come when nothing else is wrong.
    :raises CertainRefusal: it is, and nothing was sent.
    """
    if prepared.options.get("force"):
        return
    known = Facts(prepared, impact)
    for row in REFUSALS:
        if prepared.action not in row.actions or row.last is not last:
            continue
        sentence = row.says(known)
        if sentence is not None:
            raise exceptions.CertainRefusal(
                sentence,
                reason=row.reason and f"protector.{row.reason}",
                site=prepared.site.name,
            ).then(*_next(row, known))


def _next(row: Refusal, known: Facts) -> Iterable[str]:
    if row.next is not None:
        return row.next(known)
    first = row.advice.first(known.names)
    return [first] if first else []


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
    _refuse_live(
        prepared,
        copies.at_target(prepared, forecast.document),
        "nothing was sent",
    )


def hold_first_sync(move: PreparedAction) -> None:
    """Raise where instances run beside the group, before a sync and a move.

    A failback stops them and keeps a snapshot; a sync before it would
    replicate over what they write. Asked only of a group that has moved:
    its metadata, and one list of instances.

    :raises CertainRefusal: some run, and nothing was sent.
    """
    located = move.located
    if not located.group.failover_count:
        return
    document = located.facts(move.site).document(located.group.id)
    _refuse_live(
        move,
        copies.at_target(move, document),
        "a sync would replicate over what they write; nothing was sent",
    )


def _refuse_live(
    prepared: PreparedAction, found: Sequence[copies.Copy], why: str
) -> None:
    located, seen = prepared.located, copies.live(found)
    if seen:
        told = copies.sentence(seen, located.current.name)
        raise exceptions.CertainRefusal(
            f"{located.group.name}: {told}; {why}"
        ).then(*copies.stop(seen))
