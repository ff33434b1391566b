"""Many records by their ids: few questions, and the long way round."""

from typing import Any

import pytest

from protectorclient._http import deadline
from protectorclient.polling import at_once
from tests.helpers.canned_site import PROJECT, Site

OPS = f"/v1/{PROJECT}/operations"
IDS = [f"op-{number:03}" for number in range(250)]


def listed(ids: list[str], noun: str = "operations") -> dict[str, Any]:
    field = "id" if noun == "operations" else "protection_group_id"
    return {"json": {noun: [{field: one} for one in ids], "links": []}}


def test_a_hundred_ids_make_one_question(site: Site) -> None:
    site.answer("GET", OPS, *(listed(IDS[n : n + 100]) for n in (0, 100, 200)))
    assert list(site.client.operations.fetch(IDS)) == IDS
    assert [line.count("id=") for line in site.asked] == [100, 100, 50]


def test_what_no_answer_has_is_left_out(site: Site) -> None:
    site.answer("GET", OPS, listed(["op-000"]))
    assert list(site.client.operations.fetch(IDS[:2])) == ["op-000"]
    assert len(site.asked) == 1


def test_more_than_three_questions_begin_with_the_newest(site: Site) -> None:
    wanted = [f"op-{number:03}" for number in range(301)]
    site.answer("GET", OPS, listed(wanted))
    assert list(site.client.operations.fetch(wanted)) == wanted
    assert site.asked == [f"GET {OPS}?limit=602"]


@pytest.mark.parametrize(
    "answer",
    [
        {"status_code": 400, "json": {"error": {"code": 400, "message": "?"}}},
        listed(["op-other", "op-000"]),
    ],
    ids=["refuses", "ignores"],
)
def test_a_service_without_the_filter_is_asked_the_long_way(
    site: Site, answer: dict[str, Any]
) -> None:
    newest = listed(["op-other", *IDS[:5]])
    site.answer("GET", OPS, answer, newest, newest)
    for one in IDS[5:10]:
        site.answer("GET", f"{OPS}/{one}", json={"operation": {"id": one}})
    assert list(site.client.operations.fetch(IDS[:10])) == IDS[:10]
    asked_first = len(site.asked)
    assert list(site.client.operations.fetch(IDS[:10])) == IDS[:10]
    assert ["?id=" in line for line in site.asked].count(True) == 1
    assert len(site.asked) == 2 * asked_first - 1


def test_the_health_of_some_groups_is_one_question(site: Site) -> None:
    site.answer("GET", "/v1/health", listed(["pg-1"], "health"))
    assert list(site.client.health.fetch(["pg-1", "pg-2"])) == ["pg-1"]
    (line,) = site.asked
    assert "protection_group_id=pg-1&protection_group_id=pg-2" in line


def test_a_whole_report_is_searched_where_there_is_no_filter(
    site: Site,
) -> None:
    whole = listed(["pg-1", "pg-2"], "health")
    site.answer("GET", "/v1/health", whole)
    assert list(site.client.health.fetch(["pg-2"])) == ["pg-2"]
    assert list(site.client.health.fetch(["pg-1"])) == ["pg-1"]
    assert [("group_id" in line) for line in site.asked] == [
        True,
        False,
        False,
    ]


def test_a_deadline_holds_for_the_threads_of_a_question() -> None:
    with deadline.within(5):
        (left,) = at_once.each_of([60.0], deadline.cut, askers=1)
    assert left <= 5
