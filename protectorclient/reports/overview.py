"""The overview of all groups: where they run, and whether they could move."""

from __future__ import annotations

import collections
import dataclasses
import datetime
from collections.abc import Iterable, Mapping

from protectorclient import exceptions
from protectorclient.pair.both_sites import BothSites
from protectorclient.pair.location import rank
from protectorclient.pair.site_pair import SitePair
from protectorclient.polling import garbage
from protectorclient.polling.silence import NO_ANSWER, is_dead
from protectorclient.preflight import copies, failover_ready
from protectorclient.records.health import GroupHealth
from protectorclient.records.operation import Operation
from protectorclient.records.protection_group import ProtectionGroup
from protectorclient.reports import overview_answer as answered
from protectorclient.reports import overview_past as past
from protectorclient.reports.overview_answer import NEWEST, Answer
from protectorclient.reports.overview_row import Row as Row

#: So many groups are asked one by one: their last drill, or metadata.
_FEW = 3
_UNLISTED = "unknown: the health report does not have it"


@dataclasses.dataclass(frozen=True)
class Overview:
    """What both sites say, put together."""

    rows: tuple[Row, ...]
    #: Why a site said nothing, by its cloud's name.
    errors: Mapping[str, exceptions.ProtectorError]
    sites: tuple[str, ...]
    #: What was asked for, and no site that answers has.
    missing: tuple[str, ...] = ()

    @property
    def is_well(self) -> bool:
        """Return whether each group is well, and each site has answered."""
        return not self.errors and all(row.is_well for row in self.rows)

    def silence(self, name: str) -> str:
        """Say that a site gives no answer, and why."""
        return answered.silence(name, self.errors[name])

    @property
    def error(self) -> exceptions.ProtectorError | None:
        """Return the error that belongs to the rows, if there is one.

        A site that is dead, or does not let us in, is none, as long as
        the other one answers.
        """
        if len(self.errors) == len(self.sites):
            for error in self.errors.values():
                if not isinstance(error, NO_ANSWER):
                    return error
            told = "; ".join(str(error) for error in self.errors.values())
            return exceptions.SiteUnreachable(f"neither site answers: {told}")
        if not self.missing:
            return None
        names = " or ".join(f"'{name}'" for name in self.missing)
        return exceptions.NotFound(
            f"no protection group has the name or id {names}"
        )


@garbage.seldom()
def look(pair: SitePair | BothSites, names: Iterable[str] = ()) -> Overview:
    """Ask both sites at once; a silent one costs the grace once.

    :param pair: the sites to ask.
    :param names: of groups, or their ids; without any, all.
    """
    sites = pair.reads if isinstance(pair, SitePair) else pair
    sites.forget_lists()
    # both sites hold the same metadata of most groups
    first = sites.every[0]
    told, errors = sites.ask(
        lambda side: answered.ask(side, documents=side is first, brief=True)
    )
    answers: dict[str, Answer] = {}
    for name, one in told.items():
        try:
            answers[name] = one.answer(sites.grace)
        except exceptions.ProtectorError as error:
            errors[name] = error
    names_of_sites = tuple(site.name for site in sites.every)
    if not answers:
        return Overview((), errors, names_of_sites)
    picture = _Picture(sites, answers, errors)
    chosen, missing = picture.chosen(list(names))
    picture.find_documents(chosen, first.name)
    picture.find_drills(chosen)
    rows = tuple(sites.about(chosen, picture.row))
    return Overview(rows, errors, names_of_sites, missing)


