"""Check the instances, as Nova shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from protectorclient.advice import commands
from protectorclient.advice.actions import FAILED_OVER
from protectorclient.escape import at, fill, shell_word
from protectorclient.pair.site_facts import SiteFacts
from protectorclient.preflight import copies
from protectorclient.preflight.context import Context, said
from protectorclient.preflight.drift import power
from protectorclient.preflight.findings import (
    Severity,
    Skip,
    Verdict,
    bad,
    ok,
)


def running(context: Context) -> Verdict:
    """Of the members, at the site where the group runs."""
    source = _asked(context, context.source)
    down = power.down(context.subject)
    if not context.forecast.instances:
        return ok("the group has no instance", site=source.name)
    if not down:
        return ok(f"all do, at {source.name}", site=source.name)
    stopped = [one for one in down if one.status == power.STOPPED]
    fix = []
    if stopped:
        names = [shell_word(one.member) for one in stopped]
        fix.append(at(source.name, "server start", *names))
    obstacles = [one for one in down if one.is_obstacle]
    fix += [line for one in obstacles if (line := one.cure(source.name))]
    told = ", ".join(map(str, down))
    stops: bool | None = context.purpose in ("failover", "failback")
    if context.purpose == "test-failover":
        retains = context.wanted.retain_primary
        stops = None if retains is None else not retains
    if obstacles and stops is None:
        told += "; a test failover needs --retain-primary"
    refused = bool(obstacles and stops)
    return bad(
        told,
        *(one.member for one in down),
        fix=fix,
        site=source.name,
        severity=Severity.PROBLEM if refused else None,
        blocks=refused,
    )


def live_copies(context: Context) -> Verdict:
    """Instances that run beside those of the primary, drills apart."""
    target = _asked(context, context.target)
    if context.forecast.document.get("operation"):
        raise Skip("an operation is under way")
    sides = [side for side in (context.source, target) if side is not None]
    asked = [side for side in sides if side.barred is None]
    found = copies.live(
        copy for side in asked for copy in context.copies(side)
    )
    names = ", ".join(side.name for side in asked)
    if not found:
        return ok(f"none, at {names}", site=target.name)
    located = context.located
    assert located is not None
    cure = copies.cure(
        found,
        group=context.group.name,
        status=context.group.status,
        primary=located.current.name,
        in_sync=context.agree,
    )
    return bad(
        copies.sentence(found, located.current.name),
        *(part for copy in found for part in (copy.name, copy.instance_id)),
        fix=[*cure.lines, *_other_winner(context, found)],
        site=found[0].site,
    )


def _other_winner(context: Context, found: Sequence[copies.Copy]) -> list[str]:
    """Offer the old primary as the winner, where it still is one by its
    own record."""
    located = context.located
    assert located is not None
    name = context.group.name
    lines = []
    for site in copies.by_site(found):
        record = located.groups.get(site)
        if (
            site != located.current.name
            and context.group.status in FAILED_OVER
            and record is not None
            and record.current_primary_site_id == located.site_ids[site]
        ):
            lines += [
                f"or, where the move to {located.current.name} was a mistake:",
                fill(commands.RECONCILE_WINNER, group=name, site=site),
            ]
    return lines


def left_over(context: Context) -> Verdict:
    """Copies of members at the other site that are nobody's, or older."""
    target = _asked(context, context.target)
    document = context.forecast.document
    if document.get("operation"):
        raise Skip("an operation is under way")
    found = context.copies(target)
    older = [copy for copy in found if copy.known]
    strays = [
        ("server", copy.instance_id, copy.name)
        for copy in found
        if not copy.known
    ]
    members = {str(one.get("id")) for one in document.get("members") or ()}
    known = set(_known(document))
    strays += [
        ("volume", str(one.get("id")), str(one.get("name")))
        for one in target.volumes
        if (one.get("metadata") or {}).get(copies.MARK) in members
        and str(one.get("id")) not in known
    ]
    if not found and not strays:
        return ok(f"nothing, at {target.name}", site=target.name)
    told = [f"server {copy.name} ({copy.instance_id})" for copy in older]
    told += [f"{kind} {name} ({one})" for kind, one, name in strays]
    return bad(
        ", ".join(told),
        *(copy.instance_id for copy in older),
        *(identity for _, identity, _ in strays),
        cause=_OLDER if older and not strays else None,
        fix=_clear(context, target.name, older, strays),
        site=target.name,
    )


#: Why instances are left that the metadata still name.
_OLDER = (
    "A forced failover leaves the instances of the old primary where they are."
)


def _clear(
    context: Context,
    site: str,
    older: Sequence[copies.Copy],
    strays: Sequence[tuple[str, str, str]],
) -> list[str]:
    """Make the commands that remove them; older instances hold data, and go
    with a snapshot."""
    lines: list[str] = [
        at(site, f"{kind} delete {{id}}", id=identity)
        for kind, identity, _ in strays
    ]
    if older and context.group.status in FAILED_OVER:
        if not context.agree:
            # until then it is refused
            lines.append(fill(commands.SYNC_FORCE, group=context.group.name))
        lines.append(fill(commands.FAILBACK, group=context.group.name))
    elif older:
        lines.append(
            "The next planned failover keeps a snapshot of each volume and"
            " deletes them"
        )
    return lines


def _known(document: Mapping[str, Any]) -> Iterator[str]:
    """Ids of what the metadata speaks of, at either site."""
    for member in document.get("members") or ():
        for at_site in (member.get("sites") or {}).values():
            if isinstance(at_site, dict):
                yield str(at_site.get("instance_id"))
                for volume in at_site.get("volumes") or ():
                    yield str(volume.get("id"))
    for test in document.get("tests") or ():
        for kind in ("instances", "volumes"):
            for one in test.get(kind) or ():
                yield str(one.get("id"))


def _asked(context: Context, side: SiteFacts | None) -> SiteFacts:
    if side is None:
        raise Skip("no site answers that knows the group")
    if side.barred is not None:
        raise Skip(said(side.barred, side))
    return side
