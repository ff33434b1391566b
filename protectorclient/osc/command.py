"""What every command of ours has in common.

A command signs in by itself, at the sites that it needs: were osc-lib to
ask Keystone for a token first, a dead Keystone would end the command before
it could turn to the other site, or say which of the two is dead.

It prints its result, then says on stderr what there is to say, then ends
with the exit status that the error, or what it found, calls for.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from osc_lib.command import command

from protectorclient import exceptions
from protectorclient.escape import ShellCommand
from protectorclient.exit_codes import ExitCode, code_for
from protectorclient.osc import clouds, options, signals, speech, std_streams
from protectorclient.osc.formats import selection
from protectorclient.osc.private_parts import options_of

if TYPE_CHECKING:
    from protectorclient.pair.both_sites import BothSites
    from protectorclient.pair.site import SiteHandle
    from protectorclient.pair.site_pair import SitePair
    from protectorclient.records.protection_group import ProtectionGroup
    from protectorclient.v1.client import Client


LOG = logging.getLogger(__name__)


class Base(speech.Speaks, command.Command):
    """The part of a command that is the same for every kind of output."""

    auth_required = False
    #: What the command ends with when nothing goes wrong.
    outcome: ExitCode = ExitCode.OK
    #: What is said after the result was printed, and decides the status.
    trouble: BaseException | None = None
    #: What to type next, said when the result is out.
    afterwards: Sequence[str] = ()
    #: Whether it runs.
    has_begun = False
    #: The command line, once it runs.
    parsed: argparse.Namespace | None = None
    #: The arguments for which the beginning of an id is enough, and what
    #: they name: group, operation or site. None where anything is changed.
    prefixes: Mapping[str, str] = {}

    def __init__(
        self,
        app: Any,
        app_args: argparse.Namespace,
        cmd_name: str | None = None,
    ) -> None:
        # before argparse or anybody else has a word to say
        std_streams.lend(app)
        super().__init__(app, app_args, cmd_name)

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add what this command takes; for the commands to override."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        head, gap, rest = self.get_description().partition("\n\n")
        # argparse makes one paragraph of both
        parser.description = f"{head}.\n\n{rest}" if gap else head
        self.add_options(parser)
        options.refuse_foreign(parser)
        read = parser.parse_args

        def noting(args: Any = None, namespace: Any = None) -> Any:
            self._typed = tuple(args or ())
            return read(args, namespace)

        parser.parse_args = noting  # type: ignore[method-assign]
        return parser

    def get_epilog(self) -> str:
        """cliff's own reads the metadata of every package installed."""
        return self._epilog or ""

    def _load_hooks(self) -> None:
        """Look for hooks; the fast shell knows whether there are any."""
        has_hooks = getattr(self.app, "has_hooks", None)
        if has_hooks is not None and not has_hooks(self.cmd_name):
            self._hooks = []
        else:
            super()._load_hooks()

    def run(self, parsed_args: argparse.Namespace) -> int:
        self.has_begun = True
        self.parsed = parsed_args
        std_streams.lend(self.app)
        with signals.listening():
            try:
                status = self._run(parsed_args)
            except KeyboardInterrupt as error:
                # before it was at work, or when that was done
                status = self.explain(error)
            return signals.status(status)

    def _run(self, parsed_args: argparse.Namespace) -> int:
        try:
            with self._quiet_keystoneauth():
                self.complete(parsed_args)
                status = super().run(parsed_args)
            self.app.stdout.flush()
            self.next(*self.afterwards)
        except SystemExit:
            raise
        except BrokenPipeError:
            # who looked on has gone; how it ended is the same
            if self.trouble is None:
                raise
        except exceptions.OutputNotWritten as error:
            return self._unwritten(error)
        except (Exception, KeyboardInterrupt) as error:
            return self.explain(error)
        finally:
            self.close()
        if self.trouble is not None:
            return self.explain(self.trouble)
        return int(self.outcome) or status

    def complete(self, parsed_args: argparse.Namespace) -> None:
        """Put whole ids for what was typed of them, before all else."""
        if self.prefixes:
            from protectorclient.osc.v1 import _typed_ids

            _typed_ids.expand(self, parsed_args)

    def asked(self, parsed_args: argparse.Namespace) -> BothSites:
        """The sites where the beginning of an id is looked for."""
        from protectorclient.osc.v1 import _typed_ids

        return _typed_ids.sites_of(self)

    def _unwritten(self, error: exceptions.OutputNotWritten) -> int:
        """The work is done, and its result is lost: say what it was.

        An end that has a code of its own keeps it.
        """
        shown = self.shown_again()
        if shown is not None:
            error.then(shown)
        status = self.explain(error)
        if self.trouble is not None:
            return self.explain(self.trouble)
        return int(self.outcome) or status

    def shown_again(self) -> ShellCommand | None:
        """The command that shows a result that was lost; to override."""
        return None

    @contextlib.contextmanager
    def _quiet_keystoneauth(self) -> Iterator[None]:
        """Keep its warning of a dead Keystone for those who want more.

        The command says what it means, in a sentence and with the site.
        """
        logger = logging.getLogger("keystoneauth.identity")
        level = logger.level
        if self.app.options.verbose_level <= 1 and not self.app.options.debug:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            logger.setLevel(level)

    # Sites

    @functools.cached_property
    def primary(self) -> SiteHandle:
        """The configured cloud."""
        handle = clouds.open_primary(self.app)
        if getattr(self.app.options, "timing", False):
            # where OpenStackClient takes the times of --timing from
            self.app.client_manager.session = handle.access.session
        return handle

    @functools.cached_property
    def pair(self) -> SitePair:
        """Both sites; neither is asked for anything yet."""
        return clouds.open_pair(self.app, self.primary, self.warn)

    def readable(self) -> tuple[tuple[SiteHandle, ...], str | None]:
        """The sites that a read can ask; neither is asked for anything yet.

        :returns: both; or the configured cloud, and why the other one
            cannot be asked.
        :raises SameSite: both clouds lead to one site.
        """
        primary = self.primary
        try:
            return self.pair.handles, None
        except exceptions.SameSite:
            raise
        except exceptions.ConfigProblem as problem:
            LOG.debug("the other site cannot be asked", exc_info=problem)
            return (primary,), problem.message

    @property
    def client(self) -> Client:
        """The client of the configured cloud."""
        return self.primary.client

    def locate(self, name: str) -> tuple[SiteHandle, ProtectionGroup]:
        """A group, and its current primary: where changes are made."""
        located = self.pair.locate(name)
        error = located.errors.get(located.current.name)
        if error is not None:
            raise error
        return located.current, located.group

    def close(self) -> None:
        """Close the connections that were opened."""
        handles: tuple[SiteHandle, ...] = ()
        if "pair" in self.__dict__:
            handles = self.pair.handles
        elif "primary" in self.__dict__:
            handles = (self.primary,)
        for handle in handles:
            handle.access.session.session.close()

    def explain(self, error: BaseException) -> int:
        """Say in a sentence what went wrong; the exit status for it."""
        if isinstance(error, KeyboardInterrupt):
            signals.ending()
        if type(error) is KeyboardInterrupt:
            error = self.broken_off()
        LOG.debug("the command failed", exc_info=error)
        self.tell(speech.sentence(error))
        hint = getattr(error, "hint", None)
        if isinstance(error, exceptions.NotFound) and not hint:
            from protectorclient.osc.v1 import _typed_ids

            hint = _typed_ids.not_whole(self, error.message)
        if hint:
            self.say(f"hint: {hint}")
        self.advise(error)
        from protectorclient.osc import next_commands

        self.next(*next_commands.after(self, error))
        return int(code_for(error))

    def advise(self, error: BaseException) -> None:
        """Say what helps, before what to type; for the commands to extend."""

    def broken_off(self) -> KeyboardInterrupt:
        """What there is to say when the keyboard has ended it."""
        return KeyboardInterrupt()

    def each(
        self, names: Sequence[str], change: Callable[[str], object]
    ) -> exceptions.SomeFailed | None:
        """Do one thing to several, and let none stop the others.

        A single one ends the command with its own error. Of several, each
        that fails is told at once, and what is returned sums them up.
        """
        errors: dict[str, BaseException] = {}
        names = list(dict.fromkeys(names))
        for name in names:
            try:
                change(name)
            except exceptions.ProtectorError as error:
                if len(names) == 1:
                    raise
                self.explain(error)
                errors[name] = error
        if not errors:
            return None
        return exceptions.SomeFailed(
            f"{len(errors)} of {len(names)} failed: {', '.join(errors)}",
            errors=errors,
        )


