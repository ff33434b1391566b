"""Checks of the two sites: are they there, and do they let us in?"""

from __future__ import annotations

from keystoneauth1.identity.v3 import TokenMethod

from protectorclient import exceptions
from protectorclient.escape import (
    AS_ADMIN,
    ShellCommand,
    protector,
    shell_word,
)
from protectorclient.mapping import commands
from protectorclient.pair.located import rank
from protectorclient.pair.site_facts import SiteFacts as Side
from protectorclient.preflight import check_target
from protectorclient.preflight.context import Case, said
from protectorclient.preflight.findings import Severity, Skip, Verdict, bad, ok

#: Roles that may start an operation.
ACTING = frozenset({"member", "admin"})
#: Seconds that a token should outlive the start of an operation.
TOKEN_LIFE = 30 * 60.0
#: Seconds that the clocks of two sites may be apart. A `Date` is whole
#: seconds, and older by the way it came.
CLOCKS_APART = 30.0


def reachable(case: Case, side: Side) -> Verdict:
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
    return bad(error.message, cause=str(error), fix=_look_at(case, side))


def _look_at(case: Case, side: Side) -> list[str]:
    """A way round only where the dead site is the one that is left."""
    located = case.located
    record = None
    if located is not None:
        record = located.sites.get(located.site_ids[side.name])
    url = record.protector_url if record is not None else None
    lines: list[str] = [
        f"Look at {side.name}: systemctl status protector-api there,"
        f" curl -k {url or 'its Keystone and its protector'} from here"
    ]
    if (
        case.purpose == "failover"
        and case.outage
        and side is case.source
        and case.group.status == "active"
    ):
        lines += ["In a real outage:", check_target.failover(case)]
    return lines


def signed_in(case: Case, side: Side) -> Verdict:
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


def version(case: Case, side: Side) -> Verdict:
    error = side.barred
    if isinstance(error, exceptions.VersionNotSupported):
        offered = side.handle.client.http.offered
        return bad(
            error.message,
            fix=ShellCommand(
                f"openstack --os-protector-api-version {offered.maximum}"
                f" protector protection-group check {shell_word(case.name)}"
            ),
        )
    if error is not None:
        raise Skip(said(error, side))
    adapter = side.handle.client.http
    return ok(f"{adapter.version}; the site offers {adapter.offered}")


def role(case: Case, side: Side) -> Verdict:
    error = side.barred
    if isinstance(error, exceptions.Forbidden):
        return bad(error.message)
    if error is not None:
        raise Skip(said(error, side))
    names = set(getattr(side.token, "role_names", None) or ())
    if not names:
        raise Skip(f"the token of {side.name} does not tell its roles")
    if names & ACTING:
        return ok(", ".join(sorted(names)))
    held = ", ".join(sorted(names))
    return bad(f"the token has only {held}", *sorted(names))


def token_life(case: Case, side: Side) -> Verdict:
    if side.barred is not None:
        raise Skip(said(side.barred, side))
    token = side.token
    expires = getattr(token, "expires", None)
    if expires is None:
        raise Skip(f"the token of {side.name} does not tell its end")
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


def clocks(case: Case) -> Verdict:
    skews = []
    for side in case.sides.values():
        if side.barred is not None:
            raise Skip(said(side.barred, side))
        skew = side.clock_skew
        if skew is None:
            raise Skip(f"{side.name} does not tell the time")
        skews.append(skew)
    apart = abs(skews[0] - skews[1])
    if apart <= CLOCKS_APART:
        return ok("they agree")
    ahead = list(case.sides)[skews[1] > skews[0]]
    return bad(f"{ahead} is {apart:.0f} s ahead", ahead)


def site_status(case: Case, side: Side) -> Verdict:
    """What both services have recorded of one site."""
    located = case.located
    if located is None:
        raise Skip("no site answers that knows the group")
    site_id = located.site_ids[side.name]
    told = []
    for other in case.sides.values():
        if other.barred is not None:
            continue
        record = other.sites.get(site_id)
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
        fix=(AS_ADMIN, protector(f"site validate {shell_word(name)}")),
    )


