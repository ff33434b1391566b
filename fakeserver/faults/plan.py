"""The rules that ask for faults: kept on disk, and seeded.

The plan is one small file of the sandbox, read by both sites and written by
whoever adds a fault, so it outlives a killed process. Whether a rule with a
probability applies depends on the seed, the rule and how often it has been
asked: nothing else.
"""

import contextlib
import dataclasses
import fcntl
import os
import pathlib
import random
import signal
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from fakeserver.base import json_file
from fakeserver.base.fault_points import StepFault
from fakeserver.base.seed_world import ARRAYS, changed_token
from fakeserver.faults.kinds import FILE, KINDS, LASTING, Kind
from fakeserver.faults.points import complaint, fits, fits_point

NAME = FILE


class SiteCrash(SystemExit):
    """A fault ends the site here, while the process goes on.

    Not an Exception, so that no handler survives it; a SystemExit, so that
    a thread that dies of it does so without a word.
    """


@dataclasses.dataclass(frozen=True)
class Rule:
    """One fault that somebody asked for."""

    id: str
    kind: str
    site: str | None
    stage: str
    match: str
    message: str
    seconds: float
    probability: float
    #: how often it may still apply; None is without limit
    times: int | None
    #: how often somebody asked, and how often it applied
    asked: int = 0
    struck: int = 0

    @property
    def spent(self) -> bool:
        return self.times is not None and self.struck >= self.times

    @property
    def of(self) -> Kind:
        return KINDS[self.kind]


class BadRule(ValueError):
    """A rule that cannot be added; the message is one sentence."""


class FaultFile:
    """The rules on disk, for those who add, list and clear them."""

    def __init__(self, path: pathlib.Path, seed: int = 1) -> None:
        self._path = path
        # each request asks twice
        self._name = os.fspath(path)
        self._seed = seed
        self._seen: tuple[int, int, int] | None = None
        self._rules: tuple[Rule, ...] = ()

    def rules(self) -> tuple[Rule, ...]:
        """Return all rules; read the file only when it has changed."""
        try:
            found = os.stat(self._name)
        except FileNotFoundError:
            return ()
        seen = (found.st_mtime_ns, found.st_ino, found.st_size)
        if seen != self._seen:
            self._rules = tuple(_entries(self._path, self._held()))
            self._seen = seen
        return self._rules

    def add(
        self,
        kind: str,
        *,
        site: str | None = None,
        stage: str | None = None,
        match: str | None = None,
        message: str | None = None,
        seconds: float | None = None,
        probability: float = 1.0,
        times: int | None = None,
    ) -> Rule:
        """Add a rule; the kind gives the defaults."""
        known = KINDS.get(kind)
        if known is None:
            raise BadRule(
                f"there is no fault {kind!r}; choose from {', '.join(KINDS)}"
            )
        if not 0 < probability <= 1:
            raise BadRule("--probability must be above 0 and at most 1")
        if times is not None and times < 1:
            raise BadRule("--times must be 1 or more")
        if seconds is not None and seconds < 0:
            raise BadRule("--seconds cannot be negative")
        if known.family in LASTING and (times, probability) != (None, 1):
            raise BadRule(
                f"the fault {kind} lasts until it is cleared; --times and "
                "--probability do not go with it"
            )
        stage = known.stage if stage is None else stage
        match = known.match if match is None else match
        wrong = complaint(known, stage, match)
        if wrong is not None:
            raise BadRule(wrong)
        with self._change() as held:
            held["last"] = held.get("last", 0) + 1
            rule = Rule(
                id=f"fault-{held['last']}",
                kind=kind,
                site=site,
                stage=stage,
                match=match,
                message=known.message if message is None else message,
                seconds=known.seconds if seconds is None else seconds,
                probability=probability,
                times=times,
            )
            held["rules"].append(dataclasses.asdict(rule))
        return rule

    def clear(self, rule_id: str | None = None) -> tuple[Rule, ...]:
        """Remove one rule, or all; return the removed ones."""
        with self._change() as held:
            gone = [
                entry
                for entry in held["rules"]
                if rule_id is None or entry["id"] == rule_id
            ]
            held["rules"] = [e for e in held["rules"] if e not in gone]
        return tuple(Rule(**entry) for entry in gone)

    def apply(self, rule_id: str) -> Rule | None:
        """Count that a rule was asked; return the rule when it applies."""
        struck = None
        with self._change() as held:
            for entry in held["rules"]:
                rule = Rule(**entry)
                if rule.id != rule_id or rule.spent:
                    continue
                entry["asked"] += 1
                dice = random.Random(f"{self._seed}/{rule.id}/{rule.asked}")
                if dice.random() < rule.probability:
                    entry["struck"] += 1
                    struck = rule
        return struck

    def _held(self) -> dict[str, Any]:
        """Read the file and check it."""
        held = json_file.read(self._path)
        _entries(self._path, held)
        return held

    @contextlib.contextmanager
    def _change(self) -> Iterator[dict[str, Any]]:
        """Read, change and replace the file: one at a time over both
        processes."""
        lock = self._path.with_name(f"{self._path.name}.lock")
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            held: dict[str, Any] = {"rules": []}
            with contextlib.suppress(FileNotFoundError):
                held = self._held()
            yield held
            json_file.write(self._path, held)
            self._seen = None
        finally:
            os.close(handle)


