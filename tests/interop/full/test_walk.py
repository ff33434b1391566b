"""A group's whole life over real clouds: at one site, and at both."""

import signal
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from fakeserver.cli import lifecycle
from fakeserver.local import fault_rules
from fakeserver.sandbox.folder import Folder
from protectorclient.exit_codes import ExitCode
from tests.interop.full.application import MAPPING, Application
from tests.interop.place import Place

pytestmark = [
    pytest.mark.interop_full,
    # of what its next release will change
    pytest.mark.filterwarnings("ignore:::openstack"),
]

A, B = "site-a", "site-b"
REAL = {"one": (B,), "both": (A, B)}
MANNERS = {"keeps": False, "renames": True}


@pytest.fixture
def timed(
    request: pytest.FixtureRequest, shown: Callable[[str], None]
) -> Iterator[Callable[[str], None]]:
    """Says how long each part of a walk has taken."""
    began = [time.monotonic()]

    def say(what: str) -> None:
        now = time.monotonic()
        shown(f"  {request.node.name}: {what}, {now - began[0]:.1f} s")
        began[0] = now

    return say


@pytest.mark.parametrize("renames", MANNERS.values(), ids=MANNERS)
@pytest.mark.parametrize("real", REAL.values(), ids=REAL)
def test_the_life_of_a_group(
    real: Sequence[str],
    renames: bool,
    application: Callable[..., Application],
    run: Place,
    timed: Callable[[str], None],
    shown: Callable[[str], None],
) -> None:
    sandbox = Folder(run.sandbox)
    app = application(real, renames=renames)
    active = dict.fromkeys(app.names, "ACTIVE")
    assert app.running(A) == active
    at_a = app.addresses(A)
    timed("two instances and three volumes are made")

    app.protect()
    with_app = len(app.on_array(A))
    before = app.on_array(B)
    timed("the group is made and replicated")

    moved = app.move("failover", MAPPING)
    timed("failover")
    assert moved["result_data"]["instances_created"] == 2
    assert moved["result_data"]["volumes_managed"] == 3
    assert app.running(A) == {}
    assert len(app.on_array(A)) == with_app - 3
    assert app.running(B) == active
    assert app.addresses(B) == at_a
    assert {v.status for v in app.volumes(B)} == {"in-use"}
    called = {name for name in app.on_array(B) if name.endswith("-cinder")}
    assert len(called) == (3 if renames else 0)
    shown(app.show(f"--os-cloud {B} server list").out)

    app.move("failback")
    timed("failback")
    assert app.running(A) == active
    assert app.addresses(A) == at_a
    assert app.running(B) == {}
    assert app.volumes(B) == []
    assert app.on_array(B) == before

    # a drill makes no recovery point, and since the way back there is none
    app.command(f"consistency-group sync {app.group} --wait")
    app.move("test-failover", f"--retain-primary {MAPPING}")
    timed("drill")
    assert app.running(B) == {f"{n}-test": "ACTIVE" for n in app.names}
    assert app.running(A) == active
    app.move("test-cleanup")
    timed("clean-up")
    assert app.running(B) == {}
    assert app.volumes(B) == []
    assert app.on_array(B) == before

    fault_rules.add_fault(
        sandbox,
        "step",
        match="recreate_instances/" + app.names[1],
        message="the hypervisor is on fire",
    )
    failed = app.move("failover", MAPPING, code=ExitCode.ROLLED_BACK)
    timed("a failover that is rolled back")
    fault_rules.clear_faults(sandbox)
    assert "the hypervisor is on fire" in failed["error_message"]
    assert app.running(A) == active
    assert app.running(B) == {}
    assert app.volumes(B) == []
    assert app.on_array(B) == before

    lifecycle.end(sandbox, A, signal.SIGKILL)
    app.move("failover", f"--type unplanned --accept-divergence {MAPPING}")
    timed("forced failover")
    assert app.running(B) == active
    lifecycle.start(sandbox, A)
    app.command(f"protection-group sync-force {app.group}")
    back = app.move("failback")
    timed("failback over what site-a still had")
    assert len(back["result_data"]["stale_removed"]) == 2
    assert app.running(A) == active
    assert app.addresses(A) == at_a
    assert app.running(B) == {}
    assert app.volumes(B) == []

    app.command(f"protection-group delete {app.group}")
    timed("the group is deleted")
    assert app.running(A) == active
