"""What the commands that follow operations have in common."""

from __future__ import annotations

import contextlib
import datetime
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from protectorclient import exceptions
from protectorclient.durations import STUCK_AFTER, span
from protectorclient.escape import ShellCommand, protector, shell_word
from protectorclient.exit_codes import code_for, code_for_several
from protectorclient.mapping import commands
from protectorclient.osc import columns, command
from protectorclient.osc.v1._followed import Followed

if TYPE_CHECKING:
    from protectorclient.advice.match import Advice
    from protectorclient.osc.live.tracker import Tracker
    from protectorclient.pair.site import SiteHandle
    from protectorclient.polling.events import Ended, Event
    from protectorclient.polling.poller import Begun
    from protectorclient.records.operation import Operation

#: So many earlier operations say what is usual.
_HISTORY = 50
_WIDTH = 79

Display = Callable[["Event"], None]


class Interrupted(KeyboardInterrupt):
    """Nobody waits any more; what has begun goes on."""

    def __init__(self, message: str, *lines: str) -> None:
        super().__init__(message)
        #: What to type next.
        self.next = lines


class Several(exceptions.SomeFailed):
    """Of several operations, some did not end well."""


class Waiting(command.Base):
    """The part that follows operations and says how they ended."""

    #: How many were followed.
    total = 1
    #: The command that takes up again what was interrupted.
    verb = "wait"
    #: Whether the lines of one operation name its group too.
    label_each = False
    #: What is followed, once that is known.
    followed: Followed | None = None
    #: What groups and sites are called, by their ids.
    titles: Mapping[str, str] = MappingProxyType({})

    def follow_keys(
        self,
        followed: Followed,
        handles: Mapping[str, SiteHandle],
        *,
        timeout: float | None,
        first: bool = False,
        display: Callable[
            [Tracker], contextlib.AbstractContextManager[Display]
        ]
        | None = None,
        names: Mapping[str, str] | None = None,
        begun: Begun | None = None,
    ) -> None:
        """Follow operations until they end, come what may.

        :param followed: takes what there is to learn.
        :param handles: the sites that may know them, by their clouds' names.
        :param first: until one has ended.
        :param display: where the events are shown.
        :param begun: what has begun meanwhile, and is followed too.
        """
        from protectorclient.osc.live import tracker
        from protectorclient.polling import poller, step_times

        book = step_times.Notebook()
        tracked = tracker.Tracker(
            followed.keys,
            history=lambda site, record: _history(handles[site], record),
            server_time=lambda site: _server_time(handles.get(site)),
            names=names,
            book=book,
            place=lambda site: handles[site].client.http.endpoint.root,
        )
        self.followed = followed
        self.titles = names or {}

        def fetch(site: str, ids: Sequence[str]) -> Mapping[str, Operation]:
            found = handles[site].client.operations.fetch(ids)
            followed.heard(site)
            return found

        try:
            with (display or self.progress)(tracked) as show:
                for event in poller.follow(
                    followed.keys,
                    fetch,
                    sites=tuple(handles),
                    timeout=timeout,
                    settle=lambda site, record: handles[
                        site
                    ].client.operations.outcome(record),
                    cancelled=lambda: first and followed.any_ended,
                    begun=begun,
                ):
                    followed.take(event)
                    tracked(event)
                    show(event)
        except KeyboardInterrupt:
            # one that came too late for this is for nothing
            if followed.left:
                self.trouble = self.interrupted(followed)
        except (BrokenPipeError, exceptions.OutputNotWritten):
            # who looked on has gone
            raise
        except Exception as error:
            # what is known is printed, whatever this was
            self.trouble = error
        finally:
            book.save()

    @contextlib.contextmanager
    def progress(self, tracked: Tracker) -> Iterator[Display]:
        """On a terminal a picture, elsewhere lines; both on stderr."""
        from protectorclient.osc.live import lines as progress

        label = labels(tracked, each=self.label_each)
        reporter = progress.Reporter(self.say, label=label)
        if self.is_quiet:
            yield lambda event: None
        elif self.may_draw(self.app.stderr):
            with self.drawn(tracked, self.app.stderr) as display:
                yield display
        else:
            yield reporter

    @contextlib.contextmanager
    def drawn(self, tracked: Tracker, stream: Any) -> Iterator[Display]:
        """A picture; warnings stand below it when it is finished."""
        from protectorclient.osc.live import frame, screen
        from protectorclient.polling import events

        def draw(
            width: int, height: int, signs: frame.Signs, footer: bool
        ) -> list[frame.Line]:
            return frame.frame(tracked, width, height, signs, footer=footer)

        doubts: list[str] = []
        try:
            with screen.Screen(draw, stream) as picture:

                def show(event: Event) -> None:
                    if isinstance(event, events.Doubted):
                        doubts.append(event.message)
                    picture(event)

                yield show
        finally:
            for message in doubts:
                self.warn(message)

    def handles(self) -> dict[str, SiteHandle]:
        """The sites that can be asked: both, or the one there is."""
        from protectorclient.pair import both_sites

        found: tuple[SiteHandle, ...]
        try:
            found = self.pair.handles
        except exceptions.SameSite:
            raise
        except exceptions.ConfigProblem:
            found = (self.primary,)
        both_sites.BothSites(found).take_names()
        return {handle.name: handle for handle in found}

    def known_names(self, handles: Mapping[str, SiteHandle]) -> dict[str, str]:
        """What groups and sites are called, as far as the sites say it.

        Both are asked at once, and one that is dead holds nothing up.
        """
        from protectorclient.pair import both_sites

        def ask(handle: SiteHandle) -> dict[str, str]:
            client = handle.client
            found = {site.id: site.name for site in client.sites.list()}
            return found | {
                group.id: group.name
                for group in client.protection_groups.list()
            }

        asked = both_sites.BothSites(tuple(handles.values()))
        told, _ = asked.put(lambda facts: ask(facts.handle))
        names: dict[str, str] = {}
        for handle in reversed(asked.handles):
            names |= told.get(handle.name, {})
        return names

    @property
    def is_quiet(self) -> bool:
        """Whether only the result is wanted."""
        return bool(self.app.options.verbose_level < 1)

    def may_draw(self, stream: Any) -> bool:
        """Whether a picture can be drawn; not between lines of a log."""
        from protectorclient.osc.live import screen

        chatty = self.app.options.verbose_level > 1 or self.app.options.debug
        return not chatty and screen.can_draw(stream)

    def settle(self, followed: Followed) -> None:
        """What there is to say when all has been printed."""
        for end in followed.ends.values():
            self._remark(end)
        if self.trouble is not None:
            return
        errors = followed.errors()
        self.total = len(followed.ends)
        if len(errors) == 1 and len(followed.keys) == 1:
            (self.trouble,) = errors.values()
        elif errors:
            self.trouble = Several(
                f"{len(errors)} of {self.total} operations have not completed",
                errors=errors,
            )

    def _remark(self, end: Ended) -> None:
        """A success may leave something behind; it is one all the same."""
        from protectorclient.polling import events

        if end.outcome is events.Outcome.COMPLETED and end.operation:
            for item in end.operation.leftovers:
                self.warn(f"left behind: {columns.leftover(item)}")
            if end.operation.leaves_unprotected:
                identity = end.operation.protection_group_id or "GROUP"
                self.tell_unprotected(self._title(identity))

    def _title(self, identity: str) -> str:
        """What a group is called; its id where nobody tells."""
        found = self.titles.get(identity)
        return found or self.known_names(self.handles()).get(
            identity, identity
        )

    def tell_unprotected(self, group: str, when: str = "now") -> None:
        """A failback that leaves the replication stopped is no protection.

        :param when: since when, for people.
        """
        self.warn(
            f"{group} is not protected {when}: its replication is stopped."
            " This starts it:"
        )
        self.next(commands.sync_volumes(group))

    def explain(self, error: BaseException) -> int:
        """Say how it ended, and what helps."""
        if isinstance(error, Several):
            for one in error.errors.values():
                self.explain(one)
            self.tell(error.message)
            codes = [code_for(one) for one in error.errors.values()]
            return int(code_for_several(codes, self.total))
        if isinstance(
            error, exceptions.WaitTimeout | exceptions.OperationUnknown
        ):
            lines = [self.resume([error.operation_id or ""])]
            unknown = isinstance(error, exceptions.OperationUnknown)
            if unknown or self._is_stuck(error):
                lines.append(_diagnose(error))
            error.then(*lines)
        return super().explain(error)

    def _is_stuck(self, error: exceptions.OperationError) -> bool:
        """One that has not moved for long may never do so by itself."""
        unchanged = self._unchanged_for(error)
        if unchanged is None or unchanged <= STUCK_AFTER:
            return False
        error.message += f"; nothing has changed for {span(unchanged)}"
        return True

    def _unchanged_for(self, error: exceptions.OperationError) -> float | None:
        """By the clock of its site, which has answered just now."""
        record, followed = error.operation, self.followed
        if record is None or record.updated_at is None or followed is None:
            return None
        end = followed.ends.get(record.id)
        now = _server_time(self.handles().get(error.site or ""))
        if end is None or end.silent_for is not None or now is None:
            return None
        return (now - record.updated_at).total_seconds()

    def advise(self, error: BaseException) -> None:
        """The leftovers by name, the likely cause, the fix."""
        if not isinstance(
            error, exceptions.OperationFailed | exceptions.OperationPartial
        ):
            return
        for item in error.leftovers:
            self.tell(f"left behind: {columns.leftover(item)}")
        if error.advice is not None:
            group = error.operation and error.operation.protection_group_id
            from protectorclient.osc.formats import formatters

            stream, width = self.app.stderr, _WIDTH
            if stream.isatty():
                width = min(width, formatters.terminal_width(stream))
            for line in advice_lines(
                error.advice.filled(
                    group=self._title(group) if group else "GROUP",
                    operation=error.operation_id or "",
                ),
                width,
            ):
                self.say(line)

    def broken_off(self) -> KeyboardInterrupt:
        if self.followed is None or not self.followed.left:
            return super().broken_off()
        return self.interrupted(self.followed)

    def interrupted(self, followed: Followed) -> Interrupted:
        """The wait was broken off; what it waited for was not."""
        said = "; ".join((f"no longer {self.verb}ing", *followed.standing()))
        return Interrupted(said, self.resume(followed.left))

    def shown_again(self) -> ShellCommand | None:
        """What runs or has ended stays known to its site."""
        if self.followed is None or not self.followed.keys:
            return None
        ids = [key.operation_id for key in self.followed.keys]
        if len(ids) == 1:
            return protector(f"operation show {shell_word(ids[0])}")
        return self.resume(ids)

    def resume(self, ids: Sequence[str]) -> ShellCommand:
        """The command that takes up the wait."""
        words = " ".join(map(shell_word, ids))
        return protector(f"operation {self.verb} {words}")


def _diagnose(error: exceptions.OperationError) -> ShellCommand:
    return protector(
        f"operation diagnose {shell_word(error.operation_id or '')}"
    )


def labels(
    tracked: Tracker, *, each: bool = False, several: bool = False
) -> Callable[[Operation], str]:
    """What tells the lines of several operations apart.

    :param each: name the group of one that is alone, too.
    :param several: there may be more of them later.
    """

    def group(operation: Operation) -> str:
        name = tracked.names.get(operation.protection_group_id or "")
        return f"{name}: " if name and each else ""

    if len(tracked.operations) < 2 and not several:
        return group

    def label(operation: Operation) -> str:
        name = tracked.names.get(operation.protection_group_id or "")
        return f"{name} {operation.id}: " if name else f"{operation.id}: "

    return label


def advice_lines(advice: Advice, width: int) -> Iterator[str]:
    """The cause and the fix, broken into lines."""
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
    if site is None or site.client.http.clock_skew is None:
        return None
    return site.client.http.server_time()
