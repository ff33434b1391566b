"""Commands that clear what stands in the way, as they are typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from protectorclient import suggesting
from protectorclient.escape import shell_word
from protectorclient.outlook import Fate, Outlook

GROUP = "openstack protector protection-group"


def option(what: str, source: str, target: str) -> str:
    """An option that maps one thing."""
    return f"--{what}-mapping {shell_word(f'{source}={target}')}"


def options(
    what: str,
    fates: Iterable[Fate],
    guesses: Iterable[suggesting.Guess],
) -> list[str] | None:
    """The whole mapping; None where something is left to be chosen."""
    by_id = {guess.source.id: guess.target for guess in guesses}
    found = []
    for fate in fates:
        chosen = fate.target if fate.matched else by_id.get(fate.source.id)
        if chosen is None:
            return None
        if chosen.name != fate.source.name:
            found.append(option(what, fate.source.name, chosen.name))
    return found


def move(
    action: str,
    name: str,
    mapped: Sequence[Sequence[str] | None],
    *,
    unplanned: bool = False,
) -> str:
    """The whole command of a move, with what it needs to be mapped.

    :param mapped: the options of networks and of flavors; None where they
        are not known.
    """
    words = [GROUP, action, shell_word(name)]
    if unplanned:
        words.append("--type unplanned")
    for some in mapped:
        words += some or ()
    return " ".join(words)


def suggest(name: str) -> str:
    """What helps where not everything can be guessed."""
    return f"openstack protector mapping suggest {shell_word(name)}"


def set_policy(name: str) -> str:
    """The whole command, with what has to be found out in variables."""
    return (
        f"openstack protector policy set {shell_word(name)}"
        " --primary-fa-url $PRIMARY_FA_URL"
        " --secondary-fa-url $SECONDARY_FA_URL"
        " --primary-fa-api-token-env PRIMARY_FA_API_TOKEN"
        " --secondary-fa-api-token-env SECONDARY_FA_API_TOKEN"
    )


def rematch(
    outlook: Outlook,
    networks: Sequence[Fate],
    flavors: Sequence[Fate],
    targets: Mapping[str, Sequence[Mapping[str, Any]]],
) -> list[list[str] | None]:
    """The options of networks and of flavors for a move.

    :param targets: ``networks``, ``subnets`` and ``flavors`` at the target.
    """
    return [
        options(
            "network",
            networks,
            suggesting.networks(
                outlook, targets["networks"], targets["subnets"]
            ),
        ),
        options(
            "flavor",
            flavors,
            suggesting.flavors(outlook, targets["flavors"]),
        ),
    ]