class _Picture:
    """Both answers, to be read group by group."""

    def __init__(
        self,
        asked: BothSites,
        answers: Mapping[str, Answer],
        errors: Mapping[str, exceptions.ProtectorError],
    ) -> None:
        self._asked = asked
        sides = {site.name: site for site in asked.every}
        self._sides = sides
        self._answers = answers
        self._errors = errors
        self._sites = {sides[name].local.id: name for name in answers}
        self._complete = {
            name: len(answer.operations) < NEWEST
            for name, answer in answers.items()
        }
        self._by_group = {
            name: past.by_group(answer.operations)
            for name, answer in answers.items()
        }
        self._site_ids = {
            name: site_id for site_id, name in self._sites.items()
        }
        self._speaking = {
            name: side for name, side in sides.items() if name in answers
        }
        instances = {
            name: copies.Instances(answer.instances)
            for name, answer in answers.items()
            if answer.instances is not None
        }
        all_tell = len(instances) == len(answers)
        self._instances = instances if all_tell else None
        self._silent = next(iter(errors), None)
        self._is_dead = any(map(is_dead, errors.values()))
        self._is_reached = not any(
            isinstance(error, exceptions.SiteNotReached)
            for error in errors.values()
        )
        self._now = {
            name: sides[name].client.http.server_time() for name in answers
        }
        #: By site and group, as far as a list had them.
        self._documents = {
            name: answer.documents for name, answer in answers.items()
        }
        #: By the id of the group: its record at each site, and who is ahead.
        self._records: dict[str, tuple[dict[str, ProtectionGroup], str]] = {}
        #: By site and group, where they were read from a list.
        self._last_drills: dict[str, dict[str, Operation]] = {}

    def chosen(self, names: list[str]) -> tuple[list[str], tuple[str, ...]]:
        """Return the ids of the groups asked for, and the names of none."""
        known: dict[str, ProtectionGroup] = {}
        for answer in self._answers.values():
            for identity, group in answer.groups.items():
                known.setdefault(identity, group)
        if not names:
            return sorted(known, key=lambda it: (known[it].name, it)), ()
        found: list[str] = []
        missing = []
        for name in dict.fromkeys(names):
            ids = [
                identity
                for identity, group in known.items()
                if name in (identity, group.name)
            ]
            if not ids:
                missing.append(name)
            found += ids
        return list(dict.fromkeys(found)), tuple(missing)

    def row(self, identity: str) -> Row:
        """Return one group, as the site has it that is ahead."""
        records, ahead = self._held(identity)
        group = records[ahead]
        in_sync, sync_status = self._sync(records)
        health = self._health(identity, group, ahead)
        place = self._place(group, ahead)
        live = failover_ready.live_copies(place)
        reasons = (
            *self._reasons(health, group, in_sync, sync_status),
            *failover_ready.reasons(place, live),
        )
        is_ready: bool | None = not reasons
        if is_ready and health is None:
            is_ready, reasons = None, (self._untold(),)
        operations = self._operations(identity)
        lag, has_point = self._lag(health, group, ahead)
        return Row(
            id=identity,
            name=group.name,
            status=group.status,
            primary=place.current,
            in_sync=in_sync,
            sync_status=sync_status,
            unknown_at=self._unknown_at(records),
            lag=lag,
            has_point=has_point,
            rpo=failover_ready.rpo(place),
            ready=is_ready,
            reasons=tuple(dict.fromkeys(reasons)),
            live_copies=live,
            last_drill=past.last(operations, past.is_drill),
            last_operation=operations[0] if operations else None,
            silent=self._silent,
            is_dead=self._is_dead,
            is_reached=self._is_reached,
            now=self._now[ahead],
        )

    def _held(self, identity: str) -> tuple[dict[str, ProtectionGroup], str]:
        """Return a group as each site has it that answers and knows it, and
        the site that is ahead with it; of equals the first."""
        found = self._records.get(identity)
        if found is None:
            records = {
                name: answer.groups[identity]
                for name, answer in self._answers.items()
                if identity in answer.groups
            }
            ahead = max(records, key=lambda name: rank(records[name]))
            found = self._records[identity] = records, ahead
        return found

    def find_documents(self, chosen: Iterable[str], known: str) -> None:
        """Read the metadata of many groups from one list of the site that is
        ahead with them.

        :param known: the site whose list was asked for with the metadata.
        """
        ahead = collections.Counter(
            self._held(identity)[1] for identity in chosen
        )
        wanted = [
            name
            for name, count in ahead.items()
            if name != known and count > _FEW
        ]
        if wanted:
            answers = self._answers
            # where this fails, each group asks for its own
            found, _ = self._asked.put(
                lambda it: answered.documents(it, answers[it.name]), wanted
            )
            self._documents |= found

    def _place(
        self, group: ProtectionGroup, ahead: str
    ) -> failover_ready.Place:
        """Return where the group runs, and the other site, as they answer."""
        current = self._site(group.current_primary_site_id)
        others = [name for name in self._sides if name != current]
        target = self._speaking.get(others[0]) if len(others) == 1 else None
        document = self._documents[ahead].get(group.id)
        if document is None:
            document = failover_ready.metadata(self._sides[ahead], group)
        return failover_ready.Place(
            group=group,
            document=document,
            current=current,
            target=target,
            site_ids=self._site_ids,
            instances=self._instances,
        )

    def _site(self, site_id: str | None) -> str:
        """Return the cloud's name; of a dead site that is the one left."""
        if site_id in self._sites:
            return self._sites[site_id]
        left = [name for name in self._sides if name not in self._answers]
        return left[0] if len(left) == 1 else str(site_id)

    def _sync(
        self, held: Mapping[str, ProtectionGroup]
    ) -> tuple[bool | None, str]:
        for name, error in self._errors.items():
            return None, answered.silence(name, error)
        missing = self._unknown_at(held)
        if missing is not None:
            return False, f"{missing} does not know it"
        versions = {rank(copy) for copy in held.values()}
        if len(versions) > 1:
            return False, "OUT_OF_SYNC"
        identity = next(iter(held.values())).id
        said = {
            answer.health[identity].sync_status
            for answer in self._answers.values()
            if identity in answer.health
        } - {None}
        if not said:
            return self._unsaid(identity)
        worse = sorted(str(one) for one in said if one != "IN_SYNC")
        if worse == ["UNREACHABLE"]:
            # one does not hear the other, and both are heard here
            return self._same(identity), worse[0]
        return (False, worse[0]) if worse else (True, "IN_SYNC")

    def _unknown_at(self, held: Mapping[str, ProtectionGroup]) -> str | None:
        """Return the site that answers, and has no record of a group."""
        missing = [name for name in self._answers if name not in held]
        return missing[0] if missing else None

    def _unsaid(self, identity: str) -> tuple[bool | None, str]:
        """Compare checksums where no health report has the sync status:
        equal versions may differ."""
        same = self._same(identity)
        if same is None:
            same = self._both_say(identity)
        if same is None:
            return None, "unknown: a site does not report its checksum"
        return same, "IN_SYNC" if same else "OUT_OF_SYNC"

    def _same(self, identity: str) -> bool | None:
        """Return whether both hold the same, as each says of itself."""
        told, errors = self._asked.put(
            lambda site: site.sync(identity, local=True).local_checksum
        )
        if errors:
            return None
        sums = set(told.values())
        return None if None in sums else len(sums) == 1

    def _both_say(self, identity: str) -> bool | None:
        """Return what both sites say of each other, where neither reports a
        checksum."""
        told, errors = self._asked.put(lambda site: site.sync(identity).status)
        said = set(told.values())
        if errors or not said <= {"IN_SYNC", "OUT_OF_SYNC"}:
            return None
        return said == {"IN_SYNC"}

    def _health(
        self, identity: str, group: ProtectionGroup, ahead: str
    ) -> GroupHealth | None:
        """As the primary says; where it is silent, as the other does."""
        order = [self._site(group.current_primary_site_id), ahead]
        for name in [*order, *self._answers]:
            answer = self._answers.get(name)
            if answer is not None and identity in answer.health:
                return answer.health[identity]
        return None

    def _reasons(
        self,
        health: GroupHealth | None,
        group: ProtectionGroup,
        in_sync: bool | None,
        sync_status: str,
    ) -> tuple[str, ...]:
        found: list[str] = []
        if in_sync is None:
            found.append(sync_status)
        if health is not None:
            dead = "The other site does not answer"
            found += [
                reason
                for reason in health.reasons
                if not (in_sync is None and reason == dead)
            ]
            if not health.reasons and health.failover_ready is False:
                found.append("the service says it is not ready")
        else:
            if group.status != "active":
                found.append(f"The group is {group.status}")
            if in_sync is False:
                found.append(sync_status)
        return tuple(dict.fromkeys(found))

    def _untold(self) -> str:
        why = [answer.unhealthy for answer in self._answers.values()]
        return _UNLISTED if None in why else str(why[0])

    def _operations(self, identity: str) -> list[Operation]:
        """Those of both sites, newest first."""
        found = [
            operation
            for name in self._answers
            for operation in self._of_group(name, identity)
        ]
        oldest = datetime.datetime.min.replace(tzinfo=datetime.UTC)
        return sorted(
            found, key=lambda it: it.started_at or oldest, reverse=True
        )

    def _of_group(self, name: str, identity: str) -> list[Operation]:
        found = self._by_group[name].get(identity, [])
        if self._complete[name] or past.last(found, past.is_drill) is not None:
            return found
        # the list was cut before this group's last drill
        return [*found, *self._drills(name, identity)]

    def _drills(self, name: str, identity: str) -> list[Operation]:
        """Return the last drill of a group at a site, if there is one."""
        known = self._last_drills.get(name)
        if known is not None:
            drill = known.get(identity)
            return [drill] if drill is not None else []
        return list(
            self._sides[name].handle.client.operations.list(
                protection_group_id=identity,
                operation_type=past.DRILL,
                status="completed",
                limit=1,
            )
        )

    def find_drills(self, chosen: Iterable[str]) -> None:
        """Read the last drills of many groups from one list a site."""
        wanted: dict[str, set[str]] = {}
        for name, answer in self._answers.items():
            drilled = {
                one.protection_group_id
                for one in answer.operations
                if past.is_drill(one)
            }
            missing = set(chosen) - drilled
            if not self._complete[name] and len(missing) > _FEW:
                wanted[name] = missing
        if wanted:
            # where this fails, each group asks for its own
            self._last_drills, _ = self._asked.put(
                lambda side: past.last_drills(side, wanted[side.name]), wanted
            )

    def _lag(
        self,
        health: GroupHealth | None,
        group: ProtectionGroup,
        ahead: str,
    ) -> tuple[float | None, bool | None]:
        """Return the lag, and whether there is a recovery point; None where
        nothing says so."""
        if health is not None:
            lag = health.replication_lag_seconds
            unknown = lag is None and health.rpo_compliant is None
            return lag, None if unknown else lag is not None
        try:
            moment = answered.last_replication(
                self._sides[ahead], self._answers[ahead], group
            )
        except exceptions.ProtectorError:
            return None, None
        if moment is None:
            return None, False
        return max(0.0, (self._now[ahead] - moment).total_seconds()), True
