"""Each trouble of the published guide: seen here, and mended here.

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
class Typed:
    """A command, how it ends, and what it says."""

    command: str
    code: int = 0
    #: each is somewhere on stdout or stderr
    says: tuple[str, ...] = ()
    #: none of these is
    not_said: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Trouble:
    """A symptom of the guide, its fix there, and both in the sandbox."""

    #: ``up --scenario`` brings it about
    scenario: str
    symptom: str
    seen: tuple[Typed, ...]
    #: what the guide says to do
    guide: tuple[str, ...]
    #: the same here
    fix: tuple[Typed, ...]


TROUBLES = (
    Trouble(
        "peer-unreachable",
        "Operation rejected with Cannot modify protection group"
        " \N{EM DASH} remote site unreachable",
        (
            Typed(
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
            Typed("protector-sandbox status", 0, ("site-b  stopped",)),
            Typed("protector-sandbox start site-b"),
            Typed(
                "openstack protector protection-group sync-status"
                " prod-web-app",
                0,
                ("IN SYNC",),
            ),
            Typed(f"{FAILOVER} --wait", 0, ("completed",)),
        ),
    ),
    Trouble(
        "cinder-403",
        "Operation fails at the manage_volumes_into_cinder step with a 403"
        " or policy error",
        (
            Typed(
                f"{FAILOVER} --wait",
                10,
                ("manage_volumes_into_cinder", "403"),
            ),
        ),
        (
            "add three rules to /etc/cinder/policy.yaml of the target site",
            "retry the operation",
        ),
        (Typed(POLICY), Typed(f"{FAILOVER} --wait", 0, ("completed",))),
    ),
    Trouble(
        "no-snapshot",
        "Operation fails at get_latest_snapshot or"
        " promote_volumes_on_flasharray with a storage error",
        (
            # without this the client does not send what is sure to fail
            Typed(FAILOVER, 5, ("there is no recovery point to start from",)),
            Typed(
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
            Typed("openstack protector policy show prod-web-app"),
            Typed(
                "openstack protector consistency-group sync prod-web-app"
                " --wait",
                0,
                ("completed",),
            ),
            Typed(f"{FAILOVER} --wait", 0, ("completed",)),
        ),
    ),
    Trouble(
        "stuck-running",
        "Operation status stuck at running with no progress change for more"
        " than 15 minutes",
        (
            Typed(
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
            Typed("protector-sandbox status", 0, ("engine stopped",)),
            Typed("protector-sandbox engine start site-a"),
            Typed(
                "openstack protector operation wait"
                " $(openstack protector operation list -f value -c ID)",
                0,
                ("completed",),
            ),
        ),
    ),
    Trouble(
        "not-failed-over",
        "Failback rejected with Protection Group is not in failed_over state",
        (
            Typed(
                FAILBACK, 5, ("Protection Group is not in failed_over state",)
            ),
        ),
        (
            "GET .../protection-groups/{pg_id}, for status and"
            " current_primary_site_id",
            "GET .../operations, for what has been tried",
        ),
        (
            Typed(
                "openstack protector protection-group show prod-web-app",
                0,
                ("active", "site-a"),
            ),
            Typed(
                "openstack protector operation list",
                0,
                ("failover", "failed"),
            ),
            Typed(f"{FAILOVER} --wait", 0, ("completed",)),
            Typed(f"{FAILBACK} --wait", 0, ("completed",)),
        ),
    ),
    Trouble(
        "out-of-sync",
        "After unplanned failover, metadata sync shows OUT OF SYNC and"
        " version mismatch",
        (
            Typed(
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
            Typed(
                "openstack protector protection-group sync-force prod-web-app",
                0,
                ("IN SYNC", "run and write at site-a now"),
            ),
            Typed(
                "openstack protector protection-group sync-status"
                " prod-web-app",
                0,
                ("IN SYNC",),
            ),
        ),
    ),
    Trouble(
        "orphans",
        "Test cleanup leaves orphaned volumes or instances on the target site",
        (
            Typed(
                "openstack protector operation list",
                0,
                ("test_cleanup", "failed"),
            ),
            Typed(
                "openstack --os-cloud site-b volume list",
                0,
                ("web-1-root-test",),
            ),
        ),
        ("re-issue the test_cleanup action",),
        (
            Typed(
                "openstack protector protection-group test-cleanup"
                " prod-web-app --wait",
                0,
                ("completed",),
            ),
            Typed(
                "openstack --os-cloud site-b volume list",
                0,
                (),
                ("web-1-root-test",),
            ),
        ),
    ),
)
