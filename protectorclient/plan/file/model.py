"""The records of a plan, as its file states them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from protectorclient.durations import GATE_TIMEOUT, HOOK_TIMEOUT
from protectorclient.mapping.files import MappingFile

#: Groups of one wave that are moved at the same time, where nothing is said.
PARALLEL = 4
#: The uses for which ``only`` reserves a part of a plan, by action.
USES = {"failover": "real", "failback": "failback", "test_failover": "drill"}
#: The occasions of hooks.
OCCASIONS = ("before", "after", "on_failure", "after_cleanup")


def is_pattern(name: str) -> bool:
    """Return whether a name stands for all groups that fit it."""
    return any(sign in name for sign in "*?[")


@dataclasses.dataclass(frozen=True)
class Hook:
    """A command of the user that runs before or after a part of a plan."""

    #: The program and its arguments; no shell reads them.
    run: tuple[str, ...]
    #: In seconds.
    timeout: float = HOOK_TIMEOUT
    #: ``stop`` or ``warn``; None for what fits the run: a planned run stops
    #: and an unplanned one warns.
    on_error: str | None = None
    #: The uses that it belongs to; empty for all.
    only: tuple[str, ...] = ()

    def belongs(self, use: str) -> bool:
        """Return whether the hook runs in a use of the plan."""
        return not self.only or use in self.only


@dataclasses.dataclass(frozen=True)
class Hooks:
    """The hooks of a plan, of a wave or of a group."""

    before: tuple[Hook, ...] = ()
    after: tuple[Hook, ...] = ()
    on_failure: tuple[Hook, ...] = ()
    after_cleanup: tuple[Hook, ...] = ()

    def of(self, occasion: str, use: str) -> tuple[Hook, ...]:
        """Return the hooks of an occasion in a use of the plan."""
        found: tuple[Hook, ...] = getattr(self, occasion)
        return tuple(hook for hook in found if hook.belongs(use))


@dataclasses.dataclass(frozen=True)
class Gate:
    """A question that a person answers before a wave begins."""

    question: str
    #: In seconds; without an answer the plan does what `then` says.
    timeout: float = GATE_TIMEOUT
    #: ``stop`` or ``continue``.
    then: str = "stop"


@dataclasses.dataclass(frozen=True)
class Entry:
    """A name or a pattern of groups in a wave, with what belongs to them."""

    name: str
    critical: bool = True
    #: Seconds that the group's operation may take; None for no limit.
    timeout: float | None = None
    #: Names of groups that must have moved before.
    needs: tuple[str, ...] = ()
    mappings: MappingFile | None = None
    probes: tuple[str, ...] = ()
    #: Commands that judge a drill of each group.
    verify: tuple[Hook, ...] = ()
    hooks: Hooks = Hooks()
    only: tuple[str, ...] = ()
    #: Seconds that the last drill of a group may be old; None where nothing
    #: is said.
    drill_every: float | None = None
    #: File, line and column, for messages.
    place: str = dataclasses.field(default="", compare=False)

    @property
    def is_pattern(self) -> bool:
        """Return whether it stands for all groups that fit it."""
        return is_pattern(self.name)


@dataclasses.dataclass(frozen=True)
class Wave:
    """Groups that are moved side by side."""

    name: str
    groups: tuple[Entry, ...]
    #: Names of waves that must be over before; None for the wave above.
    needs: tuple[str, ...] | None = None
    #: None for the plan's own.
    parallel: int | None = None
    #: Seconds that the wave may take; None for no limit.
    timeout: float | None = None
    critical: bool = True
    gate: Gate | None = None
    mappings: MappingFile | None = None
    probes: tuple[str, ...] = ()
    #: Commands that judge a drill of each group.
    verify: tuple[Hook, ...] = ()
    hooks: Hooks = Hooks()
    only: tuple[str, ...] = ()
    #: Seconds that the last drill of a group may be old; None where nothing
    #: is said.
    drill_every: float | None = None
    #: File, line and column, for messages.
    place: str = dataclasses.field(default="", compare=False)


@dataclasses.dataclass(frozen=True)
class Form:
    """The settings of the planned, or of the unplanned, form of a plan."""

    parallel: int | None = None
    timeout: float | None = None
    on_failure: str | None = None


@dataclasses.dataclass(frozen=True)
class Drills:
    """When a timer drills the groups of a plan."""

    #: Seconds that the last drill of a group may be old.
    every: float | None = None
    #: Hours in which a drill may begin, and by which clock.
    window: str | None = None
    time_zone: str | None = None
    #: Seconds after which the test of a drill that was cut is removed.
    max_duration: float | None = None


@dataclasses.dataclass(frozen=True)
class Plan:
    """A recovery plan."""

    name: str
    waves: tuple[Wave, ...]
    description: str = ""
    parallel: int = PARALLEL
    timeout: float | None = None
    #: ``stop``, ``continue`` or ``rollback``.
    on_failure: str = "stop"
    mappings: MappingFile = MappingFile()
    hooks: Hooks = Hooks()
    planned: Form = Form()
    unplanned: Form = Form()
    drills: Drills = Drills()
    #: The text of the file, and of the mapping files that it names.
    text: str = ""
    files: tuple[tuple[str, str], ...] = ()

    def form(self, unplanned: bool) -> Form:
        """Return the settings of a run, the plan's own where a form has
        none."""
        own = self.unplanned if unplanned else self.planned
        return Form(
            own.parallel or self.parallel,
            own.timeout or self.timeout,
            own.on_failure or self.on_failure,
        )

    def of_use(self, use: str) -> tuple[Wave, ...]:
        """Return the waves of a use, with the groups that belong to it."""
        found = []
        for wave in self.waves:
            if wave.only and use not in wave.only:
                continue
            groups = tuple(
                one for one in wave.groups if not one.only or use in one.only
            )
            if groups:
                found.append(dataclasses.replace(wave, groups=groups))
        return tuple(found)

    def hashes(self) -> dict[str, str]:
        """Return the SHA-256 of the plan and of its mapping files."""
        import hashlib

        texts = {"plan": self.text, **dict(self.files)}
        return {
            name: hashlib.sha256(text.encode("utf-8")).hexdigest()
            for name, text in texts.items()
        }

    def entries(self) -> Iterator[tuple[Wave, Entry]]:
        """Yield each entry with its wave, in the order of the file."""
        for wave in self.waves:
            for entry in wave.groups:
                yield wave, entry
