"""A group's whole life over real clouds: at one site, and at both."""

import contextlib
import signal
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from fakeserver.cli import lifecycle
from fakeserver.local import fault_rules
from fakeserver.sandbox import process
from fakeserver.sandbox.folder import Folder
from protectorclient.exit_codes import ExitCode
from tests.helpers.clirunner import openstack, protector
from tests.interop.full import seeding
from tests.interop.full.application import MAPPING, Application
from tests.interop.place import Place

pytestmark = [
    pytest.mark.interop_full,
    # of what its next release will change
    pytest.mark.filterwarnings("ignore:::openstack"),
]
RELEASE = pytest.mark.interop_release

A, B = "site-a", "site-b"
ONE, BOTH = (B,), (A, B)
#: the sites that are real, and whether Cinder's driver renames volumes; the
#: two that are marked otherwise are for a release
WALKS = [
    pytest.param(ONE, False, id="one-keeps"),
    pytest.param(BOTH, True, id="both-renames"),
    pytest.param(ONE, True, id="one-renames", marks=RELEASE),
    pytest.param(BOTH, False, id="both-keeps", marks=RELEASE),
]


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


def _a_list_of_services_is_no_problem(app: Application) -> None:
    """Cinder's database refuses a member the list, whatever the policy
    says."""
    listed = openstack(f"--os-cloud {B} volume service list")
    assert listed.code == 1
    assert "403" in listed.err or "admin privileges" in listed.err
    checked = protector(f"protection-group check {app.group} {MAPPING}")
    assert checked.code == 0, checked.out


def _its_group_has_a_type_that_is_not_reserved(app: Application) -> None:
    """The site adds the volumes to its group after the move, by itself."""
    assert process.wait(
        lambda: all(volume.group_id for volume in app.volumes(B)), 60
    )
    with seeding.connection(app.world, app.keystone(B), "admin") as admin:
        volumes = admin.block_storage
        kinds = {kind.id: kind.name for kind in volumes.group_types()}
        assert "default_cgsnapshot_type" in kinds.values()
        (held,) = {volume.group_id for volume in app.volumes(B)}
        group = volumes.get_group(held)
    assert kinds[group.group_type] == seeding.GROUP_TYPE


@contextlib.contextmanager
def _burns(app: Application, sandbox: Folder) -> Iterator[str]:
    """The second instance cannot be built; yields the mapping."""
    fault_rules.add_fault(
        sandbox,
        "step",
        match="recreate_instances/" + app.names[1],
        message="the hypervisor is on fire",
    )
    yield MAPPING
    fault_rules.clear_faults(sandbox)


@contextlib.contextmanager
def _fits_no_host(app: Application, sandbox: Folder) -> Iterator[str]:
    """Nova itself finds no host for the flavor; yields the mapping."""
    with seeding.connection(app.world, app.keystone(B), "admin") as admin:
        odd = admin.compute.create_flavor(
            name=f"odd-{app.group}", vcpus=1, ram=512, disk=1
        )
        # of which no host is one
        admin.compute.create_flavor_extra_specs(
            odd, {"trait:HW_CPU_X86_VMX": "required"}
        )
        yield f"{MAPPING} --flavor-mapping m1.large={odd.name}"
        admin.compute.delete_flavor(odd)


#: number of real sites -> what breaks a failover, and what the operation
#: then says: the fault of the instance, too, which the rollback deletes
_BROKEN = {
    1: (_burns, "the hypervisor is on fire"),
    2: (_fits_no_host, "No valid host was found"),
}


@pytest.mark.parametrize(("real", "renames"), WALKS)
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
    _a_list_of_services_is_no_problem(app)

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
    _its_group_has_a_type_that_is_not_reserved(app)

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

    breaks, said = _BROKEN[len(real)]
    with breaks(app, sandbox) as mapping:
        failed = app.move("failover", mapping, code=ExitCode.ROLLED_BACK)
    timed("a failover that is rolled back")
    assert said in failed["error_message"]
    assert failed["result_data"]["leftovers"] == []
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
