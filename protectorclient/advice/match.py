"""From a reason or a failed step to the likely cause and the fix.

The published troubleshooting page as a table, read by the commands and
printed into the documentation.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.advice.guide import (
    ARRAY_TOKEN,
    CINDER_POLICY,
    NARROWER,
    NEVER_CLEANED,
    NO_SNAPSHOT,
    NOT_FAILED_OVER,
    OUT_OF_SYNC,
    PEER_UNREACHABLE,
    STORAGE,
    STUCK,
    TABLE,
    TEST_LEFT,
    Advice,
)
from protectorclient.durations import STUCK_AFTER
from protectorclient.escape import AS_ADMIN, protector

if TYPE_CHECKING:
    from protectorclient.records.operation import Operation

__all__ = [
    "ARRAY_TOKEN",
    "Advice",
    "CINDER_POLICY",
    "CLOUD_UNREACHABLE",
    "INSTANCES",
    "LEFT_BEHIND",
    "LIVE_COPIES",
    "MORE",
    "NARROWER",
    "NEVER_CLEANED",
    "NOT_FAILED_OVER",
    "NO_SNAPSHOT",
    "OUT_OF_SYNC",
    "PARTIAL",
    "PEER_UNREACHABLE",
    "ROLLED_BACK",
    "STORAGE",
    "STUCK",
    "SUPERSEDED",
    "TABLE",
    "TEST_LEFT",
    "UNPROTECTED",
    "VOLUMES",
    "for_error",
    "for_operation",
]


INSTANCES = Advice(
    key="instances",
    symptom="The operation fails while it builds instances",
    cause="Nova or Neutron of the target site refused: a quota, no host"
    " with room, or a network or flavor that does not fit.",
    fix=(
        "Read the message: it is the target's own.",
        "Look at the target's quotas and hosts, and at what the instances"
        " need.",
        "Map the networks and flavors to others where these do not fit,"
        " then start the operation again.",
    ),
    commands=(protector("member list {group}"),),
    steps=("recreate_instances", "create_test_instances"),
)

VOLUMES = Advice(
    key="volumes",
    symptom="The operation fails while Cinder takes volumes over",
    cause="Cinder of the target site refused for another reason than its"
    " policy: a quota, or a volume type or backend host that does not fit.",
    fix=(
        "Read the message: it is the target's own.",
        "Compare the volume backend host of the site's record with"
        " Cinder's pools, and look at the quotas.",
        "Then start the operation again.",
    ),
    commands=(protector("consistency-group show {group}"),),
    steps=("manage_volumes_into_cinder", "unmanage_test_volumes"),
)

CLOUD_UNREACHABLE = Advice(
    key="cloud-unreachable",
    symptom="The operation fails because the cloud of a site is unreachable",
    cause="A service of the cloud of {site} (Keystone, Nova, Cinder or"
    " Neutron) does not answer the protector that works on the operation.",
    fix=(
        "Check that the services of {site} answer, from where the protector"
        " runs.",
        "Validate the site's record: its address and its account may be"
        " wrong.",
        "Then start the operation again.",
    ),
    commands=(
        "openstack --os-cloud {site} token issue",
        AS_ADMIN,
        protector("site validate {site}"),
    ),
    message=r"cloud of (?:site )?(?P<site>\S+) is unreachable",
)

SUPERSEDED = Advice(
    key="superseded",
    symptom="The operation was superseded by one at the other site",
    cause="A failover was forced at the other site while this operation"
    " was not finished. That one counts.",
    fix=(
        "Look at where the group runs now.",
        "Force a sync of the metadata once both sites answer.",
    ),
    commands=(
        protector("protection-group sync-status {group}"),
        protector("protection-group sync-force {group}"),
    ),
    message=r"superseded by",
)

PARTIAL = Advice(
    key="partial",
    symptom="A forced failover has completed, but not for all members",
    cause="The storage was promoted, and some instances could not be"
    " rebuilt at the site that is left.",
    fix=(
        "Look which members failed and why: their volumes are there.",
        "Build the missing instances by hand from their volumes, or fail"
        " back once the other site is there again.",
    ),
    commands=(
        protector("member list {group}"),
        protector("operation show {operation}"),
    ),
)

LEFT_BEHIND = Advice(
    key="left-behind",
    symptom="The operation has left something behind",
    cause="Something that it made, or had to remove, could not be removed.",
    fix=(
        "Remove by hand what is named, in Nova and Cinder of its site, as"
        " far as it is still there.",
        "Where the group is in error, an administrator then sets its status.",
    ),
    commands=(protector("protection-group show {group}"),),
)

LIVE_COPIES = Advice(
    key="live-copies",
    symptom="Instances of a group run at both sites",
    cause="A forced failover left the old primary's instances running, or an"
    " operation that failed left what it had built.",
    fix=(
        "Look which instances run beside the group: what they write is not"
        " replicated.",
        "Fail back: that stops them first and keeps a snapshot of each"
        " volume. Or stop them, where the group stays.",
    ),
    commands=(protector("protection-group check {group}"),),
)

UNPROTECTED = Advice(
    key="unprotected",
    symptom="A failback has completed, and the group is not replicated",
    cause="The failback was not asked to reverse the replication, so it"
    " stays stopped: what is written is not protected.",
    fix=("Start the replication, and wait for the first recovery point.",),
    commands=(protector("consistency-group sync {group} --wait"),),
)

ROLLED_BACK = Advice(
    key="rolled-back",
    symptom="The operation failed and was rolled back",
    cause="The message of the operation says what its step met.",
    fix=(
        "Mend what the message names.",
        "Check the group, then start the operation again.",
    ),
    commands=(protector("protection-group show {group}"),),
)

#: What the published page does not name; asked after the table.
MORE = (
    CLOUD_UNREACHABLE,
    SUPERSEDED,
    INSTANCES,
    VOLUMES,
    PARTIAL,
    LEFT_BEHIND,
    LIVE_COPIES,
    UNPROTECTED,
    ROLLED_BACK,
)


def for_operation(
    operation: Operation, *, unchanged_for: float | None = None
) -> Advice | None:
    """Find the advice for an operation that failed or does not move.

    :param unchanged_for: seconds since its record last changed.
    """
    if operation.is_finished:
        if operation.state == "completed":
            return None
        if operation.state != "failed":
            return LEFT_BEHIND
        return _for_failed(operation)
    if unchanged_for is not None and unchanged_for > STUCK_AFTER:
        return STUCK
    return None


def _for_failed(operation: Operation) -> Advice:
    message = operation.error_message or ""
    for row in (CLOUD_UNREACHABLE, PEER_UNREACHABLE, SUPERSEDED):
        found = re.search(row.message or "", message)
        if found:
            # the site that is in trouble is the one that is named
            return row.naming(**found.groupdict())
    for row in (*TABLE, *MORE):
        if operation.operation_type in row.types:
            return row
        if not any(step in row.steps for step in operation.steps_failed):
            continue
        for one in (*NARROWER.get(row.key, ()), row):
            if one.message is None or re.search(one.message, message):
                return one
    return LEFT_BEHIND if operation.leftovers else ROLLED_BACK


def for_error(error: BaseException) -> Advice | None:
    """Find the advice for a refusal or a failure."""
    if isinstance(error, exceptions.OperationError):
        if error.advice is not None:
            return error.advice
        return for_operation(error.operation) if error.operation else None
    if not isinstance(error, exceptions.HTTPError):
        return None
    word = (error.reason or "").removeprefix("protector.")
    for row in TABLE:
        if word not in row.reasons:
            continue
        if row is not NOT_FAILED_OVER or re.search(
            row.message or "", error.message
        ):
            return row
    return None