def name(case: Case) -> Verdict:
    for side in case.sides.values():
        if side.barred is not None:
            raise Skip(said(side.barred, side))
    if not case.doubles:
        return ok(f"{case.group.name} is one group")
    told = ", ".join(f"{g.id} at {s}" for s, g in case.doubles.items())
    site, other = list(case.doubles.items())[-1]
    return bad(
        f"two groups have it: {told}",
        *(group.id for group in case.doubles.values()),
        fix=(
            f"where the one at {site} is the wrong one, {AS_ADMIN}",
            commands.at(
                site, f"protector protection-group delete {other.id} --force"
            ),
        ),
    )


def known(case: Case, side: Side) -> Verdict:
    error = side.barred
    if error is not None:
        raise Skip(said(error, side))
    if case.doubles:
        raise Skip("the name is another group's at each site")
    if case.located is not None and side.name in case.located.groups:
        found = case.located.groups[side.name]
        return ok(f"as {found.id}")
    located = case.located
    missing = f"{side.name} has no protection group '{case.name}'"
    if located is not None and _was_deleted(side, case.group.id):
        (other,) = located.groups
        return bad(
            f"{missing}: it was deleted there",
            cause="It was deleted at one site, by force, while the other was"
            " away.",
            fix=commands.at(
                other,
                "protector protection-group delete"
                f" {shell_word(case.group.name)}",
            ),
        )
    return bad(missing)


def _was_deleted(side: Side, group: str) -> bool:
    """Whether the site keeps a stone for it, where the service tells."""
    try:
        side.get(group)
    except exceptions.ResourceNotFound as error:
        return bool(error.details.get("deleted"))
    return False


def primary(case: Case) -> Verdict:
    first, second = case.both()
    assert case.located is not None
    groups = case.located.groups
    claims = {
        side.name: case.located.site_name(
            groups[side.name].current_primary_site_id
        )
        for side in (first, second)
    }
    if len(set(claims.values())) == 1:
        return ok(f"both say {case.located.current.name}")
    told = ", ".join(f"{site} says {claim}" for site, claim in claims.items())
    return bad(told, *(str(claim) for claim in claims.values()))


def agreed(case: Case) -> None:
    """Skip what follows from who is primary, where that is open."""
    if not primary(case).good:
        raise Skip("the sites name different primaries")


def link(case: Case, side: Side) -> Verdict:
    case.both()
    found = side.sync(case.group.id)
    if found.status == "UNREACHABLE":
        return bad(
            found.message or "it does not hear its peer",
            # the site that is asked is the one that asks the other
            severity=None if side is case.asked else Severity.WARNING,
        )
    return ok("it hears its peer")


def metadata_version(case: Case) -> Verdict:
    first, second = case.both()
    agreed(case)
    assert case.located is not None
    groups = case.located.groups
    ranks = {side.name: rank(groups[side.name]) for side in (first, second)}
    if len(set(ranks.values())) == 1:
        return ok(f"{case.group.metadata_version} at both")
    told = ", ".join(f"{n} at {site}" for site, (_, n) in ranks.items())
    ahead = max(ranks, key=lambda site: ranks[site])
    return bad(f"{told}; {ahead} is ahead", ahead)


def metadata_checksum(case: Case) -> Verdict:
    first, second = case.both()
    agreed(case)
    if not metadata_version(case).good:
        raise Skip("the versions differ already")
    sums = {
        side.name: side.sync(case.group.id).local_checksum
        for side in (first, second)
    }
    if None in sums.values():
        raise Skip("the service does not tell its checksum")
    if len(set(sums.values())) == 1:
        return ok("equal")
    assert case.located is not None
    return bad(
        f"version {case.group.metadata_version} is not the same at both sites",
        *(f"{site}: {value}" for site, value in sums.items()),
        fix=commands.group(
            f"sync-force {shell_word(case.group.name)}"
            f" --winner {shell_word(case.located.current.name)}"
        ),
    )


def primary_silent(case: Case) -> Verdict:
    assert case.located is not None or case.group
    signs = case.signs_of_life()
    site = case.source.name if case.source else ""
    if not signs:
        return ok(f"{site} does not answer, from here or from its peer")
    if case.wanted.accept_divergence:
        return ok(f"it answers ({'; '.join(signs)}), which is accepted")
    return bad(f"it answers: {'; '.join(signs)}", *signs, site=site)
