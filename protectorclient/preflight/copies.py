"""Find instances of a group beside those that its primary runs.

A forced failover leaves the old primary's instances where they were; an
operation that failed may leave what it had built. Where one of them runs,
two copies of a member are live: both write, and only one is replicated.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.advice import commands as typed
from protectorclient.advice.actions import FAILED_OVER
from protectorclient.escape import ShellCommand, at, fill, shell_word
from protectorclient.pair.reads import group_servers

if TYPE_CHECKING:
    from protectorclient.pair.both_sites import BothSites
    from protectorclient.pair.location import Location
    from protectorclient.pair.moves.action import PreparedAction

#: The service marks with it what it builds: the member it is a copy of.
MARK = "protector_member"
#: It marks with it what it builds for a drill.
DRILL = "protector_drill"
#: So many names stand in a sentence; the rest is counted.
NAMED = 6
#: Statuses of Nova in which an instance does not run.
_STOPPED = frozenset(
    {
        "SHUTOFF",
        "STOPPED",
        "PAUSED",
        "SUSPENDED",
        "SHELVED",
        "SHELVED_OFFLOADED",
        "DELETED",
        "SOFT_DELETED",
    }
)
#: Power states of Nova in which nothing can write: paused, shut down,
#: crashed, suspended.
_POWER_OFF = frozenset({3, 4, 6, 7})


@dataclasses.dataclass(frozen=True)
class Copy:
    """An instance of a member that is not the one which the group runs."""

    #: The cloud's name of the site where it is.
    site: str
    instance_id: str
    name: str
    #: As Nova tells, ``ACTIVE`` for one that runs.
    status: str
    #: Whether it runs, and so may write.
    runs: bool
    #: Whether the metadata name it; else its marks alone do.
    known: bool = True
    #: Whether no other instance of the project has its name there.
    is_only: bool = False

    @property
    def word(self) -> str:
        """Return what a command calls it: its name, where that is enough."""
        by_name = self.is_only and not self.name.startswith("-")
        return shell_word(self.name if by_name else self.instance_id)

    def to_dict(self) -> dict[str, Any]:
        """As data."""
        return {
            "site": self.site,
            "instance_id": self.instance_id,
            "name": self.name,
            "status": self.status,
            "runs": self.runs,
        }


def runs(server: Mapping[str, Any]) -> bool:
    """Return whether an instance runs, by its status and power state in Nova.

    What cannot be told counts as running: it may write.
    """
    status = str(server.get("status") or "").upper()
    power = server.get("OS-EXT-STS:power_state")
    if status in _STOPPED or power in _POWER_OFF:
        return False
    # one that could not be built, or is not built yet, has no power state
    return not (status in ("ERROR", "BUILD") and power in (None, 0))


class Instances:
    """All instances of the project at a site, to be looked up.

    Many groups are looked for among the same ones.

    :param servers: as Nova lists them.
    """

    def __init__(self, servers: Iterable[Mapping[str, Any]]) -> None:
        self._by_id: dict[str, Mapping[str, Any]] = {}
        self._by_member: dict[str, list[str]] = {}
        called: list[str] = []
        for server in servers:
            identity = str(server.get("id"))
            self._by_id[identity] = server
            called.append(str(server.get("name")))
            marks = server.get("metadata") or {}
            if MARK in marks and DRILL not in marks:
                self._by_member.setdefault(str(marks[MARK]), []).append(
                    identity
                )
        self._called = collections.Counter(called)

    def __getitem__(self, identity: str) -> Mapping[str, Any]:
        return self._by_id[identity]

    def among(self, ids: Iterable[str]) -> list[str]:
        """Return those of some ids that are there."""
        return [one for one in ids if one in self._by_id]

    def built_for(self, members: Iterable[str]) -> Iterator[str]:
        """Return the ids of what the service has marked as copies of some
        members, drills apart."""
        for member in members if self._by_member else ():
            yield from self._by_member.get(member, ())

    def is_only(self, name: str) -> bool:
        """Return whether one instance alone has a name."""
        return self._called[name] == 1


def find(
    documents: Sequence[Mapping[str, Any]],
    primary: str | None,
    site_id: str,
    site: str,
    servers: Iterable[Mapping[str, Any]] | Instances,
) -> tuple[Copy, ...]:
    """Return the copies of a group at one site, drills apart.

    :param documents: the group's metadata, as one site or both have them.
    :param primary: the id of the site where the group runs.
    :param site: the cloud's name of the site that is looked at.
    :param servers: all instances of the project there, as Nova has them.
    """
    members: list[str] = []
    own: set[str] = set()
    named: dict[str, str] = {}
    for document in documents:
        if document.get("tests"):
            own |= _of_tests(document)
        # a record from before the last move names what is older now
        runs_here = (
            site_id == primary
            and document.get("current_primary_site_id") == primary
        )
        for member in document.get("members") or ():
            members.append(str(member.get("id")))
            had = (member.get("sites") or {}).get(site_id)
            if not isinstance(had, dict):
                continue
            if runs_here:
                own.add(str(had.get("instance_id")))
            else:
                named.update(_named(had, "instance_name"))
            older = had.get("left")
            if isinstance(older, dict):
                named.update(_named(older, "name"))
    if not isinstance(servers, Instances):
        servers = Instances(servers)
    there = {*servers.among(named), *servers.built_for(members)} - own
    if not there:
        return ()
    found = []
    for identity in there:
        server = servers[identity]
        name = str(server.get("name") or named.get(identity) or identity)
        found.append(
            Copy(
                site=site,
                instance_id=identity,
                name=name,
                status=str(server.get("status")),
                runs=runs(server),
                known=identity in named,
                is_only=servers.is_only(name),
            )
        )
    return tuple(sorted(found, key=lambda it: (it.name, it.instance_id)))


def _named(had: Mapping[str, Any], field: str) -> Iterator[tuple[str, str]]:
    if had.get("instance_id"):
        yield str(had["instance_id"]), str(had.get(field) or "")


def _of_tests(document: Mapping[str, Any]) -> set[str]:
    return {
        str(instance.get("id"))
        for test in document.get("tests") or ()
        for instance in test.get("instances") or ()
    }


def live(copies: Iterable[Copy]) -> tuple[Copy, ...]:
    """Those that run."""
    return tuple(copy for copy in copies if copy.runs)


def names(copies: Sequence[Copy]) -> str:
    """Names of instances for a sentence; many are counted."""
    found = [copy.name for copy in copies]
    if len(found) > NAMED:
        shown = ", ".join(found[:NAMED])
        return f"{shown} and {len(found) - NAMED} more"
    return ", ".join(found)


def sentence(copies: Sequence[Copy], primary: str) -> str:
    """Return which instances run beside the group and where, for people.

    :param primary: the cloud's name of the site where the group runs.
    """
    told = []
    for site, some in by_site(copies).items():
        verb = "runs and writes" if len(some) == 1 else "run and write"
        if site == primary:
            told.append(
                f"older {'copy' if len(some) == 1 else 'copies'} of"
                f" {names(some)} {verb} at {site} now, beside the group"
            )
        else:
            told.append(
                f"{names(some)} {verb} at {site} now, beside the group at"
                f" {primary}"
            )
    return "; ".join(told)


def by_site(copies: Iterable[Copy]) -> dict[str, list[Copy]]:
    """Return the copies at each site, by the cloud's name."""
    found: dict[str, list[Copy]] = {}
    for copy in copies:
        found.setdefault(copy.site, []).append(copy)
    return found


