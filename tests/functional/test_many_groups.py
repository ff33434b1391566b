"""What a command asks does not grow with the groups beside."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pytest

from fakeserver.base import request_log
from fakeserver.local.pair import LocalPair
from protectorclient.reports.overview_answer import Answer, PartialAnswer
from tests.functional.test_request_budgets import run
from tests.helpers import request_counts
from tests.helpers.request_counts import CLIENTS, SITES, Asked

#: The second is more than one question between the sites names.
FLEETS = (3, 120)


@pytest.fixture(scope="module")
def pairs() -> Iterator[list[LocalPair]]:
    few, many = FLEETS
    with (
        LocalPair(scenario="fleet", groups=few, sockets=True) as first,
        LocalPair(scenario="fleet", groups=many, sockets=True) as second,
    ):
        yield [first, second]


def asked(pair: LocalPair, command: str) -> Mapping[str, Asked]:
    ran, found = request_counts.count(pair, lambda: run(pair, command))
    assert ran.code == 0, ran.err
    return found


def of_sites(pair: LocalPair) -> int:
    """How many requests the sites have sent each other up to now."""
    return sum(
        not entry["headers"].get("user-agent", "").startswith(CLIENTS)
        for site in SITES
        for entry in request_log.entries(pair.folder.request_log(site))
    )


def test_status_asks_each_site_five_things(pairs: list[LocalPair]) -> None:
    """Versions, sites, groups, operations and health; both sites together
    sign in at each other, and ask one thing."""
    before = of_sites(pairs[1])
    found = asked(pairs[1], "status -f json")
    for site in SITES:
        one = found[site]
        told = [
            text
            for text in (*one.sign_in, *one.questions)
            if text.startswith("GET /v1/")
        ]
        assert len(told) == 5, one
    assert of_sites(pairs[1]) - before <= 4


@pytest.mark.parametrize(
    "command",
    [
        "status -f json",
        "protection-group check app-0001",
        "protection-group failover app-0001 --dry-run",
    ],
)
def test_no_question_more_beside_many(
    pairs: list[LocalPair], command: str
) -> None:
    few, many = (asked(pair, command) for pair in pairs)
    for site in SITES:
        assert len(many[site].questions) <= len(few[site].questions), many[
            site
        ]


def test_the_metadata_of_many_are_one_list_of_the_site_that_answers() -> None:
    """The first site, whose list has them, is silent."""
    with LocalPair(scenario="fleet", groups=6, sockets=True) as pair:
        pair.site("a").stop()
        ran, found = request_counts.count(
            pair, lambda: run(pair, "status -f json")
        )
    assert ran.code == 0, ran.err
    rows = json.loads(ran.out)
    assert [row["rpo_seconds"] for row in rows] == [900.0] * 6
    asked_of_groups = [
        text
        for text in found["site-b"].questions
        if "/protection-groups" in text
    ]
    assert len(asked_of_groups) == 2, found["site-b"]


def test_without_a_health_report_the_lag_is_that_of_the_record(
    pairs: list[LocalPair], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One list more of the site that is ahead: what it lists in brief lacks
    the last replication."""

    def late(answer: PartialAnswer, grace: float | None) -> Answer:
        return answer.with_health({}, "unknown: it came too late")

    monkeypatch.setattr(PartialAnswer, "answer", late)
    ran, found = request_counts.count(
        pairs[0], lambda: run(pairs[0], "status -f json")
    )
    rows = json.loads(ran.out)
    assert len(rows) == 3
    for row in rows:
        assert row["replication_lag_seconds"] >= 0
        assert row["within_rpo"] is True
        assert row["reasons"] == ["unknown: it came too late"]
    asked_of_groups = [
        text
        for text in found["site-a"].questions
        if "/protection-groups?" in text
    ]
    assert len(asked_of_groups) == 2, found["site-a"]
