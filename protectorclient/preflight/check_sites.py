"""Check the two sites: reachable, and accepting our login."""

from __future__ import annotations

from keystoneauth1.identity.v3 import TokenMethod

from protectorclient import exceptions
from protectorclient.advice import commands
from protectorclient.escape import (
    AS_ADMIN,
    ShellCommand,
    at,
    fill,
)
from protectorclient.pair.location import rank
from protectorclient.pair.reads import narrow
from protectorclient.pair.site_facts import SiteFacts
from protectorclient.preflight import check_target
from protectorclient.preflight.context import Context, said
from protectorclient.preflight.findings import Severity, Skip, Verdict, bad, ok

#: Roles that may start an operation.
ACTING = frozenset({"member", "admin"})
#: Seconds that a token should outlive the start of an operation.
TOKEN_LIFE = 30 * 60.0
#: Seconds that the clocks of two sites may be apart. A `Date` is whole
#: seconds, and older by the way it came.
CLOCKS_APART = 30.0


def reachable(context: Context, side: SiteFacts) -> Verdict:
    error = side.barred
    if error is None or isinstance(
        error,
        (
            exceptions.AuthenticationFailed,
            exceptions.VersionNotSupported,
            exceptions.Unauthorized,
            exceptions.Forbidden,
        ),
    ):
        return ok("Keystone and protector answer")
    return bad(error.message, cause=str(error), fix=_look_at(context, side))


def _look_at(context: Context, side: SiteFacts) -> list[str]:
    """Suggest a way round, where the dead site is the one that is left."""
    if isinstance(side.barred, exceptions.SiteNotReached):
        return [f"Correct what stops the request to {side.name}, ask again"]
    located = context.located
    record = None
    if located is not None:
        record = located.sites.get(located.site_ids[side.name])
    url = record.protector_url if record is not None else None
    lines: list[str] = [
        f"Look at {side.name}: systemctl status protector-api there,"
        f" curl -k {url or 'its Keystone and its protector'} from here"
    ]
    if (
        context.purpose == "failover"
        and context.outage
        and side is context.source
        and context.group.status == "active"
    ):
        lines += ["In a real outage:", check_target.failover(context)]
    return lines


def signed_in(context: Context, side: SiteFacts) -> Verdict:
    error = side.barred
    if isinstance(
        error, (exceptions.AuthenticationFailed, exceptions.Unauthorized)
    ):
        return bad(error.message)
    if error is not None and not isinstance(
        error, (exceptions.VersionNotSupported, exceptions.Forbidden)
    ):
        raise Skip(said(error, side))
    user = getattr(side.token, "username", None)
    return ok(f"as {user}" if user else "the token is accepted")


def version(context: Context, side: SiteFacts) -> Verdict:
    error = side.barred
    if isinstance(error, exceptions.VersionNotSupported):
        offered = side.handle.client.http.offered
        return bad(
            error.message,
            fix=fill(
                ShellCommand(
                    f"openstack --os-protector-api-version {offered.maximum}"
                    " protector protection-group check {group}"
                ),
                group=context.name,
            ),
        )
    if error is not None:
        raise Skip(said(error, side))
    adapter = side.handle.client.http
    return ok(f"{adapter.version}; the site offers {adapter.offered}")


def role(context: Context, side: SiteFacts) -> Verdict:
    error = side.barred
    if isinstance(error, exceptions.Forbidden):
        return bad(error.message)
    if error is not None:
        raise Skip(said(error, side))
    names = set(getattr(side.token, "role_names", None) or ())
    if not names:
        raise Skip(f"the token of {side.name} does not contain its roles")
    if names & ACTING:
        return ok(", ".join(sorted(names)))
    held = ", ".join(sorted(names))
    return bad(f"the token has only {held}", *sorted(names))


