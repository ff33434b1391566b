"""Choose the site that gets an action, and look up its ids."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient._http import microversions
from protectorclient.advice import actions, commands
from protectorclient.escape import ShellCommand, fill
from protectorclient.mapping.files import MappingFile
from protectorclient.pair import guards, liveness
from protectorclient.pair.location import Location
from protectorclient.pair.moves import resolve_names
from protectorclient.pair.moves.action import PreparedAction
from protectorclient.pair.site import SiteHandle
from protectorclient.polling.silence import NO_ANSWER, is_dead
from protectorclient.v1._group_actions import ALL_MEMBERS

if TYPE_CHECKING:
    from protectorclient.mapping.model import ResolvedMapping
    from protectorclient.pair.audit_log import AuditLog
    from protectorclient.records.protection_group import SyncStatus

#: The service's own words, for when it is this side that cannot reach.
PEER_MESSAGE = "Cannot modify protection group — remote site unreachable"


def prepare(
    located: Location,
    action: str,
    *,
    network_mapping: Mapping[str, str] | None,
    flavor_mapping: Mapping[str, str] | None,
    unplanned: bool,
    accept_divergence: bool,
    retain_primary: bool,
    reverse_replication: bool,
    reason: str | None,
    power_on: Collection[str] = (),
    keep_addresses: bool = False,
    isolated: bool = False,
    mapping_file: MappingFile | None = None,
    expect: guards.Expect | None = None,
    audit_log: AuditLog | None = None,
) -> PreparedAction:
    """Find the site that an action goes to, and look its names up."""
    if action not in actions.PLANNED:
        raise exceptions.BadArgument(
            f"'{action}' is not an action: use one of"
            f" {', '.join(actions.PLANNED)}"
        )
    if isolated and action != "test_failover":
        raise exceptions.UsageProblem(
            f"only a test failover can be isolated, not a {action}"
        )
    if unplanned and action != "failover":
        raise exceptions.UsageProblem(
            f"only a failover can be unplanned, not a {action}"
        )
    site = located.other if unplanned else located.current
    if unplanned:
        _prove_dead(located, accept_divergence)
    need(located, site)
    if expect:
        guards.hold(expect, located, site)
    warnings: list[str] = []
    sent_reason = reason
    if reason is not None and not site.client.http.has(
        microversions.ACTION_REASON
    ):
        # an action is not held up for what is only a remark
        sent_reason = None
        kept = "nowhere"
        if audit_log is not None:
            kept = "in the audit log here alone"
        warnings.append(
            f"the reason is kept {kept}: {site.name} is"
            f" asked in version {site.client.http.version}, and it takes"
            f" {microversions.ACTION_REASON.since}"
        )
    file = mapping_file or MappingFile()
    try:
        networks, flavors = _resolve(
            located,
            unplanned,
            ()
            if isolated
            else (file.networks_for(action), network_mapping or {}),
            (file.flavors, flavor_mapping or {}),
        )
    except (exceptions.NotFound, exceptions.NotUnique):
        # names of the way out are not those of the way home
        _fits(located, action, unplanned)
        raise
    return PreparedAction(
        action=action,
        site=site,
        located=located,
        options={
            "force": unplanned or None,
            "retain_primary": retain_primary or None,
            "reverse_replication": reverse_replication or None,
            "power_on": _members(located, site, power_on),
            "keep_addresses": keep_addresses or None,
            "isolated": isolated or None,
            "reason": sent_reason,
        },
        reason=reason,
        audit_log=audit_log,
        networks=networks,
        flavors=flavors,
        warnings=(
            *warnings,
            *(
                warning
                for found in (networks, flavors)
                if found
                for warning in found.warnings
            ),
        ),
    )


def _members(
    located: Location, site: SiteHandle, wanted: Collection[str]
) -> str | list[str] | None:
    """Return the ids of members that are named, as ``power_on`` takes
    them."""
    if not wanted:
        return None
    if set(ALL_MEMBERS) & set(wanted):
        return "all"
    every = located.facts(site).members(located.group.id)
    found = []
    for name in wanted:
        fitting = [
            member.id
            for member in every
            if name in (member.id, member.instance_id, member.name)
        ]
        if not fitting:
            raise exceptions.NotFound(
                f"{located.group.name} has no member '{name}'",
                site=site.name,
            ).then(fill(commands.LIST_MEMBERS, group=located.group.name))
        if len(fitting) > 1:
            raise exceptions.NotUnique(
                f"{len(fitting)} members are named '{name}': "
                f"{', '.join(fitting)}"
            )
        found += fitting
    return list(dict.fromkeys(found))


def _fits(located: Location, action: str, unplanned: bool) -> None:
    """Raise where the group's status does not allow the action."""
    group = located.group
    if unplanned:
        return
    purpose = actions.PLANNED[action]
    sentence = actions.why_not(group, purpose, located.current.name)
    if sentence is not None:
        raise exceptions.CertainRefusal(
            sentence,
            reason="protector.invalid-state",
            site=located.current.name,
        ).then(*actions.after_why_not(group, purpose))


