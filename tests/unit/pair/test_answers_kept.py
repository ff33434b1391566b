"""A site is asked for each thing once, whoever asks and however often."""

from __future__ import annotations

import threading
import types
from typing import Any

import pytest

from protectorclient import exceptions
from protectorclient.pair.both_sites import BothSites
from protectorclient.pair.site_facts import SiteFacts
from protectorclient.records.protection_group import ProtectionGroup


def facts(**client: Any) -> SiteFacts:
    http = types.SimpleNamespace(missing_parameters=set())
    handle = types.SimpleNamespace(
        name="site-a", client=types.SimpleNamespace(http=http, **client)
    )
    return SiteFacts(handle)  # type: ignore[arg-type]


def sites() -> BothSites:
    return BothSites([facts().handle])


class Groups:
    """A service's groups, and how often it is asked for what."""

    def __init__(self, knows_metadata: bool = True) -> None:
        self.knows_metadata = knows_metadata
        self.asked: list[str] = []

    def list(self, metadata: bool = False, **_: Any) -> list[ProtectionGroup]:
        self.asked.append(f"list {metadata}")
        if metadata and not self.knows_metadata:
            raise exceptions.BadRequest("metadata is not known", code=400)
        more = {"metadata": {"version": 3}} if metadata else {}
        return [ProtectionGroup.from_dict({"id": "pg-1", **more})]

    def get(self, group: str) -> dict[str, Any]:
        self.asked.append(f"document {group}")
        return {"version": 3}


def test_an_answer_is_kept_and_an_error_too() -> None:
    one = facts()
    asked = []

    def fails() -> None:
        asked.append(1)
        raise exceptions.NotFound("there is none")

    assert one.ask("answer", lambda: 1) == one.ask("answer", lambda: 2) == 1
    for _ in range(2):
        with pytest.raises(exceptions.NotFound):
            one.ask("error", fails)
    assert asked == [1]


def test_who_asks_at_the_same_time_waits_for_the_first() -> None:
    one = facts()
    begun, may_end = threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        may_end.wait()
        return "first"

    first = one.later(lambda: one.ask("key", slow))
    begun.wait()
    second = one.later(lambda: one.ask("key", lambda: "second"))
    may_end.set()
    assert first.result() == second.result() == "first"


def test_nothing_is_kept_anew() -> None:
    before = sites()
    assert before.every[0].ask("key", lambda: 1) == 1
    (after,) = before.anew().every
    assert after.ask("key", lambda: 2) == 2
    assert after.handle is before.every[0].handle


def test_what_fails_ahead_fails_where_it_is_needed() -> None:
    asked = sites()
    (one,) = asked.every

    def fails() -> None:
        raise exceptions.SiteUnreachable("no answer", site="site-a")

    asked.ahead([lambda: one.ask("key", fails)])
    with pytest.raises(exceptions.SiteUnreachable):
        one.ask("key", lambda: pytest.fail("asked twice"))


def test_one_list_has_the_metadata_of_all_groups() -> None:
    groups = Groups()
    one = facts(protection_groups=groups, metadata=groups)
    assert [group.id for group in one.documented_groups()] == ["pg-1"]
    assert one.document("pg-1") == {"version": 3}
    assert groups.asked == ["list True"]


def test_a_service_without_it_is_asked_one_by_one() -> None:
    groups = Groups(knows_metadata=False)
    one = facts(protection_groups=groups, metadata=groups)
    found = one.documented_groups()
    assert one.documents(found) == [{"version": 3}]
    assert groups.asked == ["list True", "list False", "document pg-1"]