def cinder_policy(context: Context, side: SiteFacts) -> Verdict:
    context.need(side)
    names = set(getattr(side.token, "role_names", None) or ACTING)
    if not names & ACTING:
        # what a reader is refused tells nothing of a member
        raise Skip(f"no role of the token at {side.name} may manage volumes")
    try:
        _ = side.manages_volumes
    except exceptions.Forbidden as error:
        return bad(error.message)
    return ok("os-volume-manage is allowed")


def consistency_group(context: Context, side: SiteFacts) -> Verdict:
    context.need(side)
    located = context.located
    record = located.groups.get(side.name) if located is not None else None
    made = record.consistency_group_id if record is not None else None
    if made is None:
        raise Skip(f"{side.name} names no consistency group")
    try:
        found = _has_volume_group(context, side, made)
    except exceptions.Forbidden as error:
        raise Skip(
            f"not known: Cinder of {side.name} shows no volume groups to this"
            f" user: {error.message}"
        ) from error
    if found:
        return ok(f"volume group {made}")
    return bad(f"no volume group {made} in Cinder of {side.name}", made)


def _has_volume_group(context: Context, side: SiteFacts, made: str) -> bool:
    if context.alone:
        return narrow.has_volume_group(side, made)
    return made in {str(one.get("id")) for one in side.volume_groups}


def token_life(context: Context, side: SiteFacts) -> Verdict:
    if side.barred is not None:
        raise Skip(said(side.barred, side))
    token = side.token
    expires = getattr(token, "expires", None)
    if expires is None:
        raise Skip(f"the token of {side.name} does not contain its expiry")
    auth = side.handle.access.session.auth
    methods = getattr(auth, "auth_methods", ())
    if not any(isinstance(method, TokenMethod) for method in methods):
        return ok("renewed when it is needed")
    left = (expires - side.handle.client.http.server_time()).total_seconds()
    if left >= TOKEN_LIFE:
        return ok(f"good for {left / 60:.0f} minutes")
    return bad(
        f"good for {max(left, 0) / 60:.0f} minutes, and cannot be renewed"
    )


def clocks(context: Context) -> Verdict:
    skews = []
    for side in context.sides.values():
        if side.barred is not None:
            raise Skip(said(side.barred, side))
        skew = side.clock_skew
        if skew is None:
            raise Skip(f"{side.name} does not report its time")
        skews.append(skew)
    apart = abs(skews[0] - skews[1])
    if apart <= CLOCKS_APART:
        return ok("they agree")
    ahead = list(context.sides)[skews[1] > skews[0]]
    return bad(f"{ahead} is {apart:.0f} s ahead", ahead)


def site_status(context: Context, side: SiteFacts) -> Verdict:
    """Return what both services have recorded of one site."""
    located = context.located
    if located is None:
        raise Skip("no site answers that knows the group")
    site_id = located.site_ids[side.name]
    told = []
    for other in context.sides.values():
        if other.barred is not None:
            continue
        record = other.sites.get(site_id)
        if record is None and not site_id:
            raise Skip(f"{other.name} has no list of sites")
        if record is None:
            return bad(f"{other.name} has no record of {side.name}")
        if record.status != "active":
            told.append(f"{record.status}, says {other.name}")
    if not told:
        return ok("active")
    if side.barred is not None:
        raise Skip(said(side.barred, side))
    name = located.site_name(site_id) or side.name
    return bad(
        "; ".join(told),
        fix=(AS_ADMIN, fill(commands.VALIDATE_SITE, site=name)),
    )


def name(context: Context) -> Verdict:
    for side in context.sides.values():
        if side.barred is not None:
            raise Skip(said(side.barred, side))
    if not context.doubles:
        return ok(f"{context.group.name} is one group")
    told = ", ".join(f"{g.id} at {s}" for s, g in context.doubles.items())
    site, other = list(context.doubles.items())[-1]
    return bad(
        f"two groups have it: {told}",
        *(group.id for group in context.doubles.values()),
        fix=(
            f"where the one at {site} is the wrong one, {AS_ADMIN}",
            at(
                site,
                "protector protection-group delete {group} --force",
                group=other.id,
            ),
        ),
    )


