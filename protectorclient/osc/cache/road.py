"""Run a read by what is known of its sites, and else by what is quickest.

There are three roads. The warm one asks by the session that an earlier read
has kept. The cold one signs in without the SDK where clouds.yaml allows that,
and each site turns to the long one by itself. The long one is that of any
command. A read ends alike on each of them.
"""

from __future__ import annotations

import argparse
import copy
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from protectorclient import exceptions
from protectorclient.osc.cache import keeping

if TYPE_CHECKING:
    from protectorclient.osc.cache.session import Session
    from protectorclient.osc.clouds import Sites
    from protectorclient.osc.messages import Messages

LOG = logging.getLogger(__name__)


class Read(Protocol):
    """A command that may be run twice, of which the second counts."""

    app: Any
    sites: Sites
    located: Mapping[str, str]
    messages: Messages

    def run_once(self, parsed_args: argparse.Namespace) -> int:
        """Run it with the sites that it has; the exit status."""

    def begin_anew(self) -> None:
        """Forget all that was asked."""

    def warn(self, text: str) -> None:
        """Write a warning."""

    def next(self, *lines: str) -> None:
        """Write what to type next."""


def run(command: Read, parsed_args: argparse.Namespace) -> int:
    """Run a read: by the session of its command line, where there is one.

    What goes wrong there is forgotten with all that it wrote; the command
    begins anew, signs in, and says what it finds.

    :returns: the exit status.
    """
    kept = keeping.SessionStore(command.app.options, command)
    session = kept.find()
    if session is not None:
        status = _short(command, copy.deepcopy(parsed_args), session, kept)
        if status is not None:
            return status
    elif kept.can_be_short and getattr(command.app, "is_quick", False):
        from protectorclient.osc.cache import cold_sites

        command.sites = (
            cold_sites.find(command.app, command.warn) or command.sites
        )
    status = command.run_once(parsed_args)
    if command.sites.opened() and kept.is_wanted(
        lambda: command.sites.settings
    ):
        kept.keep(command.sites, command.located)
    return status


def _short(
    command: Read,
    parsed_args: argparse.Namespace,
    session: Session,
    kept: keeping.SessionStore,
) -> int | None:
    """Run a read by a session; None where that cannot be done."""
    from protectorclient._http.short.wire import LongRoad
    from protectorclient.osc.cache.short_sites import ShortSites

    command.messages.hold()
    try:
        command.sites = ShortSites(command.app, session)
        return command.run_once(parsed_args)
    except Exception as error:
        LOG.debug("not by the session: %s", error)
        if isinstance(error, LongRoad):
            is_wrong = error.stale
        else:
            # a name that is not there, or wrong usage, is nobody's fault
            is_wrong = not isinstance(error, exceptions.ProtectorError)
        if is_wrong:
            kept.drop()
        command.begin_anew()
        return None
