"""A report of all groups asks for a part of each, or for all of it where the
service does not know of parts."""

from __future__ import annotations

import datetime
import types
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from protectorclient import exceptions
from protectorclient.pair.reads import brief_groups
from protectorclient.pair.site_facts import SiteFacts
from protectorclient.records.protection_group import ProtectionGroup
from protectorclient.reports import overview_answer
from protectorclient.reports.overview_row import FIELDS

WHOLE = {"id": "pg-1", "name": "web", "last_replication_at": "2026-01-01"}
MOMENT = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
BRIEF = {"policy": None, "members": []}
#: What a service that knows the parameter has of each field.
PART = dict.fromkeys(FIELDS) | {"name": "web", "metadata_brief": BRIEF}


class Groups:
    """The groups of a service, and how often it is asked for what."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.asked: list[str] = []

    def list(
        self, metadata: bool = False, fields: Sequence[str] = (), **_: Any
    ) -> list[ProtectionGroup]:
        part = "metadata" if metadata else "brief" if fields else "list"
        self.asked.append(part)
        shown: dict[str, Any] = dict(WHOLE)
        if fields and self.kind == "refuses":
            raise exceptions.BadRequest("fields: not known", code=400)
        if fields and self.kind == "knows":
            shown = {"id": "pg-1"} | {one: PART[one] for one in fields}
        if fields and self.kind in ("takes the last", "takes the first"):
            one = fields[0 if "first" in self.kind else -1]
            shown = {"id": "pg-1", one: PART[one]}
        if metadata:
            shown["metadata"] = {"version": 3}
        return [ProtectionGroup.from_dict(shown)]

    def get(self, group: str) -> dict[str, Any]:
        self.asked.append(f"document {group}")
        return {"version": 3}


Site = Callable[[], SiteFacts]


@pytest.fixture
def groups(request: pytest.FixtureRequest) -> Groups:
    return Groups(request.param)


@pytest.fixture
def site(groups: Groups) -> Site:
    """Makes the facts of a site, as each look makes them anew."""
    http = types.SimpleNamespace(missing_parameters=set())
    client = types.SimpleNamespace(
        http=http, protection_groups=groups, metadata=groups
    )
    handle: Any = types.SimpleNamespace(name="site-a", client=client)
    return lambda: SiteFacts(handle)


def of_kind(*kinds: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("groups", kinds, indirect=True)


@of_kind("knows")
def test_a_part_of_each(groups: Groups, site: Site) -> None:
    one = site()
    for _ in range(2):
        found = brief_groups.ask(one, FIELDS, documents=True)
        assert [group.name for group in found.groups] == ["web"]
        assert (found.documents, found.is_brief) == ({"pg-1": BRIEF}, True)
    assert brief_groups.ask(one, FIELDS, documents=False).documents == {}
    assert groups.asked == ["brief", "brief"]


@of_kind("refuses", "ignores", "takes the last", "takes the first")
def test_all_of_each(groups: Groups, site: Site) -> None:
    """That the service lacks it is remembered for the next look."""
    for _ in range(2):
        one = site()
        found = brief_groups.ask(one, FIELDS, documents=True)
        assert (found.documents, found.is_brief) == ({}, False)
        assert one.document("pg-1") == {"version": 3}
        brief_groups.ask(one, FIELDS, documents=False)
    again = ["metadata", "list"]
    assert groups.asked == ["brief", *again, *again]


@of_kind("refuses")
def test_the_other_list_alone(groups: Groups, site: Site) -> None:
    found = brief_groups.ask(site(), FIELDS, documents=False)
    assert [group.last_replication_at for group in found.groups] == [MOMENT]
    assert groups.asked == ["brief", "list"]


@of_kind("knows", "ignores", "refuses")
def test_the_last_replication_is_that_of_the_record(
    groups: Groups, site: Site
) -> None:
    """Which is asked for whole where a brief one lacks it."""
    one = site()
    found = brief_groups.ask(one, FIELDS, documents=True)
    answer = overview_answer.Answer(
        {}, {}, found.is_brief, [], None, health={}
    )
    before = len(groups.asked)
    for _ in range(2):
        moment = overview_answer.last_replication(one, answer, found.groups[0])
        assert moment == MOMENT
    more = ["list"] if groups.kind == "knows" else []
    assert groups.asked[before:] == more
