"""What to type after a refusal or a bad ending, as a table.

An error that knows better carries its own (`ProtectorError.then`).
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from protectorclient import exceptions
from protectorclient.escape import ShellCommand, protector, shell_word
from protectorclient.mapping import commands

if TYPE_CHECKING:
    from protectorclient.osc.clouds import Sites

#: Global options by which a site is reached, where they go and what stands
#: for them in the environment. Secrets are none of them.
_REACHING = tuple(
    (f"--os-{name}", name.replace("-", "_"), f"OS_{name}".upper())
    for name in (
        "cloud",
        "region-name",
        "auth-type",
        "auth-url",
        "username",
        "user-id",
        "user-domain-name",
        "user-domain-id",
        "project-name",
        "project-id",
        "project-domain-name",
        "project-domain-id",
        "application-credential-id",
        "cacert",
    )
)
_SECONDARY = ("--secondary-cloud", "secondary_cloud", "OS_SECONDARY_CLOUD")
#: Commands after which something is another.
_CHANGES = frozenset(
    ("add", "create", "delete", "reconcile", "remove", "set", "sync-force")
)
#: The actions that take mappings, and what each is checked for.
_MOVES = ("failover", "failback", "test-failover")
_ACTIONS = (*_MOVES, "test-cleanup")


def words_of(command: str | None) -> str:
    """Return the words of one of our commands, whichever shell has found
    it."""
    return (command or "").removeprefix("protector ")


@dataclasses.dataclass(frozen=True)
class Circumstances:
    """What there is to know of the command that ended so."""

    #: Its words, as ``protection-group failover``.
    command: str
    #: As it was typed, with other options.
    again: Callable[..., ShellCommand]
    #: The one group that it was for: name or id, as given.
    group: str | None = None
    #: The one operation.
    operation: str | None = None
    #: The cloud where it happened.
    site: str | None = None
    #: The other site's cloud, where only one of them was asked.
    other: str | None = None
    #: Whether the API version was given.
    is_pinned: bool = False

    @property
    def verb(self) -> str:
        """Its last word."""
        return self.command.rpartition(" ")[2]

    def of_group(self, words: str) -> ShellCommand:
        """Return a command on the group; where there is none, on all groups.

        :param words: with ``{group}`` in the place of its name.
        """
        if self.group is None:
            return protector("protection-group list")
        return protector(words.replace("{group}", shell_word(self.group)))

    def at_site(self, words: str) -> ShellCommand:
        """Return an OpenStack command for the site where it happened."""
        if self.site is None:
            return ShellCommand(f"openstack {words}")
        return commands.at(self.site, words)


Lines = Iterable[str]
Maker = Callable[[BaseException, Circumstances], Lines]


def _group(words: str) -> Maker:
    return lambda error, now: [now.of_group(words)]


def _operation_of(error: BaseException) -> str | None:
    """Return the operation that an answer names."""
    details = getattr(error, "details", {})
    found = details.get("operation_id") if details else None
    return str(found) if found else None


def _in_progress(error: BaseException, now: Circumstances) -> Lines:
    found = _operation_of(error)
    if found:
        return [protector(f"operation wait {shell_word(found)}")]
    if now.group is None:
        return [protector("operation watch --all")]
    return [now.of_group("operation watch --protection-group {group}")]


def _status(error: BaseException, now: Circumstances) -> Lines:
    if now.verb == "failback" and now.group is not None:
        return [commands.history(now.group)]
    if now.verb in _ACTIONS:
        words = f"protection-group check {{group}} --for {now.verb}"
        return [now.of_group(words)]
    return [now.of_group("protection-group show {group}")]


def _history(error: BaseException, now: Circumstances) -> Lines:
    if now.group is None:
        return [now.again()]
    return [commands.history(now.group)]


def _policy(error: BaseException, now: Circumstances) -> Lines:
    if now.group is None:
        return [protector("protection-group list")]
    return [commands.set_policy(now.group)]


def _reached(error: BaseException, now: Circumstances) -> Lines:
    """Return the command for the site that answers, where one does not."""
    if now.other is not None and now.verb not in _CHANGES:
        words = now.again().removeprefix("openstack ")
        return ["the other site may answer:", commands.at(now.other, words)]
    if now.group is None:
        return [now.again()]
    return [now.of_group("protection-group check {group}")]


def _token(error: BaseException, now: Circumstances) -> Lines:
    """Return the command that shows who the user is, without the token."""
    return [now.at_site("token issue -c user_id -c project_id")]


#: What names the things that a command is about.
_LISTS: Mapping[str, str] = {
    "mapping show": "operation list --all-sites",
    "member": "member list {group}",
    "operation": "operation list --all-sites",
    "site": "site list",
    "tenant mapping": "tenant mapping list",
}


def _list(error: BaseException, now: Circumstances) -> Lines:
    """Return the command that lists what was named."""
    if "protection group" in str(error):
        return [protector("protection-group list")]
    if now.group is not None and now.verb in _MOVES:
        return [commands.suggest(now.group)]
    if now.command.startswith("policy") and now.group is not None:
        return [commands.set_policy(now.group)]
    if "no project" in str(error):
        return [now.at_site("project list")]
    if now.command == "member add":
        return [now.at_site("server list")]
    for noun, words in _LISTS.items():
        if now.command.startswith(noun):
            return [now.of_group(words) if "{" in words else protector(words)]
    return [protector("protection-group list")]


def _name_taken(error: BaseException, now: Circumstances) -> Lines:
    found = _operation_of(error)
    if found:
        return [protector(f"operation show {shell_word(found)}")]
    return _list(error, now)


def _version(error: BaseException, now: Circumstances) -> Lines:
    """Without the version that was asked for, or what every one has."""
    if not now.is_pinned:
        return [protector("status")]
    offered = re.findall(r"\d+\.\d+", getattr(error, "offered", None) or "")
    if not offered:
        return [now.again()]
    words = now.again().removeprefix("openstack ")
    return [
        ShellCommand(
            f"openstack --os-protector-api-version {offered[-1]} {words}"
        )
    ]


def _help(error: BaseException, now: Circumstances) -> Lines:
    return [protector(f"{now.command} --help")]


def _overview(error: BaseException, now: Circumstances) -> Lines:
    return [protector("status")]


def _again(error: BaseException, now: Circumstances) -> Lines:
    """Return the command again; check first a change that may have been
    made."""
    return _list(error, now) if now.verb in _CHANGES else [now.again()]


def _confirmed(error: BaseException, now: Circumstances) -> Lines:
    return [now.again("--yes")]


def _operation(*verbs: str) -> Maker:
    def make(error: BaseException, now: Circumstances) -> Iterator[str]:
        if now.operation is None:
            yield protector("operation list --all-sites")
            return
        for verb in verbs:
            yield protector(f"operation {verb} {shell_word(now.operation)}")

    return make


def _nothing(error: BaseException, now: Circumstances) -> Lines:
    """It says itself what is wrong with what was typed, or sums up."""
    return ()


_LOOK = "protection-group check {group}"

#: The nearest class up the tree decides; each reason has a class.
AFTER: Mapping[type[BaseException], Maker] = {
    exceptions.ProtectorError: _nothing,
    exceptions.UsageProblem: _nothing,
    exceptions.ConfigProblem: _nothing,
    exceptions.OutputNotWritten: _nothing,
    exceptions.SomeFailed: _nothing,
    exceptions.NotUnique: _list,
    exceptions.NotFound: _list,
    exceptions.VersionNotSupported: _version,
    exceptions.GuardRefused: _group("protection-group show {group}"),
    exceptions.PrimaryAnswers: _group(_LOOK),
    exceptions.CertainRefusal: _group(_LOOK),
    exceptions.NotConfirmed: _confirmed,
    exceptions.SiteUnreachable: _reached,
    exceptions.AuthenticationFailed: _token,
    exceptions.OutcomeUnknown: _history,
    exceptions.HTTPError: _overview,
    exceptions.BadRequest: _help,
    exceptions.MappingIncomplete: _group("mapping suggest {group}"),
    exceptions.VolumeTypeNotReplicated: lambda error, now: [
        now.at_site("volume type list --long")
    ],
    exceptions.Unauthorized: _token,
    exceptions.Forbidden: _token,
    exceptions.ResourceNotFound: _list,
    exceptions.VersionRefused: _version,
    exceptions.Conflict: _group("protection-group show {group}"),
    exceptions.PeerUnreachable: _group(_LOOK),
    exceptions.InvalidState: _status,
    exceptions.OperationInProgress: _in_progress,
    exceptions.TestNotCleaned: _group(
        "protection-group test-cleanup {group} --wait"
    ),
    exceptions.NothingToClean: _group(
        "operation list --all-sites --protection-group {group}"
        " --type test_failover"
    ),
    exceptions.OutOfSync: _group("protection-group sync-force {group}"),
    exceptions.WrongSite: _group("protection-group sync-force {group}"),
    exceptions.MetadataConflict: _group("protection-group reconcile {group}"),
    exceptions.PolicyMissing: _policy,
    exceptions.NameConflict: _name_taken,
    exceptions.InUse: lambda error, now: [protector("protection-group list")],
    exceptions.TooLarge: _help,
    exceptions.ServerError: _overview,
    exceptions.ServiceUnavailable: _reached,
    exceptions.OperationError: _operation("diagnose"),
    exceptions.OperationFailed: _operation("diagnose"),
    exceptions.OperationLeftovers: _operation("diagnose"),
    exceptions.OperationEndedOtherwise: _operation("diagnose"),
    exceptions.OperationPartial: _operation("diagnose"),
    exceptions.WaitTimeout: _operation("wait"),
    exceptions.OperationUnknown: _operation("wait", "diagnose"),
    KeyboardInterrupt: _again,
}


def after(error: BaseException, now: Circumstances) -> tuple[str, ...]:
    """Return what to type after an error: its own lines, or the table's."""
    own: tuple[str, ...] = getattr(error, "next", ())
    return own or tuple(maker(error)(error, now))


