"""What to type next, from what is wrong with an operation.

In the order of a cool head: look, mend, clear away, try again. Each command
can be pasted; where it is not for this shell, or not for everybody, the line
before it says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from protectorclient.escape import (
    AS_ADMIN,
    AS_BEFORE,
    ShellCommand,
    protector,
    shell_word,
)

if TYPE_CHECKING:
    from protectorclient.advice import match
    from protectorclient.records.operation import Operation
    from protectorclient.reports.operation_facts import Facts


def lines(
    facts: Facts,
    operation: Operation,
    group: str,
    row: match.Advice | None,
) -> Iterator[str]:
    """Make the lines, in order; one that comes twice counts where it is first.

    :param group: its name, or its id where that is all there is.
    """
    watch = protector(f"operation watch {shell_word(operation.id)}")
    name = shell_word(group)
    stuck = row is not None and row.key == "stuck"
    if not operation.is_finished and not stuck:
        yield watch
    if row is None:
        return
    if facts.silent and (url := _peer_url(facts)):
        yield ShellCommand(f"curl {shell_word(url)}/")
    unplanned = "--type unplanned"
    yield from (
        command
        for command in row.commands
        if unplanned not in command or facts.dead_primary
    )
    if stuck:
        # before it is mended there is nothing to see
        yield watch
    if operation.state != "failed":
        return
    if facts.out_of_sync:
        yield protector(f"protection-group sync-force {name}")
        yield protector(f"protection-group sync-status {name}")
    if operation.operation_type != "test_cleanup":
        yield from _removals(facts, operation)
    if facts.group is not None and facts.group.status == "error":
        home = facts.group.primary_site_id
        at_home = facts.group.current_primary_site_id == home
        status = "active" if at_home else "failed_over"
        yield AS_ADMIN
        yield protector(f"protection-group set {name} --status {status}")
        yield AS_BEFORE
    if _has_left(operation, "replication"):
        yield protector(f"consistency-group sync {name} --wait")
    if operation.parameters.get("force") and not facts.dead_primary:
        yield from _planned(operation, group)
    elif operation.operation_type in _VERBS and (
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
            yield protector(f"operation show {shell_word(facts.drill.id)}")
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
        yield ShellCommand(
            f"openstack --os-cloud {shell_word(str(item['site']))} {verb}"
            f" {shell_word(str(identity))}"
        )


_VERBS = {
    "failover": "protection-group failover",
    "failback": "protection-group failback",
    "test_failover": "protection-group test-failover",
    "test_cleanup": "protection-group test-cleanup",
    "sync_volumes": "consistency-group sync",
}


def unknown(facts: Facts) -> Iterator[str]:
    """Suggest what the survivor can do where no site knows it, and the
    wait."""
    if facts.witness and facts.group and facts.dead_primary:
        name = shell_word(facts.group.name)
        if url := _peer_url(facts):
            yield ShellCommand(f"curl {shell_word(url)}/")
        yield protector(f"protection-group check {name} --for unplanned")
        yield "with the mappings that it had:"
        yield protector(
            f"protection-group failover {name} --type unplanned --wait"
        )
    yield protector(f"operation wait {shell_word(facts.operation_id)}")


def _planned(operation: Operation, group: str) -> Iterator[str]:
    """Instead of one without the primary, now that it answers again."""
    name = shell_word(group)
    yield protector(f"protection-group sync-force {name}")
    yield protector(f"protection-group sync-status {name}")
    look = f"protection-group check {name} --for failover"
    yield protector(" ".join([look, *_mappings(operation)]))
    yield _again(operation, group, unplanned=False)


def _again(
    operation: Operation, group: str, *, unplanned: bool = True
) -> ShellCommand:
    """Make the command that starts the same once more."""
    asked = operation.parameters
    words = [_VERBS[operation.operation_type], shell_word(group)]
    if asked.get("force") and unplanned:
        words.append("--type unplanned")
    for name in ("retain_primary", "reverse_replication"):
        if asked.get(name):
            words.append("--" + name.replace("_", "-"))
    return protector(" ".join([*words, *_mappings(operation), "--wait"]))


def _mappings(operation: Operation) -> Iterator[str]:
    """Make the options that give it the mappings it had."""
    for name in ("network_mapping", "flavor_mapping"):
        mapping = operation.parameters.get(name)
        if isinstance(mapping, Mapping):
            option = "--" + name.replace("_", "-")
            for source, target in mapping.items():
                yield f"{option} {shell_word(f'{source}={target}')}"
