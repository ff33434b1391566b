"""The base class of every command.

A command signs in by itself, at the sites that it needs: were osc-lib to
ask Keystone for a token first, a dead Keystone would end the command before
it could turn to the other site, or say which of the two is dead.

It is cliff's command, and not osc-lib's, which adds a line to the debug log
and loads 22 modules for that; OpenStackClient runs either.

It prints its result, then writes its messages to stderr, then ends with the
exit status that the error, or what it found, calls for.

A command is one class over one of `Command`, `Lister` and `ShowOne`. What
several commands share is a function that takes the command: see the modules
of ``osc/v1`` whose names begin with an underscore.
"""

from __future__ import annotations

import argparse
import itertools
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cliff import command, lister, show

from protectorclient import exceptions
from protectorclient.escape import ShellCommand, escaped
from protectorclient.exit_codes import ExitCode, code_for, code_for_several
from protectorclient.osc import clouds, messages, options, signals, std_streams
from protectorclient.osc.formats import selection
from protectorclient.osc.private_parts import options_of

if TYPE_CHECKING:
    from protectorclient.osc import waits
    from protectorclient.pair.reads.groups import Reads
    from protectorclient.pair.site import SiteHandle
    from protectorclient.reports.pair_reports import SitePair
    from protectorclient.v1.client import Client


LOG = logging.getLogger(__name__)