def maker(error: BaseException) -> Maker:
    """Return the row of an error, or of its nearest base class."""
    for kind in type(error).__mro__:
        if kind in AFTER:
            return AFTER[kind]
    return _nothing


def circumstances(
    error: BaseException,
    *,
    words: str | None,
    again: Callable[..., ShellCommand],
    parsed: argparse.Namespace | None,
    options: argparse.Namespace,
    sites: Sites,
) -> Circumstances:
    """Collect what the rows have to know of a command and its error.

    :param words: of the command, as the shell found it.
    :param again: makes the command as it was typed.
    :param parsed: its command line.
    :param options: the global options.
    :param sites: the clouds that it has opened.
    """
    site, other = getattr(error, "site", None), None
    if sites.has_primary:
        if not options.cloud and site == sites.primary.name:
            # a cloud without an entry is what the variables say
            site = None
        if not sites.has_pair:
            other = options.secondary_cloud or sites.primary.access.secondary
    return Circumstances(
        command=words_of(words),
        again=again,
        group=_only(parsed, "protection_group"),
        operation=getattr(error, "operation_id", None)
        or _only(parsed, "operation"),
        site=site,
        other=other,
        is_pinned=bool(options.protector_microversion),
    )


def _only(parsed: argparse.Namespace | None, dest: str) -> str | None:
    """Return what was named, where it was one name."""
    named = getattr(parsed, dest, None)
    if isinstance(named, list):
        named = named[0] if len(named) == 1 else None
    return named if isinstance(named, str) else None


