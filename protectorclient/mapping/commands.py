"""Commands that clear what stands in the way, as they are typed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from protectorclient.escape import ShellCommand, protector, shell_word

if TYPE_CHECKING:
    from protectorclient.mapping.forecast import Match
    from protectorclient.mapping.suggest import Guess


def group(words: str) -> ShellCommand:
    """A command on a group, from the words behind ``protection-group``."""
    return protector(f"protection-group {words}")


def option(what: str, source: str, target: str) -> str:
    """An option that maps one thing."""
    return f"--{what}-mapping {shell_word(f'{source}={target}')}"


def options(
    what: str,
    matches: Iterable[Match],
    guesses: Iterable[Guess],
) -> list[str] | None:
    """The whole mapping; None where something is left to be chosen."""
    by_id = {guess.source.id: guess.target for guess in guesses}
    found = []
    for match in matches:
        chosen = match.target if match.matched else by_id.get(match.source.id)
        if chosen is None:
            return None
        if chosen.name != match.source.name:
            found.append(option(what, match.source.name, chosen.name))
    return found


def move(
    action: str,
    name: str,
    mapped: Sequence[Sequence[str] | None],
    *,
    unplanned: bool = False,
    more: Sequence[str] = (),
) -> ShellCommand:
    """The whole command of a move, with what it needs to be mapped.

    :param mapped: the options of networks and of flavors; None where they
        are not known.
    :param more: options that stand behind those.
    """
    words = [action, shell_word(name)]
    if unplanned:
        words.append("--type unplanned")
    for some in mapped:
        words += some or ()
    words += more
    return group(" ".join(words))


def suggest(name: str) -> ShellCommand:
    """What helps where not everything can be guessed."""
    return protector(f"mapping suggest {shell_word(name)}")


def set_policy(name: str) -> ShellCommand:
    """The whole command, with what has to be found out in variables."""
    return protector(
        f"policy set {shell_word(name)}"
        " --primary-fa-url $PRIMARY_FA_URL"
        " --secondary-fa-url $SECONDARY_FA_URL"
        " --primary-fa-api-token-env PRIMARY_FA_API_TOKEN"
        " --secondary-fa-api-token-env SECONDARY_FA_API_TOKEN"
    )


def sync_force(name: str) -> ShellCommand:
    """Copies the metadata of the site that is ahead."""
    return group(f"sync-force {shell_word(name)}")


def sync_volumes(name: str) -> ShellCommand:
    """Makes a recovery point, and starts a replication that is stopped."""
    return protector(f"consistency-group sync {shell_word(name)} --wait")


def failback(name: str) -> ShellCommand:
    """Brings it home, and protects it there."""
    return group(f"failback {shell_word(name)} --reverse-replication --wait")


def history(name: str) -> ShellCommand:
    """Shows what has been done with a group, at both sites."""
    return protector(
        f"operation list --all-sites --protection-group {shell_word(name)}"
    )


def at(site: str, words: str) -> ShellCommand:
    """A command of OpenStack at one site.

    :param site: the cloud's name.
    """
    return ShellCommand(f"openstack --os-cloud {shell_word(site)} {words}")
