"""What the commands have in common that read a group from both sites."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypeVar

from protectorclient import exceptions
from protectorclient.osc import clouds, command, options

if TYPE_CHECKING:
    from protectorclient.pair.reads.answer import Reading
    from protectorclient.pair.reads.groups import Reads
    from protectorclient.pair.site import SiteHandle

T = TypeVar("T")


class ReadsBoth(command.Base):
    """Asks both sites at once, or the one that ``--site`` names."""

    _only: SiteHandle | None = None

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        options.add_sites(parser)

    _reads: Reads | None = None

    def asked(self, parsed_args: argparse.Namespace) -> Reads:
        return self.reads(parsed_args)

    def reads(self, parsed_args: argparse.Namespace) -> Reads:
        """The sites that are to be asked, and how long the second has.

        A site that was late once is not asked again.
        """
        if self._reads is None:
            self._reads = self._open_reads(parsed_args)
        return self._reads

    def _open_reads(self, parsed_args: argparse.Namespace) -> Reads:
        from protectorclient.pair.reads.groups import Reads

        named = getattr(parsed_args, "formatter", None) == "table"
        grace = parsed_args.site_grace
        if parsed_args.only_site is not None:
            self._only = self._site(parsed_args.only_site)
            return Reads([self._only], grace=grace, named=named)
        handles, alone = self.readable()
        return Reads(handles, grace=grace, named=named, alone=alone)

    def _site(self, name: str) -> SiteHandle:
        """The one site that is to be asked; the other one never is."""
        handle = clouds.open_only(self.app, self.primary, name)
        if handle is not None:
            return handle
        try:
            return self.pair.handle(name)
        except exceptions.NotFound as error:
            raise exceptions.UsageProblem(
                f"--site: {error.message}"
            ) from error

    def told(self, found: Reading[T]) -> Reading[T]:
        """The same, with its warnings said."""
        self.tell_warnings(found.warnings, found.errors, found.hint)
        return found

    def tell_warnings(
        self,
        warnings: Iterable[str],
        errors: Mapping[str, exceptions.ProtectorError],
        hint: str | None = None,
    ) -> None:
        """Say what goes with an answer, and the command that helps."""
        for warning in warnings:
            self.warn(warning)
        if hint is not None:
            self.hint(hint)
        pair = self.__dict__.get("pair")
        if pair is None or pair.choice is None:
            return
        from protectorclient.polling.silence import NO_ANSWER

        if any(isinstance(error, NO_ANSWER) for error in errors.values()):
            # a dead site cannot say whether it is the right one
            self.say(pair.choice)

    def site_names(
        self, parsed_args: argparse.Namespace, site: SiteHandle
    ) -> dict[str, str]:
        """What the ids of sites are called, where a person will read."""
        if parsed_args.formatter != "table" or not site.has_sites:
            return {}
        return {identity: one.name for identity, one in site.sites.items()}

    def close(self) -> None:
        super().close()
        if self._only is not None:
            self._only.access.session.session.close()
