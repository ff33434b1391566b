"""The checks: every prerequisite and every refusal, as one table.

Read by ``protection-group check``, by ``--check`` and ``--dry-run`` of the
actions, and printed into the documentation.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from protectorclient import exceptions
from protectorclient.checking import group, sites, target
from protectorclient.checking.case import PURPOSES, Case, Wanted, said
from protectorclient.checking.facts import Side
from protectorclient.checking.finding import (
    Finding,
    Report,
    Severity,
    Skip,
    Verdict,
    summary,
)
from protectorclient.exitcodes import ExitCode
from protectorclient.pair import SitePair

__all__ = [
    "CHECKS",
    "PURPOSES",
    "Check",
    "Finding",
    "Report",
    "Severity",
    "Wanted",
    "Where",
    "exit_code",
    "run",
    "summary",
]


class Where(enum.Enum):
    """Where a check is made, and so how many rows it has."""

    EACH = "at each site"
    #: Save a primary that is thought to be dead.
    NEEDED = "at each site that is needed"
    ASKED = "at the site that is asked"
    TARGET = "at the target"
    PAIR = "of both"


#: The actions that build instances at the other site.
BUILDS = frozenset({"failover", "unplanned", "failback", "test-failover"})
#: The actions of which both sites must know.
PLANNED = frozenset(PURPOSES) - {"unplanned"}
MOVES = frozenset({"failover", "failback"})
ALL = frozenset(PURPOSES)

#: The site of a row that is about the pair.
BOTH = "both"

Judge = Callable[..., Verdict]


@dataclasses.dataclass(frozen=True)
class Check:
    """One row of the table.

    In the sentences ``{group}`` and ``{site}`` stand for the names of the
    day.
    """

    id: str
    title: str
    judge: Judge
    where: Where
    cause: str
    impact: str
    #: What clears it, where the function does not know better.
    fix: str
    #: The service's word for it, without the prefix.
    reason: str | None = None
    purposes: frozenset[str] = ALL
    severity: Severity = Severity.PROBLEM


CHECKS: tuple[Check, ...] = (
    Check(
        id="reachable",
        title="Keystone and the protector service answer",
        judge=sites.reachable,
        where=Where.NEEDED,
        reason="peer-unreachable",
        cause="The site is down, or the network to it is.",
        impact="Everything that changes a group needs both sites.",
        fix="Look at the site: systemctl status protector-api; in a real"
        " outage, openstack protector protection-group failover {group}"
        " --type unplanned",
    ),
    Check(
        id="sign-in",
        title="Keystone takes the credentials of clouds.yaml",
        judge=sites.signed_in,
        where=Where.NEEDED,
        reason="unauthorized",
        cause="The password, or the token, is wrong or has expired.",
        impact="Nothing can be asked of the site.",
        fix="Correct the entry '{site}' in clouds.yaml",
    ),
    Check(
        id="api-version",
        title="The site speaks the API version in use",
        judge=sites.version,
        where=Where.NEEDED,
        reason="version-not-supported",
        cause="A version was asked for that the site is too old for.",
        impact="The site refuses every request.",
        fix="Leave out --os-protector-api-version",
    ),
    Check(
        id="role",
        title="The token has the role member",
        judge=sites.role,
        where=Where.ASKED,
        reason="forbidden",
        cause="The user may read, and no more.",
        impact="The action is refused.",
        fix="Use a cloud whose user has the role member in the project",
    ),
    Check(
        id="token-life",
        title="The token outlives the operation",
        judge=sites.token_life,
        where=Where.NEEDED,
        severity=Severity.WARNING,
        cause="A token that was issued elsewhere cannot be renewed here.",
        impact="The operation goes on, but cannot be followed to its end.",
        fix="Get a new one: openstack token issue",
    ),
    Check(
        id="clocks",
        title="The clocks of both sites agree",
        judge=sites.clocks,
        where=Where.PAIR,
        purposes=PLANNED,
        severity=Severity.WARNING,
        cause="A site does not follow its time servers.",
        impact="Ages of recovery points, and logs, do not compare.",
        fix="On its controllers: chronyc makestep",
    ),
    Check(
        id="site-status",
        title="The site's record is active",
        judge=sites.site_status,
        where=Where.NEEDED,
        cause="The site did not pass its last validation.",
        impact="The services may not be able to work with it.",
        fix="openstack protector site validate {site}  # as an admin",
    ),
    Check(
        id="name",
        title="The name is one group's at both sites",
        judge=sites.name,
        where=Where.PAIR,
        purposes=PLANNED,
        reason="name-conflict",
        cause="A group was made at one site while the other was away.",
        impact="Neither site takes the other's group.",
        fix="Delete or rename one of them, by its id",
    ),
    Check(
        id="known",
        title="The site knows the group",
        judge=sites.known,
        where=Where.NEEDED,
        reason="not-found",
        cause="The group was made while the site was away, or deleted"
        " there; or the clouds are of different projects.",
        impact="The site can neither run nor protect the group.",
        fix="openstack protector protection-group sync-force {group}",
    ),
    Check(
        id="peer-link",
        title="The site reaches its peer",
        judge=sites.link,
        where=Where.EACH,
        purposes=PLANNED,
        reason="peer-unreachable",
        cause="The network between the sites is cut, or the service"
        " account is refused.",
        impact="Everything that changes a group is blocked.",
        fix="On its controllers: curl the peer's protector, port 8788",
    ),
    Check(
        id="primary-silent",
        title="The primary does not answer",
        judge=sites.primary_silent,
        where=Where.PAIR,
        purposes=frozenset({"unplanned"}),
        cause="The primary, or a part of it, is alive.",
        impact="Two sites would each run the group, and diverge.",
        fix="openstack protector protection-group check {group}"
        " --for failover",
    ),
    Check(
        id="primary",
        title="Both sites name the same primary",
        judge=sites.primary,
        where=Where.PAIR,
        purposes=PLANNED,
        reason="wrong-site",
        cause="An unplanned failover, of which the old primary has not"
        " been told.",
        impact="An action may be sent to a site that is not primary.",
        fix="openstack protector protection-group sync-force {group}",
    ),
    Check(
        id="metadata-version",
        title="Both sites hold the same version",
        judge=sites.metadata_version,
        where=Where.PAIR,
        purposes=PLANNED,
        reason="out-of-sync",
        cause="A change reached only one of the sites.",
        impact="Every action but an unplanned failover is refused.",
        fix="openstack protector protection-group sync-force {group}",
    ),
    Check(
        id="metadata-checksum",
        title="Both sites hold the same content",
        judge=sites.metadata_checksum,
        where=Where.PAIR,
        purposes=PLANNED,
        reason="metadata-conflict",
        cause="Both sites were changed apart from each other.",
        impact="Neither can be told to be right; a winner must be named.",
        fix="openstack protector protection-group sync-force {group}"
        " --winner {site}",
    ),
    Check(
        id="status",
        title="The group's status allows the action",
        judge=group.status,
        where=Where.PAIR,
        reason="invalid-state",
        cause="The group is at the other site, or an operation has failed.",
        impact="The action is refused.",
        fix="openstack protector operation list --all-sites"
        " --protection-group {group}",
    ),
    Check(
        id="operation",
        title="No operation is unfinished",
        judge=group.operation,
        where=Where.PAIR,
        reason="operation-in-progress",
        cause="Somebody, or a schedule, has started one.",
        impact="A group has one operation at a time.",
        fix="Wait for its end",
    ),
    Check(
        id="tests-cleaned",
        title="No test failover is left",
        judge=group.tests_cleaned,
        where=Where.PAIR,
        purposes=frozenset({"failover"}),
        reason="test-not-cleaned",
        cause="A test failover was not cleaned up.",
        impact="A planned failover is refused.",
        fix="openstack protector protection-group test-cleanup {group} --wait",
    ),
    Check(
        id="test-there",
        title="There is a test to clean up",
        judge=group.test_there,
        where=Where.PAIR,
        purposes=frozenset({"test-cleanup"}),
        reason="nothing-to-clean",
        cause="No test failover was run, or it was cleaned up.",
        impact="The clean-up is refused.",
        fix="openstack protector protection-group test-failover {group}"
        " --retain-primary --wait",
    ),
    Check(
        id="policy",
        title="There is a policy with credentials",
        judge=group.policy,
        where=Where.PAIR,
        reason="policy-missing",
        cause="The group was never given one, or it was deleted.",
        impact="Nothing replicates, and every action is refused.",
        fix="openstack protector policy set {group}",
    ),
    Check(
        id="members",
        title="The group has members, none in error",
        judge=group.members,
        where=Where.PAIR,
        severity=Severity.WARNING,
        purposes=BUILDS,
        cause="Instances were never added, or could not be rebuilt.",
        impact="They are not there after a failover.",
        fix="openstack protector member add {group} $INSTANCE",
    ),
    Check(
        id="members-once",
        title="No member is in another group",
        judge=group.members_once,
        where=Where.PAIR,
        reason="in-use",
        purposes=BUILDS,
        cause="Two sites were changed apart from each other.",
        impact="What fails one group over takes instances of the other.",
        fix="openstack protector member remove {group} $INSTANCE",
    ),
    Check(
        id="volume-types",
        title="The volumes' types are replicated",
        judge=target.volume_types,
        where=Where.EACH,
        reason="volume-type-not-replicated",
        purposes=BUILDS,
        cause="A type lacks replication_enabled='<is> True', or has"
        " another replication_type.",
        impact="The volumes do not reach the other site.",
        fix="Set the properties of the volume type in Cinder",
    ),
    Check(
        id="cinder-policy",
        title="Cinder lets a member manage volumes",
        judge=target.cinder_policy,
        where=Where.EACH,
        purposes=ALL - {"sync"},
        cause="The site's Cinder has its own policy for"
        " volume_extension:services:index, and then most likely for"
        " volume_manage and volume_unmanage, which are set with it.",
        impact="The operation fails at manage_volumes_into_cinder.",
        fix="Add to the site's /etc/cinder/policy.yaml:"
        ' "volume_extension:volume_manage": "rule:admin_or_owner",'
        ' "volume_extension:volume_unmanage": "rule:admin_or_owner",'
        ' "volume_extension:services:index": "rule:admin_or_owner"',
    ),
    Check(
        id="replication",
        title="The replication runs",
        judge=group.replication,
        where=Where.PAIR,
        severity=Severity.WARNING,
        purposes=PLANNED - {"test-cleanup", "failback"},
        cause="After a failback it stays stopped, unless it was asked to"
        " be reversed.",
        impact="What is written is not protected.",
        fix="openstack protector consistency-group sync {group} --wait",
    ),
    Check(
        id="recovery-point",
        title="There is a recovery point",
        judge=group.recovery_point,
        where=Where.PAIR,
        purposes=frozenset({"failover", "unplanned", "test-failover"}),
        cause="No replication has completed yet.",
        impact="The operation fails at get_latest_snapshot.",
        fix="openstack protector consistency-group sync {group} --wait",
    ),
    Check(
        id="recovery-point-age",
        title="It is younger than the RPO",
        judge=group.recovery_point_age,
        where=Where.PAIR,
        severity=Severity.WARNING,
        purposes=frozenset({"failover", "unplanned", "test-failover"}),
        cause="The replication is late, or stopped.",
        impact="An unplanned failover loses more than was agreed.",
        fix="openstack protector consistency-group sync {group} --wait",
    ),
    Check(
        id="networks",
        title="Each network has a counterpart",
        judge=target.networks,
        where=Where.TARGET,
        reason="mapping-incomplete",
        purposes=BUILDS,
        cause="Its name is not there, and it is not mapped.",
        impact="The action is refused.",
        fix="openstack protector mapping suggest {group}",
    ),
    Check(
        id="flavors",
        title="Each flavor has a counterpart",
        judge=target.flavors,
        where=Where.TARGET,
        reason="mapping-incomplete",
        purposes=BUILDS,
        cause="Its name is not there, and it is not mapped.",
        impact="The action is refused.",
        fix="openstack protector mapping suggest {group}",
    ),
    Check(
        id="flavor-size",
        title="Flavors are as big as at the source",
        judge=target.flavor_size,
        where=Where.TARGET,
        severity=Severity.WARNING,
        purposes=BUILDS,
        cause="A flavor is mapped to, or has the name of, a smaller one.",
        impact="Instances may not start, or be too slow.",
        fix="Map it to a bigger one with --flavor-mapping",
    ),
    Check(
        id="mapping-shared",
        title="No two networks become one",
        judge=target.mapping_shared,
        where=Where.TARGET,
        severity=Severity.WARNING,
        purposes=BUILDS,
        cause="Two are mapped to the same by accident.",
        impact="Instances that were apart meet in one network.",
        fix="Map them apart with --network-mapping",
    ),
    Check(
        id="quota-compute",
        title="The quota of Nova is enough",
        judge=target.quota_compute,
        where=Where.TARGET,
        purposes=BUILDS,
        cause="The project has too little left at the target.",
        impact="The operation fails when it builds instances.",
        fix="openstack quota set",
    ),
    Check(
        id="quota-storage",
        title="The quota of Cinder is enough",
        judge=target.quota_storage,
        where=Where.TARGET,
        purposes=BUILDS,
        cause="The project has too little left at the target.",
        impact="The operation fails when it manages volumes.",
        fix="openstack quota set",
    ),
)
BY_ID: Mapping[str, Check] = {check.id: check for check in CHECKS}


def run(
    pair: SitePair,
    name: str,
    purpose: str = "failover",
    wanted: Wanted | None = None,
    *,
    sides: Mapping[str, Side] | None = None,
    only: Iterable[str] = (),
) -> Report:
    """Make the checks for one purpose on one group.

    :param purpose: one of `PURPOSES`.
    :param wanted: what the action would be given.
    :param sides: what is known of the sites from groups checked before.
    :param only: ids; without any, all that belong to the purpose.
    :raises NotFound: no site that answers knows the group.
    """
    case = Case(pair, name, purpose, wanted or Wanted(), sides)
    chosen = [
        check
        for check in CHECKS
        if purpose in check.purposes and (not only or check.id in only)
    ]
    findings = [
        finding for check in chosen for finding in _findings(check, case)
    ]
    shown = case.located.group.name if case.located else name
    return Report(shown, purpose, tuple(findings))


def exit_code(findings: Iterable[Finding], strict: bool = False) -> ExitCode:
    """What a command ends with that found these."""
    found = {finding.severity for finding in findings}
    if Severity.PROBLEM in found:
        return ExitCode.PROBLEM
    if strict and Severity.WARNING in found:
        return ExitCode.WARNING
    return ExitCode.OK


def _findings(check: Check, case: Case) -> Iterable[Finding]:
    if check.where is Where.PAIR:
        yield _finding(check, case, BOTH, lambda: check.judge(case))
    elif check.where is Where.TARGET:
        name = case.target.name if case.target else BOTH
        yield _finding(check, case, name, lambda: check.judge(case))
    else:
        for side in _places(check, case):
            yield _finding(check, case, side.name, _at(check, case, side))


def _at(check: Check, case: Case, side: Side) -> Callable[[], Verdict]:
    return lambda: check.judge(case, side)


def _places(check: Check, case: Case) -> list[Side]:
    every = list(case.sides.values())
    if check.where is Where.EACH:
        return every
    if check.where is Where.ASKED:
        return [case.asked] if case.asked else every
    if case.purpose == "unplanned" and case.source is not None:
        # a dead primary is what it is for
        return [side for side in every if side is not case.source]
    return every


def _finding(
    check: Check, case: Case, site: str, judge: Callable[[], Verdict]
) -> Finding:
    try:
        verdict = judge()
    except Skip as skip:
        return Finding(check.id, Severity.SKIPPED, site, str(skip))
    except exceptions.ProtectorError as error:
        return Finding(check.id, Severity.SKIPPED, site, _untold(error, case))
    site = verdict.site or site
    if verdict.good:
        return Finding(
            check.id,
            Severity.OK,
            site,
            verdict.message,
            affected=verdict.affected,
        )
    names: dict[str, Any] = {"group": case.name, "site": site}
    return Finding(
        id=check.id,
        severity=check.severity,
        site=site,
        message=verdict.message,
        cause=verdict.cause or check.cause,
        impact=check.impact,
        fix=verdict.fix or _filled(check.fix, names),
        affected=verdict.affected,
    )


def _untold(error: exceptions.ProtectorError, case: Case) -> str:
    """A cloud that does not tell; a dead site is called that."""
    side = case.sides.get(error.site or "")
    if side is not None and side.barred is not None:
        return said(side.barred, side)
    return str(error)


def _filled(text: str, names: Mapping[str, str]) -> str:
    for key, value in names.items():
        text = text.replace("{" + key + "}", value)
    return text