class Command(Base):
    """A command without a result of its own."""


class Shows(Base):
    """The part that commands with a result share."""

    #: Titles of the table whose field has another name, and that name; for
    #: ``-c`` and ``--sort-column``, which take either.
    aliases: Mapping[str, str] = {}

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Any,
    ) -> int:
        selection.use_aliases(parsed_args, column_names, self.aliases)
        selection.check_columns(parsed_args, column_names)
        status: int = super().produce_output(  # type: ignore[misc]
            parsed_args, column_names, data
        )
        return status

    def _load_formatter_plugins(self) -> Any:
        """The output formats, ours in place of cliff's.

        The fast shell has the entry points at hand.
        """
        from protectorclient.osc.formats import formatters

        load = getattr(self.app, "load_formatters", None)
        if load is not None:
            found = load(self.formatter_namespace)  # type: ignore[attr-defined]
        else:
            found = super()._load_formatter_plugins()  # type: ignore[misc]
        for extension in found:
            ours = formatters.FORMATS.get(extension.name)
            if ours is not None:
                extension.obj = ours()
        return found

    def names(
        self,
        parsed_args: argparse.Namespace,
        client: Client | None = None,
        *,
        groups: bool = False,
    ) -> dict[str, str]:
        """What ids are called; asked for only where a person will read.

        :param client: whom to ask, where not the configured cloud.
        :param groups: of protection groups too, not of sites alone.
        """
        if parsed_args.formatter != "table":
            return {}
        client = client or self.client
        try:
            found = {site.id: site.name for site in client.sites.list()}
            if groups:
                found |= {
                    group.id: group.name
                    for group in client.protection_groups.list()
                }
        except exceptions.ProtectorError as error:
            LOG.debug("the names are not known: %s", error)
            return {}
        return found


