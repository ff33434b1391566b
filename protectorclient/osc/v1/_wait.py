"""Follow operations for every command.

A command makes a `Wait`, keeps it in `Command.wait`, and calls `follow`. The
events of the poller go to one state; lines, frames, the result of the
command and its exit status are made from it.
"""

from __future__ import annotations

import datetime
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.advice import commands
from protectorclient.durations import STUCK_AFTER, span
from protectorclient.escape import (
    ShellCommand,
    arguments,
    fill,
    protector,
)
from protectorclient.osc import columns, waits
from protectorclient.osc.live import display as watching

if TYPE_CHECKING:
    from protectorclient.advice.row import Advice
    from protectorclient.osc.command import Command
    from protectorclient.pair.site import SiteHandle
    from protectorclient.polling.events import Ended, Key
    from protectorclient.polling.poller import FindNew
    from protectorclient.polling.progress_state import ProgressState
    from protectorclient.records.operation import Operation

#: So many earlier operations say what is usual.
_HISTORY = 50
_WIDTH = 79

#: What a token that has expired, or was revoked, is answered with.
_REFUSED_LOGIN = (
    exceptions.AuthenticationFailed,
    exceptions.Unauthorized,
    exceptions.Forbidden,
)


class WaitInterrupted(KeyboardInterrupt):
    """The command no longer waits; the operation goes on.

    :param message: says so.
    :param lines: what to type next.
    """

    def __init__(self, message: str, *lines: str) -> None:
        super().__init__(message)
        #: What to type next.
        self.next = lines


