"""Check the group: its state, its policy, its recovery points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from protectorclient import exceptions
from protectorclient.advice import actions, commands
from protectorclient.durations import stamp
from protectorclient.escape import fill
from protectorclient.mapping import move_command
from protectorclient.preflight import check_target
from protectorclient.preflight.context import Context
from protectorclient.preflight.drift import protected
from protectorclient.preflight.findings import Skip, Verdict, bad, ok
from protectorclient.records.newest_first import moment
from protectorclient.records.protection_group import ProtectionGroup
from protectorclient.v1.metadata import members_at

#: A policy in the metadata has both, without what is secret of them.
_TOKENS = ("primary_fa_api_token", "secondary_fa_api_token")


def status(context: Context) -> Verdict:
    group = context.group
    source = context.source.name if context.source else None
    why_not = actions.why_not(group, context.purpose, source)
    if why_not is None:
        return ok(group.status)
    if group.status in actions.MOVING and _running(context):
        raise Skip("an operation is under way")
    return bad(
        why_not,
        group.status,
        fix=actions.after_why_not(group, context.purpose, _failed(context)),
    )


def _failed(context: Context) -> list[str]:
    """Return the id of the newest operation that failed, where one did."""
    located = context.located
    assert located is not None
    failed = [
        one
        for site in located.groups
        for one in context.sides[site].newest(context.group.id)
        if one.state == "failed"
    ]
    if not failed:
        return []
    last = max(failed, key=moment)
    return [last.id]


def _running(context: Context) -> list[tuple[str, str, str]]:
    """List id, type and site of each operation that has not ended."""
    located = context.located
    assert located is not None
    group = context.group.id
    found: dict[str, tuple[str, str, str]] = {}
    # where both hold the same metadata, these tell what the other one runs
    sites = [context.speaker.name] if context.agree else list(located.groups)
    for site in sites:
        for one in context.sides[site].unfinished(group):
            found[one.id] = (one.id, one.operation_type, site)
    told = context.forecast.document.get("operation") or {}
    if told.get("id") and told["id"] not in found:
        site = located.site_name(told.get("site_id")) or "the other site"
        found[told["id"]] = (told["id"], str(told.get("type")), site)
    return list(found.values())


def operation(context: Context) -> Verdict:
    speaker = context.speaker
    found = _running(context)
    if context.purpose == "unplanned":
        # what a dead primary was doing is taken over
        found = [one for one in found if one[2] == speaker.name]
    if not found:
        return ok("none is unfinished")
    identity, kind, site = found[0]
    return bad(
        f"{kind} {identity} is not finished at {site}",
        *(one[0] for one in found),
        fix=fill(commands.WAIT, operation=identity),
        site=site,
    )


def tests_cleaned(context: Context) -> Verdict:
    found = context.forecast.document.get("tests") or ()
    if not found:
        return ok("no test is left")
    ids = [str(test.get("operation_id")) for test in found]
    return bad(f"{len(found)} not cleaned up", *ids)


def test_there(context: Context) -> Verdict:
    found = context.forecast.document.get("tests") or ()
    if found:
        return ok(f"{len(found)} to clean up")
    if context.group.status != "active":
        # a drill would be refused as well
        show = fill(commands.SHOW_GROUP, group=context.group.name)
        return bad("there is none", fix=["Nothing is to be cleaned up:", show])
    mapped = check_target.mapped(context)
    more = ("--retain-primary", "--wait")
    name = context.group.name
    command = move_command.move("test-failover", name, mapped, more=more)
    return bad("there is none", fix=command)


# a name that pytest would otherwise take for a test of its own
test_there.__test__ = False  # type: ignore[attr-defined]


def _policy(context: Context) -> Mapping[str, Any]:
    """Return the policy, which is part of the metadata."""
    found = context.forecast.document.get("policy")
    if not isinstance(found, Mapping):
        raise Skip("the group has no policy")
    return found


def policy(context: Context) -> Verdict:
    if not context.forecast.document.get("policy"):
        return bad(
            "there is none",
            fix=fill(commands.SET_POLICY, group=context.group.name),
        )
    found = _policy(context)
    if any(found.get(token, "") is None for token in _TOKENS):
        return bad(
            "it has no credentials of the arrays",
            fix=fill(commands.SET_POLICY, group=context.group.name),
            # it is begun, and fails at the arrays
            blocks=False,
        )
    minutes = found.get("rpo_minutes")
    return ok(f"RPO {minutes} minutes" if minutes else "set")


def members(context: Context) -> Verdict:
    found = context.forecast.document.get("members") or ()
    if not found:
        return bad("the group has none")
    broken = [str(one.get("id")) for one in found if _is_broken(one)]
    if broken:
        return bad(f"{len(broken)} of {len(found)} in error", *broken)
    instances = context.forecast.instances
    return ok(
        f"{len(instances)} instances, {len(context.forecast.volumes)} volumes"
    )


def _is_broken(member: Mapping[str, object]) -> bool:
    return member.get("status") == "error"


def members_once(context: Context) -> Verdict:
    own = {
        str(instance.here.get("instance_id")): instance.name
        for instance in context.forecast.instances
        if instance.here.get("instance_id")
    }
    speaker = context.speaker
    named = protected.instances(speaker) if context.alone else None
    if named is not None and not any(
        own.keys() & ids
        for group, ids in named.items()
        if group != context.group.id
    ):
        return ok("in this group alone")
    shared = [
        (own[identity], group)
        for group, document in protected.every_group(speaker)
        if group.id != context.group.id
        for identity in _instances(group, document)
        if identity in own
    ]
    if not shared:
        return ok("in this group alone")
    told = ", ".join(f"{name} is in {group.name}" for name, group in shared)
    return bad(
        f"{told} too",
        *(name for name, _ in shared),
        fix=[
            fill(commands.REMOVE_MEMBER, group=group.name, instance=name)
            for name, group in shared
        ],
    )


def _instances(
    group: ProtectionGroup, document: Mapping[str, Any]
) -> Iterator[str]:
    """Return the ids of a group's instances, where it runs."""
    primary = str(group.current_primary_site_id)
    for member in members_at(document, primary):
        if member.get("instance_id"):
            yield str(member["instance_id"])