def need(located: Location, site: SiteHandle) -> None:
    """Raise where a site that has to be asked does not answer."""
    error = located.errors.get(site.name)
    if error is None:
        return
    if is_dead(error) and site is located.current:
        raise exceptions.SiteUnreachable(
            f"the current primary does not answer: {error.message}",
            site=site.name,
            hint="where it is really down, an unplanned failover goes to"
            f" {located.other.name}",
        ).then(_look(located)) from error
    raise error


def need_target(prepared: PreparedAction) -> None:
    """Raise where the site that a move goes to is known to be silent.

    A status that does not allow it is the first thing that the service
    says, and that needs nobody else.
    """
    located = prepared.located
    error = located.errors.get(located.other.name)
    fits = located.group.status in actions.planned(prepared.action).needs
    if prepared.options.get("force") or not fits:
        return
    if isinstance(error, NO_ANSWER):
        raise exceptions.PeerUnreachable(
            PEER_MESSAGE,
            code=409,
            reason="protector.peer-unreachable",
            site=located.other.name,
            hint=error.message,
        ).then(_look(located)) from error


def _look(located: Location) -> ShellCommand:
    """Return the command that shows what of a site does not answer."""
    return fill(commands.CHECK, group=located.group.name)


def _prove_dead(located: Location, accepted: bool) -> None:
    if accepted:
        return
    primary, survivor = located.current, located.other

    def compare() -> SyncStatus:
        need(located, survivor)
        return located.facts(survivor).sync(located.group.id)

    record = located.site(primary)
    signs = liveness.signs_of_life(
        primary,
        located.errors.get(primary.name),
        survivor,
        compare,
        lambda: located.facts(primary).answers(
            record.protector_url if record else None
        ),
    )
    if signs:
        raise exceptions.PrimaryAnswers(
            f"{primary.name} is alive: {', '.join(signs)}. Unplanned failover"
            " refused: both sites would run the group",
            site=primary.name,
            hint="use a planned failover, or accept the divergence",
        ).then(_look(located))


def _resolve(
    located: Location,
    unplanned: bool,
    networks: resolve_names.Layers,
    flavors: resolve_names.Layers,
) -> tuple[ResolvedMapping | None, ResolvedMapping | None]:
    names = resolve_names.Names(located, unplanned=unplanned)
    try:
        return (
            names.networks(*networks),
            names.flavors(*flavors),
        )
    except NO_ANSWER as error:
        if unplanned or error.site != located.other.name:
            raise
        raise exceptions.PeerUnreachable(
            PEER_MESSAGE,
            code=409,
            reason="protector.peer-unreachable",
            site=error.site,
            hint=error.message,
        ).then(_look(located)) from error
