"""Ask the rebuilt instances until all have answered, or the time is over.

Three moments are told apart: the operation is done, its instances are
``ACTIVE``, the application answers. The clock, the sleep and what asks are
parameters.
"""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from protectorclient import exceptions
from protectorclient.durations import PROBES_TIMEOUT
from protectorclient.polling import at_once
from protectorclient.polling.silence import NO_ANSWER
from protectorclient.probes import network
from protectorclient.probes.console import Console, NotKnown
from protectorclient.probes.network import NoAnswer
from protectorclient.probes.spec import Probe

#: How a probe has ended.
ANSWERS = "answers"
FAILS = "fails"
NOT_KNOWN = "not_known"
#: Seconds for one try, and between two rounds.
TRY = 5.0
PAUSE = 2.0
_STOPPED = "SHUTOFF"
#: So many are asked at the same time.
_ASKERS = 16

Server = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Target:
    """A rebuilt instance of a member."""

    member: str
    #: Of the instance in Nova; None where it is not known.
    server_id: str | None = None
    #: Whether the operation has built it, or it was there before.
    is_new: bool = False


@dataclasses.dataclass(frozen=True)
class Result:
    """How one probe of one member has ended."""

    member: str
    probe: str
    #: ``answers``, ``fails`` or ``not_known``.
    result: str
    #: Why, in a few words; never what a console shows.
    detail: str = ""
    #: Seconds from the request of the operation to the answer.
    seconds: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """As data."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class Report:
    """What the probes of one operation have found."""

    results: tuple[Result, ...] = ()
    #: Seconds from the request to the moment when all rebuilt instances were
    #: ``ACTIVE``; None where they were not, or it is not known.
    active_seconds: float | None = None
    #: Seconds from the request to the last answer; None where one is missing.
    answered_seconds: float | None = None
    #: Members that were not ``ACTIVE`` in the end, and why.
    inactive: Mapping[str, str] = dataclasses.field(default_factory=dict)
    #: Members whose instances are stopped, as a stopped member comes back.
    stopped: tuple[str, ...] = ()
    #: Probes that fit no member.
    unused: tuple[str, ...] = ()
    #: Member, id at the source and id of what was built, of each instance.
    instances: tuple[tuple[str, str | None, str | None], ...] = ()

    @property
    def all_answer(self) -> bool:
        """Return whether every probe was answered."""
        return not self.unused and all(
            one.result == ANSWERS for one in self.results
        )


@dataclasses.dataclass
class _Open:
    """A probe of a member that has not ended."""

    target: Target
    probe: Probe
    detail: str = "not asked"
    result: str = FAILS
    seconds: float | None = None
    #: Whether asking again is of no use.
    is_over: bool = False


class Run:
    """Asks the probes of the members of one operation.

    :param targets: the rebuilt instances.
    :param probes: what is asked.
    :param servers: lists the instances at the target, as Nova has them.
    :param console: returns the console output of an instance, by its id.
    :param dial: opens a connection.
    :param since: the moment of the request, by the clock.
    :param clock: seconds.
    :param sleep: rests.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        probes: Sequence[Probe],
        *,
        servers: Callable[[], Sequence[Server]],
        console: Callable[[str], str],
        since: float,
        dial: network.Dial = network.direct,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._targets = targets
        self._servers, self._dial = servers, dial
        self._since, self._clock, self._sleep = since, clock, sleep
        self._open = [
            _Open(target, probe)
            for target in targets
            for probe in probes
            if probe.fits(target.member)
        ]
        self._unused = tuple(
            f"{probe.members}={probe.text}"
            for probe in probes
            if not any(probe.fits(target.member) for target in targets)
        )
        self._consoles = {
            target.server_id: Console(
                target.server_id, console, is_new=target.is_new
            )
            for target in targets
            if target.server_id
        }
        self._active: float | None = None
        self._inactive: dict[str, str] = {}
        self._stopped: tuple[str, ...] = ()
        self._addresses: dict[str, list[str]] = {}

    def until(
        self,
        timeout: float = PROBES_TIMEOUT,
        on_result: Callable[[Result], object] = lambda one: None,
    ) -> Report:
        """Ask until all have answered, or the time is over.

        :param timeout: seconds.
        :param on_result: takes each result when it is there.
        """
        end = self._clock() + timeout
        left = list(self._open)
        while True:
            self._look()
            self._round(left, end)
            for one in [o for o in left if o.result != FAILS or o.is_over]:
                left.remove(one)
                on_result(_result(one))
            done = not left and self._active is not None
            if done or self._clock() >= end:
                break
            self._sleep(min(PAUSE, max(0.0, end - self._clock())))
        for one in left:
            on_result(_result(one))
        return self.report()

    def _passed(self) -> float:
        return round(self._clock() - self._since, 1)

    def _look(self) -> None:
        """Ask Nova which instances are there, until all are ACTIVE.

        A completed operation has built each; one that is stopped stays so.
        """
        if self._active is not None:
            return
        try:
            found = {str(one.get("id")): one for one in self._servers()}
        except (*NO_ANSWER, exceptions.Forbidden) as error:
            self._inactive = dict.fromkeys(
                (one.member for one in self._targets), error.message
            )
            return
        self._inactive, stopped = {}, []
        for target in self._targets:
            server = found.get(target.server_id or "")
            status = "not there" if server is None else str(server["status"])
            if status == _STOPPED:
                stopped.append(target.member)
            elif status != "ACTIVE":
                self._inactive[target.member] = status
            if server is not None:
                self._addresses[target.member] = addresses(server)
        self._stopped = tuple(stopped)
        if not self._inactive:
            self._active = self._passed()

    def _round(self, left: Sequence[_Open], end: float) -> None:
        """Ask each probe that is left once, several at the same time."""
        for first in range(0, len(left), _ASKERS):
            some = left[first : first + _ASKERS]
            asked = [
                at_once.start(functools.partial(self._ask, one, end))
                for one in some
            ]
            for answer in asked:
                answer.result()

    def _ask(self, one: _Open, end: float) -> None:
        if one.target.member in self._stopped:
            one.is_over, one.detail = True, f"the instance is {_STOPPED}"
            return
        # the last try is worth a second, too
        seconds = min(TRY, max(1.0, end - self._clock()))
        try:
            if one.probe.kind == "console":
                one.detail = self._ask_console(one)
            else:
                one.detail = self._ask_network(one, seconds)
        except NotKnown as why:
            one.result, one.detail = NOT_KNOWN, str(why)
        except NoAnswer as why:
            one.detail = str(why)
        else:
            one.result, one.seconds = ANSWERS, self._passed()

    def _ask_console(self, one: _Open) -> str:
        console = self._consoles.get(one.target.server_id or "")
        if console is None:
            raise NoAnswer("the instance is not there")
        return console.ask(one.probe.wanted)

    def _ask_network(self, one: _Open, seconds: float) -> str:
        known = self._addresses.get(one.target.member)
        if not known:
            raise NoAnswer("the instance has no address")
        why = NoAnswer("")
        for address in known:
            try:
                return network.ask(
                    one.probe,
                    address,
                    seconds,
                    dial=self._dial,
                    clock=self._clock,
                )
            except NoAnswer as error:
                why = NoAnswer(f"{address}: {error}")
        raise why

    def report(self) -> Report:
        """Return what is known by now."""
        results = tuple(_result(one) for one in self._open)
        times = [one.seconds for one in self._open]
        known = [seconds for seconds in times if seconds is not None]
        complete = len(known) == len(times) and known and not self._unused
        return Report(
            results=results,
            active_seconds=self._active,
            answered_seconds=max(known) if complete else None,
            inactive=dict(self._inactive),
            stopped=self._stopped,
            unused=self._unused,
        )


def _result(one: _Open) -> Result:
    return Result(
        one.target.member,
        one.probe.text,
        one.result,
        one.detail,
        one.seconds,
    )


def addresses(server: Server) -> list[str]:
    """Return the addresses of an instance: floating ones first."""
    found: list[tuple[bool, str]] = []
    for network_addresses in (server.get("addresses") or {}).values():
        for one in network_addresses:
            floating = one.get("OS-EXT-IPS:type") == "floating"
            found.append((not floating, str(one.get("addr"))))
    return [address for _, address in sorted(found, key=lambda one: one[0])]
