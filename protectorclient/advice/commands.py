"""The commands that messages print to be typed next, each of them once.

In the place of names stand ``{group}``, ``{operation}``, ``{site}`` and
others: see `protectorclient.escape.fill`.
"""

from __future__ import annotations

from protectorclient.escape import protector

# Groups

LIST_GROUPS = protector("protection-group list")
SHOW_GROUP = protector("protection-group show {group}")
#: For an administrator.
SET_STATUS = protector("protection-group set {group} --status {status}")
CHECK = protector("protection-group check {group}")
#: ``{purpose}`` is one of `actions.ACTIONS`.
CHECK_FOR = protector("protection-group check {group} --for {purpose}")
UNPLANNED = protector("protection-group failover {group} --type unplanned")
#: Bring the group home, and protect it there.
FAILBACK = protector(
    "protection-group failback {group} --reverse-replication --wait"
)
TEST_FAILOVER = protector(
    "protection-group test-failover {group} --retain-primary --wait"
)
TEST_CLEANUP = protector("protection-group test-cleanup {group} --wait")

# The metadata of both sites

SYNC_STATUS = protector("protection-group sync-status {group}")
#: Copy the metadata of the site that is ahead.
SYNC_FORCE = protector("protection-group sync-force {group}")
SYNC_FORCE_WINNER = protector(
    "protection-group sync-force {group} --winner {site}"
)
#: Show what each site holds, and bring them together.
RECONCILE = protector("protection-group reconcile {group}")
RECONCILE_WINNER = protector(
    "protection-group reconcile {group} --winner {site}"
)

# Replication

SHOW_VOLUMES = protector("consistency-group show {group}")
#: Make a recovery point, and start a replication that is stopped.
SYNC_VOLUMES = protector("consistency-group sync {group} --wait")
SHOW_POLICY = protector("policy show {group}")
#: The whole command; what has to be found out stands in variables.
SET_POLICY = protector(
    "policy set {group}"
    " --primary-fa-url $PRIMARY_FA_URL"
    " --secondary-fa-url $SECONDARY_FA_URL"
    " --primary-fa-api-token-env PRIMARY_FA_API_TOKEN"
    " --secondary-fa-api-token-env SECONDARY_FA_API_TOKEN"
)
SET_POLICY_TOKENS = protector(
    "policy set {group}"
    " --primary-fa-api-token-env PRIMARY_FA_API_TOKEN"
    " --secondary-fa-api-token-env SECONDARY_FA_API_TOKEN"
)

# Members and what they need at the other site

LIST_MEMBERS = protector("member list {group}")
ADD_MEMBER = protector("member add {group} $INSTANCE")
ADD_MEMBER_NAMED = protector("member add {group} {instance}")
REMOVE_MEMBER = protector("member remove {group} {instance}")
SUGGEST = protector("mapping suggest {group}")

# Operations

LIST_OPERATIONS = protector("operation list --all-sites")
#: What has been done with a group, at both sites.
HISTORY = protector("operation list --all-sites --protection-group {group}")
TEST_HISTORY = protector(
    "operation list --all-sites --protection-group {group}"
    " --type test_failover"
)
SHOW_OPERATION = protector("operation show {operation}")
WAIT = protector("operation wait {operation}")
WATCH = protector("operation watch {operation}")
WATCH_GROUP = protector("operation watch --protection-group {group}")
WATCH_ALL = protector("operation watch --all")
DIAGNOSE = protector("operation diagnose {operation}")

# Sites

STATUS = protector("status")
LIST_SITES = protector("site list")
#: For an administrator.
VALIDATE_SITE = protector("site validate {site}")
LIST_TENANT_MAPPINGS = protector("tenant mapping list")

# Plans

RESUME_PLAN = protector("plan resume {journal}")
CHECK_PLAN = protector("plan check {plan}")
SHOW_PLAN = protector("plan show {journal}")
APPROVE_PLAN = protector("plan approve {journal} --reason TEXT")
RETRY_PLAN = protector("plan retry {journal} {group} --reason TEXT")
SKIP_PLAN = protector("plan skip {journal} {group} --reason TEXT")

# Reports

VERIFY_EVIDENCE = protector("evidence verify {directory} --head {head}")
