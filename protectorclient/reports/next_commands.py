"""The commands that fix what is wrong with an operation.

In the order of a cool head: look, mend, clear away, try again. Each command
can be pasted; where it is not for this shell, or not for everybody, the line
before it says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from protectorclient.advice import actions, commands
from protectorclient.advice.row import Advice
from protectorclient.escape import (
    AS_BEFORE,
    ShellCommand,
    at,
    fill,
    protector,
    with_options,
)
from protectorclient.mapping.move_command import option

if TYPE_CHECKING:
    from protectorclient.records.operation import Operation
    from protectorclient.reports.operation_facts import Facts


def lines(
    facts: Facts,
    operation: Operation,
    group: str,
    row: Advice | None,
) -> Iterator[str]:
    """Make the lines, in order; one that comes twice counts where it is first.

    :param group: its name, or its id where that is all there is.
    """
    watch = fill(commands.WATCH, operation=operation.id)
    stuck = row is not None and row.key == "stuck"
    if not operation.is_finished and not stuck:
        yield watch
    if row is None:
        return
    if facts.silent and (url := _peer_url(facts)):
        yield fill(_CURL, url=url)
    unplanned = fill(commands.UNPLANNED, group=group)
    yield from (
        command
        for command in row.commands
        if command != unplanned or facts.dead_primary
    )
    if stuck:
        # before it is mended there is nothing to see
        yield watch
    if operation.state != "failed":
        return
    if facts.out_of_sync:
        yield fill(commands.SYNC_FORCE, group=group)
        yield fill(commands.SYNC_STATUS, group=group)
    if operation.operation_type != "test_cleanup":
        yield from _removals(facts, operation)
    if facts.group is not None and facts.group.status == actions.ERROR:
        yield from actions.set_status(facts.group)
        yield AS_BEFORE
    if _has_left(operation, "replication"):
        yield fill(commands.SYNC_VOLUMES, group=group)
    if operation.parameters.get("force") and not facts.dead_primary:
        yield from _planned(operation, group)
    elif operation.operation_type in actions.PLANNED and (
        operation.parameters.get("force") or not facts.dead_primary
    ):
        yield _again(operation, group)


def _peer_url(facts: Facts) -> str | None:
    """Return the address of a silent site, as the other one has it
    recorded."""
    for one in facts.seen.values():
        for site in one.sites.values():
            if site.id != one.site_id and site.protector_url:
                return site.protector_url.rstrip("/")
    return None


#: What clears a thing of a kind, in the hands of its owner.
_REMOVALS = {
    "instance": "server delete",
    "port": "port delete",
    "volume": "volume delete",
    "stopped instance": "server start",
}


def by_hand(facts: Facts, operation: Operation) -> Iterator[str]:
    """Suggest the clean-up, or the removal by hand where it would fail."""
    if operation.operation_type != "test_cleanup":
        return
    if operation.state != "failed":
        return
    removals = list(_removals(facts, operation))
    if removals:
        yield "if it goes on failing, look at what the test made:"
        if facts.drill is not None:
            yield fill(commands.SHOW_OPERATION, operation=facts.drill.id)
        yield "and remove its leftovers by hand:"
        yield from removals


def _removals(facts: Facts, operation: Operation) -> Iterator[str]:
    """Return what the owner removes, then what only the storage admin can."""
    on_arrays: dict[str, list[str]] = {}
    for item in operation.leftovers:
        yield from _removal(item)
        if isinstance(item, Mapping) and item.get("kind") == "array volume":
            volumes = on_arrays.setdefault(str(item.get("site") or ""), [])
            volumes.append(str(item.get("name") or item.get("id")))
    for site, volumes in on_arrays.items():
        yield (
            f"for the storage admin: remove from {_array(facts, site)}:"
            f" {', '.join(volumes)}"
        )


def _has_left(operation: Operation, kind: str) -> bool:
    return any(
        isinstance(item, Mapping) and item.get("kind") == kind
        for item in operation.leftovers
    )


def _array(facts: Facts, name: str) -> str:
    """Find the name of a site's array in the records of either site."""
    for seen in facts.seen.values():
        for site in seen.sites.values():
            if site.name == name and site.array_name:
                return f"{site.array_name}, the array of {name}"
    return f"the array of {name}" if name else "the array"


def _removal(item: Any) -> Iterator[str]:
    if not isinstance(item, Mapping):
        return
    verb = _REMOVALS.get(str(item.get("kind")))
    identity = item.get("id") or item.get("name")
    if verb and identity and item.get("site"):
        yield at(str(item["site"]), f"{verb} {{id}}", id=str(identity))


_CURL = ShellCommand("curl {url}/")


def unknown(facts: Facts) -> Iterator[str]:
    """Suggest what the survivor can do where no site knows it, and the
    wait."""
    if facts.witness and facts.group and facts.dead_primary:
        name = facts.group.name
        if url := _peer_url(facts):
            yield fill(_CURL, url=url)
        yield fill(commands.CHECK_FOR, group=name, purpose="unplanned")
        yield "with the mappings that it had:"
        yield with_options(fill(commands.UNPLANNED, group=name), ["--wait"])
    yield fill(commands.WAIT, operation=facts.operation_id)


def _planned(operation: Operation, group: str) -> Iterator[str]:
    """Instead of one without the primary, now that it answers again."""
    yield fill(commands.SYNC_FORCE, group=group)
    yield fill(commands.SYNC_STATUS, group=group)
    look = fill(commands.CHECK_FOR, group=group, purpose="failover")
    yield with_options(look, _mappings(operation))
    yield _again(operation, group, unplanned=False)


def _again(
    operation: Operation, group: str, *, unplanned: bool = True
) -> ShellCommand:
    """Make the command that starts the same once more."""
    asked = operation.parameters
    action = actions.planned(operation.operation_type)
    options = []
    if asked.get("force") and unplanned:
        options.append("--type unplanned")
    for name in ("retain_primary", "reverse_replication"):
        if asked.get(name):
            options.append("--" + name.replace("_", "-"))
    return with_options(
        protector(f"{action.command} {{group}}", group=group),
        [*options, *_mappings(operation), "--wait"],
    )


def _mappings(operation: Operation) -> Iterator[str]:
    """Make the options that give it the mappings it had."""
    for what in ("network", "flavor"):
        mapping = operation.parameters.get(f"{what}_mapping")
        if isinstance(mapping, Mapping):
            for source, target in mapping.items():
                yield option(what, str(source), str(target))
