"""Checks of what is protected against what is there, at both sites."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence

from protectorclient.preflight.context import Context
from protectorclient.preflight.drift import (
    addresses,
    capacity,
    images,
    losses,
    members,
    neighbours,
)
from protectorclient.preflight.drift.capacity import Room
from protectorclient.preflight.drift.difference import Difference
from protectorclient.preflight.drift.subject import Subject
from protectorclient.preflight.findings import Severity, Verdict, bad, ok

#: So many stand in a sentence; the rest is counted.
_NAMED = 6
Find = Callable[[Subject], list[Difference]]


def _verdict(found: Sequence[Difference], well: str, site: str) -> Verdict:
    """Put the differences of a row together."""
    if not found:
        return ok(well, site=site)
    told = [one.message for one in found]
    if len(told) > _NAMED:
        told = [*told[:_NAMED], f"and {len(told) - _NAMED} more"]
    return bad(
        "; ".join(told),
        *dict.fromkeys(one.member for one in found if one.member),
        fix=dict.fromkeys(line for one in found for line in one.fix),
        site=site,
    )


def drift(context: Context) -> Verdict:
    subject = context.subject
    return _verdict(
        members.find(subject), "as they are protected", subject.here.name
    )


def neighbours_protected(context: Context) -> Verdict:
    subject = context.subject
    return _verdict(
        neighbours.find(subject), "all are protected", subject.here.name
    )


def addresses_free(context: Context) -> Verdict:
    target = context.open_target()
    subject = context.subject
    found = _verdict(addresses.find(subject), "all are kept", target.name)
    if context.purpose != "unplanned" and addresses.taken(subject):
        return dataclasses.replace(found, severity=Severity.PROBLEM)
    return found


def attributes_kept(context: Context) -> Verdict:
    target = context.open_target()
    return _verdict(losses.find(context.subject), "all are kept", target.name)


def images_there(context: Context) -> Verdict:
    target = context.open_target()
    return _verdict(images.find(context.subject), "all are there", target.name)


def quota_compute(context: Context) -> Verdict:
    return _quota(context, capacity.compute)


def quota_storage(context: Context) -> Verdict:
    return _quota(context, capacity.storage)


def quota_network(context: Context) -> Verdict:
    return _quota(context, capacity.network)


def _quota(context: Context, room: Callable[[Subject], list[Room]]) -> Verdict:
    context.open_target()
    subject = context.subject
    rooms = room(subject)
    short = [one for one in rooms if one.short]
    if not short:
        return ok(", ".join(map(str, rooms)))
    return bad(
        "; ".join(map(str, short)),
        *_names(short),
        fix=capacity.fix(subject, rooms),
    )


def _names(rooms: Iterable[Room]) -> list[str]:
    return [one.resource for one in rooms]