def replication(context: Context) -> Verdict:
    if context.purpose != "unplanned":
        context.both()
    speaker = context.speaker
    _policy(context)
    if context.group.status != "active":
        # a promote stops it, until the group is home again
        raise Skip(f"the group is {context.group.status}")
    try:
        health = speaker.health_of(context.group.id)
    except exceptions.VersionNotSupported:
        offered = speaker.handle.client.http.offered
        raise Skip(
            f"the health report needs 1.2, and {speaker.name} offers {offered}"
        ) from None
    if health is None or health.link_status is None:
        raise Skip(f"{speaker.name} does not report the state of the link")
    if health.link_status == "active":
        return ok("the link is active")
    return bad(f"the link is {health.link_status}", fix=_no_source(context))


def recovery_point(context: Context) -> Verdict:
    _policy(context)
    site = context.open_target().name
    site_id = context.site_id(site)
    storage = context.speaker.storage(context.group.id)
    found = storage.latest_at(site_id)
    if found is None:
        if context.purpose == "failover" and storage.complete_at(site_id):
            # without one that ever arrived it would not come so far
            return ok(f"the failover makes one at {site} first")
        since = " since its last move" if storage.complete_at(site_id) else ""
        return bad(
            f"no replication of its volumes to {site} has completed{since}",
            fix=_no_source(context),
        )
    when = found.created_at
    told = stamp(when) if when else found.id
    return ok(told, found.id)


def _no_source(context: Context) -> str | None:
    """In an outage nothing can be replicated any more."""
    source = context.source
    if source is None or source.barred is None:
        return None
    return f"None can be made before {source.name} is back"


def recovery_point_age(context: Context) -> Verdict:
    minutes = _policy(context).get("rpo_minutes")
    site_id = context.site_id(context.open_target().name)
    found = context.speaker.storage(context.group.id).latest_at(site_id)
    if found is None or found.created_at is None:
        raise Skip("there is no recovery point")
    if minutes is None:
        raise Skip("the policy has no RPO")
    now = context.speaker.handle.client.http.server_time()
    age = max(0.0, (now - found.created_at).total_seconds()) / 60
    if age <= minutes:
        return ok(f"{age:.0f} of {minutes} minutes")
    return bad(
        f"{age:.0f} minutes, and the RPO is {minutes}",
        found.id,
        fix=_no_source(context),
    )
