"""Following operations: a virtual clock and a table of bad nights."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from protectorclient import exceptions
from protectorclient._http import deadline
from protectorclient.advice import causes
from protectorclient.exit_codes import code_for
from protectorclient.polling import poller, results
from protectorclient.polling.poller import Outcome
from protectorclient.records.operation import Operation

GONE = exceptions.SiteUnreachable("no answer", site="a")
CUT = exceptions.UnreadableAnswer("cut", site="a", sent=True)
BUSY = exceptions.ServiceUnavailable("busy", code=503)
SLOW_DOWN = exceptions.ServiceUnavailable("busy", code=503, retry_after=40.0)
NOT_ALLOWED = exceptions.AuthenticationFailed("no", site="a")


def record(
    status: str = "running", progress: int = 0, **fields: Any
) -> Operation:
    return Operation.from_dict(
        {
            "id": "op-1",
            "operation_type": "failover",
            "status": status,
            "progress": progress,
            **fields,
        }
    )


DONE = record("completed", 100)
FAILED = record(
    "failed",
    40,
    error_message="out of disk",
    steps_failed=["recreate_instances"],
)
LEFT = record("failed", 40, result_data={"leftovers": [{"id": "v-1"}]})
FORCED = record("completed", 100, parameters={"force": True})


@dataclasses.dataclass
class Night:
    """A site that answers by a script, and time that passes as told."""

    script: list[Any]
    now: float = 1000.0
    asked: list[float] = dataclasses.field(default_factory=list)

    def fetch(self, site: str, ids: Sequence[str]) -> dict[str, Operation]:
        self.asked.append(self.now)
        line = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(line, Exception):
            raise line
        if line is None:
            return {}
        return {"op-1": line}

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds

    def pace(self, **options: Any) -> poller.Pace:
        return poller.Pace(clock=lambda: self.now, sleep=self.sleep, **options)

    def follow(self, **options: Any) -> list[poller.Event]:
        pace = options.pop("pace", None) or self.pace()
        keys = [poller.Key("a", "op-1")]
        return list(poller.follow(keys, self.fetch, pace=pace, **options))

    @property
    def pauses(self) -> list[float]:
        return [
            round(later - earlier, 2)
            for earlier, later in zip(self.asked, self.asked[1:], strict=False)
        ]


def kinds(events: list[poller.Event]) -> str:
    letters = {
        poller.Changed: "c",
        poller.Lost: "L",
        poller.Silent: "S",
        poller.Regained: "R",
        poller.Doubted: "D",
        poller.Ended: "E",
    }
    return "".join(letters[type(event)] for event in events)


@pytest.mark.parametrize(
    ("script", "options", "expected", "outcome"),
    [
        # the calm ones
        ([DONE], {}, "cE", Outcome.COMPLETED),
        ([record(), record(), DONE], {}, "ccE", Outcome.COMPLETED),
        ([record("pending"), record(progress=5), DONE], {}, "cccE",
         Outcome.COMPLETED),
        ([FAILED], {}, "cE", Outcome.ROLLED_BACK),
        ([record(), record("rolling_back", 40), FAILED], {}, "cccE",
         Outcome.ROLLED_BACK),
        ([LEFT], {}, "cE", Outcome.LEFTOVERS),
        # lost requests are told once, and do not end anything
        ([record(), GONE, GONE, CUT, DONE], {}, "cLRcE", Outcome.COMPLETED),
        ([GONE, BUSY, record(), GONE, DONE], {}, "LRcLRcE",
         Outcome.COMPLETED),
        ([SLOW_DOWN, DONE], {}, "LRcE", Outcome.COMPLETED),
        # two refusals may be a hiccup, three in a row are not
        ([record(), NOT_ALLOWED, NOT_ALLOWED, DONE], {}, "cLRcE",
         Outcome.COMPLETED),
        ([record(), NOT_ALLOWED, NOT_ALLOWED, NOT_ALLOWED], {}, "cLE",
         Outcome.UNKNOWN),
        ([NOT_ALLOWED, GONE, NOT_ALLOWED, NOT_ALLOWED, DONE], {}, "LRcE",
         Outcome.COMPLETED),
        # what is not known is not said
        ([record(), GONE], {}, "cLSE", Outcome.UNKNOWN),
        ([GONE], {}, "LSE", Outcome.UNKNOWN),
        ([None], {}, "E", Outcome.UNKNOWN),
        ([record(), None, DONE], {}, "ccE", Outcome.COMPLETED),
        ([record(), None, None], {}, "cE", Outcome.UNKNOWN),
        # the time is over
        ([record()], {"timeout": 60}, "cE", Outcome.RUNNING),
        ([record()], {"timeout": 0}, "cE", Outcome.RUNNING),
        ([DONE], {"timeout": 0}, "cE", Outcome.COMPLETED),
        ([record()] * 9 + [GONE], {"timeout": 60}, "cLE", Outcome.RUNNING),
        ([record(), GONE], {"timeout": 60}, "cLE", Outcome.UNKNOWN),
        ([GONE], {"timeout": 20}, "LE", Outcome.UNKNOWN),
        ([record()], {"cancelled": lambda: True}, "E", Outcome.UNKNOWN),
    ],
)  # fmt: skip
def test_nights(
    script: list[Any],
    options: dict[str, Any],
    expected: str,
    outcome: Outcome,
) -> None:
    night = Night(list(script))
    events = night.follow(**options)
    assert kinds(events) == expected
    (ended,) = [e for e in events if isinstance(e, poller.Ended)]
    assert ended.outcome is outcome
    if "timeout" in options:
        assert night.now <= 1000 + options["timeout"]


def test_what_was_seen_last_is_kept() -> None:
    ended = Night([record(progress=55), GONE]).follow()[-1]
    assert isinstance(ended, poller.Ended)
    assert ended.operation is not None
    assert ended.operation.progress == 55
    assert ended.error is GONE


def test_quick_while_things_move_slower_when_they_do_not() -> None:
    night = Night([record()] * 8 + [record(progress=5)] * 3 + [DONE])
    night.follow()
    assert night.pauses == [
        1.0, 1.5, 2.25, 3.38, 5.06, 7.59, 10.0, 10.0,
        1.0, 1.5, 2.25,
    ]  # fmt: skip


def test_a_lost_site_is_asked_less_and_less_but_not_too_seldom() -> None:
    night = Night([record(), *[GONE] * 8, DONE])
    night.follow()
    assert night.pauses == [1.0, 1.0, 1.5, 2.25, 3.38, 5.06, 7.59, 10, 10]


def test_one_lost_request_is_soon_made_up_for() -> None:
    night = Night([*[record()] * 9, GONE, DONE])
    night.follow()
    assert night.pauses[-3:] == [10, 10, 1]


def test_retry_after_is_honoured_within_reason() -> None:
    night = Night([SLOW_DOWN, DONE])
    night.follow()
    assert night.pauses == [40.0]
    impudent = exceptions.ServiceUnavailable("b", code=503, retry_after=9e9)
    night = Night([impudent, DONE])
    night.follow()
    assert night.pauses == [60.0]


def test_gives_up_when_nobody_has_answered_for_long_enough() -> None:
    night = Night([record(), GONE])
    night.follow(pace=night.pace(give_up_after=100))
    assert night.now == 1000 + 100
    night = Night([GONE] * 5 + [record()] + [GONE])
    night.follow(pace=night.pace(give_up_after=100))
    heard = night.asked[5]
    assert night.now == heard + 100, "each answer starts it anew"


def test_an_outage_is_measured() -> None:
    events = Night([record(), GONE, GONE, DONE]).follow()
    (lost,) = [e for e in events if isinstance(e, poller.Lost)]
    (back,) = [e for e in events if isinstance(e, poller.Regained)]
    assert lost.error is GONE
    assert back.polls == 2
    assert back.seconds == back.at - lost.at > 0


def test_new_steps_of_a_change() -> None:
    before = record(steps_completed=["a"])
    after = record(steps_completed=["a", "b", "c"])
    events = Night([before, after, DONE]).follow()
    steps = [e.steps for e in events if isinstance(e, poller.Changed)]
    assert steps == [("a",), ("b", "c"), ()]


def test_the_group_decides_what_the_record_does_not_tell() -> None:
    assert poller.outcome_of(FAILED, "active") is Outcome.ROLLED_BACK
    assert poller.outcome_of(FAILED, "error") is Outcome.LEFTOVERS
    assert poller.outcome_of(LEFT, "active") is Outcome.LEFTOVERS
    assert poller.outcome_of(FORCED, "failed_over") is Outcome.COMPLETED
    assert poller.outcome_of(FORCED, "failed_over_partial") is Outcome.PARTIAL
    assert poller.outcome_of(DONE, "failed_over_partial") is Outcome.COMPLETED


def test_asking_the_group_may_be_lost_too() -> None:
    answers: list[Any] = [GONE, BUSY, Outcome.LEFTOVERS]

    def find_outcome(site: str, operation: Operation) -> Outcome:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    events = Night([FAILED]).follow(find_outcome=find_outcome)
    assert kinds(events) == "cLRE"
    assert events[-1].outcome is Outcome.LEFTOVERS  # type: ignore[attr-defined]


def test_a_finished_record_counts_even_if_its_group_stays_silent() -> None:
    def find_outcome(site: str, operation: Operation) -> Outcome:
        raise GONE

    ended = Night([FAILED]).follow(find_outcome=find_outcome)[-1]
    assert isinstance(ended, poller.Ended)
    assert ended.outcome is Outcome.ROLLED_BACK


def test_many_cost_one_request_for_each_site_and_tick() -> None:
    asked: list[tuple[str, tuple[str, ...]]] = []
    ends = {"op-1": 3, "op-2": 1, "op-3": 2}
    now = [0.0]

    def fetch(site: str, ids: Sequence[str]) -> dict[str, Operation]:
        asked.append((site, tuple(ids)))
        if site == "b" and len(asked) < 4:
            raise GONE
        found = {}
        for identity in ids:
            ends[identity] -= 1
            status = "completed" if ends[identity] <= 0 else "running"
            found[identity] = Operation(
                id=identity, status=status, progress=ends[identity]
            )
        return found

    events = list(
        poller.follow(
            [
                poller.Key("a", "op-1"),
                poller.Key("a", "op-2"),
                poller.Key("b", "op-3"),
                poller.Key("a", "op-1"),
            ],
            fetch,
            pace=poller.Pace(
                clock=lambda: now[0],
                sleep=lambda s: now.__setitem__(0, now[0] + s),
            ),
        )
    )
    ended = [e.key.operation_id for e in events if isinstance(e, poller.Ended)]
    assert sorted(ended) == ["op-1", "op-2", "op-3"]
    assert asked[0] == ("a", ("op-1", "op-2"))
    assert asked[1] == ("b", ("op-3",))
    assert ("a", ("op-1",)) in asked


@pytest.mark.parametrize("timeout", ["10x", "10", float("nan"), -1, True])
def test_a_timeout_that_is_none(timeout: Any) -> None:
    night = Night([record()])
    with pytest.raises(ValueError, match="timeout takes a number of seconds"):
        poller.follow([poller.Key("a", "op-1")], night.fetch, timeout=timeout)
    assert not night.asked


def test_nothing_to_follow() -> None:
    assert list(poller.follow([], Night([DONE]).fetch)) == []


# What it is called when it ends


def ended(
    outcome: Outcome,
    operation: Operation | None = None,
    error: exceptions.ProtectorError | None = None,
    silent_for: float | None = None,
) -> poller.Ended:
    return poller.Ended(
        at=0,
        key=poller.Key("a", "op-1"),
        outcome=outcome,
        operation=operation,
        error=error,
        silent_for=silent_for,
    )


@pytest.mark.parametrize(
    ("end", "kind", "words"),
    [
        (
            ended(Outcome.ROLLED_BACK, FAILED),
            exceptions.OperationFailed,
            "a: failover op-1 failed at recreate_instances and was rolled"
            " back: out of disk",
        ),
        (
            ended(
                Outcome.ROLLED_BACK,
                record("failed", error_message="the cloud of a is away"),
            ),
            exceptions.OperationFailed,
            "^a: failover op-1 failed and was rolled back: the cloud of a",
        ),
        (
            ended(Outcome.LEFTOVERS, LEFT),
            exceptions.OperationLeftovers,
            "left something behind: no reason was given",
        ),
        (
            ended(Outcome.PARTIAL, FORCED),
            exceptions.OperationPartial,
            "completed, but not for all members",
        ),
        (
            ended(Outcome.RUNNING, record(progress=5)),
            exceptions.WaitTimeout,
            r"still runs \(5 %\)",
        ),
        (
            ended(Outcome.RUNNING, record(progress=5), GONE, 24),
            exceptions.WaitTimeout,
            "op-1 was running at 5 % when a last answered, 24s ago;"
            " a does not answer$",
        ),
        (
            ended(Outcome.RUNNING, record("rolling_back"), BUSY, 24),
            exceptions.WaitTimeout,
            "was rolling back at 0 % when .* ago; a says: busy$",
        ),
        (
            ended(Outcome.UNKNOWN, record(progress=5), GONE, 300),
            exceptions.OperationUnknown,
            "last seen running at 5 %, 5m ago$",
        ),
        (
            ended(Outcome.UNKNOWN, record(progress=5), GONE),
            exceptions.OperationUnknown,
            r"is not known \(no answer\); last seen running at 5 %",
        ),
        (
            ended(Outcome.UNKNOWN, None, GONE),
            exceptions.OperationUnknown,
            r"op-1 is not known \(no answer\)$",
        ),
        (
            ended(Outcome.UNKNOWN, None, exceptions.NotFound("none")),
            exceptions.NotFound,
            "none",
        ),
        (
            ended(Outcome.UNKNOWN, record(), exceptions.NotFound("none")),
            exceptions.OperationUnknown,
            "none",
        ),
        (
            ended(Outcome.UNKNOWN, record(), NOT_ALLOWED),
            exceptions.AuthenticationFailed,
            "no",
        ),
    ],
)
def test_errors_of_ends(
    end: poller.Ended, kind: type[exceptions.ProtectorError], words: str
) -> None:
    error = results.error_for(end)
    with pytest.raises(kind, match=words):
        raise error or AssertionError
    assert type(error) is kind
    if isinstance(error, exceptions.OperationError):
        assert error.operation is end.operation
        assert error.operation_id == "op-1"
        assert error.site == "a"


def test_a_success_is_no_error() -> None:
    assert results.error_for(ended(Outcome.COMPLETED, DONE)) is None


def test_leftovers_and_advice_are_carried() -> None:
    error = results.error_for(ended(Outcome.LEFTOVERS, LEFT))
    assert isinstance(error, exceptions.OperationLeftovers)
    assert error.leftovers == ({"id": "v-1"},)
    storage = record("failed", steps_failed=["get_latest_snapshot"])
    error = results.error_for(ended(Outcome.ROLLED_BACK, storage))
    assert isinstance(error, exceptions.OperationFailed)
    assert error.advice is not None
    assert error.advice.key == "storage"


def test_how_to_resume_is_said() -> None:
    for outcome in (Outcome.RUNNING, Outcome.UNKNOWN):
        error = results.error_for(ended(outcome, record(), GONE))
        assert error is not None
        assert error.next == ("openstack protector operation wait op-1",)


def test_sleep_is_never_negative_and_time_may_stand_still() -> None:
    calls: list[Callable[[], None]] = []
    night = Night([record()] * 3 + [DONE])
    night.follow(pace=night.pace(shortest=0.5, growth=1.0))
    assert night.pauses == [0.5, 0.5, 0.5]
    assert calls == []


def test_a_silence_is_measured_and_told_again_at_half() -> None:
    night = Night([record(), GONE])
    events = night.follow(pace=night.pace(give_up_after=100))
    (lost,) = [e for e in events if isinstance(e, poller.Lost)]
    assert (lost.silent_for, lost.patience) == (1, 99)
    (still,) = [e for e in events if isinstance(e, poller.Silent)]
    assert still.silent_for + (still.patience or 0) == 100
    assert 50 <= still.silent_for <= 61
    end = events[-1]
    assert isinstance(end, poller.Ended)
    assert end.silent_for == 100


def test_a_wait_that_ends_in_silence_says_how_long_it_was() -> None:
    night = Night([*[record()] * 5, GONE])
    events = night.follow(timeout=30)
    (lost,) = [e for e in events if isinstance(e, poller.Lost)]
    assert lost.patience == 1030 - lost.at
    end = events[-1]
    assert isinstance(end, poller.Ended)
    assert end.outcome is Outcome.RUNNING
    assert end.silent_for == 1030 - night.asked[4]
    (calm,) = [
        e
        for e in Night([record()]).follow(timeout=5)
        if isinstance(e, poller.Ended)
    ]
    assert calm.silent_for is None


# Operations whose site is not known yet


@dataclasses.dataclass
class Sites:
    """Two sites, each with a script for each operation it knows."""

    scripts: dict[str, list[Any]]
    now: float = 0.0
    asked: list[str] = dataclasses.field(default_factory=list)

    def fetch(self, site: str, ids: Sequence[str]) -> dict[str, Operation]:
        self.asked.append(f"{site}:{','.join(ids)}")
        script = self.scripts[site]
        line = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(line, Exception):
            raise line
        return {found.id: found for found in line if found.id in ids}

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def follow(self, *ids: str, **options: Any) -> list[poller.Event]:
        pace = poller.Pace(clock=lambda: self.now, sleep=self.sleep)
        keys = [poller.Key("", identity) for identity in ids]
        return list(
            poller.follow(
                keys, self.fetch, sites=("a", "b"), pace=pace, **options
            )
        )

    def ends(self, *ids: str, **options: Any) -> list[poller.Ended]:
        events = self.follow(*ids, **options)
        return [e for e in events if isinstance(e, poller.Ended)]


def numbered(number: int, status: str = "running") -> Operation:
    return Operation(id=f"op-{number}", status=status)


def test_the_site_that_knows_it_is_found() -> None:
    sites = Sites(
        {"a": [[]], "b": [[numbered(1)], [numbered(1, "completed")]]}
    )
    (end,) = sites.ends("op-1")
    assert (end.key.site, end.outcome) == ("b", Outcome.COMPLETED)
    assert sites.asked == ["a:op-1", "b:op-1", "b:op-1"], "a was asked once"


def key(number: int, site: str = "a") -> poller.Key:
    return poller.Key(site, f"op-{number}")


def test_what_begins_meanwhile_is_followed_too() -> None:
    """Looked for every ten seconds, and once more when all has ended."""
    done = [numbered(n, "completed") for n in (1, 2, 3)]
    sites = Sites(
        {
            "a": [*[[numbered(1)]] * 12, done],
            "b": [[numbered(3)], done],
        }
    )
    looks: list[float] = []
    later = iter(([key(1)], [key(1), key(2)], [key(3, "b")], [key(3, "b")]))

    def begun() -> list[poller.Key]:
        looks.append(sites.now)
        return next(later, [])

    pace = poller.Pace(clock=lambda: sites.now, sleep=sites.sleep)
    events = list(
        poller.follow(
            [key(1)], sites.fetch, sites=("a", "b"), pace=pace, find_new=begun
        )
    )
    ends = [e for e in events if isinstance(e, poller.Ended)]
    assert len(ends) == 3
    assert {one.key for one in ends} == {key(1), key(2), key(3, "b")}
    assert looks[:2] == [10.0, 20.0]
    assert len(looks) >= 4
    assert sites.now < 120.0


def test_nothing_is_taken_up_when_the_time_is_over() -> None:
    sites = Sites({"a": [[numbered(1)]], "b": [[]]})
    pace = poller.Pace(clock=lambda: sites.now, sleep=sites.sleep)
    numbers = iter(range(2, 100))
    events = list(
        poller.follow(
            [key(1)],
            sites.fetch,
            timeout=15.0,
            pace=pace,
            find_new=lambda: [key(next(numbers))],
        )
    )
    ends = [e for e in events if isinstance(e, poller.Ended)]
    assert {one.key for one in ends} == {key(1), key(2)}
    assert sites.now == 15.0


def test_one_dead_site_does_not_keep_the_others_waiting() -> None:
    sites = Sites({"a": [GONE], "b": [[numbered(2, "completed")]]})
    first, second = sites.ends("op-1", "op-2")
    assert (first.key, first.outcome) == (
        poller.Key("b", "op-2"),
        Outcome.COMPLETED,
    )
    assert (second.key, second.outcome) == (
        poller.Key("", "op-1"),
        Outcome.UNKNOWN,
    )
    assert second.error is GONE
    assert second.lost > 5


def test_a_dead_site_may_come_back_and_know() -> None:
    sites = Sites({"a": [GONE, GONE, [numbered(1, "failed")]], "b": [[]]})
    (end,) = sites.ends("op-1")
    assert (end.key.site, end.outcome) == ("a", Outcome.ROLLED_BACK)


def test_nobody_knows_it() -> None:
    sites = Sites({"a": [[]], "b": [[]]})
    (end,) = sites.ends("op-1")
    error = results.error_for(end)
    assert type(error) is exceptions.NotFound
    assert str(error) == "no site knows an operation 'op-1'"


def test_one_refuses_and_the_other_does_not_know() -> None:
    sites = Sites({"a": [NOT_ALLOWED], "b": [[]]})
    (end,) = sites.ends("op-1")
    assert results.error_for(end) is NOT_ALLOWED


def test_both_are_asked_before_the_time_is_over() -> None:
    sites = Sites({"a": [GONE], "b": [[numbered(1)]]})
    (end,) = sites.ends("op-1", timeout=0)
    assert (end.key.site, end.outcome) == ("b", Outcome.RUNNING)


def test_an_operation_must_be_somewhere() -> None:
    with pytest.raises(ValueError, match="no site to ask for op-1"):
        list(poller.follow([poller.Key("", "op-1")], Night([DONE]).fetch))


# The edges of time


def test_every_site_gets_a_last_look() -> None:
    now = [0.0]
    asked: list[tuple[float, str]] = []

    def fetch(site: str, ids: Sequence[str]) -> dict[str, Operation]:
        asked.append((now[0], site))
        late = now[0] >= 100
        return {
            identity: Operation(
                id=identity, status="completed" if late else "running"
            )
            for identity in ids
        }

    pace = poller.Pace(
        clock=lambda: now[0], sleep=lambda s: now.__setitem__(0, now[0] + s)
    )
    keys = [poller.Key("a", "op-1"), poller.Key("b", "op-2")]
    events = poller.follow(keys, fetch, pace=pace, timeout=100)
    ends = [e.outcome for e in events if isinstance(e, poller.Ended)]
    assert ends == [Outcome.COMPLETED, Outcome.COMPLETED]
    assert asked[-2:] == [(100.0, "a"), (100.0, "b")]


def test_what_has_ended_has_ended_at_the_deadline_too() -> None:
    def find_outcome(site: str, operation: Operation) -> Outcome:
        raise GONE

    end = Night([FAILED]).follow(find_outcome=find_outcome, timeout=20)[-1]
    assert isinstance(end, poller.Ended)
    assert end.outcome is Outcome.ROLLED_BACK
    assert end.error is None


def test_an_old_acquaintance_is_forgiven_a_while() -> None:
    hiccup = [record(), *[NOT_ALLOWED] * 5, DONE]
    assert kinds(Night(hiccup).follow()) == "cLRcE"
    night = Night([record(), NOT_ALLOWED])
    night.follow()
    assert 1030 <= night.now < 1060
    night = Night([NOT_ALLOWED])
    night.follow()
    assert night.now < 1010, "a stranger is not"


def test_polls_that_were_lost_are_counted_to_the_end() -> None:
    end = Night([GONE, record(), CUT, BUSY, DONE]).follow()[-1]
    assert isinstance(end, poller.Ended)
    assert end.lost == 3


def test_a_lost_site_is_asked_more_often_when_the_time_runs_out() -> None:
    night = Night([*[record()] * 9, GONE])
    night.follow(timeout=100)
    assert night.pauses[-8:] == [1.0] * 8
    assert night.now == 1100


# A status that is not known, and one that contradicts itself

WHEN = "2025-11-03T10:07:43Z"


def last(events: list[poller.Event]) -> poller.Ended:
    assert isinstance(events[-1], poller.Ended)
    return events[-1]


@pytest.mark.parametrize(
    "status", ["cancelled", "Aborted", "paused", "", "COMPLETE", "done", "✓"]
)
def test_an_unknown_status_with_a_time_of_its_end_is_one(status: str) -> None:
    night = Night([record(status, 100, completed_at=WHEN)])
    end = last(night.follow())
    assert len(night.asked) == 1
    assert end.outcome is Outcome.OTHER
    error = results.error_for(end)
    assert error is not None
    assert f"'{status}'" in str(error)
    assert "still runs" not in str(error)
    assert "rolled back" not in str(error)
    assert code_for(error) == 11
    assert isinstance(error, exceptions.OperationEndedOtherwise)
    assert error.advice is causes.LEFT_BEHIND


def test_an_unknown_status_is_an_end_after_three_polls_without_change() -> (
    None
):
    night = Night([record(), record("paused", 50)])
    events = night.follow()
    assert kinds(events) == "ccE"
    assert len(night.asked) == 5
    assert last(events).outcome is Outcome.OTHER
    assert code_for(results.error_for(last(events))) == 11  # type: ignore[arg-type]


def test_one_that_changes_goes_on() -> None:
    moving = [record("importing", n) for n in range(0, 90, 10)]
    night = Night([*moving, GONE, GONE, GONE, GONE, DONE])
    end = last(night.follow())
    assert end.outcome is Outcome.COMPLETED


@pytest.mark.parametrize("status", ["Running", "PENDING", "Rolling_Back"])
def test_letters_make_no_other_status(status: str) -> None:
    night = Night([*[record(status, 5)] * 9, DONE])
    assert kinds(night.follow()) == "ccE"


@pytest.mark.parametrize("status", ["completed", "Completed", "COMPLETED "])
def test_completed_in_any_letters_is_a_success(status: str) -> None:
    end = last(Night([record(status, 100)]).follow())
    assert end.outcome is Outcome.COMPLETED
    assert results.error_for(end) is None


@pytest.mark.parametrize("status", ["FAILED", "Failed"])
def test_failed_in_any_letters_is_a_failure(status: str) -> None:
    end = last(Night([record(status, 40)]).follow())
    assert end.outcome is Outcome.ROLLED_BACK


@pytest.mark.parametrize("status", ["running", "pending", "rolling_back"])
def test_one_that_runs_and_has_ended_goes_on_with_one_warning(
    status: str,
) -> None:
    odd = [record(status, n, completed_at=WHEN) for n in (5, 10, 10, 10, 10)]
    events = Night([*odd, odd[-1], DONE]).follow()
    assert kinds(events) == "cDccE"
    (doubt,) = [e for e in events if isinstance(e, poller.Doubted)]
    assert "op-1" in doubt.message
    assert last(events).outcome is Outcome.COMPLETED


def test_a_poll_does_not_outlive_the_timeout_for_long() -> None:
    """What fetches is told how long it may take."""
    limits: list[float] = []
    night = Night([record()])

    def fetch(site: str, ids: Sequence[str]) -> dict[str, Operation]:
        limits.append(deadline.cut(1000.0))
        return night.fetch(site, ids)

    keys = [poller.Key("a", "op-1")]
    list(poller.follow(keys, fetch, timeout=60, pace=night.pace()))
    assert limits[0] == pytest.approx(60, abs=1)
    assert min(limits) == pytest.approx(5, abs=1)
    limits.clear()
    night.script = [DONE]
    list(poller.follow(keys, fetch, pace=night.pace()))
    assert limits == [1000.0]


@pytest.mark.parametrize("shortest", [0, -1, float("nan")])
def test_there_is_a_pause_between_two_polls(shortest: float) -> None:
    night = Night([DONE])
    with pytest.raises(ValueError, match="pause"):
        night.follow(pace=night.pace(shortest=shortest))


def test_of_a_status_that_is_not_known_nobody_says_that_it_runs() -> None:
    night = Night([record("verifying", 100)])
    end = last(night.follow(timeout=2))
    error = results.error_for(end)
    assert isinstance(error, exceptions.WaitTimeout)
    assert "has the status 'verifying' (100 %)" in str(error)
    assert code_for(error) == 8
