"""The commands to type after a refusal or a failure, as a table.

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
from protectorclient._http import error_bodies
from protectorclient.advice import causes, commands, match
from protectorclient.advice.actions import ACTIONS, PURPOSES
from protectorclient.escape import (
    ShellCommand,
    at,
    fill,
    protector,
    shell_word,
)

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
#: The verbs that take mappings, and what each is checked for.
_MOVES = tuple(key for key, one in ACTIONS.items() if one.builds)


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

    @property
    def names(self) -> Mapping[str, str]:
        """Return what the commands to type next may name."""
        known = {
            "group": self.group,
            "operation": self.operation,
            "site": self.site,
            "purpose": self.verb if self.verb in PURPOSES else None,
        }
        return {name: word for name, word in known.items() if word}

    def first(self, *lines: ShellCommand) -> list[str]:
        """Of some commands the first whose names are known."""
        for line in lines:
            names = set(re.findall(r"{(\w+)}", line))
            if names <= set(self.names):
                return [fill(line, **self.names)]
        return []


Lines = Iterable[str]
Maker = Callable[[BaseException, Circumstances], Lines]


def _first(*lines: ShellCommand) -> Maker:
    return lambda error, now: now.first(*lines)


def _operation_of(error: BaseException) -> str | None:
    """Return the operation that an answer names."""
    details = getattr(error, "details", {})
    found = details.get("operation_id") if details else None
    return str(found) if found else None


def _refused(error: BaseException, now: Circumstances) -> Lines:
    """Return the row for the service's reason; it is looked up by the class
    where an answer has none."""
    reason = getattr(error, "reason", None) or _REASONS.get(type(error))
    row = match.for_reason(reason, str(error))
    names = dict(now.names)
    if isinstance(error, exceptions.OperationInProgress):
        # of this one, not of what was asked for
        names.pop("operation", None)
    if found := _operation_of(error):
        names["operation"] = found
    line = row and row.first(names)
    return [line] if line else _overview(error, now)


def _history(error: BaseException, now: Circumstances) -> Lines:
    return now.first(commands.HISTORY) or [now.again()]


def _unreachable(error: BaseException, now: Circumstances) -> Lines:
    """Return the command for the site that answers, where one does not."""
    if now.other is not None and now.verb not in _CHANGES:
        words = now.again().removeprefix("openstack ")
        return ["the other site may answer:", at(now.other, "", words)]
    return now.first(commands.CHECK) or [now.again()]


_TOKEN = _first(*causes.SIGN_IN.next)

#: What names the things that a command is about.
_LISTS: Mapping[str, ShellCommand] = {
    "mapping show": commands.LIST_OPERATIONS,
    "member": commands.LIST_MEMBERS,
    "operation": commands.LIST_OPERATIONS,
    "site": commands.LIST_SITES,
    "tenant mapping": commands.LIST_TENANT_MAPPINGS,
}


def _list(error: BaseException, now: Circumstances) -> Lines:
    """Return the command that lists what was named."""
    here = now.site and f"--os-cloud {shell_word(now.site)} "
    if "protection group" in str(error):
        return [commands.LIST_GROUPS]
    if now.group is not None and now.verb in _MOVES:
        return now.first(commands.SUGGEST)
    if now.command.startswith("policy") and now.group is not None:
        return now.first(commands.SET_POLICY)
    if "no project" in str(error):
        return [ShellCommand(f"openstack {here or ''}project list")]
    if now.command == "member add":
        return [ShellCommand(f"openstack {here or ''}server list")]
    for noun, line in _LISTS.items():
        if now.command.startswith(noun):
            return now.first(line, commands.LIST_GROUPS)
    return [commands.LIST_GROUPS]


def _name_taken(error: BaseException, now: Circumstances) -> Lines:
    found = _operation_of(error)
    if found:
        return [fill(commands.SHOW_OPERATION, operation=found)]
    return _list(error, now)


def _version(error: BaseException, now: Circumstances) -> Lines:
    """Without the version that was asked for, or what every one has."""
    if not now.is_pinned:
        return [commands.STATUS]
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


def _mapping(error: BaseException, now: Circumstances) -> Lines:
    """Return the command that prints a mapping as it has to be written."""
    return now.first(commands.SUGGEST) or _help(error, now)


def _catalog(error: BaseException, now: Circumstances) -> Lines:
    """Return the command that shows a catalog that lacks something.

    Other sentences name the file, and the key in it, or the variable.
    """
    if "catalog" not in str(error):
        return []
    return [at(now.site, "catalog list") if now.site else _CATALOG]


def _overview(error: BaseException, now: Circumstances) -> Lines:
    return [commands.STATUS]


def _again(error: BaseException, now: Circumstances) -> Lines:
    """Return the command again; check first a change that may have been
    made."""
    return _list(error, now) if now.verb in _CHANGES else [now.again()]


def _confirmed(error: BaseException, now: Circumstances) -> Lines:
    return [now.again("--yes")]


def _unknown(error: BaseException, now: Circumstances) -> Lines:
    lines = (*now.first(commands.WAIT), *now.first(commands.DIAGNOSE))
    return lines or [commands.LIST_OPERATIONS]


def _nothing(error: BaseException, now: Circumstances) -> Lines:
    """Return no command: the sentence has it, or sums up."""
    return ()


_CATALOG = ShellCommand("openstack catalog list")
_DIAGNOSE = _first(commands.DIAGNOSE, commands.LIST_OPERATIONS)
_SHOW = _first(commands.SHOW_GROUP, commands.LIST_GROUPS)
_CHECK = _first(commands.CHECK, commands.LIST_GROUPS)

#: The reason of each class that has one: what helps is in its row.
_REASONS: Mapping[type[BaseException], str] = {
    kind: reason
    for reason, kind in error_bodies.BY_REASON.items()
    if match.for_reason(reason) is not None
}

#: The nearest class up the tree decides; each reason has a class.
COMMANDS: Mapping[type[BaseException], Maker] = {
    exceptions.ProtectorError: _nothing,
    exceptions.UsageProblem: _help,
    exceptions.MappingProblem: _mapping,
    exceptions.ConfigProblem: _catalog,
    exceptions.OutputNotWritten: _nothing,
    exceptions.SomeFailed: _nothing,
    exceptions.NotUnique: _list,
    exceptions.NotFound: _list,
    exceptions.VersionNotSupported: _version,
    exceptions.GuardRefused: _SHOW,
    exceptions.PrimaryAnswers: _CHECK,
    exceptions.NotProvenDead: _CHECK,
    exceptions.CertainRefusal: _CHECK,
    exceptions.NotConfirmed: _confirmed,
    exceptions.SiteUnreachable: _unreachable,
    exceptions.AuthenticationFailed: _TOKEN,
    exceptions.OutcomeUnknown: _history,
    exceptions.HTTPError: _overview,
    exceptions.BadRequest: _help,
    exceptions.ResourceNotFound: _list,
    exceptions.VersionRefused: _version,
    exceptions.Conflict: _SHOW,
    exceptions.NameConflict: _name_taken,
    exceptions.TooLarge: _help,
    exceptions.ServerError: _overview,
    exceptions.ServiceUnavailable: _unreachable,
    exceptions.OperationError: _DIAGNOSE,
    exceptions.OperationFailed: _DIAGNOSE,
    exceptions.OperationLeftovers: _DIAGNOSE,
    exceptions.OperationEndedOtherwise: _DIAGNOSE,
    exceptions.OperationPartial: _DIAGNOSE,
    exceptions.WaitTimeout: _first(commands.WAIT, commands.LIST_OPERATIONS),
    exceptions.OperationUnknown: _unknown,
    KeyboardInterrupt: _again,
    **dict.fromkeys(_REASONS, _refused),
}


def for_error(error: BaseException, now: Circumstances) -> tuple[str, ...]:
    """Return what to type after an error: its own lines, or the table's."""
    own: tuple[str, ...] = getattr(error, "next", ())
    return own or tuple(maker(error)(error, now))


def maker(error: BaseException) -> Maker:
    """Return the row of an error, or of its nearest base class."""
    for kind in type(error).__mro__:
        if kind in COMMANDS:
            return COMMANDS[kind]
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
    # behind two dashes an option would be an argument
    end = kept.index("--") if "--" in kept else len(kept)
    kept[end:end] = [word for word in more if word not in kept]
    return protector(words_of(command), *map(shell_word, kept))


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
