"""Every command, and what it ends with: the table that is tried.

``{NAME}`` stands for something that a preparation has left behind.
"""

from __future__ import annotations

WEB = "--network-mapping net-primary-web=net-secondary-web"
FAILOVER = f"protection-group failover prod-web-app {WEB}"
UNPLANNED = f"{FAILOVER} --type unplanned"
DRILL = f"protection-group test-failover prod-web-app {WEB}"
CLEANUP = "protection-group test-cleanup prod-web-app"
TOKENS = (
    "--primary-fa-api-token-env TOKEN --secondary-fa-api-token-env TOKEN "
    "--primary-fa-url https://a.example.com "
    "--secondary-fa-url https://b.example.com"
)
ADMIN = "--os-cloud site-a-admin --secondary-cloud site-b-admin "

#: each command as it ends with 0 in the seeded world
GOOD = {
    "consistency-group show": "prod-db",
    "consistency-group sync": "prod-db",
    "drill history": "",
    "drill overdue": "--older-than 1d",
    "drill verify": "{moved} --accept --long -c Attribute",
    "drift": "",
    "health show": "",
    "mapping check": "prod-web-app {mapping}",
    "mapping show": "{moved}",
    "mapping suggest": "prod-web-app",
    "member add": "bare {instance}",
    "member list": "prod-db",
    "member remove": "prod-web-app web-1",
    "operation diagnose": "{done}",
    "operation list": "--all-sites",
    "operation show": "{done}",
    "operation wait": "{done}",
    "operation watch": "{done}",
    "policy delete": "prod-db",
    "policy set": f"bare {TOKENS}",
    "policy show": "prod-db",
    "protection-group check": f"prod-web-app {WEB}",
    "protection-group create": "shop --volume-type flash-async",
    "protection-group delete": "bare",
    "protection-group failback": "prod-web-app",
    "protection-group failover": f"prod-web-app {WEB}",
    "protection-group list": "",
    "protection-group reconcile": "prod-web-app --yes",
    "protection-group set": "bare --description x",
    "protection-group show": "bare",
    "protection-group sync-force": "prod-db",
    "protection-group sync-status": "prod-db",
    "protection-group test-cleanup": "prod-web-app",
    "protection-group test-failover": f"prod-web-app {WEB} --yes",
    "readiness": "--if-dead site-b",
    "site create": "site-c --auth-url http://c.example.com/v3 "
    "--protector-url http://c.example.com:8788 --array-name array-c "
    "--volume-backend-host c@d#e --username u --project-name p "
    "--password-env TOKEN",
    "site delete": "site-c",
    "site list": "",
    "site set": "site-a --description x",
    "site show": "site-a",
    "site validate": "site-a",
    "site volume type list": "site-a",
    "status": "",
    "tenant mapping create": "demo2 --project site-a={project_a} "
    "--project site-b={project_b}",
    "tenant mapping delete": "demo",
    "tenant mapping list": "",
}
#: these read and write files, and have tests of their own
WITH_FILES = frozenset(
    f"plan {verb}"
    for verb in (
        "approve",
        "check",
        "init",
        "render",
        "report",
        "resume",
        "retry",
        "run",
        "show",
        "skip",
        "watch",
    )
) | {
    "cache clear",
    "cache disable",
    "cache enable",
    "cache show",
    "drill attest",
    "drill next",
    "drill run",
    "evidence verify",
    "operation report",
}
#: those that an administrator alone may run
ADMINS = frozenset(
    {
        "site create",
        "site delete",
        "site set",
        "site validate",
        "tenant mapping create",
        "tenant mapping delete",
        "tenant mapping list",
    }
)
#: what has to be there before a good one is good
FIRST = {
    "mapping show": "moved",
    "drill overdue": "all drilled",
    "drill verify": "moved",
    "operation diagnose": "done",
    "operation show": "done",
    "operation wait": "done",
    "operation watch": "done",
    "protection-group failback": "moved",
    "protection-group reconcile": "split, halted",
    "protection-group test-cleanup": "drilled",
    "site delete": "registered",
    "tenant mapping create": "unmapped",
    "tenant mapping delete": "ungrouped",
}
#: a dead pair is what these are there to find out
NO_ANSWER = {
    "drill verify": 12,
    "mapping check": 3,
    "mapping show": 12,
    "operation diagnose": 12,
    "operation show": 12,
    "operation wait": 12,
    "operation watch": 12,
    "protection-group check": 3,
}
#: these say it as a finding
NOT_LET_IN = {"mapping check": 3, "protection-group check": 3}
#: these would be patient with a dead site
IMPATIENT = ("operation wait", "operation watch")

