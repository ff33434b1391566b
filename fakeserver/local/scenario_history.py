"""What has happened in a scenario before the sandbox comes up.

Each story is played by the real sites, in this process and on a clock of
its own, so that what is found afterwards is what such a day leaves behind.
"""

from collections.abc import Callable
from typing import Any

from fakeserver.base import ids
from fakeserver.base.clock import ManualClock
from fakeserver.base.fault_points import NoFaults
from fakeserver.base.seed_world import SITES
from fakeserver.compose import close_parts, open_parts, seed
from fakeserver.local.both_sites import BothSites, open_sandbox
from fakeserver.sandbox.folder import Folder, Settings
from fakeserver.sandbox.scenarios import SCENARIOS
from fakeserver.store import groups

GROUP = "prod-web-app"
A, B = SITES
#: a policy file as many a Cinder has it: nothing is said of members
STRICT = "# the rules of this Cinder are those it was born with\n"
NO_HOST = "No valid host was found. There are not enough hosts available."
NO_TIME = "Cinder at site-b did not answer in time"


def begin_anew(folder: Folder, settings: Settings, now: float) -> None:
    """Write the seeded world of a scenario, and play its history."""
    configs = [folder.config(settings, name) for name in SITES]
    for config in configs:
        config.engine_stopped.unlink(missing_ok=True)
    clock = ManualClock(now - SCENARIOS[settings.scenario].age)
    sites = [
        open_parts(config, clock=clock, faults=NoFaults())
        for config in configs
    ]
    try:
        seed(sites, anew=True)
    finally:
        for site in sites:
            close_parts(site)
    play(folder, settings, clock)


def play(folder: Folder, settings: Settings, clock: ManualClock) -> None:
    """Play the history of a scenario over its seeded world."""
    if not SCENARIOS[settings.scenario].has_history:
        return
    with (
        ids.seeded(settings.seed, settings.scenario, clock.time()),
        open_sandbox(folder, settings, clock) as pair,
    ):
        HISTORIES[settings.scenario](Stage(pair))
    folder.faults().clear()


class Stage:
    """Two sites, and the requests that a history needs."""

    def __init__(self, pair: BothSites) -> None:
        self.pair = pair
        self.world = pair.site(A).world
        [self.group] = [g.id for g in self.world.groups if g.name == GROUP]

    def do(self, site: str, action: str, **params: Any) -> None:
        """Start an action, and run it to its end."""
        project = self.world.project_id(site, "demo")
        path = f"/v1/{project}/protection-groups/{self.group}/action"
        self.pair.session(site).post(
            self.pair.site(site).url + path,
            json={action: params},
            headers={"OpenStack-API-Version": "protector 1.2"},
        )
        self.pair.drain()

    def mapping(self) -> dict[str, str]:
        world = self.world
        return {
            world.network_id(A, "net-primary-web"): world.network_id(
                B, "net-secondary-web"
            )
        }


def _cinder_403(stage: Stage) -> None:
    stage.pair.site(B).config.cinder_policy.write_text(STRICT)


def _no_snapshot(stage: Stage) -> None:
    for site in stage.pair.sites.values():
        parts = site.parts
        for seeded in stage.world.groups:
            parts.arrays.drop_group(seeded.id)
            found = groups.find(parts.db, seeded.id)
            assert found is not None
            found.local.last_replication_at = None
            with parts.db.transaction() as tx:
                groups.save(tx, found)


def _stuck_running(stage: Stage) -> None:
    stage.pair.fault(
        "crash",
        site=A,
        match="recreate_instances",
        stage="before",
    )
    stage.do(A, "failover", network_mapping=stage.mapping())
    # nobody has started it again since
    stage.pair.site(A).config.engine_stopped.touch(mode=0o600)


def _not_failed_over(stage: Stage) -> None:
    stage.pair.fault("step", match="recreate_instances", message=NO_HOST)
    stage.do(A, "failover", network_mapping=stage.mapping())


def _out_of_sync(stage: Stage) -> None:
    stage.pair.site(A).kill()
    stage.pair.advance("10m")
    stage.do(B, "failover", network_mapping=stage.mapping(), force=True)
    stage.pair.site(A).start()


def _orphans(stage: Stage) -> None:
    stage.do(
        A,
        "test_failover",
        network_mapping=stage.mapping(),
        retain_primary=True,
    )
    stage.pair.advance("20m")
    stage.pair.fault(
        "step",
        match="unmanage_test_volumes",
        stage="before",
        message=NO_TIME,
    )
    stage.do(A, "test_cleanup")


HISTORIES: dict[str, Callable[[Stage], None]] = {
    "cinder-403": _cinder_403,
    "no-snapshot": _no_snapshot,
    "stuck-running": _stuck_running,
    "not-failed-over": _not_failed_over,
    "out-of-sync": _out_of_sync,
    "orphans": _orphans,
}
