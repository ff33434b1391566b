"""Each failure of the published guide: how to see it here, and how to fix it.

One table. The documentation prints it, and a test types what it says.
"""

import dataclasses

#: how the group of the scenarios is moved
FAILOVER = (
    "openstack protector protection-group failover prod-web-app"
    " --network-mapping net-primary-web=net-secondary-web"
)
FAILBACK = "openstack protector protection-group failback prod-web-app"
POLICY = """\
cat >> .protector-sandbox/site-b-cinder-policy.yaml <<END
"volume_extension:volume_manage": "rule:admin_or_owner"
"volume_extension:volume_unmanage": "rule:admin_or_owner"
"volume_extension:services:index": "rule:admin_or_owner"
END"""


@dataclasses.dataclass(frozen=True)
class Command:
    """A command, its exit code, and what it prints."""

    command: str
    code: int = 0
    #: each is somewhere on stdout or stderr
    says: tuple[str, ...] = ()
    #: none of these is
    not_said: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Walkthrough:
    """A symptom of the guide, the guide's fix, and both in the sandbox."""

    #: ``up --scenario`` brings it about
    scenario: str
    symptom: str
    seen: tuple[Command, ...]
    #: what the guide says to do
    guide: tuple[str, ...]
    #: the same here
    fix: tuple[Command, ...]


WALKTHROUGHS = (
    Walkthrough(
        "peer-unreachable",
        "Operation rejected with Cannot modify protection group"
        " \N{EM DASH} remote site unreachable",
        (
            Command(
                FAILOVER,
                6,
                (
                    "Cannot modify protection group"
                    " \N{EM DASH} remote site unreachable",
                ),
            ),
        ),
        (
            "curl the peer's API endpoint",
            "systemctl status protector-api, and start it",
            "look at the sync status, and force a sync where it is needed",
        ),
        (
            Command("protector-sandbox status", 0, ("site-b  stopped",)),
            Command("protector-sandbox start site-b"),
            Command(
                "openstack protector protection-group sync-status"
                " prod-web-app",
                0,
                ("IN SYNC",),
            ),
            Command(f"{FAILOVER} --wait", 0, ("completed",)),
        ),
    ),
    Walkthrough(
        "cinder-403",
        "Operation fails at the manage_volumes_into_cinder step with a 403"
        " or policy error",
        (
            Command(
                f"{FAILOVER} --wait",
                10,
                ("manage_volumes_into_cinder", "403"),
            ),
        ),
        (
            "add three rules to /etc/cinder/policy.yaml of the target site",
            "retry the operation",
        ),
        (Command(POLICY), Command(f"{FAILOVER} --wait", 0, ("completed",))),
    ),
    Walkthrough(
        "no-snapshot",
        "Operation fails at get_latest_snapshot or"
        " promote_volumes_on_flasharray with a storage error",
        (
            # without this the client does not send what is sure to fail
            Command(
                FAILOVER, 5, ("there is no recovery point to start from",)
            ),
            Command(
                f"{FAILOVER} --start-anyway --wait",
                10,
                ("get_latest_snapshot", "snapshot"),
            ),
        ),
        (
            "GET .../policy, to see that there is one",
            "POST .../consistency-group/sync, and wait for its end",
            "retry the operation",
        ),
        (
            Command("openstack protector policy show prod-web-app"),
            Command(
                "openstack protector consistency-group sync prod-web-app"
                " --wait",
                0,
                ("completed",),
            ),
            Command(f"{FAILOVER} --wait", 0, ("completed",)),
        ),
    ),
    Walkthrough(
        "stuck-running",
        "Operation status stuck at running with no progress change for more"
        " than 15 minutes",
        (
            Command(
                "openstack protector operation list",
                0,
                ("failover", "running", "60"),
            ),
        ),
        (
            "systemctl status protector-engine",
            "systemctl restart protector-engine: it picks up pending"
            " operations from the database",
        ),
        (
            Command("protector-sandbox status", 0, ("engine stopped",)),
            Command("protector-sandbox engine start site-a"),
            Command(
                "openstack protector operation wait"
                " $(openstack protector operation list -f value -c ID)",
                0,
                ("completed",),
            ),
        ),
    ),
    Walkthrough(
        "not-failed-over",
        "Failback rejected with Protection Group is not in failed_over state",
        (
            Command(
                FAILBACK, 5, ("Protection Group is not in failed_over state",)
            ),
        ),
        (
            "GET .../protection-groups/{pg_id}, for status and"
            " current_primary_site_id",
            "GET .../operations, for what has been tried",
        ),
        (
            Command(
                "openstack protector protection-group show prod-web-app",
                0,
                ("active", "site-a"),
            ),
            Command(
                "openstack protector operation list",
                0,
                ("failover", "failed"),
            ),
            Command(f"{FAILOVER} --wait", 0, ("completed",)),
            Command(f"{FAILBACK} --wait", 0, ("completed",)),
        ),
    ),
    Walkthrough(
        "out-of-sync",
        "After unplanned failover, metadata sync shows OUT OF SYNC and"
        " version mismatch",
        (
            Command(
                "openstack protector protection-group sync-status"
                " prod-web-app",
                3,
                ("OUT OF SYNC", "1", "3"),
            ),
        ),
        (
            "openstack protector protection-group sync-force prod-web-app",
            "openstack protector protection-group sync-status prod-web-app",
        ),
        (
            Command(
                "openstack protector protection-group sync-force prod-web-app",
                0,
                ("IN SYNC", "run and write at site-a now"),
            ),
            Command(
                "openstack protector protection-group sync-status"
                " prod-web-app",
                0,
                ("IN SYNC",),
            ),
        ),
    ),
    Walkthrough(
        "orphans",
        "Test cleanup leaves orphaned volumes or instances on the target site",
        (
            Command(
                "openstack protector operation list",
                0,
                ("test_cleanup", "failed"),
            ),
            Command(
                "openstack --os-cloud site-b volume list",
                0,
                ("web-1-root-test",),
            ),
        ),
        ("re-issue the test_cleanup action",),
        (
            Command(
                "openstack protector protection-group test-cleanup"
                " prod-web-app --wait",
                0,
                ("completed",),
            ),
            Command(
                "openstack --os-cloud site-b volume list",
                0,
                (),
                ("web-1-root-test",),
            ),
        ),
    ),
)
