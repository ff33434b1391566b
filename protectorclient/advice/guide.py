"""The published troubleshooting page as a table; its own words."""

from __future__ import annotations

import dataclasses

from protectorclient.advice import commands
from protectorclient.advice.row import Advice
from protectorclient.escape import ShellCommand

PEER_UNREACHABLE = Advice(
    key="peer-unreachable",
    symptom="Operation rejected with Cannot modify protection group — remote"
    " site unreachable",
    cause="The peer site's Protector API is not responding. Protector blocks"
    " all state-changing operations by default to prevent metadata"
    " divergence between sites.",
    fix=(
        "Verify network connectivity to the peer site's API endpoint:"
        " curl http://peer-site-controller:8788/",
        "Confirm protector-api is running on the peer site:"
        " systemctl status protector-api",
        "If this is a genuine unplanned outage (not a connectivity blip),"
        " fail over with --type unplanned. Do not do so if both sites are"
        " healthy.",
        "After the peer site recovers, check sync status and run a forced"
        " metadata sync before resuming normal operations.",
    ),
    commands=(
        commands.UNPLANNED,
        commands.SYNC_STATUS,
        commands.SYNC_FORCE,
    ),
    next=(commands.CHECK, commands.LIST_GROUPS),
    reasons=("peer-unreachable",),
    message=r"remote site unreachable|does not answer|is unreachable",
)

CINDER_POLICY = Advice(
    key="cinder-policy",
    symptom="Operation fails at the manage_volumes_into_cinder step with a"
    " 403 or policy error",
    cause="The Cinder policy on the target site does not allow the member"
    " role to call volume_manage or volume_unmanage.",
    fix=(
        "Add the following to the target site's Cinder policy file"
        " (/etc/cinder/policy.yaml):"
        ' "volume_extension:volume_manage": "rule:admin_or_owner",'
        ' "volume_extension:volume_unmanage": "rule:admin_or_owner",'
        ' "volume_extension:services:index": "rule:admin_or_owner"',
        "For Kolla-Ansible deployments, update"
        " /etc/kolla/config/cinder/policy.yaml and run:"
        " kolla-ansible -i inventory reconfigure -t cinder",
        "Then retry the operation.",
    ),
    steps=(
        "manage_volumes_into_cinder",
        "unmanage_test_volumes",
    ),
    message=r"\b403\b|[Pp]olicy|[Ff]orbidden|not allowed",
)

STORAGE = Advice(
    key="storage",
    symptom="Operation fails at get_latest_snapshot or"
    " promote_volumes_on_flasharray with a storage error",
    cause="The replication policy credentials are incorrect, the FlashArray"
    " on the target site is unreachable, or no replicated snapshot exists"
    " yet (replication may never have run).",
    fix=(
        "Confirm the replication policy is configured.",
        "Verify the FlashArray management IP is reachable from the"
        " controller node: curl -k https://flasharray-b.example.com",
        "Check that at least one replication cycle has completed. Force an"
        " immediate sync and wait for it to complete before retrying the"
        " failover.",
        "If credentials have changed, update the replication policy.",
    ),
    commands=(
        commands.SHOW_POLICY,
        commands.SHOW_VOLUMES,
        commands.SYNC_VOLUMES,
        commands.SET_POLICY,
    ),
    steps=(
        "get_latest_snapshot",
        "promote_volumes_on_flasharray",
        "clone_volumes_on_flasharray",
        "create_snapshot",
        "replicate_snapshot",
        "reverse_replication",
    ),
)

#: What a message says more exactly than the page.
NO_SNAPSHOT = dataclasses.replace(
    STORAGE,
    key="recovery-point",
    cause="No snapshot of the group's volumes has been replicated to the"
    " target yet.",
    fix=(
        "Look whether the group has a replication policy.",
        "Start a sync and wait for its end: then there is a complete"
        " recovery point.",
        "Then start the operation again.",
    ),
    commands=(
        commands.SHOW_POLICY,
        commands.SYNC_VOLUMES,
        commands.SHOW_VOLUMES,
    ),
    next=(commands.SYNC_VOLUMES,),
    message=r"[Nn]o replicated snapshot|has not completed once",
)

NO_SNAPSHOT_SINCE = dataclasses.replace(
    NO_SNAPSHOT,
    key="recovery-point-since-move",
    cause="No snapshot of the volumes that the group has today has been"
    " replicated to the target: none since the group's last move. Snapshots"
    " from before that are of other volumes.",
    message=r"since its last move",
)

