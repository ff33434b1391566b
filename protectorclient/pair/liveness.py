"""Whether a primary is dead: asked from here, and from the other site.

Each answer is a sign of life: instances may still run, and write, where
only a part of the site is broken.
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
    """Return who of the primary answers, and from where; nothing when it is
    dead.

    :param error: what came of asking it for the group.
    :param compare: asks the survivor how its metadata compare.
    :param answers: asks its protector, without its Keystone.
    """
    keystone = answered_keystone(primary, error)
    here = at_once.start(lambda: answered_protector(error, keystone, answers))
    there = at_once.start(lambda: heard(compare))
    signs = (
        ("its Keystone answers", keystone),
        ("its protector answers", here.result()),
        (f"its protector answers {survivor.name}", there.result()),
    )
    return tuple(text for text, alive in signs if alive)


def answered_keystone(
    handle: SiteHandle, error: exceptions.ProtectorError | None
) -> bool:
    """Return whether Keystone said anything, a refusal included.

    Told from what is known already: to ask a dead one again would cost a
    second timeout.
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
    """Return whether the service itself answers, with or without its
    Keystone."""
    if error is None:
        return True
    if isinstance(error, exceptions.HTTPError):
        return error.code < 500
    if keystone and isinstance(error, exceptions.SiteUnreachable):
        # its Keystone gave a token, so it was the service that was silent
        return False
    return answers()


def heard(compare: Callable[[], SyncStatus]) -> bool:
    """Return whether the other site still hears from its peer.

    One that cannot tell has not heard it.
    """
    try:
        return compare().status != "UNREACHABLE"
    except exceptions.ProtectorError:
        return False
