"""Ask both sites of a pair one question at once."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from protectorclient import exceptions
from protectorclient.durations import SITE_GRACE
from protectorclient.pair import same_site
from protectorclient.pair.site_facts import SiteFacts
from protectorclient.polling import at_once
from protectorclient.polling.silence import (
    NO_ANSWER,
    GraceExceeded,
    grace_exceeded,
)

if TYPE_CHECKING:
    from protectorclient.pair.site import SiteHandle
    from protectorclient.pair.sites import Sites

A = TypeVar("A")
T = TypeVar("T")

#: Questions that are under way at the same time.
_ASKERS = 8
#: What one site may say while the answer of the other one is shown.
EXCUSED = (
    *NO_ANSWER,
    exceptions.NotFound,
    exceptions.AuthenticationFailed,
    exceptions.Unauthorized,
    exceptions.Forbidden,
    exceptions.VersionNotSupported,
    exceptions.ConfigProblem,
)


class BothSites:
    """Asks both sites at once, and keeps what each of them answers.

    :param handles: the sites: two, or the one that is to be asked.
    :param grace: seconds that the second site has when the first one has
        answered; None for as long as its own timeouts are.
    :param alone: why only one is asked, where that is no wish.
    :param named: have what ids are called asked with everything else.
    """

    def __init__(
        self,
        handles: Sequence[SiteHandle],
        *,
        grace: float | None = SITE_GRACE,
        alone: str | None = None,
        named: bool = False,
    ) -> None:
        #: The sites that are asked.
        self.handles = tuple(handles)
        self.grace = grace
        self.alone = alone
        self.named = named
        #: What each has answered up to now, in the same order.
        self.every = tuple(SiteFacts(handle) for handle in self.handles)
        self._late: dict[str, exceptions.ProtectorError] = {}
        self._has_names = False

    def anew(self) -> BothSites:
        """Make the same object again, without any answer.

        For what is asked after something was changed, or after a person
        was asked.
        """
        return BothSites(
            self.handles,
            grace=self.grace,
            alone=self.alone,
            named=self.named,
        )

    def forget_lists(self) -> None:
        """Have the clouds' lists asked for anew, for a report that may be one
        of several: it is of what is there now."""
        for handle in self.handles:
            handle.forget_lists()

    def facts(self, name: str) -> SiteFacts:
        """Return what one site has answered."""
        return next(one for one in self.every if one.name == name)

    def ask(
        self,
        question: Callable[[SiteFacts], T],
        only: Collection[str] | None = None,
        *,
        in_turn: bool = False,
    ) -> tuple[dict[str, T], dict[str, exceptions.ProtectorError]]:
        """Put a question to each site, all at once.

        :param question: takes what the site has been asked.
        :param only: the names of the sites to be asked.
        :param in_turn: whether one answer is enough: then the second site
            is asked when the first one has none.
        :returns: answers and errors, each by the clouds' names.
        :raises SameSite: both clouds lead to one site.
        :raises Exception: what a question raises that is not an error of
            this package.
        """
        self.refuse_one()
        self.take_names()
        answers, errors = self.put(question, only, in_turn=in_turn)
        self.refuse_one()
        return answers, errors

    def each(
        self, question: Callable[[SiteHandle], T]
    ) -> tuple[dict[str, T], dict[str, exceptions.ProtectorError]]:
        """Put a question to each site whose answer is not kept.

        :param question: takes the site.
        """
        return self.ask(lambda facts: question(facts.handle))

    def ahead(self, questions: Iterable[Callable[[], object]]) -> None:
        """Put many questions at the same time, whose answers are kept.

        What one of them raises is raised to whoever asks it again.

        :param questions: each asks one site for one thing.
        """

        def quietly(question: Callable[[], object]) -> None:
            with contextlib.suppress(exceptions.ProtectorError):
                question()

        at_once.each_of(questions, quietly, askers=_ASKERS)

    def about(self, items: Iterable[A], question: Callable[[A], T]) -> list[T]:
        """Put one question about each of several things, some at once.

        :param items: what is asked about, such as groups.
        :param question: takes one of them.
        :returns: the answers, in the order of the things.
        """
        return at_once.each_of(items, question, askers=_ASKERS)

    def refuse_one(self) -> None:
        """Raise where both clouds lead to one site, as far as is known.

        :raises SameSite: they do.
        """
        if len(self.handles) == 2:
            same_site.refuse_one(*self.handles)

    def put(
        self,
        question: Callable[[SiteFacts], T],
        only: Collection[str] | None = None,
        *,
        in_turn: bool = False,
    ) -> tuple[dict[str, T], dict[str, exceptions.ProtectorError]]:
        """Put a question to the sites that have not been late.

        :param question: takes what the site has been asked.
        :param only: the names of the sites to be asked.
        :param in_turn: as `ask` takes it.
        :returns: answers and errors, each by the clouds' names.
        """
        ask = at_once.in_turn if in_turn else at_once.both
        answers, errors = ask(
            {
                facts.name: functools.partial(question, facts)
                for facts in self.every
                if facts.name not in self._late
                and (only is None or facts.name in only)
            },
            grace=self.grace,
        )
        self._late |= {
            name: error
            for name, error in errors.items()
            if isinstance(error, GraceExceeded)
        }
        return answers, {**errors, **self._late}

    def find_renamed(
        self,
        answers: dict[str, T],
        errors: dict[str, exceptions.ProtectorError],
        id_of: Callable[[T], str],
        question: Callable[[SiteFacts, str], T],
    ) -> None:
        """Ask a site by the id that does not know a group by its name.

        It may have the group under an older name.

        :param answers: what the other one has answered; to be completed.
        :param errors: why a site has not; those of it are taken out.
        :param id_of: the group's id in an answer.
        :param question: takes the site and the id.
        """
        unknown = [
            name
            for name, error in errors.items()
            if isinstance(error, exceptions.NotFound)
        ]
        if not answers or not unknown:
            return
        identity = id_of(next(iter(answers.values())))
        found, _ = self.put(lambda site: question(site, identity), unknown)
        for name, answer in found.items():
            answers[name] = answer
            del errors[name]

    def take_names(self) -> None:
        """Call a cloud without an entry as its own record calls it.

        Nothing is asked where each cloud has an entry, and once otherwise.
        """
        nameless = [one for one in self.handles if one.nameless]
        if self._has_names or not nameless:
            return
        self._has_names = True
        if self.grace is None:
            # a name is not worth the timeouts of a dead site
            BothSites(self.handles).put(lambda facts: facts.sites)
        else:
            self.put(lambda facts: facts.sites)
        for handle in nameless:
            before = handle.name
            others = [one for one in self.handles if one is not handle]
            same_site.take_name(handle, others[0] if others else None)
            if self._late.pop(before, None) is not None:
                self._late[handle.name] = grace_exceeded(
                    handle.name, self.grace or 0.0
                )

    def learn_names(self, facts: SiteFacts) -> None:
        """Ask for the names of sites, where a person will read them."""
        if self.named:
            with contextlib.suppress(exceptions.ProtectorError):
                _ = facts.sites

    def only(self, instead: str) -> list[str]:
        """Make the warning that only one site was asked.

        :param instead: whose answer is shown.
        """
        if self.alone is None:
            return []
        first, gap, rest = self.alone.partition(" ")
        if first.isalpha():
            # a word, and not the path of a file
            first = first.capitalize()
        return [
            f"only {self.handles[0].name} was asked; {instead}."
            f" {first}{gap}{rest}"
        ]

    def lonely(
        self, errors: Mapping[str, exceptions.ProtectorError]
    ) -> exceptions.ProtectorError | None:
        """Return the error of the only site that was asked."""
        if len(self.handles) > 1 or not errors:
            return None
        (error,) = errors.values()
        if self.alone is not None and error.hint is None:
            error.hint = f"only this site was asked: {self.alone}"
        return error

    def unknown(
        self,
        operation_id: str,
        errors: Mapping[str, exceptions.ProtectorError],
    ) -> exceptions.ProtectorError:
        """Make the error for an operation that no site knows.

        :param errors: by the sites' names.
        :returns: NotFound where each says no, OperationUnknown where one
            is silent, or cannot be asked.
        """
        if self.alone is not None and all(
            isinstance(error, exceptions.NotFound) for error in errors.values()
        ):
            site = self.handles[0].name
            return exceptions.OperationUnknown(
                f"{site} does not know {operation_id}, and the other site,"
                f" which may know it, cannot be asked: {self.alone}",
                operation_id=operation_id,
            )
        return self.lonely(errors) or unknown(operation_id, errors)


def need_excuse(errors: Mapping[str, exceptions.ProtectorError]) -> None:
    """Raise an error that the answer of the other site does not excuse.

    :param errors: by the sites' names.
    """
    for error in errors.values():
        if not isinstance(error, EXCUSED):
            raise error


def unknown(
    operation_id: str, errors: Mapping[str, exceptions.ProtectorError]
) -> exceptions.ProtectorError:
    """Make the error for an operation that no site knows.

    :param errors: by the sites' names.
    :returns: NotFound where each says no, OperationUnknown where one is
        silent.
    """
    silent = [one for one in errors.values() if isinstance(one, NO_ANSWER)]
    for error in errors.values():
        if not isinstance(error, (*NO_ANSWER, exceptions.NotFound)):
            return error
    if silent:
        return exceptions.OperationUnknown(
            f"nobody who knows {operation_id} answers: "
            + "; ".join(str(error) for error in silent),
            operation_id=operation_id,
        )
    return exceptions.NotFound(f"no site knows an operation '{operation_id}'")


def need_both(sites: Sites) -> None:
    """Raise where not both sites of one pair can be asked.

    :raises ProtectorError: as `SitePair.need_both` tells.
    """
    asked = BothSites(sites.handles, grace=None)
    _, errors = asked.ask(lambda facts: facts.sites)
    for error in errors.values():
        raise error
    if sites.choice is not None:
        same_site.refuse_strangers(sites.primary, sites.secondary)
