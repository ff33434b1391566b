"""The base class of the managers: pages, searches, records."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from protectorclient import exceptions
from protectorclient._http import conversation as http
from protectorclient._http import urls
from protectorclient.records.base import Record

#: The most that a site puts on a page.
LARGEST_PAGE = 1000
#: The most ids that a list takes in one question.
MOST_IDS = 100
#: Beyond these a list is taken to have no end.
_MOST_PAGES = 10_000

#: What is asked for as an id first; anything else is a name first.
_UUID = re.compile(
    r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE
)

R = TypeVar("R", bound=Record)


class Manager:
    """The base of the managers."""

    def __init__(self, adapter: http.Conversation) -> None:
        self._http = adapter

    @property
    def site(self) -> str | None:
        """Return the site's name, as messages give it."""
        return self._http.site

    def _record(self, kind: type[R], data: object) -> R:
        """Parse a record, which must be a JSON object."""
        if not isinstance(data, dict):
            raise exceptions.UnreadableAnswer(
                f"the service answered something else than a {kind.__name__}",
                site=self.site,
                sent=True,
            )
        return kind.from_dict(data)

    def _records(self, kind: type[R], data: object) -> tuple[R, ...]:
        """Records from a list that is answered whole."""
        return tuple(self._record(kind, item) for item in self._items(data))

    def _items(self, data: object) -> list[Any]:
        if not isinstance(data, list):
            raise exceptions.UnreadableAnswer(
                "the service answered something else than a list",
                site=self.site,
                sent=True,
            )
        return data

    def _listed(
        self,
        kind: type[R],
        path: str,
        noun: str,
        identity: str,
        every: Callable[[], Iterable[Record]],
    ) -> R:
        """Return the one record with an id in a list.

        :param every: lists all such things. A service that does not mark
            what it says is believed that there is none when its list
            lacks it too.
        :raises NotFound: there is none.
        :raises NotTheService: whether there is one was not to be learnt.
        """
        try:
            return self._record(kind, self._http.get(path, noun))
        except exceptions.ResourceNotFound as error:
            if error.is_from_service:
                raise
            found = any(id_of(item) == identity for item in every())
            if not found and self._http.is_markless():
                raise
            raise exceptions.NotTheService(
                f"something answered HTTP 404 for {identity}, and it was not"
                " the protector service",
                site=self.site,
                sent=True,
            ) from error

    def _pages(
        self,
        kind: type[R],
        path: str,
        noun: str,
        *,
        limit: int | None = None,
        page_size: int | None = None,
        marker: str | None = None,
        **filters: object,
    ) -> Iterator[R]:
        """Return all items of a list, one page after the other.

        Follows the ``next`` link by its marker; the address in the link
        may be the one that a proxy hides, so it is not used. No marker is
        asked for twice, and nothing is told twice. What a service that
        ignores a filter lists besides is left out.
        """
        if limit is not None and limit < 1:
            return
        left = limit
        asked: set[str | None] = set()
        known: set[str] = set()
        texts = {
            name: value.strip().casefold()
            for name, value in filters.items()
            if isinstance(value, str)
        }
        for _ in range(_MOST_PAGES):
            size = page_size
            if left is not None:
                size = min(left, page_size or LARGEST_PAGE)
            asked.add(marker)
            answer = self._http.call(
                "GET",
                path,
                params={**filters, "limit": size, "marker": marker},
            )
            items = self._items(self._http.noun(answer, noun, "GET"))
            fresh = [item for item in items if urls.is_new(item, known)]
            wanted = fresh
            if texts:
                wanted = [item for item in fresh if _fits(item, texts)]
            for item in wanted[:left]:
                yield self._record(kind, item)
            if left is not None:
                left -= len(wanted)
                if left <= 0:
                    return
            marker = urls.next_marker(answer.body, noun, items)
            # a page without anything new is the beginning of a circle
            if marker is None or marker in asked or not fresh:
                return
        raise exceptions.UnreadableAnswer(
            f"the list of {noun} did not end after {_MOST_PAGES} pages",
            site=self.site,
            sent=True,
        )

    def _with_ids(
        self,
        kind: type[R],
        path: str,
        noun: str,
        name: str,
        ids: Sequence[str],
    ) -> dict[str, R] | None:
        """Return the records that have some ids, 100 to a question.

        A service that refuses the filter, or ignores it, is not asked with
        it again. Nor is one behind a proxy that hands on one of several
        values: where fewer than two are answered, it is asked for another
        one alone.

        :param name: of the filter, and of the field that it compares.
        :returns: those that there are, by their ids; None where the service
            does not filter.
        """
        if name in self._http.missing_parameters:
            return None
        found: dict[str, R] = {}

        def ask(some: list[str]) -> dict[str, R] | None:
            filters: dict[str, Any] = {name: some}
            answered: dict[str, R] = {}
            for record in self._pages(
                kind, path, noun, page_size=MOST_IDS, **filters
            ):
                identity = getattr(record, name)
                if identity not in some:
                    return None
                answered[identity] = record
            return answered

        try:
            for start in range(0, len(ids), MOST_IDS):
                part = list(ids[start : start + MOST_IDS])
                answered = ask(part)
                if answered is not None and len(answered) < 2 <= len(part):
                    lost = next(one for one in part if one not in answered)
                    answered = None if ask([lost]) != {} else answered
                if answered is None:
                    self._http.missing_parameters.add(name)
                    return None
                found |= answered
        except exceptions.BadRequest:
            self._http.missing_parameters.add(name)
            return None
        except exceptions.NotTheService:
            # a proxy, for which it is too long, or which has something
            # against several values
            return None
        return found

    def _find(
        self,
        wanted: str,
        what: str,
        get: Callable[[str], R],
        named: Callable[[], Iterable[R]],
    ) -> R:
        """Find the one record with an id or an exact name."""
        by_id = urls.is_identifier(wanted)
        if by_id and _UUID.fullmatch(wanted):
            with contextlib.suppress(exceptions.NotFound):
                return get(wanted)
            by_id = False
        found = [item for item in named() if name_of(item) == wanted]
        if len(found) > 1:
            ids = [id_of(item) for item in found]
            raise exceptions.NotUnique(
                f"{len(found)} {what}s are named '{wanted}':"
                f" {', '.join(ids)}; use the id",
                ids=ids,
                site=self.site,
            )
        if found:
            return found[0]
        if by_id:
            with contextlib.suppress(exceptions.NotFound):
                return get(wanted)
        raise exceptions.NotFound(
            f"no {what} has the name or id '{wanted}'", site=self.site
        )

    def _write(
        self,
        method: str,
        path: str,
        noun: str,
        fields: Mapping[str, Any],
        *,
        secrets: Sequence[str] = (),
    ) -> Any:
        """Send the fields that are given, wrapped in their noun."""
        given = {k: v for k, v in fields.items() if v is not None}
        answer = self._http.call(
            method, path, body={noun: given}, secrets=secrets
        )
        return self._http.noun(answer, noun, method)


def name_of(record: Record) -> str | None:
    """Return the name of any record that has one."""
    name = getattr(record, "name", None)
    return name if isinstance(name, str) else None


def id_of(thing: Record | str) -> str:
    """Return the id of a record, or the id itself.

    :raises BadArgument: it is neither, such as the None of a look-up
        that found nothing.
    """
    identity = thing if isinstance(thing, str) else getattr(thing, "id", None)
    if not isinstance(identity, str):
        given = "None" if thing is None else f"a {type(thing).__name__}"
        raise exceptions.BadArgument(f"{given} is no record, and no id")
    return identity


def _fits(item: object, filters: Mapping[str, str]) -> bool:
    """Return whether nothing in an item contradicts a filter.

    :param filters: without spaces around them, and case-folded.
    """
    if not isinstance(item, Mapping):
        return True
    for name, wanted in filters.items():
        held = item.get(name)
        if isinstance(held, str) and held.strip().casefold() != wanted:
            return False
    return True
