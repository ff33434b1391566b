"""The steps by name. Each is idempotent: after a crash it finds what it has
made, and goes on from there."""

from collections.abc import Callable

from fakeserver.engine.run.step_context import StepContext
from fakeserver.engine.run.steps import (
    cleanup,
    discard,
    instances,
    prepare,
    replication,
    volumes,
)

STEPS: dict[str, Callable[[StepContext], None]] = {
    "validate_target_site": prepare.validate_target_site,
    "get_latest_snapshot": prepare.get_latest_snapshot,
    "promote_volumes_on_flasharray": volumes.promote,
    "clone_volumes_on_flasharray": volumes.clone,
    "manage_volumes_into_cinder": volumes.manage,
    "recreate_instances": instances.recreate,
    "create_test_instances": instances.create_tests,
    "reverse_replication": replication.reverse,
    "create_snapshot": replication.create_snapshot,
    "replicate_snapshot": replication.replicate_snapshot,
    "delete_test_instances": cleanup.delete_instances,
    "unmanage_test_volumes": cleanup.unmanage_volumes,
    "delete_cloned_volumes": cleanup.delete_volumes,
    "stop_discarded_instances": discard.stop_instances,
    "keep_snapshots": discard.keep_snapshots,
}
