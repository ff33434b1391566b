"""The published troubleshooting page as a table."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping

from protectorclient.escape import (
    ShellCommand,
    protector,
    shell_word,
)


def filled(line: str, names: Mapping[str, str]) -> str:
    """Fill in the names of a line: ``{group}`` and others.

    In a command each of them is one word.
    """
    typed = isinstance(line, ShellCommand)

    def named(found: re.Match[str]) -> str:
        name = names.get(found[1])
        if name is None:
            return found[0]
        return shell_word(name) if typed else name

    text = re.sub(r"{(\w+)}", named, line)
    return ShellCommand(text) if typed else text


@dataclasses.dataclass(frozen=True)
class Advice:
    """One symptom, what causes it and what helps.

    ``{group}``, ``{operation}`` and ``{site}`` stand for the names of the
    day; see `filled`.
    """

    #: A word for the row.
    key: str
    symptom: str
    cause: str
    #: What to do, in order.
    fix: tuple[str, ...]
    #: Commands to type, in order, and sentences between them.
    commands: tuple[str, ...] = ()
    #: Reasons of the service it belongs to, without the prefix.
    reasons: tuple[str, ...] = ()
    #: Steps at which an operation that shows it has failed.
    steps: tuple[str, ...] = ()
    #: Operations it is limited to.
    types: tuple[str, ...] = ()
    #: What the message says, as a regular expression.
    message: str | None = None

    def filled(
        self,
        *,
        group: str = "GROUP",
        operation: str = "OPERATION",
        site: str = "SITE",
    ) -> Advice:
        """Fill in the names of all resources."""
        return self.naming(group=group, operation=operation, site=site)

    def naming(self, **names: str) -> Advice:
        """Fill in some of the names."""

        return dataclasses.replace(
            self,
            cause=filled(self.cause, names),
            fix=tuple(filled(text, names) for text in self.fix),
            commands=tuple(filled(line, names) for line in self.commands),
        )


PEER_UNREACHABLE = Advice(
    key="peer-unreachable",
    symptom="Cannot modify protection group — remote site unreachable",
    cause="The peer site's Protector API does not answer. Everything that"
    " changes a group is blocked then, so that the metadata of the two"
    " sites cannot diverge.",
    fix=(
        "Check the network path to the peer's API endpoint:"
        " curl http://<peer-controller>:8788/",
        "Check on the peer that protector-api runs:"
        " systemctl status protector-api",
        "In a genuine outage fail over without the primary; not while both"
        " sites are healthy.",
        "When the peer is back, look at the sync status and force a sync"
        " before anything else.",
    ),
    commands=(
        protector("protection-group failover {group} --type unplanned"),
        protector("protection-group sync-status {group}"),
        protector("protection-group sync-force {group}"),
    ),
    reasons=("peer-unreachable",),
    message=r"remote site unreachable|does not answer|is unreachable",
)

CINDER_POLICY = Advice(
    key="cinder-policy",
    symptom="The operation fails at manage_volumes_into_cinder with a 403"
    " or a policy error",
    cause="The Cinder policy of the target site does not allow the member"
    " role to manage and unmanage volumes.",
    fix=(
        "Add to the target site's /etc/cinder/policy.yaml:"
        ' "volume_extension:volume_manage": "rule:admin_or_owner",'
        ' "volume_extension:volume_unmanage": "rule:admin_or_owner",'
        ' "volume_extension:services:index": "rule:admin_or_owner"',
        "With Kolla-Ansible edit /etc/kolla/config/cinder/policy.yaml and"
        " run: kolla-ansible -i inventory reconfigure -t cinder",
        "Then start the operation again.",
    ),
    steps=(
        "manage_volumes_into_cinder",
        "unmanage_test_volumes",
    ),
    message=r"\b403\b|[Pp]olicy|[Ff]orbidden|not allowed",
)

STORAGE = Advice(
    key="storage",
    symptom="The operation fails at get_latest_snapshot or"
    " promote_volumes_on_flasharray with a storage error",
    cause="The policy's credentials are wrong, the target's FlashArray is"
    " out of reach, or no snapshot has been replicated yet.",
    fix=(
        "Look whether the group has a replication policy.",
        "Check from the controller that the FlashArray answers:"
        " curl -k https://<flasharray>",
        "Look for a complete recovery point; without one start a sync and"
        " wait for its end.",
        "Where credentials have changed, set the policy again.",
    ),
    commands=(
        protector("policy show {group}"),
        protector("consistency-group show {group}"),
        protector("consistency-group sync {group} --wait"),
        protector(
            "policy set {group}"
            " --primary-fa-url https://ARRAY-A --secondary-fa-url https://ARRAY-B"
            " --primary-fa-api-token-env TOKEN_A"
            " --secondary-fa-api-token-env TOKEN_B"
        ),
    ),
    reasons=("policy-missing",),
    steps=(
        "get_latest_snapshot",
        "promote_volumes_on_flasharray",
        "clone_volumes_on_flasharray",
        "create_snapshot",
        "replicate_snapshot",
        "reverse_replication",
    ),
)

NO_SNAPSHOT = dataclasses.replace(
    STORAGE,
    cause="No snapshot of the group's volumes has been replicated to the"
    " target yet.",
    fix=(
        "Look whether the group has a replication policy.",
        "Start a sync and wait for its end: then there is a complete"
        " recovery point.",
        "Then start the operation again.",
    ),
    commands=(
        protector("policy show {group}"),
        protector("consistency-group sync {group} --wait"),
        protector("consistency-group show {group}"),
    ),
    message=r"[Nn]o replicated snapshot|has not completed once",
)

NO_SNAPSHOT_SINCE = dataclasses.replace(
    NO_SNAPSHOT,
    cause="No snapshot of the volumes that the group has today has been"
    " replicated to the target: none since the group's last move. Snapshots"
    " from before that are of other volumes.",
    message=r"since its last move",
)

ARRAY_TOKEN = dataclasses.replace(
    STORAGE,
    cause="A FlashArray does not accept the API token of the group's"
    " replication policy.",
    fix=(
        "Look which array the message names, and which the policy.",
        "Set the policy's tokens again; the rest of it stays as it is.",
        "Then start the operation again.",
    ),
    commands=(
        protector("policy show {group}"),
        protector(
            "policy set {group}"
            " --primary-fa-api-token-env TOKEN_A"
            " --secondary-fa-api-token-env TOKEN_B"
        ),
    ),
    message=r"API token|[Cc]redentials",
)

#: What a message says more exactly than the row, before the row itself.
NARROWER: dict[str, tuple[Advice, ...]] = {
    STORAGE.key: (NO_SNAPSHOT_SINCE, NO_SNAPSHOT, ARRAY_TOKEN)
}

STUCK = Advice(
    key="stuck",
    symptom="The operation has been running for more than 15 minutes"
    " without progress",
    cause="The protector-engine of the site may have died, or lost its"
    " database, in the middle of the operation.",
    fix=(
        "Check the engine: systemctl status protector-engine, and"
        " journalctl -u protector-engine -n 100",
        "Restart it where it is stopped: systemctl restart"
        " protector-engine. It picks up what is unfinished.",
        "Where that does not help, look how far the steps have come: what"
        " is left at the target site may have to be removed by hand before"
        " the next attempt.",
    ),
    commands=(
        "on {site}'s controller:",
        ShellCommand("systemctl status protector-engine"),
        ShellCommand("journalctl -u protector-engine -n 100"),
        "there, where it is stopped:",
        ShellCommand("systemctl restart protector-engine"),
        "then, from here:",
        protector("operation show {operation}"),
    ),
)

NOT_FAILED_OVER = Advice(
    key="not-failed-over",
    symptom="Protection Group is not in failed_over state",
    cause="A failback is only for a group that has failed over. A failover"
    " before may not have completed, or may have been rolled back.",
    fix=(
        "Look at the group's status and at its current primary site.",
        "Look at what has been done with the group.",
    ),
    commands=(
        protector("protection-group show {group}"),
        protector("operation list --all-sites --protection-group {group}"),
    ),
    reasons=("invalid-state",),
    message=r"not in failed_over state",
)

OUT_OF_SYNC = Advice(
    key="out-of-sync",
    symptom="After an unplanned failover the metadata are OUT OF SYNC",
    cause="The failed primary could not be told of the failover. That is"
    " to be expected.",
    fix=(
        "Once the failed site is back, force a sync from the site that is"
        " active now.",
        "Check that both sites have the same version before anything else.",
    ),
    commands=(
        protector("protection-group sync-force {group}"),
        protector("protection-group sync-status {group}"),
    ),
    reasons=("out-of-sync", "metadata-conflict"),
)

TEST_LEFT = Advice(
    key="test-left",
    symptom="A test clean-up leaves volumes or instances at the target",
    cause="The clean-up failed on its way, or was never run after a test"
    " failover.",
    fix=(
        "Run the clean-up again: it removes what is left.",
        "If it goes on failing, take the resources from the test failover's"
        " result_data and remove them in Nova and Cinder of the target.",
    ),
    commands=(protector("protection-group test-cleanup {group} --wait"),),
    reasons=("test-not-cleaned",),
    types=("test_cleanup",),
)

NEVER_CLEANED = dataclasses.replace(
    TEST_LEFT,
    cause="No clean-up has been run after the test failover.",
    fix=("Run the clean-up, once the test is no longer needed.",),
)

#: In this order; the first that fits is given.
TABLE = (
    PEER_UNREACHABLE,
    CINDER_POLICY,
    STORAGE,
    STUCK,
    NOT_FAILED_OVER,
    OUT_OF_SYNC,
    TEST_LEFT,
)
