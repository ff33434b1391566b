"""``protector cache``: switch the session cache on and off, clear it."""

from __future__ import annotations

import argparse

from protectorclient import exceptions
from protectorclient.escape import protector
from protectorclient.osc import columns, command
from protectorclient.osc.cache import folder, keeping


def _failed(verb: str, place: folder.Folder, error: OSError) -> Exception:
    """Make the error of a folder that does not let itself be changed."""
    if isinstance(error, folder.NotOurs):
        why = str(error)
    else:
        where = error.filename or place
        why = f"{where}: {error.strerror or error}"
    message = f"the session cache cannot be {verb}: {why}"
    remedy = getattr(error, "remedy", None)
    if remedy:
        return exceptions.ConfigProblem(message).then(remedy)
    return exceptions.ConfigProblem(message, hint=keeping.ELSEWHERE)


class EnableCache(command.Command):
    """Keep sessions between commands

    Reads that are typed again within ten minutes, as by watch, then need one
    request in place of three. What is kept is as good as a password until
    the token ends: a file that this user alone can read holds it.
    """

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        place = folder.Folder()
        try:
            place.enable()
        except OSError as error:
            raise _failed("enabled", place, error) from error
        self.info(f"reads keep their sessions in {place.path}")
        self.hint(protector("cache disable"))


class DisableCache(command.Command):
    """Keep no sessions any more, and remove those that are kept

    A cloud whose clouds.yaml says "cache: {auth: true}" goes on keeping them.
    """

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        place = folder.Folder()
        try:
            place.disable()
        except OSError as error:
            raise _failed("disabled", place, error) from error


class ClearCache(command.Command):
    """Remove the sessions that are kept"""

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        place = folder.Folder()
        try:
            removed = place.clear()
        except OSError as error:
            raise _failed("cleared", place, error) from error
        noun = "session" if removed == 1 else "sessions"
        self.info(f"{removed} {noun} removed")


class ShowCache(command.ShowOne):
    """Show whether sessions are kept, and where"""

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Output:
        place = folder.Folder()
        try:
            if place.is_there:
                self._check(place)
            record = {
                "enabled": place.is_enabled
                or keeping.is_asked_for(self.sites.settings),
                "folder": place.path,
                "sessions": place.count(),
            }
        except OSError as error:
            raise _failed("read", place, error) from error
        return columns.shown(record)

    def _check(self, place: folder.Folder) -> None:
        try:
            place.check()
        except folder.NotOurs as error:
            keeping.refuse(self, error)