class Wait:
    """The operations that one command follows.

    :param command: the command.
    :param keys: of the operations, as far as they are known.
    :param known: their records, by id, with their sites, where there are
        some already.
    :param verb: of the command that takes up the wait again.
    :param resume: that command, where it names no operations.
    :param nothing: the error for an interruption before anything is
        followed.
    :param names_groups: have the lines of a single operation name its
        group, too.
    """

    def __init__(
        self,
        command: Command,
        keys: Iterable[Key] = (),
        known: Mapping[str, tuple[Operation, str]] | None = None,
        *,
        verb: str = "wait",
        resume: ShellCommand | None = None,
        nothing: Callable[[], KeyboardInterrupt] = KeyboardInterrupt,
        names_groups: bool = False,
    ) -> None:
        self._command = command
        self._names_groups = names_groups
        self._verb = verb
        self._resume = resume
        self._nothing = nothing
        self._handles: dict[str, SiteHandle] = {}
        self._unnamed: set[str] = set()
        #: What to type where the site of the operation is down for good.
        self.otherwise: tuple[str, ...] = ()
        self.state: ProgressState
        self.begin(keys, known)

    def begin(
        self,
        keys: Iterable[Key],
        known: Mapping[str, tuple[Operation, str]] | None = None,
    ) -> None:
        """Set what is followed, once that is known."""
        from protectorclient.polling import progress_state, step_times

        self._step_times = step_times.StepTimes()
        self.state = progress_state.ProgressState(
            keys,
            known,
            history=lambda site, one: _history(self._handles[site], one),
            server_time=lambda site: _server_time(self._handles.get(site)),
            times=self._step_times,
            place=lambda site: self._handles[site].client.http.endpoint.root,
        )

    def follow(
        self,
        handles: Mapping[str, SiteHandle],
        *,
        timeout: float | None,
        names: Mapping[str, str] | None = None,
        first: bool = False,
        display: watching.Shown | None = None,
        find_new: FindNew | None = None,
    ) -> ProgressState:
        """Follow the operations until they end, and say how they ended.

        What goes wrong becomes the command's `trouble`, so that what is
        known is printed first.

        :param handles: the sites that may know them, by their clouds' names.
        :param timeout: seconds.
        :param names: of groups and sites, by their ids.
        :param first: stop when one has ended.
        :param display: where the events are shown; without it on stderr.
        :param find_new: finds what has begun meanwhile, to be followed too.
        :returns: what is known of the operations.
        """
        from protectorclient.polling import events, poller

        state, command = self.state, self._command
        self._handles = dict(handles)
        state.names.update(names or {})

        def fetch(site: str, ids: Sequence[str]) -> Mapping[str, Operation]:
            found = handles[site].client.operations.fetch(ids)
            state.hear(site)
            return found

        try:
            with display or watching.progress(
                command, state, each=self._names_groups
            ) as show:
                for event in poller.follow(
                    state.keys,
                    fetch,
                    sites=tuple(handles),
                    timeout=timeout,
                    find_outcome=lambda site, record: handles[
                        site
                    ].client.operations.outcome(record),
                    cancelled=lambda: first and state.any_ended,
                    find_new=find_new,
                ):
                    state(event)
                    if isinstance(event, events.Changed):
                        self._learn_names(event.key.site, event.operation)
                    show(event)
        except KeyboardInterrupt:
            # one that came when all had ended changes nothing
            if state.left:
                command.trouble = self.interrupted()
        except (BrokenPipeError, exceptions.OutputNotWritten):
            # nobody reads the output any more
            raise
        except Exception as error:
            command.trouble = error
        finally:
            self._step_times.save()
        if first:
            state.keep_first()
        self._judge()
        return state

    def _learn_names(self, site: str, operation: Operation) -> None:
        """Ask the site of an operation for the name of its group, once."""
        group, names = operation.protection_group_id, self.state.names
        if group is None or group in names or group in self._unnamed:
            return
        handle = self._handles[site]
        try:
            found = handle.client.protection_groups.get(group)
            names.update({one.id: one.name for one in handle.sites.values()})
            names[group] = found.name
        except exceptions.ProtectorError:
            self._unnamed.add(group)

    def _judge(self) -> None:
        """Make the errors of the operations the command's own."""
        state, command = self.state, self._command
        for end in state.ends:
            self._remark(end)
        if command.trouble is not None:
            return
        errors = state.errors()
        if len(errors) == 1 and len(state.keys) == 1:
            (command.trouble,) = errors.values()
        elif errors:
            total = len(state.ends)
            command.trouble = waits.SeveralFailed(
                f"{len(errors)} of {total} operations have not completed",
                errors=errors,
                total=total,
            )

    def _remark(self, end: Ended) -> None:
        """Warn of what a success has left behind."""
        from protectorclient.polling import events

        if end.outcome is events.Outcome.COMPLETED and end.operation:
            for item in end.operation.leftovers:
                self._command.warn(f"left behind: {columns.leftover(item)}")
            self._report_losses(end.operation)
            if end.operation.leaves_unprotected:
                identity = end.operation.protection_group_id or "GROUP"
                warn_unprotected(self._command, self._group(identity))

    def _report_losses(self, operation: Operation) -> None:
        """Warn of what the rebuilt instances did not get."""
        lost = [loss.to_dict() for loss in operation.not_kept]
        for line in columns.losses(lost):
            self._command.warn(f"not kept: {line}")

    def _group(self, identity: str) -> str:
        """Return the name of a group; its id where no site says it."""
        found = self.state.names.get(identity)
        return found or names_of(sites(self._command)).get(identity, identity)

    # What the command asks of it, see `waits.Wait`

    def interrupted(self) -> KeyboardInterrupt:
        if not self.state.keys:
            return self._nothing()
        if not self.state.left:
            return KeyboardInterrupt()
        said = (f"no longer {self._verb}ing", *self.state.standing())
        return WaitInterrupted("; ".join(said), self.resume(self.state.left))

    def complete(self, error: BaseException) -> None:
        if not isinstance(
            error, exceptions.WaitTimeout | exceptions.OperationUnknown
        ):
            return
        lines = [self.resume([error.operation_id or ""])]
        unknown = isinstance(error, exceptions.OperationUnknown)
        if unknown or self._is_stuck(error):
            lines.append(
                fill(commands.DIAGNOSE, operation=error.operation_id or "")
            )
        error.then(*lines, *(self.otherwise if unknown else ()))

    def resume_after(self, error: BaseException) -> tuple[ShellCommand, ...]:
        if not isinstance(error, _REFUSED_LOGIN):
            return ()
        ended = [
            key.operation_id
            for key in self.state.keys
            if (end := self.state.end(key.operation_id)) is not None
            and end.error is error
        ]
        return (self.resume(ended),) if ended else ()

    def advise(self, error: BaseException) -> None:
        if not isinstance(
            error, exceptions.OperationFailed | exceptions.OperationPartial
        ):
            return
        command = self._command
        if error.operation is not None:
            self._report_losses(error.operation)
        for item in error.leftovers:
            command.report(f"left behind: {columns.leftover(item)}")
        if error.advice is None:
            return
        group = error.operation and error.operation.protection_group_id
        filled = error.advice.filled(
            group=self._group(group) if group else "GROUP",
            operation=error.operation_id or "",
        )
        for line in _advice_lines(filled, _width(command.app.stderr)):
            command.info(line)

    def show_again(self) -> ShellCommand | None:
        ids = [key.operation_id for key in self.state.keys]
        if not ids:
            return None
        if len(ids) == 1:
            return fill(commands.SHOW_OPERATION, operation=ids[0])
        return self.resume(ids)

    def resume(self, ids: Sequence[str]) -> ShellCommand:
        """Return the command that takes up the wait again."""
        return self._resume or protector(
            f"operation {self._verb}", *arguments(ids)
        )

    def _is_stuck(self, error: exceptions.OperationError) -> bool:
        """Say that an operation has not moved for long, where that is so."""
        unchanged = self._unchanged_for(error)
        if unchanged is None or unchanged <= STUCK_AFTER:
            return False
        error.message += f"; nothing has changed for {span(unchanged)}"
        return True

    def _unchanged_for(self, error: exceptions.OperationError) -> float | None:
        """Seconds by the clock of its site, which has answered just now."""
        record = error.operation
        if record is None or record.updated_at is None:
            return None
        end = self.state.end(record.id)
        handles = sites(self._command)
        now = _server_time(handles.get(error.site or ""))
        if end is None or end.silent_for is not None or now is None:
            return None
        return (now - record.updated_at).total_seconds()


