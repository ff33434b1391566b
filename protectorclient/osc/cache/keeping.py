"""Look a session up before a read, and keep what one has found out."""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from protectorclient.osc.cache import folder

if TYPE_CHECKING:
    from protectorclient.osc.cache import session
    from protectorclient.osc.clouds import Sites

LOG = logging.getLogger(__name__)

#: What helps where the folder cannot be used as it is.
ELSEWHERE = "XDG_CACHE_HOME names another folder for caches"
#: Replaced in tests, where no time passes.
clock = time.time


class Speaker(Protocol):
    """A command that can write to stderr."""

    def warn(self, text: str) -> None:
        """Write a warning."""

    def next(self, *lines: str) -> None:
        """Write what to type next."""


def refuse(speaker: Speaker, error: folder.NotOurs) -> None:
    """Warn of a folder or file that is not this user's alone."""
    text = f"the session cache is not used: {error}"
    if error.remedy:
        speaker.warn(text)
        speaker.next(error.remedy)
    else:
        speaker.warn(f"{text}; {ELSEWHERE}")


class SessionStore:
    """The session of one command line, and its place."""

    def __init__(
        self,
        options: argparse.Namespace,
        speaker: Speaker,
        place: folder.Folder | None = None,
    ) -> None:
        self._options = options
        self._speaker = speaker
        self._folder = place or folder.Folder()
        self._has_warned = False
        #: The name of the session's file, once it was made.
        self._known_name: str | None = None

    @property
    def can_be_short(self) -> bool:
        """Return whether nothing is to be seen of the road itself."""
        given = vars(self._options)
        return (
            not given.get("debug")
            and not given.get("timing")
            and (given.get("verbose_level") or 0) <= 1
            and not given.get("log_file")
        )

    def find(self) -> session.Session | None:
        """Return the session that is kept for the command line, if any."""
        if not self._folder.is_there or not self.can_be_short:
            return None
        try:
            name = self._name()
            content = self._folder.read(name) if name else None
        except OSError as error:
            self._refuse(error)
            return None
        from protectorclient.osc.cache import session

        found = session.loaded(content) if content is not None else None
        if found is not None:
            found = found.at(clock())
            if any(found.sites.values()):
                return found
        return None

    def _refuse(self, error: OSError) -> None:
        if isinstance(error, folder.NotOurs) and not self._has_warned:
            self._has_warned = True
            refuse(self._speaker, error)
        LOG.debug("no session: %s", error)

    def _name(self, *, make: bool = False) -> str | None:
        """Return the name of the session's file; None without a key.

        It is made once: it reads every file that the configuration may be
        in.
        """
        if self._known_name is None:
            secret = self._folder.secret(make=make)
            if secret:
                from protectorclient.osc.cache import key

                self._known_name = key.name(secret, self._options)
        return self._known_name

    def is_wanted(self, settings: Callable[[], Mapping[str, Any]]) -> bool:
        """Return whether sessions are to be kept.

        :param settings: returns all of clouds.yaml.
        """
        if not _can_be_kept(self._options):
            return False
        return self._folder.is_enabled or is_asked_for(settings())

    def keep(self, sites: Sites, operations: Mapping[str, str]) -> None:
        """Keep what a read has found out; nothing of it is a reason to fail.

        :param sites: that were asked.
        :param operations: the site that knows each operation.
        """
        from protectorclient.osc.cache import gather, session

        try:
            found = gather.session(sites, operations, clock())
            if found is None:
                return
            name = self._name(make=True)
            if name is None:
                return
            content = self._folder.read(name)
            before = session.loaded(content) if content is not None else None
            if before is not None:
                found = before.at(clock()).merged(found)
            self._folder.write(name, session.dumped(found))
        except OSError as error:
            self._refuse(error)
        except Exception as error:  # whatever it is, the read has succeeded
            LOG.debug("no session is kept", exc_info=error)

    def drop(self) -> None:
        """Forget the session: something of it was wrong."""
        try:
            name = self._name()
        except OSError:
            return
        if name:
            self._folder.drop(name)


def _can_be_kept(options: argparse.Namespace) -> bool:
    """Return whether the login is one that may be made again.

    A token of the caller's own is none, nor is what is typed once.
    """
    given = vars(options)
    once = ("token", "os_token", "passcode")
    return not any(given.get(name) for name in once)


def is_asked_for(settings: Mapping[str, Any]) -> bool:
    """Return whether clouds.yaml has ``cache: {auth: true}``.

    What else stands for true is what the SDK takes for it.

    :param settings: all of clouds.yaml.
    """
    section = settings.get("cache")
    wanted = section.get("auth") if isinstance(section, dict) else None
    return wanted is True or (
        isinstance(wanted, str) and wanted.lower() == "true"
    )