class Command(command.Command):
    """A command; alone, one without a result of its own."""

    auth_required = False
    #: The exit status when nothing goes wrong.
    outcome: ExitCode = ExitCode.OK
    #: An error that is told after the result is printed; it decides the
    #: exit status.
    trouble: BaseException | None = None
    #: The arguments that take the beginning of an id, and what they name:
    #: group, operation or site. Empty where the command changes anything.
    prefixes: Mapping[str, str] = {}
    #: Titles of the table whose field has another name, and that name; for
    #: ``-c`` and ``--sort-column``, which take either.
    aliases: Mapping[str, str] = {}
    #: The operations that it follows.
    wait: waits.Wait | None = None
    #: Prints the result in place of the formatter.
    printer: Callable[[], object] | None = None
    #: The command line, once the command runs.
    parsed: argparse.Namespace | None = None
    #: What was typed behind the words of the command.
    _typed: tuple[str, ...] = ()
    #: Whether the result of a `ShowOne` is a list.
    _is_list = False
    #: Whether it may read by what an earlier read has found out: see
    #: `osc/cache`. Never where anything is proved, checked or changed.
    uses_session = False
    #: The site that knows each operation that was shown, by the ids.
    located: Mapping[str, str] = {}

    def __init__(
        self,
        app: Any,
        app_args: argparse.Namespace,
        cmd_name: str | None = None,
    ) -> None:
        # before argparse or anybody else writes
        std_streams.lend(app)
        super().__init__(app, app_args, cmd_name)
        self.messages = messages.Messages(lambda: self.app.stderr)
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget all that was asked, and what was to be written of it."""
        self.messages.release(written=False)
        self.trouble = None
        #: Called when the result is printed.
        self.afterwards: list[Callable[[], object]] = []
        self.sites = clouds.Sites(self.app, lambda text: self.warn(text))

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the arguments of this command; commands override it."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        head, gap, rest = self.get_description().partition("\n\n")
        # argparse makes one paragraph of both
        parser.description = f"{head}.\n\n{rest}" if gap else head
        self.add_options(parser)
        options.refuse_foreign(parser)
        read = parser.parse_args

        def parse(args: Any = None, namespace: Any = None) -> Any:
            self._typed = tuple(args or ())
            return read(args, namespace)

        parser.parse_args = parse  # type: ignore[method-assign]
        return parser

    def get_epilog(self) -> str:
        """Return the epilog; cliff reads every package's metadata for it."""
        return self._epilog or ""

    def _load_hooks(self) -> None:
        """Load the hooks; the fast shell knows whether there are any."""
        has_hooks = getattr(self.app, "has_hooks", None)
        if has_hooks is not None and not has_hooks(self.cmd_name):
            self._hooks = []
        else:
            super()._load_hooks()

    def run(self, parsed_args: argparse.Namespace) -> int:
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
        if not self.uses_session:
            return self.run_once(parsed_args)
        from protectorclient.osc.cache import road

        return road.run(self, parsed_args)

    def run_once(self, parsed_args: argparse.Namespace) -> int:
        """Run the command with the sites that it has; the exit status."""
        try:
            with clouds.quiet_keystoneauth(self.app.options):
                self.complete(parsed_args)
                status = super().run(parsed_args)
            self.app.stdout.flush()
            for message in self.afterwards:
                message()
        except SystemExit:
            raise
        except BrokenPipeError:
            # nobody reads stdout any more; the exit status stays
            if self.trouble is None:
                raise
        except exceptions.OutputNotWritten as error:
            return self._unwritten(error)
        except (Exception, KeyboardInterrupt) as error:
            if self.messages.are_held and isinstance(error, Exception):
                raise  # another road can tell what is wrong
            self.messages.release()
            return self.explain(error)
        finally:
            self.sites.close()
        if self.trouble is not None:
            return self.explain(self.trouble)
        return int(self.outcome) or status

    def complete(self, parsed_args: argparse.Namespace) -> None:
        """Replace the beginnings of ids by the ids, before all else."""
        if options.may_be_cut(parsed_args, self.prefixes):
            from protectorclient.osc import typed_ids

            typed_ids.expand(
                parsed_args,
                self.prefixes,
                lambda: self.reads(parsed_args),
                self.report,
            )

    def _unwritten(self, error: exceptions.OutputNotWritten) -> int:
        """Report a result that stdout did not take; the exit status.

        An outcome that has an exit status of its own keeps it.
        """
        again = self.wait.show_again() if self.wait else None
        if again is not None:
            error.then(again)
        status = self.explain(error)
        if self.trouble is not None:
            return self.explain(self.trouble)
        return int(self.outcome) or status

    # Sites

    @property
    def primary(self) -> SiteHandle:
        """Return the configured cloud."""
        return self.sites.primary

    @property
    def pair(self) -> SitePair:
        """Both sites; neither is asked for anything yet."""
        return self.sites.pair

    @property
    def client(self) -> Client:
        """Return the client of the configured cloud."""
        return self.sites.primary.client

    def reads(self, parsed_args: argparse.Namespace) -> Reads:
        """Return the sites that a read asks: both, or that of ``--site``.

        A site that was late once is not asked again.
        """
        return self.sites.reads(parsed_args)

    # Messages

    @property
    def is_quiet(self) -> bool:
        """Return whether ``--quiet`` was given: only the result is wanted."""
        return bool(self.app.options.verbose_level < 1)

    def write(self, line: str) -> None:
        """Write a line of a result that has a form of its own."""
        self.app.stdout.write(f"{escaped(line)}\n")

    def info(self, text: str) -> None:
        """Write a line of progress to stderr; not with ``--quiet``."""
        if not self.is_quiet:
            self.report(text)

    def warn(self, text: str) -> None:
        """Write a warning to stderr."""
        self.report(f"warning: {text}")

    def report(self, text: str) -> None:
        """Write one line to stderr; on a terminal broken at words.

        A newline in it is in a name, and is spelt out.
        """
        self.messages.write(messages.fitted(text, self.app.stderr))

    def next(self, *lines: str) -> None:
        """Write what to type next: each command on a line of its own.

        Nothing stands before or behind it, and it is never broken: three
        clicks mark it. It is one that reaches the sites that this one has
        reached.

        :param lines: in order, each a `ShellCommand` or a sentence.
        """
        from protectorclient.osc import next_commands

        for line in lines:
            if isinstance(line, ShellCommand):
                reaching = next_commands.reaching(line, self.app.options)
                self.messages.write([escaped(reaching)])
            else:
                self.report(line)

    def hint(self, line: str) -> None:
        """Write what may help, beside a result; not with ``--quiet``."""
        if not self.is_quiet:
            command = isinstance(line, ShellCommand)
            self.next(line if command else f"hint: {line}")

    def again(self, *more: str, without: Sequence[str] = ()) -> ShellCommand:
        """Return the command that runs, as it was typed.

        :param more: options that are added.
        :param without: words that are left out.
        """
        from protectorclient.osc import next_commands

        return next_commands.typed_again(
            self.cmd_name, self._typed, more, without
        )

    # Errors

    def explain(self, error: BaseException) -> int:
        """Write what went wrong and what to type next; the exit status."""
        from protectorclient.osc import waits

        if isinstance(error, waits.SeveralFailed):
            for one in error.errors.values():
                self.explain(one)
            self.report(error.message)
            codes = [code_for(one) for one in error.errors.values()]
            return int(code_for_several(codes, error.total))
        if isinstance(error, KeyboardInterrupt):
            signals.ending()
        if type(error) is KeyboardInterrupt and self.wait is not None:
            error = self.wait.interrupted()
        if self.wait is not None:
            self.wait.complete(error)
        LOG.debug("the command failed", exc_info=error)
        self.report(messages.sentence(error))
        hint = getattr(error, "hint", None)
        if isinstance(error, exceptions.NotFound) and not hint:
            from protectorclient.osc import typed_ids

            hint = typed_ids.not_whole(
                self.parsed, self.prefixes, error.message
            )
        if hint:
            self.info(f"hint: {hint}")
        if self.wait is not None:
            self.wait.advise(error)
        from protectorclient.osc import next_commands

        now = next_commands.circumstances(
            error,
            words=self.cmd_name,
            again=self.again,
            parsed=self.parsed,
            options=self.app.options,
            sites=self.sites,
        )
        lines = next_commands.for_error(error, now)
        if self.wait is not None:
            lines += self.wait.resume_after(error)
        self.next(*lines)
        return int(code_for(error))

    # The result, for those that have one

    def show_list(self, parsed_args: argparse.Namespace, lacking: str) -> None:
        """Have a command that shows one record print a list.

        :param lacking: the message where the format has no lists.
        :raises UsageProblem: it has none.
        """
        if not hasattr(self.formatter, "emit_list"):  # type: ignore[attr-defined]
            raise exceptions.UsageProblem(lacking)
        self._is_list = True

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Any,
    ) -> int:
        if self.messages.are_held:
            if self.trouble is not None:
                raise self.trouble
            # nothing is asked any more
            data = [*data]
            self.messages.release()
        if self.printer is not None:
            self.printer()
            return 0
        selection.use_aliases(parsed_args, column_names, self.aliases)
        selection.check_columns(parsed_args, column_names)
        display: Any = super()
        if not self._is_list:
            return int(
                display.produce_output(parsed_args, column_names, data) or 0
            )
        names, kept = selection.chosen(parsed_args, column_names)
        rows = [tuple(itertools.compress(row, kept)) for row in data]
        formatter: Any = self.formatter  # type: ignore[attr-defined]
        formatter.emit_list(names, rows, self.app.stdout, parsed_args)
        return 0

    def _load_formatter_plugins(self) -> Any:
        """Load the output formats, ours in place of cliff's.

        The fast shell has the entry points at hand.
        """
        from protectorclient.osc.formats import formatters

        display: Any = super()
        load = getattr(self.app, "load_formatters", None)
        if load is not None:
            found = load(self.formatter_namespace)  # type: ignore[attr-defined]
        else:
            found = display._load_formatter_plugins()
        formatters.use_ours(found)
        return found


class ShowOne(Command, show.ShowOne):
    """A command that ends in one record."""


class Lister(Command, lister.Lister):
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
            self.info(f"There are no {self.nouns}.")
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
