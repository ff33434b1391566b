"""The same runs with two real processes, and a kill that asks nobody."""

import contextlib
import dataclasses
import pathlib
import random
import signal
import time
from collections.abc import Callable
from typing import Any

import requests
from keystoneauth1 import session as keystone
from keystoneauth1.identity import v3

from fakeserver import compose
from fakeserver.base.clock import SharedClock
from fakeserver.base.fault_points import NoFaults
from fakeserver.base.seed_world import ARRAY_TOKENS, SITES
from fakeserver.cli import lifecycle
from fakeserver.engine.model.document import TOKENS
from fakeserver.local import controls, fault_rules
from fakeserver.sandbox import cloudsyaml, process
from fakeserver.sandbox.folder import Folder
from fakeserver.store import groups, operations
from tests.chaos import ledger
from tests.chaos.changes import ACTS, Changes
from tests.chaos.driver import GROUP, OTHER, RENAMES
from tests.chaos.people import Operator

#: real seconds that anything may take until it ends
END_TIMEOUT = 90.0
#: engine seconds that pass while the test waits, each tenth of a second
STRIDE = 2.0
#: real seconds in which a keeper has done what is due; a push that was
#: refused is tried again in one of ten
FOLLOW_UP = 15.0
PACE = 0.1
#: engine seconds that pass before anybody does anything
REST = 1000.0
#: real seconds over which the moment of a kill is spread: an operation
SPAN = 0.9

ACTIONS: dict[str, tuple[str, ...]] = {
    "failover": (),
    "failback": ("failover",),
    "failback-reversed": ("failover",),
    "test-stopped": (),
    "cleanup": ("test",),
    "sync": (),
    "forced": (),
}
BLOWS = ("kill", "kill", "kill-peer", "kill-both", "crash", "kill-and-forced")
STEPS = (
    "validate_target_site",
    "get_latest_snapshot",
    "*_volumes_on_flasharray",
    "manage_volumes_into_cinder",
    "*_instances",
    "push",
    "clean",
)


@dataclasses.dataclass(frozen=True)
class Story:
    """What a seed says; when a kill falls is for the machine to say."""

    seed: int
    action: str
    blow: str
    #: seconds after the start, or the point of the engine
    delay: float
    step: str
    stage: str
    order: tuple[str, str]
    #: what is changed before the operation, if anything
    change: str | None = None
    #: what the other group does at the same time, if anything
    other: str | None = None
    #: where Cinder's driver renames what it manages and unmanages
    renames: str = ""

    def is_deaf(self, site: str) -> bool:
        """Every array hears of a stopped server: no process is patched."""
        return False

    @classmethod
    def of(cls, seed: int) -> "Story":
        dice = random.Random(f"processes/{seed}")
        order = list(SITES)
        action, blow = dice.choice(sorted(ACTIONS)), dice.choice(BLOWS)
        delay = dice.uniform(0.0, SPAN)
        step = dice.choice(STEPS)
        stage = dice.choice(("before", "inside", "after"))
        if step in ("push", "clean"):
            stage = "commit"
        dice.shuffle(order)
        return cls(
            seed,
            action,
            blow,
            delay,
            step,
            stage,
            (order[0], order[1]),
            dice.choice((None, *ACTS)),
            dice.choice((None, "failover", "test", "sync")),
            random.Random(f"renames/{seed}").choice(RENAMES),
        )


class RealSite:
    """A process, and its files seen from outside."""

    def __init__(self, pair: "RealPair", name: str) -> None:
        self.name = name
        self._pair = pair
        self.config = pair.folder.config(pair.settings, name)
        self.url = self.config.url
        self.world = compose.world_of(self.config)
        self.parts: Any = compose.open_parts(
            self.config, clock=pair.clock, faults=NoFaults()
        )

    @property
    def running(self) -> bool:
        return process.running(self._pair.folder, self.name) is not None

    def start(self) -> None:
        lifecycle.start(self._pair.folder, self.name)

    def kill(self) -> None:
        lifecycle.end(self._pair.folder, self.name, signal.SIGKILL)

    def unfinished(self) -> bool:
        return bool(operations.unfinished(self.parts.db))


class RealPair:
    """Two processes behind the face of a LocalPair."""

    def __init__(self, directory: pathlib.Path, renames: str) -> None:
        self.folder = Folder(directory)
        asked = {"port": 0, "peer_port": 0, "pace": PACE, "seed": 1}
        lifecycle.up(self.folder, {**asked, "rename_on_manage": renames})
        self.settings = self.folder.settings()
        self.clock = SharedClock(directory / "clock.json")
        self.sites = {name: RealSite(self, name) for name in SITES}

    def site(self, name: str) -> RealSite:
        return self.sites[name if name in SITES else f"site-{name}"]

    def session(self, cloud: str = "site-a") -> keystone.Session:
        site = self.sites[SITES[0]]
        urls = {n: it.config.auth_url for n, it in self.sites.items()}
        entry = cloudsyaml.clouds(site.world, urls, site.config)[cloud]
        http = requests.Session()
        http.trust_env = False
        # a connection that was kept does not outlive the site
        http.headers["Connection"] = "close"
        return keystone.Session(
            auth=v3.Password(**entry["auth"]), session=http
        )

    def reset(self) -> None:
        for site in self.sites.values():
            if not site.running:
                site.start()
        controls.reset(self.folder)

    def settle(self) -> None:
        """Until nothing works any more, at the sites that run."""
        self._until(
            lambda: (
                not any(
                    site.running and site.unfinished()
                    for site in self.sites.values()
                )
            )
        )

    def calm(self) -> None:
        """Also until what is due afterwards has been done."""
        self.settle()
        end = time.monotonic() + FOLLOW_UP
        while time.monotonic() < end and self._anything_due():
            time.sleep(0.1)

    def _anything_due(self) -> bool:
        found = [
            group.local
            for site in self.sites.values()
            for group in (
                *groups.to_look_at(site.parts.db),
                *groups.with_push(site.parts.db, "due"),
                *groups.with_push(site.parts.db, "refused"),
            )
        ]
        return any(local.look or local.push_repeat for local in found)

    def until_down(self, name: str) -> None:
        site = self.sites[name]
        self._until(lambda: not site.running or not site.unfinished())

    def _until(self, done: Callable[[], bool]) -> None:
        end = time.monotonic() + END_TIMEOUT
        while not done():
            if time.monotonic() > end:
                raise AssertionError("it runs for ever")
            time.sleep(0.1)
            # nobody waits for a quarter of an hour in a test
            self.clock.advance(STRIDE)

    def close(self) -> None:
        for site in self.sites.values():
            compose.close_parts(site.parts)
        lifecycle.down(self.folder)


class Run:
    """A story told to two processes."""

    def __init__(self, story: Story, pair: RealPair) -> None:
        self.story = story
        self.pair = pair
        pair.reset()
        ledger.begin(pair)
        dice = random.Random(f"people/{story.seed}")
        self.operators = (
            Operator(pair, GROUP, dice),  # type: ignore[arg-type]
            Operator(pair, OTHER, dice),  # type: ignore[arg-type]
        )
        self.operator, self.other = self.operators
        self.changes = {one.id: Changes(one) for one in self.operators}
        self.tokens = {
            one.id: dict(zip(TOKENS, ARRAY_TOKENS.values(), strict=True))
            for one in self.operators
        }
        # these stories have neither attributes nor obstacles
        self.given: dict[str, Any] = {}
        self.placed = None
        self.log: list[str] = []
        self.moments = self
        self.struck = [
            f"{story.blow} {story.step} {story.stage}"
            if story.blow == "crash"
            else f"{story.blow} after {story.delay:.2f} s"
        ]
        self.overtaken: list[tuple[str, str]] = []

    def drain(self) -> None:
        self.pair.calm()

    def do(self, action: str) -> None:
        self.log.append(f"{action}: {self.operator.start(action)}")
        self.pair.calm()

    def tell(self) -> None:
        story, pair = self.story, self.pair
        for earlier in ACTIONS[story.action]:
            self.do(earlier)
        # there is more than one recovery point to choose from
        pair.clock.advance(REST)
        if story.change is not None:
            said = self.changes[self.operator.id].make(story.change)
            self.log.append(f"changed {said}")
        here = self.operator.primary()
        assert here is not None, "nobody has been struck so far"
        if story.action == "forced":
            pair.site(here).kill()
            here = "site-b"
        if story.blow == "crash":
            fault_rules.add_fault(
                pair.folder,
                "crash",
                site=here,
                match=story.step,
                stage=story.stage,
                times=1,
            )
        if story.other is not None:
            said = self.other.start(story.other)
            self.log.append(f"{self.other.name} {story.other}: {said}")
        self.log.append(f"{story.action}: {self.operator.start(story.action)}")
        self._strike(here)
        self._heal()

    def _strike(self, here: str) -> None:
        pair, blow = self.pair, self.story.blow
        other = next(name for name in SITES if name != here)
        if blow == "crash":
            pair.until_down(here)
            return
        time.sleep(self.story.delay)
        for name in SITES:
            own = name == here and blow != "kill-peer"
            if (
                own
                or blow == "kill-both"
                or (blow == "kill-peer" and name == other)
            ):
                pair.site(name).kill()
        if blow == "kill-and-forced" and pair.site(other).running:
            self.log.append(f"forced: {self.operator.force()}")
            pair.settle()

    def _heal(self) -> None:
        pair = self.pair
        for name in self.story.order:
            pair.site(name).start()
        fault_rules.clear_faults(pair.folder)
        pair.calm()
        for operator in self.operators:
            if operator.forced:
                self.log.append(f"sync: {operator.sync()}")
        for operator in self.operators:
            operator.send_again()
        pair.calm()


@contextlib.contextmanager
def running(directory: pathlib.Path, renames: str) -> Any:
    pair = RealPair(directory, renames)
    try:
        yield pair
    finally:
        pair.close()
