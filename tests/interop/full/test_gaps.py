"""Where real Nova and Cinder differ from what one would write down."""

from collections.abc import Callable

import pytest

from fakeserver.sandbox import process
from protectorclient.exit_codes import ExitCode
from tests.helpers.clirunner import openstack, protector
from tests.interop.full import seeding
from tests.interop.full.application import MAPPING, Application

pytestmark = [
    pytest.mark.interop_full,
    pytest.mark.filterwarnings("ignore:::openstack"),
]

A, B = "site-a", "site-b"


@pytest.fixture
def app(application: Callable[..., Application]) -> Application:
    """An application at the emulated site-a; site-b is real."""
    made = application([B])
    made.protect()
    return made


def test_the_group_of_volumes_has_a_type_that_is_not_reserved(
    app: Application,
) -> None:
    app.move("failover", MAPPING)
    # the site adds them to its group after the move, by itself
    assert process.wait(
        lambda: all(volume.group_id for volume in app.volumes(B)), 60
    )
    admin = seeding.connection(app.world, app.keystone(B), "admin")
    with admin:
        volumes = admin.block_storage
        kinds = {kind.id: kind.name for kind in volumes.group_types()}
        assert "default_cgsnapshot_type" in kinds.values()
        (held,) = {volume.group_id for volume in app.volumes(B)}
        group = volumes.get_group(held)
    assert kinds[group.group_type] == seeding.GROUP_TYPE
    app.move("failback")
    assert app.volumes(B) == []


def test_the_fault_of_an_instance_is_in_the_operation(
    app: Application,
) -> None:
    before = app.on_array(B)
    admin = seeding.connection(app.world, app.keystone(B), "admin")
    with admin:
        odd = admin.compute.create_flavor(
            name=f"odd-{app.group}", vcpus=1, ram=512, disk=1
        )
        # of which no host is one
        admin.compute.create_flavor_extra_specs(
            odd, {"trait:HW_CPU_X86_VMX": "required"}
        )
        mapping = f"{MAPPING} --flavor-mapping m1.large={odd.name}"
        try:
            failed = app.move("failover", mapping, ExitCode.ROLLED_BACK)
        finally:
            admin.compute.delete_flavor(odd)
    assert "No valid host was found" in failed["error_message"]
    assert failed["result_data"]["leftovers"] == []
    assert set(app.running(A).values()) == {"ACTIVE"}
    assert app.running(B) == {}
    assert app.volumes(B) == []
    assert app.on_array(B) == before


def test_the_list_of_services_is_no_problem_where_volumes_are_managed(
    app: Application,
) -> None:
    """Cinder's database refuses a member the list, whatever the policy
    says."""
    listed = openstack(f"--os-cloud {B} volume service list")
    assert listed.code == 1
    assert "403" in listed.err or "admin privileges" in listed.err
    checked = protector(f"protection-group check {app.group} {MAPPING}")
    print(checked.out, checked.err)
    assert checked.code == 0, checked.out
