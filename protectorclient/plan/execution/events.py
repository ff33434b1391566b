"""The events of a run, each with its fields."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar


@dataclasses.dataclass(frozen=True)
class Event:
    """Something that happened in a run; a line of its journal, mostly."""

    #: As the journal calls it.
    name: ClassVar[str] = ""

    #: When, in UTC, as the journal has it.
    at: str
    #: All that the line says.
    fields: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """As data, for a stream of JSON."""
        return {"event": self.name, "at": self.at, **self.fields}


class RunBegan(Event):
    """A run begins: `run_id`, `action`, `groups`."""

    name = "run"


class RunResumed(Event):
    """A run goes on from its journal: `by`, `adopted`."""

    name = "resumed"


class Checked(Event):
    """The groups of a wave were checked: `wave`, `blocked`, `warnings`."""

    name = "checked"


class GateOpened(Event):
    """A gate waits for its answer: `wave`, `question`, `seconds`."""

    name = "gate-opened"


class GateAnswered(Event):
    """A gate is answered: `wave`, `answer`, `by`, `reason`."""

    name = "gate-answered"


class RollbackAsked(GateOpened):
    """A wave that had passed a gate is about to be moved back, and waits
    for an answer: `wave`, `question`, `seconds`."""

    name = "rollback-gate"


class RollbackAnswered(GateAnswered):
    """Whether a wave is moved back: `wave`, `answer`, `by`, `reason`."""

    name = "rollback-answered"


class WaveBegan(Event):
    """The groups of a wave may move: `wave`."""

    name = "wave-began"


class WaveEnded(Event):
    """A wave is over: `wave`, `phase`, `why`."""

    name = "wave-ended"


class HookBegan(Event):
    """A hook is about to run: `hook`, `run`, `attempt`."""

    name = "hook-began"


class HookEnded(Event):
    """A hook has ended: `hook`, `status`, `output`, `error`."""

    name = "hook-ended"


class Posting(Event):
    """The action of a group is about to be sent: `group`, `request_id`."""

    name = "posting"


class Started(Event):
    """The operation of a group runs: `group`, `operation_id`, `site`."""

    name = "started"


class Progressed(Event):
    """An operation has moved; not in the journal: `group`, `progress`,
    `step`."""

    name = "progress"


class Moved(Event):
    """The operation of a group has ended: `group`, `outcome`."""

    name = "moved"


class Probed(Event):
    """The probes of a group were made: `group`, `passed`, `results`."""

    name = "probed"


class GroupEnded(Event):
    """A group is over: `group`, `status`, `why`."""

    name = "group-ended"


class Retried(Event):
    """A group is moved once more, by an order: `group`, `attempt`."""

    name = "retry"


class RolledBack(Event):
    """A group that was moved is back, or could not be: `group`, `result`."""

    name = "rolled-back"


class Findings(Event):
    """What the checks of a group found, in a drill: `group`, `findings`."""

    name = "findings"


class Examining(Event):
    """The test of a group is about to be examined, in a drill: `group`."""

    name = "examining"


class Compared(Event):
    """A test was compared with its sources: `group`, `new`, `counts`,
    `comparisons`, `error`."""

    name = "compared"


class Verified(Event):
    """A command has judged a test: `group`, `run`, `passed`, `status`,
    `output`, `error`."""

    name = "verified"


class StepDone(Event):
    """A step of an operation of a drill is done: `group`, `operation_id`,
    `step`."""

    name = "step"


class OperationEnded(Event):
    """The last record of an operation of a drill: `group`, `record`."""

    name = "operation"


class Interrupted(Event):
    """Somebody has interrupted a drill: it removes its tests and ends."""

    name = "interrupted"


class CleanUpPosting(Event):
    """The clean-up of a test is about to be sent: `group`, `attempt`,
    `request_id`."""

    name = "clean-posting"


class CleanUpStarted(Event):
    """A clean-up runs: `group`, `operation_id`, `site`."""

    name = "clean-started"


class CleanUpFailed(Event):
    """A clean-up has failed, and is tried again: `group`, `why`."""

    name = "clean-failed"


class Cleaned(Event):
    """What a drill has built for a group is removed, or stays: `group`,
    `result`, `why`, `left`."""

    name = "cleaned"


class Ordered(Event):
    """An order was carried out: `verb`, `subject`, `by`, `reason`."""

    name = "order"


class Stopped(Event):
    """Nothing more is begun: `why`, `code`."""

    name = "stopped"


class SiteLost(Event):
    """A site does not answer; not in the journal: `site`, `why`."""

    name = "site-lost"


class SiteRegained(Event):
    """A site answers again; not in the journal: `site`, `seconds`."""

    name = "site-regained"


class RunEnded(Event):
    """The run is over: `code`, `counts`."""

    name = "ended"


def _kinds(base: type[Event]) -> dict[str, type[Event]]:
    found: dict[str, type[Event]] = {}
    for kind in base.__subclasses__():
        found |= {kind.name: kind, **_kinds(kind)}
    return found


KINDS: Mapping[str, type[Event]] = _kinds(Event)


def of(entry: Mapping[str, Any]) -> Event:
    """Make the event of a line of a journal."""
    fields = {
        key: value
        for key, value in entry.items()
        if key not in ("event", "at", "n")
    }
    kind = KINDS.get(str(entry["event"]), Event)
    return kind(str(entry.get("at", "")), fields)