# The sites


def sites(command: Command) -> dict[str, SiteHandle]:
    """Return the sites that can be asked: both, or the one there is."""
    from protectorclient.pair import both_sites

    found, _ = command.sites.readable()
    both_sites.BothSites(found).take_names()
    return {handle.name: handle for handle in found}


def names_of(handles: Mapping[str, SiteHandle]) -> dict[str, str]:
    """Fetch the names of groups and sites, by id, from each site at once.

    A site that is dead holds nothing up.
    """
    from protectorclient.pair import both_sites

    def ask(handle: SiteHandle) -> dict[str, str]:
        client = handle.client
        found = {site.id: site.name for site in handle.sites.values()}
        return found | {
            group.id: group.name for group in client.protection_groups.list()
        }

    asked = both_sites.BothSites(tuple(handles.values()))
    answers, _ = asked.put(lambda facts: ask(facts.handle))
    names: dict[str, str] = {}
    for handle in reversed(asked.handles):
        names |= answers.get(handle.name, {})
    return names


def _history(site: SiteHandle, record: Operation) -> list[Operation]:
    try:
        return list(
            site.client.operations.list(
                operation_type=record.operation_type,
                status="completed",
                limit=_HISTORY,
            )
        )
    except exceptions.ProtectorError:
        return []


def _server_time(site: SiteHandle | None) -> datetime.datetime | None:
    if site is None or site.clock_skew is None:
        return None
    return site.client.http.server_time()


def warn_unprotected(command: Command, group: str, when: str = "now") -> None:
    """Warn of a failback that leaves the replication stopped.

    :param when: since when, for people.
    """
    command.warn(
        f"{group} is not protected {when}: its replication is stopped."
        " This starts it:"
    )
    command.next(fill(commands.SYNC_VOLUMES, group=group))


def _width(stream: Any) -> int:
    from protectorclient.osc.formats import formatters

    if stream.isatty():
        return min(_WIDTH, formatters.terminal_width(stream))
    return _WIDTH


def _advice_lines(advice: Advice, width: int) -> Iterator[str]:
    """Return the cause and the fix, broken into lines."""
    yield from _wrapped("cause: ", advice.cause, width)
    for number, text in enumerate(advice.fix, 1):
        yield from _wrapped(f"fix {number}: ", text, width)


def _wrapped(head: str, text: str, width: int) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )
