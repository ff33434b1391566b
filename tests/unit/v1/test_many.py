"""Many records by their ids: few questions, and the long way round."""

import threading
from typing import Any

import pytest

from protectorclient._http import deadline
from protectorclient.polling import at_once
from protectorclient.records.operation import Operation
from protectorclient.v1 import Client
from protectorclient.v1.operations import OperationManager
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
    site.answer("GET", OPS, listed(IDS[:2]))
    assert list(site.client.operations.fetch(IDS[:3])) == IDS[:2]
    assert len(site.asked) == 1


def test_one_answer_is_not_taken_for_that_of_all(site: Site) -> None:
    """Where fewer than two come, another one is asked for alone."""
    site.answer("GET", OPS, listed(["op-000"]), listed([]))
    assert list(site.client.operations.fetch(IDS[:2])) == ["op-000"]
    assert [line.count("id=") for line in site.asked] == [2, 1]


@pytest.mark.parametrize("first", [[], ["op-000"], ["op-001"]])
def test_a_proxy_that_hands_on_one_of_several_values(
    site: Site, first: list[str]
) -> None:
    alone = [one for one in IDS[:2] if one not in first][:1]
    newest = listed(IDS[:2])
    site.answer("GET", OPS, listed(first), listed(alone), newest)
    assert list(site.client.operations.fetch(IDS[:2])) == IDS[:2]
    assert list(site.client.operations.fetch(IDS[:2])) == IDS[:2]
    assert [line.count("id=") for line in site.asked] == [2, 1, 0, 0]


def test_a_proxy_that_refuses_several_values(site: Site) -> None:
    refused = {"status_code": 403, "text": "<html>no</html>"}
    site.answer("GET", OPS, refused, listed(IDS[:2]))
    assert list(site.client.operations.fetch(IDS[:2])) == IDS[:2]


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
    # another client of the same session, as each look at both sites makes
    again = Client(session=site.client.http.session)
    assert list(again.operations.fetch(IDS[:10])) == IDS[:10]
    assert ["?id=" in line for line in site.asked].count(True) == 1
    assert len(site.asked) == 2 * asked_first - 1


def test_what_one_service_lacks_another_may_have(site: Site) -> None:
    """A session may lead to services of several regions."""
    http = site.client.http
    http.missing_parameters.add("id")
    other = Client(session=http.session, endpoint_override="http://b:8788")
    assert not other.http.missing_parameters


def test_four_are_asked_for_at_the_same_time_and_no_more(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a service without the filter, which lists none of them."""
    site.answer("GET", OPS, listed(["op-other"]))
    together, running = threading.Barrier(4), threading.Semaphore(4)
    in_time: list[bool] = []

    def get(_manager: object, identity: str) -> Operation:
        in_time.append(running.acquire(blocking=False))
        together.wait(30)
        running.release()
        return Operation(id=identity)

    monkeypatch.setattr(OperationManager, "get", get)
    assert list(site.client.operations.fetch(IDS[:40])) == IDS[:40]
    assert in_time == [True] * 40


def test_the_health_of_some_groups_is_one_question(site: Site) -> None:
    site.answer("GET", "/v1/health", listed(["pg-1", "pg-2"], "health"))
    found = site.client.health.fetch(["pg-1", "pg-2"])
    assert list(found) == ["pg-1", "pg-2"]
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
