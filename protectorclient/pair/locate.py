"""Find a group at both sites, and its primary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.advice import commands
from protectorclient.escape import fill, protector
from protectorclient.pair import same_site
from protectorclient.pair.location import Location, rank
from protectorclient.polling.silence import NO_ANSWER
from protectorclient.records.protection_group import Group, ProtectionGroup
from protectorclient.records.site import Site
from protectorclient.v1 import _manager

if TYPE_CHECKING:
    from protectorclient.pair.both_sites import BothSites
    from protectorclient.pair.site import SiteHandle

#: Of each site that answered: its own record, and the group.
Answers = Mapping[str, tuple[Site, ProtectionGroup]]


def locate(
    asked: BothSites, group: Group, *, unplanned: bool = False
) -> Location:
    """Find a group at both sites, and who is primary for it.

    :param asked: the sites; one that answers is enough with a grace.
    :param group: its name or id, or a record of it.
    :param unplanned: a site that refuses our account is taken for silent.
    :raises ProtectorError: as `SitePair.locate` tells.
    """
    wanted = _manager.id_of(group)
    answers, errors = asked.ask(
        lambda facts: (facts.local, facts.find(wanted))
    )
    asked.find_renamed(
        answers,
        errors,
        lambda answer: answer[1].id,
        lambda facts, identity: (facts.local, facts.get(identity)),
    )
    same_site.refuse_strangers(*asked.handles)
    alone = bool(answers) and (unplanned or asked.grace is not None)
    for error in errors.values():
        if not isinstance(error, excused(alone)):
            raise error
    return put_together(asked, wanted, answers, errors)


def excused(alone: bool) -> tuple[type[exceptions.ProtectorError], ...]:
    """Return the errors of a site that do not stop a command.

    :param alone: the answer of the other one will do.
    """
    refusals: tuple[type[exceptions.ProtectorError], ...] = ()
    if alone:
        refusals = (exceptions.AuthenticationFailed,)
    return (*NO_ANSWER, exceptions.NotFound, *refusals)


def put_together(
    asked: BothSites,
    wanted: str,
    answers: Answers,
    errors: Mapping[str, exceptions.ProtectorError],
) -> Location:
    """Take the group from the site that is ahead, and find its primary.

    :raises NotFound: no site that answers has it.
    :raises NotUnique: the sites know two groups by this name.
    :raises SiteUnreachable: neither site answers.
    """
    if not answers:
        raise nowhere(wanted, errors)
    groups = {name: found for name, (_, found) in answers.items()}
    one_group(wanted, groups)
    ahead = max(groups, key=lambda name: rank(groups[name]))
    known = asked.facts(ahead).sites
    site_ids = _site_ids(asked.handles, known, answers)
    current_id = groups[ahead].current_primary_site_id
    first, second = asked.handles
    for current, other in ((first, second), (second, first)):
        if site_ids[current.name] == current_id:
            return Location(
                asked=asked,
                group=groups[ahead],
                current=current,
                other=other,
                groups=groups,
                errors=errors,
                sites=known,
                site_ids=site_ids,
            )
    if not any(site_ids.values()):
        names = ", ".join(sorted(site.name for site in known.values()))
        raise exceptions.ConfigProblem(
            "this deployment does not say which site a service is of, so its"
            f" entry in clouds.yaml must have the site's name: {names}"
        )
    raise exceptions.ConfigProblem(
        f"the group runs at site {current_id}, which is neither"
        f" {first.name} nor {second.name}"
    )


def explain_deletion(
    located: Location, start: SiteHandle, error: exceptions.MetadataConflict
) -> None:
    """Say that the group was deleted, where a copy is refused for that.

    A site that never had the group would have taken it.
    """
    gone = located.beside(start).name
    if not isinstance(located.errors.get(gone), exceptions.NotFound):
        return
    name = located.group.name
    raise exceptions.MetadataConflict(
        f"{name} was deleted at {gone}, and is left at {start.name}",
        code=error.code,
        reason=error.reason,
        details=error.details,
        site=error.site,
        request_id=error.request_id,
    ).then(
        f"to delete the copy at {start.name}:",
        protector("protection-group delete {group}", group=name),
        "to have it at both again:",
        fill(commands.SYNC_FORCE_WINNER, group=name, site=start.name),
    ) from error


def one_group(wanted: str, groups: Mapping[str, ProtectionGroup]) -> None:
    """Raise where a name means another group at each site.

    :raises NotUnique: it means another group at each site.
    """
    ids = {site: group.id for site, group in groups.items()}
    if len(set(ids.values())) < 2:
        return
    told = ", ".join(f"{found} at {site}" for site, found in ids.items())
    raise exceptions.NotUnique(
        f"'{wanted}' is another protection group at each site: {told}",
        ids=list(ids.values()),
    )


def _site_ids(
    handles: Sequence[SiteHandle], known: Mapping[str, Site], answers: Answers
) -> dict[str, str]:
    told = {name: local.id for name, (local, _) in answers.items()}
    ids = [site_id for site_id in told.values() if site_id]
    if len(set(ids)) < len(ids):
        raise exceptions.SameSite.of(*(handle.name for handle in handles))
    left = [site_id for site_id in known if site_id not in told.values()]
    for handle in handles:
        if handle.name not in told:
            told[handle.name] = left[0] if len(left) == 1 else ""
    return told


def nowhere(
    wanted: str, errors: Mapping[str, exceptions.ProtectorError]
) -> exceptions.ProtectorError:
    """Make the error for a group that no site knows.

    :returns: NotFound, or SiteUnreachable where both are silent.
    """
    silent = [e for e in errors.values() if isinstance(e, NO_ANSWER)]
    if len(silent) == len(errors):
        return exceptions.SiteUnreachable(
            "neither site answers: "
            + "; ".join(str(error) for error in silent)
        )
    message = f"no protection group has the name or id '{wanted}'"
    if silent:
        message += f" ({silent[0].site} does not answer)"
    return exceptions.NotFound(message)
