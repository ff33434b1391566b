"""The steps of each operation, with the progress at the end of each."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Step:
    name: str
    #: progress when the step ends, in percent
    end: int


def _plan(**ends: int) -> tuple[Step, ...]:
    return tuple(Step(name, end) for name, end in ends.items())


_REBUILD = {
    "validate_target_site": 10,
    "get_latest_snapshot": 20,
    "promote_volumes_on_flasharray": 40,
    "manage_volumes_into_cinder": 60,
    "recreate_instances": 90,
}

PLANS = {
    "failover": _plan(**_REBUILD, update_protection_group_state=100),
    "failback": _plan(**_REBUILD, update_protection_group_state=100),
    "test_failover": _plan(
        validate_target_site=10,
        get_latest_snapshot=20,
        clone_volumes_on_flasharray=40,
        manage_volumes_into_cinder=60,
        create_test_instances=95,
        record_test_resources=100,
    ),
    "test_cleanup": _plan(
        delete_test_instances=45,
        unmanage_test_volumes=70,
        delete_cloned_volumes=95,
        update_protection_group_state=100,
    ),
    "sync_volumes": _plan(
        create_snapshot=30,
        replicate_snapshot=90,
        record_replication=100,
    ),
    # with discard alone; without it nothing has to be kept or removed
    "sync_force": _plan(
        stop_discarded_instances=40,
        keep_snapshots=60,
        update_protection_group_state=100,
    ),
}
#: a failback that was asked to replicate the other way again
REVERSING = _plan(
    **_REBUILD, reverse_replication=95, update_protection_group_state=100
)


def plan_of(type_: str, reverse_replication: bool) -> tuple[Step, ...]:
    """Return the steps of an operation, in order."""
    if type_ == "failback" and reverse_replication:
        return REVERSING
    return PLANS[type_]
