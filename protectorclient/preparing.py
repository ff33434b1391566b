"""Making an action ready: which site is asked, and with what ids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from protectorclient import exceptions, resolving
from protectorclient.actions import Prepared
from protectorclient.located import Located
from protectorclient.sitehandle import SILENT, SiteHandle

if TYPE_CHECKING:
    from protectorclient.mappings import Resolved

#: The service's own words, for when it is this side that cannot reach.
PEER_MESSAGE = "Cannot modify protection group — remote site unreachable"


def prepare(
    located: Located,
    action: str,
    *,
    network_mapping: Mapping[str, str] | None,
    flavor_mapping: Mapping[str, str] | None,
    unplanned: bool,
    accept_divergence: bool,
    retain_primary: bool,
    reverse_replication: bool,
    reason: str | None,
) -> Prepared:
    """An action with its site found and its names looked up."""
    if unplanned and action != "failover":
        raise exceptions.UsageProblem(
            f"only a failover can be unplanned, not a {action}"
        )
    site = located.other if unplanned else located.current
    if unplanned:
        _prove_dead(located, accept_divergence)
    need(located, site)
    networks, flavors = _resolve(
        located, unplanned, network_mapping, flavor_mapping
    )
    return Prepared(
        action=action,
        site=site,
        located=located,
        options={
            "force": unplanned or None,
            "retain_primary": retain_primary or None,
            "reverse_replication": reverse_replication or None,
            "reason": reason,
        },
        networks=networks,
        flavors=flavors,
        warnings=tuple(
            warning
            for found in (networks, flavors)
            if found
            for warning in found.warnings
        ),
    )


def need(located: Located, site: SiteHandle) -> None:
    """Raise where a site that has to be asked does not answer."""
    error = located.errors.get(site.name)
    if error is None:
        return
    if isinstance(error, SILENT) and site is located.current:
        raise exceptions.SiteUnreachable(
            f"the current primary does not answer: {error.message}",
            site=site.name,
            hint="where it is really down, an unplanned failover goes to"
            f" {located.other.name}",
        ) from error
    raise error


def _prove_dead(located: Located, accepted: bool) -> None:
    if accepted:
        return
    primary = located.current
    alive = primary.name not in located.errors
    if not alive:
        record = located.site(primary)
        alive = primary.answers(record.protector_url if record else None)
    if alive:
        raise exceptions.PrimaryAnswers(
            "the current primary answers: an unplanned failover would make"
            " the two sites diverge",
            site=primary.name,
            hint="use a planned failover, or accept the divergence",
        )


def _resolve(
    located: Located,
    unplanned: bool,
    network_mapping: Mapping[str, str] | None,
    flavor_mapping: Mapping[str, str] | None,
) -> tuple[Resolved | None, Resolved | None]:
    names = resolving.Names(located, unplanned=unplanned)
    try:
        return (
            names.networks(network_mapping),
            names.flavors(flavor_mapping),
        )
    except SILENT as error:
        if unplanned or error.site != located.other.name:
            raise
        raise exceptions.PeerUnreachable(
            PEER_MESSAGE,
            code=409,
            reason="protector.peer-unreachable",
            site=error.site,
            hint=error.message,
        ) from error