def stop(copies: Iterable[Copy]) -> Iterator[ShellCommand]:
    """Make the commands that stop instances where they are.

    After a failback their names may be those of other instances: then by
    their ids.
    """
    for site, some in by_site(copies).items():
        yield at(site, "server stop", *(copy.word for copy in some))


@dataclasses.dataclass(frozen=True)
class Cure:
    """What ends it: one way, and another for where the group stays."""

    commands: tuple[ShellCommand, ...]
    #: When the other commands are right, as a sentence without an end.
    instead_when: str | None = None
    instead: tuple[ShellCommand, ...] = ()

    @property
    def lines(self) -> list[str]:
        """Make a command or a sentence a line."""
        if self.instead_when is None:
            return list(self.commands)
        return [*self.commands, f"{self.instead_when}:", *self.instead]


def cure(
    copies: Sequence[Copy],
    *,
    group: str,
    status: str,
    primary: str,
    in_sync: bool = True,
) -> Cure:
    """Choose the commands that end it.

    A failback stops the instances at its target first and keeps a snapshot
    of them; where the group is not away from home, they are stopped.

    :param group: its name.
    :param primary: the cloud's name of the site where the group runs.
    :param in_sync: whether both sites hold the same metadata.
    """
    stops = tuple(stop(copies))
    if status not in FAILED_OVER or all(
        copy.site == primary for copy in copies
    ):
        return Cure(stops)
    commands = [fill(typed.FAILBACK, group=group)]
    if not in_sync:
        commands.insert(0, fill(typed.SYNC_FORCE, group=group))
    return Cure(
        tuple(commands), f"or, where the group stays at {primary}", stops
    )


def at_target(
    prepared: PreparedAction, document: Mapping[str, Any]
) -> tuple[Copy, ...]:
    """Find the copies where an action goes; none where Nova gives no list."""
    located = prepared.located
    try:
        servers = located.facts(located.other).servers
    except exceptions.ProtectorError:
        return ()
    return find(
        [document],
        located.site_ids[located.current.name],
        located.site_ids[located.other.name],
        located.other.name,
        servers,
    )


@dataclasses.dataclass(frozen=True)
class Copies:
    """The copies of one group at both sites."""

    copies: tuple[Copy, ...] = ()
    #: Why a site did not tell, by its cloud's name.
    unknown: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def live(self) -> tuple[Copy, ...]:
        """Those that run."""
        return live(self.copies)


def look(
    located: Location,
    *,
    primary: str | None = None,
    asked: BothSites | None = None,
) -> Copies:
    """Ask both sites for copies of a group: one list of instances each.

    :param primary: the id of the site where the group runs; without it
        the one that the metadata name.
    :param asked: the sites, with what they have answered already; without
        it each is asked anew.
    """
    asked = asked or located.asked.anew()
    told = group_servers.ask(asked, located)
    found = [
        copy
        for site, servers in told.servers.items()
        for copy in find(
            told.documents,
            primary or located.site_ids[located.current.name],
            located.site_ids[site],
            site,
            servers,
        )
    ]
    return Copies(tuple(found), told.unknown)
