"""Find out whether a primary is alive: from here, and from the other site.

Each answer counts: instances may still run, and write, where only a part
of the site is down.
"""

from __future__ import annotations

from collections.abc import Callable

from protectorclient import exceptions
from protectorclient.pair.site import SiteHandle
from protectorclient.polling import at_once
from protectorclient.records.protection_group import SyncStatus


def signs_of_life(
    primary: SiteHandle,
    error: exceptions.ProtectorError | None,
    survivor: SiteHandle,
    compare: Callable[[], SyncStatus],
    answers: Callable[[], bool],
) -> tuple[str, ...]:
    """Return which services of the primary answer, and whom; none if it is
    dead.

    A certificate or a proxy that stops the questions is no sign of life, and
    no proof of death.

    :param error: what came of asking it for the group.
    :param compare: asks the survivor how its metadata compare.
    :param answers: asks its protector, without its Keystone.
    :raises NotProvenDead: nothing answers, and not every question has
        reached the site.
    """
    keystone = answered_keystone(primary, error)
    stopped: list[exceptions.ProtectorError] = []
    if isinstance(error, exceptions.SiteNotReached):
        stopped.append(error)

    def protector() -> bool:
        try:
            return answered_protector(error, keystone, answers)
        except exceptions.SiteNotReached as unasked:
            stopped.append(unasked)
            return False

    here = at_once.start(protector)
    there = at_once.start(lambda: peer_answers(compare))
    signs = (
        ("its Keystone answers", keystone),
        ("its protector answers", here.result()),
        (f"its protector answers {survivor.name}", there.result()),
    )
    found = tuple(text for text, alive in signs if alive)
    if not found and stopped:
        why = stopped[0].message
        raise exceptions.NotProvenDead(
            f"{primary.name} may be alive. Unplanned failover refused: both"
            " sites could run the group. The questions do not reach"
            f" {primary.name}: {why}",
            site=primary.name,
        )
    return found


def answered_keystone(
    handle: SiteHandle, error: exceptions.ProtectorError | None
) -> bool:
    """Return whether Keystone answered, a refusal included.

    It is known from the first question: to ask a dead Keystone again would
    cost a second timeout.
    """
    if error is None or isinstance(error, exceptions.AuthenticationFailed):
        return True
    auth = handle.access.session.auth
    return getattr(auth, "auth_ref", None) is not None


def answered_protector(
    error: exceptions.ProtectorError | None,
    keystone: bool,
    answers: Callable[[], bool],
) -> bool:
    """Return whether the protector answers, with or without its Keystone."""
    if error is None:
        return True
    if isinstance(error, exceptions.HTTPError):
        return error.code < 500
    if keystone and isinstance(error, exceptions.SiteUnreachable):
        # its Keystone gave a token, so the service did not answer
        return False
    return answers()


def peer_answers(compare: Callable[[], SyncStatus]) -> bool:
    """Return whether the other site still hears from its peer.

    An error counts as no.
    """
    try:
        return compare().status != "UNREACHABLE"
    except exceptions.ProtectorError:
        return False
