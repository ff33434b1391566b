"""Checks of the instances themselves, as Nova has them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from protectorclient.checking.case import Case, said
from protectorclient.checking.finding import Skip, Verdict, bad, ok
from protectorclient.pair.site_facts import SiteFacts as Side

#: The service marks with it what it builds: the member it is a copy of.
MARK = "protector_member"


def running(case: Case) -> Verdict:
    """Of the members, at the site where the group runs."""
    source = _asked(case, case.source)
    document = case.outlook.document
    if document.get("operation"):
        raise Skip("an operation is under way")
    stopped = {
        str(identity)
        for test in document.get("tests") or ()
        for identity in test.get("stopped") or ()
    }
    status = {str(one.get("id")): one.get("status") for one in source.servers}
    down = []
    for instance in case.outlook.instances:
        identity = str(instance.here.get("instance_id"))
        # a test failover stops them, and its clean-up starts them
        if identity not in stopped and status.get(identity) != "ACTIVE":
            down.append((instance.name, status.get(identity)))
    if not down:
        return ok(f"all are, at {source.name}", site=source.name)
    told = ", ".join(f"{name} is {state or 'gone'}" for name, state in down)
    there = [shlex.quote(name) for name, state in down if state is not None]
    return bad(
        told,
        *(name for name, _ in down),
        fix=f"openstack --os-cloud {shlex.quote(source.name)} server start"
        f" {' '.join(there)}"
        if there
        else None,
        site=source.name,
    )


def left_over(case: Case) -> Verdict:
    """Copies of members at the other site that are nobody's."""
    target = _asked(case, case.target)
    document = case.outlook.document
    if document.get("operation"):
        raise Skip("an operation is under way")
    members = {str(one.get("id")) for one in document.get("members") or ()}
    known = set(_known(document))
    found = [
        (kind, str(one.get("id")), str(one.get("name")))
        for kind, things in (
            ("server", target.servers),
            ("volume", target.volumes),
        )
        for one in things
        if (one.get("metadata") or {}).get(MARK) in members
        and str(one.get("id")) not in known
    ]
    if not found:
        return ok(f"nothing, at {target.name}", site=target.name)
    site = shlex.quote(target.name)
    return bad(
        ", ".join(f"{kind} {name} ({one})" for kind, one, name in found),
        *(identity for _, identity, _ in found),
        fix="\n".join(
            f"openstack --os-cloud {site} {kind} delete {identity}"
            for kind, identity, _ in found
        ),
        site=target.name,
    )


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


def _asked(case: Case, side: Side | None) -> Side:
    if side is None:
        raise Skip("no site answers that knows the group")
    if side.barred is not None:
        raise Skip(said(side.barred, side))
    return side