class Lister(Shows, command.Lister):
    """A command that ends in a list."""

    #: cliff gives up where types are mixed, and puts what is missing first.
    need_sort_by_cliff = False
    #: What the list is of, for when there is none.
    nouns = "entries"

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Any,
    ) -> int:
        rows = self.sorted_rows(parsed_args, column_names, data)
        if parsed_args.formatter != "table":
            return super().produce_output(parsed_args, column_names, rows)
        from protectorclient.osc.formats import below, formatters

        if not rows and not parsed_args.print_empty:
            self.say(f"There are no {self.nouns}.")
        lines: list[str] = []
        if not parsed_args.columns:
            width = formatters.limit(parsed_args, self.app.stdout)
            column_names, rows, lines = below.parted(column_names, rows, width)
        status = super().produce_output(parsed_args, column_names, rows)
        for line in lines:
            self.app.stdout.write(f"{line}\n")
        return status

    def sorted_rows(
        self,
        parsed_args: argparse.Namespace,
        names: Sequence[str],
        data: Any,
    ) -> list[tuple[Any, ...]]:
        """Whole rows, in the order of ``--sort-column``."""
        from protectorclient.osc.formats import sorting

        selection.use_aliases(parsed_args, names, self.aliases)
        selection.check_columns(parsed_args, names)
        return sorting.ordered(
            data,
            selection.sort_indexes(parsed_args, names),
            descending=parsed_args.sort_direction == "desc",
        )

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        sort = options_of(parser)["--sort-column"]
        # cliff would ignore a name that is misspelt, and says so
        sort.help = (
            "column to sort by, case-insensitive, with underscores for"
            " spaces; repeat for several, the first counts most"
        )
        return parser


class ShowOne(Shows, command.ShowOne):
    """A command that ends in one record."""