#: what else: the status, what comes first, what is typed
ROWS: list[tuple[int, str | None, str]] = [
    # a check found a problem
    (3, "split", "protection-group sync-status prod-web-app"),
    (3, None, "protection-group check bare"),
    (3, None, "status bare --exit-status"),
    (3, "unmatched", "mapping suggest prod-db"),
    (3, None, "mapping check prod-web-app /dev/null"),
    (3, None, "protection-group reconcile bare"),
    (3, "split", "protection-group reconcile prod-web-app --yes"),
    (3, None, "drill overdue --older-than 1s"),
    (3, None, "readiness --if-dead site-a"),
    (3, "failed", "operation diagnose {failed}"),
    (3, "invalid site", "site validate site-b"),
    # refused
    (5, None, "protection-group failover bare"),
    (5, None, "protection-group failback prod-web-app"),
    (5, None, "protection-group test-cleanup prod-web-app"),
    (5, "moved", "protection-group test-failover prod-web-app --yes"),
    (5, "slow", "consistency-group sync prod-db"),
    (5, None, UNPLANNED),
    (5, None, f"{FAILOVER} --expect-primary site-b"),
    (5, "slow", "protection-group delete prod-db"),
    (5, "slow", "member remove prod-db db-1"),
    (5, "slow", "policy delete prod-db"),
    (5, "slow", "protection-group set prod-db --description x"),
    (5, "conflict", "protection-group sync-force prod-web-app"),
    (5, "conflict", "protection-group reconcile prod-web-app"),
    # still running
    (8, "slow", "operation show {slow} --exit-status"),
    (8, "slow", "operation wait {slow} --timeout 0"),
    (8, "slow", "operation wait {slow} --any --timeout 0"),
    (8, "slow", "operation watch {slow} --timeout 0"),
    (8, "slow", "operation watch --all --timeout 0"),
    (8, "slow rule", f"{FAILOVER} --wait --timeout 1s"),
    (8, "slow rule", "consistency-group sync prod-db --wait --timeout 1s"),
    # failed and rolled back
    (10, "failed", "operation show {failed} --exit-status"),
    (10, "failed", "operation wait {failed}"),
    (10, "failed", "operation watch {failed}"),
    (10, "fails", f"{FAILOVER} --wait"),
    (10, "fails", f"{DRILL} --yes --wait"),
    (10, "fails", "consistency-group sync prod-db --wait"),
    (10, "moved, fails", "protection-group failback prod-web-app --wait"),
    # something was left behind
    (11, "left", "operation show {left} --exit-status"),
    (11, "left", "operation wait {left}"),
    (11, "left", "operation watch {left}"),
    (11, "leaves", f"{FAILOVER} --wait"),
    (11, "partial", f"{UNPLANNED} --keep-addresses --wait"),
    (11, "drilled, fails", f"{CLEANUP} --wait"),
    # nobody who knows answers
    (12, "done, a dead", "operation show {done}"),
    (12, "done, a dead", "operation diagnose {done}"),
    (12, "done, a dead", "operation wait {done} --timeout 0"),
    (12, "done, a dead", "operation watch {done} --timeout 0"),
    (12, "b dead", "operation watch --all"),
    # not confirmed
    (13, "a dead, says no", UNPLANNED),
    (13, "says no", DRILL),
    # some of several
    (14, None, "protection-group delete nosuch bare"),
    (14, None, "member remove prod-web-app nosuch web-1"),
    (14, "failed, done", "operation wait {failed} {done}"),
    (14, "failed, done", "operation watch {failed} {done}"),
]  # fmt: skip
