"""Check the target: networks, flavors, capacity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from protectorclient import exceptions
from protectorclient.advice import commands
from protectorclient.escape import AS_ADMIN, ShellCommand, at, fill
from protectorclient.mapping import move_command, suggest
from protectorclient.mapping.forecast import (
    Match,
    chosen_flavors,
    size_of,
    size_text,
)
from protectorclient.pair.site_facts import SiteFacts
from protectorclient.preflight.context import Context
from protectorclient.preflight.findings import Skip, Verdict, bad, ok
from protectorclient.preflight.resources import KINDS
from protectorclient.records.site import VolumeType


def networks(context: Context) -> Verdict:
    return _matched(context, "network")


def flavors(context: Context) -> Verdict:
    return _matched(context, "flavor")


def _matched(context: Context, what: str) -> Verdict:
    resources = context.resources
    target = resources.target.name
    try:
        matches = resources.of(what)
        lost = resources.unmatched(what)
    except (
        exceptions.NotFound,
        exceptions.NotUnique,
        exceptions.MappingProblem,
    ) as error:
        return bad(
            error.message,
            cause="The mapping that was given names something else.",
            fix="Correct the mapping file"
            if context.wanted.mapping_file is not None
            else "Correct the mapping",
            site=error.site,
        )
    if not lost:
        return ok("; ".join(map(str, matches)) or "none is used")
    names = ", ".join(match.source.name for match in lost)
    grounds = ", ".join(dict.fromkeys(match.ground for match in lost))
    return bad(
        f"no {what} at {target} matches {names} ({grounds})",
        *(match.source.name for match in lost),
        fix=_set_mapping(context, what, matches, lost),
    )


def _set_mapping(
    context: Context,
    what: str,
    matches: Sequence[Match],
    lost: Sequence[Match],
) -> list[str]:
    """Make the whole mapping to be stored, or advice where a match lacks.

    In an outage nothing can be stored: there it goes with the action.
    """
    name = context.group.name
    options = context.resources.options(what, matches)
    if context.wanted.mapping_file is not None:
        return _in_file(
            context, what, context.resources.suggestions(what), lost
        )
    if context.forecast.is_failback or options is None:
        return [
            f"Map each with --{what}-mapping or in a file:",
            fill(commands.SUGGEST, group=name),
        ]
    if context.purpose == "unplanned" or context.outage:
        return [failover(context)]
    return [move_command.store(name, options)]


def _in_file(
    context: Context,
    what: str,
    suggestions: Iterable[suggest.Suggestion],
    lost: Iterable[Match],
) -> list[str]:
    """Make what the mapping file lacks, as it is written there."""
    by_id = {
        suggestion.source.id: suggestion.target for suggestion in suggestions
    }
    lines = [f"In the mapping file, under {what}s:"]
    for match in lost:
        chosen = by_id.get(match.source.id)
        target = chosen.name if chosen is not None else "?"
        lines.append(f"  {match.source.name}: {target}")
    return [
        *lines,
        "What can be guessed:",
        fill(commands.SUGGEST, group=context.group.name),
    ]


def failover(context: Context) -> ShellCommand:
    """Make the unplanned failover, as far as its mappings can be guessed."""
    name = context.group.name
    return move_command.move("unplanned", name, mapped(context))


def mapped(context: Context) -> list[list[str] | None]:
    """Make the options that a move needs, as far as they can be guessed."""
    found: list[list[str] | None] = []
    for what in KINDS:
        try:
            resources = context.resources
            options = resources.options(what, resources.of(what))
        except (exceptions.ProtectorError, Skip):
            options = None
        found.append(options)
    return found


def flavor_size(context: Context) -> Verdict:
    small: dict[str, str] = {}
    names = []
    for instance, flavor in _chosen(context):
        own = instance.here.get("flavor") or {}
        had = (instance.there or {}).get("flavor") or {}
        if had.get("id") == flavor.get("id"):
            # at home it is as it was
            continue
        if not suggest.fits(size_of(own), size_of(flavor)):
            names.append(instance.name)
            small[str(own.get("name"))] = (
                f"{flavor.get('name')} ({size_text(flavor)}) for"
                f" {own.get('name')} ({size_text(own)})"
            )
    if not small:
        return ok("as big as at the source")
    matches = [
        match
        for match in context.resources.flavors
        if match.source.name not in small
    ]
    better = [
        suggestion
        for suggestion in context.resources.suggestions("flavor")
        if suggestion.source.name in small and suggestion.target is not None
    ]
    fix = None
    if len(better) == len(small) and not context.forecast.is_failback:
        lines = [
            move_command.option("flavor", match.source.name, match.target.name)
            for match in matches
            if match.target and match.target.name != match.source.name
        ] + [
            move_command.option(
                "flavor", suggestion.source.name, suggestion.target.name
            )
            for suggestion in better
            if suggestion.target
        ]
        fix = move_command.store(context.group.name, lines)
    return bad("; ".join(small.values()), *names, fix=fix)


def _chosen(context: Context) -> Iterable[tuple[Any, Mapping[str, Any]]]:
    resources = context.resources
    return chosen_flavors(
        context.forecast, resources.flavors, resources.target.flavors
    )


def mapping_shared(context: Context) -> Verdict:
    """Two networks that become one; flavors may well."""
    by_target: dict[str, list[Match]] = {}
    for match in context.resources.networks:
        if match.target is not None and match.matched:
            by_target.setdefault(match.target.id, []).append(match)
    shared = [
        matches
        for matches in by_target.values()
        if len({match.source.id for match in matches}) > 1
    ]
    if not shared:
        return ok("each network has one of its own")
    told = []
    for matches in shared:
        sources = ", ".join(match.source.name for match in matches)
        target = matches[0].target
        told.append(f"{sources} all become {target.name if target else '?'}")
    lost = [match for matches in shared for match in matches]
    return bad(
        "; ".join(told),
        *(match.source.name for match in lost),
        fix=_set_mapping(
            context,
            "network",
            _unmatched(context.resources.networks, lost),
            lost,
        ),
    )


def _unmatched(matches: Iterable[Match], lost: Sequence[Match]) -> list[Match]:
    """Return the same, with some to be matched anew."""
    return [
        Match(match.source, None, "no match", match.instances)
        if match in lost
        else match
        for match in matches
    ]


def volume_types(context: Context, side: SiteFacts) -> Verdict:
    context.need(side)
    types = {kind.name: kind for kind in side.volume_types}
    here = context.source is not None and side.name == context.source.name
    used = _types_in_use(context, types, here)
    wrong = [
        name
        for name in used
        if name not in types or not is_replicated(types[name])
    ]
    if not used:
        return ok("no volume is used")
    if wrong:
        told = [
            f"{name} is not replicated" if name in types else f"no {name}"
            for name in wrong
        ]
        return bad(
            "; ".join(told),
            *wrong,
            fix=[AS_ADMIN, *(_replicate(side.name, name) for name in wrong)],
        )
    kind = context.group.replication_type
    other = [
        name
        for name in used
        if kind and types[name].replication_type not in (None, kind)
    ]
    if other:
        return bad(f"{', '.join(other)}: the group replicates {kind}", *other)
    return ok(", ".join(used))


def _replicate(site: str, name: str) -> ShellCommand:
    return at(
        site,
        "volume type set --property replication_enabled='<is> True' {type}",
        type=name,
    )


def _types_in_use(
    context: Context, types: Mapping[str, VolumeType], here: bool
) -> list[str]:
    """Names; at the target a type that is not there by its name is the
    one that the group was made with."""
    made_with = context.forecast.document.get("volume_type")
    found: dict[str, None] = {}
    for volume in context.forecast.volumes:
        name = str(volume.get("volume_type"))
        if not here and name not in types and made_with:
            name = str(made_with)
        found[name] = None
    return list(found)


def is_replicated(kind: VolumeType) -> bool:
    """Cinder's way of a flag is a text."""
    enabled = kind.replication_enabled
    if isinstance(enabled, str):
        return enabled.replace("<is>", "").strip().lower() == "true"
    return bool(enabled)