def known(context: Context, side: SiteFacts) -> Verdict:
    error = side.barred
    if error is not None:
        raise Skip(said(error, side))
    if context.doubles:
        raise Skip("the name is another group's at each site")
    if context.located is not None and side.name in context.located.groups:
        found = context.located.groups[side.name]
        return ok(f"as {found.id}")
    located = context.located
    missing = f"{side.name} has no protection group '{context.name}'"
    if located is not None and _was_deleted(side, context.group.id):
        (other,) = located.groups
        return bad(
            f"{missing}: it was deleted there",
            cause="It was deleted at one site, by force, while the other did"
            " not answer.",
            fix=at(
                other,
                "protector protection-group delete {group}",
                group=context.group.name,
            ),
        )
    return bad(missing)


def _was_deleted(side: SiteFacts, group: str) -> bool:
    """Return whether the site reports that the group was deleted there."""
    try:
        side.get(group)
    except exceptions.ResourceNotFound as error:
        return bool(error.details.get("deleted"))
    return False


def primary(context: Context) -> Verdict:
    first, second = context.both()
    assert context.located is not None
    groups = context.located.groups
    claims = {
        side.name: context.located.site_name(
            groups[side.name].current_primary_site_id
        )
        for side in (first, second)
    }
    if len(set(claims.values())) == 1:
        return ok(f"both say {context.located.current.name}")
    told = ", ".join(f"{site} says {claim}" for site, claim in claims.items())
    return bad(told, *(str(claim) for claim in claims.values()))


def agreed(context: Context) -> None:
    """Skip what follows from who is primary, where that is open."""
    if not primary(context).good:
        raise Skip("the sites name different primaries")


def link(context: Context, side: SiteFacts) -> Verdict:
    context.both()
    found = side.sync(context.group.id)
    if found.status == "UNREACHABLE":
        return bad(
            found.message or "it does not hear its peer",
            # the site that is asked is the one that asks the other
            severity=None if side is context.asked else Severity.WARNING,
        )
    return ok("it hears its peer")


def metadata_version(context: Context) -> Verdict:
    first, second = context.both()
    agreed(context)
    assert context.located is not None
    groups = context.located.groups
    ranks = {side.name: rank(groups[side.name]) for side in (first, second)}
    if len(set(ranks.values())) == 1:
        return ok(f"{context.group.metadata_version} at both")
    told = ", ".join(f"{n} at {site}" for site, (_, n) in ranks.items())
    ahead = max(ranks, key=lambda site: ranks[site])
    return bad(f"{told}; {ahead} is ahead", ahead)


def metadata_checksum(context: Context) -> Verdict:
    first, second = context.both()
    agreed(context)
    if not metadata_version(context).good:
        raise Skip("the versions differ already")
    sums = {
        site: told.local_checksum for site, told in context.compared().items()
    }
    if None in sums.values():
        raise Skip("the service does not report its checksum")
    if len(set(sums.values())) == 1:
        return ok("equal")
    assert context.located is not None
    return bad(
        f"version {context.group.metadata_version} is not the same at both"
        " sites",
        *(f"{site}: {value}" for site, value in sums.items()),
        fix=fill(
            commands.SYNC_FORCE_WINNER,
            group=context.group.name,
            site=context.located.current.name,
        ),
    )


def primary_silent(context: Context) -> Verdict:
    assert context.located is not None or context.group
    site = context.source.name if context.source else ""
    accepted = context.wanted.accept_divergence
    try:
        signs = context.signs_of_life()
    except exceptions.NotProvenDead as unknown:
        if accepted:
            return ok(f"{site} is not reached, which is accepted")
        return bad(unknown.message, site=site)
    if not signs:
        return ok(f"{site} does not answer, from here or from its peer")
    if accepted:
        return ok(f"it answers ({'; '.join(signs)}), which is accepted")
    return bad(f"it answers: {'; '.join(signs)}", *signs, site=site)