def typed_again(
    command: str | None,
    typed: Sequence[str],
    more: Sequence[str] = (),
    without: Sequence[str] = (),
) -> ShellCommand:
    """Return a command as it was typed.

    :param typed: what stood behind its words.
    :param more: options that are added, if they are not there.
    :param without: an option, and its value, that are left out.
    """
    kept: list[str] = []
    left = list(typed)
    while left:
        if without and left[: len(without)] == list(without):
            del left[: len(without)]
        elif left[0] == "=".join(without):
            del left[0]
        else:
            kept.append(left.pop(0))
    kept += [word for word in more if word not in kept]
    return protector(" ".join([words_of(command), *map(shell_word, kept)]))


def reaching(line: ShellCommand, options: argparse.Namespace) -> ShellCommand:
    """Return a command as it has to be typed to reach the same sites.

    What the environment says is there the next time too; what was given
    on the command line is given again.
    """
    head, found, rest = line.partition("protector ")
    if not found or not line.startswith("openstack "):
        return line
    given = dict(_given(options, (*_REACHING, _SECONDARY)))
    if "--os-cloud " in head:
        # at the other site the one that was asked is the second
        second = given.pop("--secondary-cloud", None)
        site = head.partition("--os-cloud ")[2].split()[0]
        if second == site:
            second = given.get("--os-cloud")
        given = {"--secondary-cloud": second} if second else {}
    told = "".join(f"{name} {word} " for name, word in given.items())
    return ShellCommand(f"{head}{told}{found}{rest}")


def _given(
    options: argparse.Namespace, table: Iterable[tuple[str, str, str]]
) -> Iterator[tuple[str, str]]:
    for name, dest, variable in table:
        value = getattr(options, dest, None)
        if value and value != os.environ.get(variable):
            yield name, shell_word(str(value))