ARRAY_TOKEN = dataclasses.replace(
    STORAGE,
    key="array-token",
    cause="A FlashArray does not accept the API token of the group's"
    " replication policy.",
    fix=(
        "Look which array the message names, and which the policy.",
        "Set the policy's tokens again; the rest of it stays as it is.",
        "Then start the operation again.",
    ),
    commands=(commands.SHOW_POLICY, commands.SET_POLICY_TOKENS),
    message=r"API token|[Cc]redentials",
)

STUCK = Advice(
    key="stuck",
    symptom="Operation status stuck at running with no progress change for"
    " more than 15 minutes",
    cause="The protector-engine process on the active site may have died or"
    " lost its database connection mid-operation.",
    fix=(
        "Check engine health: systemctl status protector-engine and"
        " journalctl -u protector-engine -n 100",
        "If the engine is stopped, restart it: systemctl restart"
        " protector-engine. The engine will pick up pending operations from"
        " the database on startup.",
        "If the operation remains stuck after engine restart, check the"
        " steps_completed field to see how far it progressed. Depending on"
        " the step, you may need to manually clean up partial resources"
        " (orphaned volumes or instances on the target site) before"
        " retrying.",
    ),
    commands=(
        "on {site}'s controller:",
        ShellCommand("systemctl status protector-engine"),
        ShellCommand("journalctl -u protector-engine -n 100"),
        "there, where it is stopped:",
        ShellCommand("systemctl restart protector-engine"),
        "then, from here:",
        commands.SHOW_OPERATION,
    ),
)

NOT_FAILED_OVER = Advice(
    key="not-failed-over",
    symptom="Failback rejected with Protection Group is not in failed_over"
    " state",
    cause="The Protection Group status is not failed_over. Failback is only"
    " valid from this state.",
    fix=(
        "Inspect status and current_primary_site_id. If the group shows"
        " active and current_primary_site_id points to what you consider the"
        " secondary, a previous failover may not have completed or may have"
        " rolled back.",
        "Review operation history filtered by the Protection Group ID.",
    ),
    commands=(commands.SHOW_GROUP, commands.HISTORY),
    next=(commands.HISTORY, commands.LIST_OPERATIONS),
    reasons=("invalid-state",),
    message=r"not in failed_over state",
)

OUT_OF_SYNC = Advice(
    key="out-of-sync",
    symptom="After unplanned failover, metadata sync shows OUT OF SYNC and"
    " version mismatch",
    cause="During the unplanned failover, Protector could not reach the"
    " failed primary site to push the updated metadata. This is expected"
    " behavior.",
    fix=(
        "Once the failed site recovers, force a metadata sync from the"
        " currently active site.",
        "Verify both sites are at the same version before attempting any"
        " further modifications or operations.",
    ),
    commands=(commands.SYNC_FORCE, commands.SYNC_STATUS),
    next=(commands.SYNC_FORCE, commands.LIST_GROUPS),
)

TEST_LEFT = Advice(
    key="test-left",
    symptom="Test cleanup leaves orphaned volumes or instances on the target"
    " site",
    cause="The test_cleanup operation failed partway through, or was never"
    " run after a test failover.",
    fix=(
        "Re-issue the test_cleanup action. Protector tracks which resources"
        " were created during the test failover in the operation's"
        " result_data field and will attempt to remove them.",
        "If cleanup continues to fail, identify the resources from the test"
        " failover operation's result_data and remove them manually via the"
        " Nova and Cinder APIs on the target site.",
    ),
    commands=(commands.TEST_CLEANUP,),
    next=(commands.TEST_CLEANUP, commands.LIST_GROUPS),
    reasons=("test-not-cleaned",),
    types=("test_cleanup",),
)

NEVER_CLEANED = dataclasses.replace(
    TEST_LEFT,
    key="never-cleaned",
    cause="No clean-up has been run after the test failover.",
    fix=("Run the clean-up, once the test is no longer needed.",),
    reasons=(),
    types=(),
)

#: The page: seven symptoms, in its order.
PAGE = (
    PEER_UNREACHABLE,
    CINDER_POLICY,
    STORAGE,
    STUCK,
    NOT_FAILED_OVER,
    OUT_OF_SYNC,
    TEST_LEFT,
)
#: What is said more exactly than on the page.
NARROWER = (NO_SNAPSHOT_SINCE, NO_SNAPSHOT, ARRAY_TOKEN, NEVER_CLEANED)