def _entries(path: pathlib.Path, held: dict[str, Any]) -> list[Rule]:
    """Return the rules of a file; raise BrokenFile where an entry is no
    rule."""
    try:
        rules = [Rule(**entry) for entry in held["rules"]]
    except (KeyError, TypeError):
        raise json_file.broken(path, "the list of faults is missing") from None
    for rule in rules:
        numbers = (rule.seconds, rule.probability, rule.asked, rule.struck)
        if not all(type(one) in (int, float) for one in numbers):
            raise json_file.broken(
                path, f"{rule.id} has a text in place of a number"
            )
    strange = [rule.kind for rule in rules if rule.kind not in KINDS]
    if strange:
        why = f"there is no fault {strange[0]!r}"
        raise json_file.broken(path, why)
    return rules


def token_of(array: str, rules: Iterable[Rule]) -> str | None:
    """Return the token that an array accepts because of a fault; the last rule
    counts."""
    sites = [site for site, name in ARRAYS.items() if name == array]
    found = None
    for rule in rules:
        # an older version counted how often such a rule applied
        lasts = rule.of.family == "token" and not rule.spent
        if lasts and rule.site in (None, *sites):
            found = changed_token(array, rule.id)
    return found


def die() -> None:
    """End this process as SIGKILL does, without any clean-up."""
    os.kill(os.getpid(), signal.SIGKILL)


class FaultPlan:
    """The faults as one site meets them."""

    def __init__(
        self,
        file: FaultFile,
        site: str,
        crash: Callable[[], None] = die,
    ) -> None:
        self.file = file
        self._site = site
        self._crash = crash
        #: set when the site has died, or was killed, within a process that
        #: goes on: none of its threads may do anything from then on
        self.dead = False

    def alive(self) -> None:
        """Raise in every thread that still works for a dead site."""
        if self.dead:
            raise SiteCrash(f"{self._site} is dead")

    def at(self, point: str) -> None:
        """Pass a point of the engine, or of an array."""
        self._pass(point)

    def at_each(self, point: str, name: str) -> None:
        """Pass the same point for one of the resources that a step handles."""
        self._pass(f"{point}/{name}")

    def _pass(self, point: str) -> None:
        self.alive()
        stage, _, name = point.partition(":")
        rule = self._applied("point", name, stage)
        if rule is None:
            return
        if rule.kind == "crash":
            self.dead = True
            self._crash()
            raise SiteCrash(f"{self._site} at {point}")
        raise StepFault(rule.message)

    def cuts(self, target: str) -> bool:
        self.alive()
        # a site is never cut off from its own cloud
        if target == self._site:
            return False
        return self._applied("link", target) is not None

    def delay(self, point: str) -> float:
        """Return how much longer a point takes."""
        stage, _, name = point.partition(":")
        return sum(
            rule.seconds for rule in self._matching("delay", name, stage)
        )

    def token(self, array: str) -> str | None:
        return token_of(array, self.file.rules())

    def transport(self, method: str, path: str) -> Rule | None:
        """Return the rule that applies to a request at this site, if any."""
        return self._applied("transport", f"{method} {path}")

    def asked_for(self, rule: Rule) -> bool:
        """Return whether a rule was not cleared, be it used up or not."""
        return any(one.id == rule.id for one in self.file.rules())

    def database(self) -> None:
        """Run before each write; raise what a fault asks for."""
        self.alive()
        rule = self._applied("database", "write")
        if rule is not None:
            raise sqlite3.OperationalError(rule.message)

    def _applied(
        self, family: str, subject: str, stage: str | None = None
    ) -> Rule | None:
        for rule in self._matching(family, subject, stage):
            struck = self.file.apply(rule.id)
            if struck is not None:
                return struck
        return None

    def _matching(
        self, family: str, subject: str, stage: str | None
    ) -> list[Rule]:
        return [
            rule
            for rule in self.file.rules()
            if rule.of.family == family
            and rule.site in (None, self._site)
            and (stage is None or rule.stage == stage)
            and (fits_point if family == "point" else fits)(
                rule.match, subject
            )
        ]
