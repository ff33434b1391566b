"""What the scripts of a run share: the journal, the state, the tools."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.exit_codes import ExitCode, code_for
from protectorclient.plan.execution import events, fold, hooks, probing
from protectorclient.plan.execution.drills import comparing
from protectorclient.plan.execution.journal import Journal, boot_id
from protectorclient.plan.execution.scripts import (
    Condition,
    Pool,
    Scheduler,
    Script,
    done,
    until,
)
from protectorclient.plan.execution.state import (
    GroupState,
    RunState,
)
from protectorclient.plan.file import model
from protectorclient.polling import events as polling
from protectorclient.polling import poller
from protectorclient.probes import run as probes

if TYPE_CHECKING:
    from protectorclient.pair.site import SiteHandle
    from protectorclient.pair.site_pair import SitePair
    from protectorclient.records.operation import Operation

#: Seconds between two looks, while operations run: for orders, for groups
#: that can begin, and for the operations themselves.
LONGEST_TICK = 1.0
#: Groups that are worked on at the same time, in all waves together.
MOST_THREADS = 32


def _nobody(wave: str, gate: model.Gate) -> bool | None:
    """Ask nobody: an order or the end of its time answers a gate."""
    return None


@dataclasses.dataclass
class Tools:
    """What a runner uses of the world outside; tests give their own."""

    pool: Pool = dataclasses.field(default_factory=lambda: Pool(MOST_THREADS))
    pace: poller.Pace = poller.Pace(longest=LONGEST_TICK)
    run_hook: Callable[..., hooks.Result] = hooks.run
    #: Asks a person on the terminal: None for no answer yet.
    ask: Callable[[str, model.Gate], bool | None] = _nobody
    #: Makes the probes of a group; returns how each has ended.
    probe: Callable[..., Sequence[Mapping[str, Any]]] = probing.probe
    #: Waits for a group's test instances, and makes its probes.
    look: Callable[..., probes.Report] = probing.look
    #: Compares a group's test instances with their sources.
    compare: Callable[..., Mapping[str, Any]] = comparing.compare
    #: Returns the test instances of a group, for the commands that judge it.
    instances: Callable[..., list[dict[str, Any]]] = comparing.instances
    #: Returns whether somebody has interrupted the run: a drill removes its
    #: tests then.
    interrupted: Callable[[], bool] = lambda: False
    #: Where hooks run.
    folder: str | None = None


def mark(tools: Tools) -> dict[str, Any]:
    """Return the moment by the monotonic clock, for a line of a drill.

    Two moments can be compared where the machine was not booted between
    them.
    """
    return {"clock": round(tools.pace.clock(), 3), "boot": boot_id()}


class Context:
    """What a run is about, and what its scripts do it with.

    :param pair: the two sites.
    :param journal: is added to, and stays open.
    :param state: what the journal's lines amount to.
    :param site_ids: of the sites, by the names of their clouds here.
    """

    def __init__(
        self,
        pair: SitePair,
        journal: Journal,
        state: RunState,
        site_ids: Mapping[str, str],
        tools: Tools | None = None,
    ) -> None:
        self.pair = pair
        self.journal = journal
        self.state = state
        self.tools = tools or Tools()
        #: The ids of the sites, by the names of their clouds here.
        self.site_ids = dict(site_ids)
        self.waves = state.plan.of_use(state.use)
        self.scheduler = Scheduler()
        #: Names of waves whose scripts go on.
        self.live: set[str] = set()
        #: Ids of groups whose scripts go on, and of all that had one.
        self.active: set[str] = set()
        self.begun: set[str] = set()
        #: The two sites, with what the groups of a wave have in common.
        self._pairs: dict[str, SitePair] = {}
        #: What has happened and was not reported yet.
        self.news: collections.deque[events.Event] = collections.deque()
        #: The operations that are followed, by their ids.
        self.keys: dict[str, poller.Key] = {}
        #: How they ended, by their ids.
        self.ends: dict[str, polling.Ended] = {}
        #: The last record seen of each, by its id.
        self.records: dict[str, Operation] = {}

    def pair_of(self, wave: str) -> SitePair:
        """Return the two sites for the groups of a wave.

        Versions, site records, networks and flavors are asked for once by
        all of them; each group itself is asked for again each time.
        """
        return self._pairs.get(wave) or self._pairs.setdefault(
            wave, self.pair.anew()
        )

    def forget(self, wave: str) -> None:
        """Have what the groups of a wave have in common asked for again."""
        self._pairs.pop(wave, None)

    def handle(self, site_id: str) -> SiteHandle:
        """Return the cloud of a site."""
        for handle in self.pair.handles:
            if self.site_ids.get(handle.name, handle.name) == site_id:
                return handle
        raise exceptions.NotFound(f"no cloud here is the site {site_id}")

    def site_id(self, cloud: str) -> str:
        """Return the id of a site, by the name of its cloud here."""
        return self.site_ids.get(cloud, cloud)

    def mark(self) -> dict[str, Any]:
        """Return the moment by the clock, where the run is a drill."""
        if self.state.drill is None:
            return {}
        return mark(self.tools)

    def write(self, event: str, **fields: Any) -> None:
        """Write a line of the journal, apply it, and report it.

        :raises JournalNotWritten: it is not on disk; nothing is done.
        """
        entry = self.journal.add(event, **fields)
        fold.apply(self.state, entry)
        self.news.append(events.of(entry))

    def announce(self, kind: type[events.Event], **fields: Any) -> None:
        """Report what is not in the journal."""
        self.news.append(kind(self._stamp(), fields))

    def follow(self, operation_id: str, site: str) -> Condition:
        """Have an operation followed to its end.

        :returns: whether it has ended; then it is in `ends`.
        """
        self.keys.setdefault(operation_id, poller.Key(site, operation_id))
        return lambda: operation_id in self.ends

    def stop(self, why: str, code: int) -> None:
        """Begin nothing more. What runs is followed to its end."""
        if self.state.stop is None:
            self.write("stopped", why=why, code=code)

    @property
    def is_stopped(self) -> bool:
        """Return whether nothing more is begun."""
        return self.state.stop is not None

    def age(self, stamp: str | None) -> float:
        """Return the seconds since a time of the journal."""
        if not stamp:
            return 0.0
        when = datetime.datetime.fromisoformat(stamp)
        return (self.journal.now() - when).total_seconds()

    def _stamp(self) -> str:
        return self.journal.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def prove_death(self, groups: Sequence[GroupState]) -> Script[None]:
        """Stop an unplanned run where the primary of its groups answers."""
        waiting = [one for one in groups if not one.status.is_over]
        if not waiting:
            return
        task = self.tools.pool.submit(
            lambda: self.pair.anew().prepare(
                "failover", waiting[0].id, unplanned=True
            )
        )
        yield from until(task.is_over)
        try:
            task.result()
        except (exceptions.PrimaryAnswers, exceptions.NotProvenDead) as error:
            self.primary_answers(error)
        except (exceptions.NotFound, exceptions.UsageProblem):
            # about this group alone: its own check says so
            return
        except exceptions.ProtectorError as error:
            self.stop(str(error), code_for(error))

    def primary_answers(self, error: exceptions.ProtectorError) -> None:
        """Stop the run; say which groups run where."""
        where: dict[str, list[str]] = {}
        for one in self.state.groups.values():
            where.setdefault(self._place(one), []).append(one.name)
        said = ". ".join(
            f"{place}: {', '.join(names)}" for place, names in where.items()
        )
        self.stop(f"{error}. {said}", ExitCode.REFUSED)

    def _place(self, group: GroupState) -> str:
        """Say where a group runs, as far as the run knows it."""
        if group.is_moved or group.status.is_under_way:
            site = group.site or ""
            to = next(
                (
                    cloud
                    for cloud, identity in self.site_ids.items()
                    if identity == site
                ),
                site,
            )
            return (
                f"Moved to {to}" if group.is_moved else f"On the way to {to}"
            )
        return "Not moved"

    def ask(self, wave: str, gate: model.Gate) -> Script[None]:
        """Open a gate, and wait for its answer or the end of its time."""
        own = self.state.waves[wave]
        if own.gate is None and own.gate_opened_at is None:
            self.write(
                "gate-opened",
                wave=wave,
                question=gate.question,
                seconds=gate.timeout,
            )

        def is_answered() -> bool:
            if own.gate is not None or self.is_stopped:
                return True
            if self.age(own.gate_opened_at) >= gate.timeout:
                answer = "yes" if gate.then == "continue" else "no"
                why = f"no answer in {gate.timeout:g} s"
                self.answer(wave, answer, "nobody", why)
                return True
            said = self.tools.ask(wave, gate)
            if said is not None:
                answer = "yes" if said else "no"
                self.answer(wave, answer, self.journal.by, "typed")
            return said is not None

        yield from until(is_answered)

    def has_taken(self, stamp: str | None) -> float:
        """Return for how long something has gone on, for its limit.

        A run that was taken up again has its time once more.
        """
        if not stamp:
            return 0.0
        return self.age(max(stamp, self.state.resumed_at))

    def answer(self, wave: str, answer: str, by: str, reason: str) -> None:
        self.write(
            "gate-answered", wave=wave, answer=answer, by=by, reason=reason
        )

    # -- hooks

    def hooks(
        self,
        scope: str,
        given: model.Hooks,
        occasion: str,
        document: Mapping[str, Any],
    ) -> Script[str | None]:
        """Run the hooks of an occasion, one after the other.

        Each runs at least once: one that was begun and has not ended when
        the runner was killed runs again, and so does one whose failure has
        stopped the run.

        :returns: why the plan must not go on; None where it may.
        """
        for number, hook in enumerate(given.of(occasion, self.state.use), 1):
            key = f"{scope}, {occasion} {number}"
            # before and after a move, a plan that is not in a hurry stops
            stops = hook.on_error == "stop" or (
                hook.on_error is None
                and not self.state.unplanned
                and occasion in ("before", "after")
            )
            ended = self.state.hooks_ended
            if key in ended and (ended[key] == 0 or not stops):
                continue
            attempt = self.state.hooks_begun.get(key, 0) + 1
            self.write(
                "hook-began", hook=key, run=list(hook.run), attempt=attempt
            )
            task = self.tools.pool.submit(
                functools.partial(
                    self.tools.run_hook,
                    hook,
                    document,
                    run_id=self.state.run_id,
                    attempt=attempt,
                    folder=self.tools.folder,
                )
            )
            result = yield from done(task)
            self.write(
                "hook-ended",
                hook=key,
                status=result.status,
                seconds=result.seconds,
                output=result.output,
                error=result.error,
            )
            if not result.is_good and stops:
                return f"hook ({key}): {result.error}"
        return None
