"""The POST that may have arrived: one operation, or the truth."""

import dataclasses
import random
from collections.abc import Iterable

import pytest

from protectorclient import exceptions
from protectorclient.polling.pace import search_pace
from protectorclient.records.operation import Operation
from protectorclient.v1 import _post_once

OURS = "req-9f4a6bb2-7a0d-4e9a-9a4e-0b6d5a0f5f01"
LOST = exceptions.OutcomeUnknown("the answer was lost")
REFUSED = exceptions.SiteUnreachable("connection refused", sent=False)
SILENT = exceptions.SiteUnreachable("timed out reading", sent=True)
BUSY = exceptions.ServiceUnavailable("busy", code=503, retry_after=3.0)
BROKEN = exceptions.ServerError("broken", code=500)
RUNNING = exceptions.OperationInProgress("one runs", code=409)


@dataclasses.dataclass
class Service:
    """A service whose answers are lost by a script.

    A line of the script is what happens to one request: ``ok``; ``before``
    (never arrives), ``after`` (done, the answer lost), or an error.
    """

    posts: list[object]
    looks: list[object] = dataclasses.field(default_factory=list)
    keeps_ids: bool = True
    one_at_a_time: bool = True
    operations: list[Operation] = dataclasses.field(default_factory=list)
    now: float = 0.0
    posted: int = 0

    def post(self, request_id: str) -> Operation:
        self.posted += 1
        fate = self.posts.pop(0) if self.posts else "ok"
        if isinstance(fate, Exception):
            raise fate
        if fate == "before":
            raise LOST
        started = self._start(request_id)
        if fate == "after":
            raise LOST
        return started

    def _start(self, request_id: str) -> Operation:
        if self.keeps_ids:
            for known in self.operations:
                if known.request_id == request_id:
                    return known
        if self.one_at_a_time:
            for known in self.operations:
                if known.status == "running":
                    raise RUNNING
        number = len(self.operations) + 1
        made = operation(
            f"op-{number}",
            request_id=request_id if self.keeps_ids else f"req-own-{number}",
        )
        self.operations.insert(0, made)
        return made

    def look(self) -> Iterable[Operation]:
        fate = self.looks.pop(0) if self.looks else "ok"
        if isinstance(fate, Exception):
            raise fate
        return iter(self.operations)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def run(self) -> Operation:
        return _post_once.post_action(
            _post_once.Request("pg-1", "failover", {"force": True}, OURS, "a"),
            post=self.post,
            look=self.look,
            pace=search_pace(clock=lambda: self.now, sleep=self.sleep),
        )


def operation(identity: str, **fields: object) -> Operation:
    return Operation.from_dict(
        {
            "id": identity,
            "protection_group_id": "pg-1",
            "operation_type": "failover",
            "status": "running",
            "parameters": {"force": True},
            **fields,
        }
    )


def test_an_answer_that_comes_is_all_there_is_to_it() -> None:
    service = Service(["ok"])
    assert service.run().request_id == OURS
    assert (service.posted, service.now) == (1, 0.0)


@pytest.mark.parametrize("keeps_ids", [True, False])
def test_an_operation_that_began_is_adopted(keeps_ids: bool) -> None:
    service = Service(["after"], keeps_ids=keeps_ids)
    assert service.run().id == "op-1"
    assert service.posted == 1


@pytest.mark.parametrize("keeps_ids", [True, False])
def test_what_did_not_arrive_is_posted_again(keeps_ids: bool) -> None:
    service = Service(["before", "before"], keeps_ids=keeps_ids)
    assert service.run().id == "op-1"
    assert service.posted == 3


def test_not_posted_again_before_the_service_has_answered() -> None:
    service = Service(["before"], looks=["ok", SILENT, BUSY, LOST])
    assert service.run().id == "op-1"
    assert service.posted == 2
    assert service.now >= 3.0, "Retry-After is honoured"


def test_silence_is_not_an_answer() -> None:
    service = Service(["after"], looks=["ok"] + [SILENT] * 99)
    with pytest.raises(exceptions.OutcomeUnknown) as caught:
        service.run()
    assert caught.value.request_id == OURS
    assert caught.value.site == "a"
    assert service.posted == 1
    assert service.now == search_pace().give_up_after


def test_a_refusal_to_look_is_not_an_answer() -> None:
    refusal = exceptions.AuthenticationFailed("no")
    service = Service(["after"], looks=["ok", refusal])
    with pytest.raises(exceptions.OutcomeUnknown):
        service.run()
    assert service.posted == 1


def test_nothing_is_posted_where_nobody_answers() -> None:
    service = Service([], looks=[REFUSED])
    with pytest.raises(exceptions.SiteUnreachable):
        service.run()
    assert (service.posted, service.now) == (0, 0.0)


def test_a_first_look_may_need_several_tries() -> None:
    service = Service(["ok"], looks=[SILENT, BUSY])
    assert service.run().id == "op-1"
    service = Service(["ok"], looks=[SILENT] * 5)
    with pytest.raises(exceptions.SiteUnreachable):
        service.run()
    assert service.posted == 0


def test_what_was_never_sent_is_said_at_once() -> None:
    service = Service([REFUSED])
    with pytest.raises(exceptions.SiteUnreachable):
        service.run()
    assert (service.posted, service.now) == (1, 0.0)


def test_a_refusal_is_passed_on() -> None:
    refusal = exceptions.InvalidState("not now", code=409)
    service = Service([refusal])
    with pytest.raises(exceptions.InvalidState):
        service.run()
    assert service.posted == 1


@pytest.mark.parametrize("keeps_ids", [True, False])
def test_refused_because_of_the_first_that_arrived_late(
    keeps_ids: bool,
) -> None:
    service = Service(["before", RUNNING], keeps_ids=keeps_ids)
    looks = iter([[], [], None])

    def look() -> Iterable[Operation]:
        seen = next(looks)
        if seen is None:
            request_id = OURS if keeps_ids else "req-own-1"
            return [operation("op-1", request_id=request_id)]
        return seen

    service.look = look  # type: ignore[method-assign]
    assert service.run().id == "op-1"
    assert service.posted == 2


def test_refused_because_of_somebody_elses() -> None:
    service = Service(["before", RUNNING])
    service.operations = [operation("op-0", request_id="req-theirs")]
    with pytest.raises(exceptions.OperationInProgress):
        service.run()


@pytest.mark.parametrize(
    "stranger",
    [
        operation("op-9", operation_type="failback"),
        operation("op-9", parameters={"force": False}),
        operation("op-9", protection_group_id="pg-2"),
    ],
)
def test_a_younger_operation_that_cannot_be_ours(stranger: Operation) -> None:
    service = Service(["before"], keeps_ids=False, one_at_a_time=False)
    looks: list[list[Operation]] = [[], [stranger]]
    service.look = lambda: looks.pop(0)  # type: ignore[method-assign]
    assert service.run().id == "op-1"


def test_an_older_operation_is_never_ours() -> None:
    done = operation("op-0", status="completed", request_id="req-own-0")
    service = Service(["before"], keeps_ids=False)
    service.operations = [done]
    assert service.run().id == "op-2"
    assert service.posted == 2


def test_a_service_that_breaks_is_looked_at_but_not_asked_again() -> None:
    service = Service([BROKEN])
    with pytest.raises(exceptions.ServerError, match="broken"):
        service.run()
    assert service.posted == 1

    service = Service([BROKEN])
    service.looks = ["ok"]
    looks: list[list[Operation]] = [[], [operation("op-1", request_id=OURS)]]
    service.look = lambda: looks.pop(0)  # type: ignore[method-assign]
    assert service.run().id == "op-1"


def test_a_service_that_stays_busy() -> None:
    service = Service([BUSY] * 99)
    with pytest.raises(exceptions.ServiceUnavailable):
        service.run()
    assert service.operations == []
    assert service.posted < 15


def test_never_begun_says_so() -> None:
    service = Service(["before"] * 99)
    with pytest.raises(exceptions.SiteUnreachable, match="has not begun"):
        service.run()
    assert service.operations == []


@pytest.mark.parametrize("keeps_ids", [True, False])
def test_never_two_whatever_is_lost(keeps_ids: bool) -> None:
    fates = ["ok", "before", "after", SILENT, LOST, BUSY]
    adopted = unknown = 0
    for seed in range(500):
        dice = random.Random(seed)
        service = Service(
            dice.choices(fates, k=6),
            looks=["ok", *dice.choices(["ok", "ok", SILENT, BUSY], k=30)],
            keeps_ids=keeps_ids,
            one_at_a_time=False,
        )
        if dice.random() < 0.5:
            service.operations = [
                operation("op-0", status="completed", request_id="req-old")
            ]
        before = len(service.operations)
        try:
            found = service.run()
        except exceptions.OutcomeUnknown:
            unknown += 1
            assert len(service.operations) <= before + 1
        except exceptions.ProtectorError:
            assert len(service.operations) == before
        else:
            adopted += 1
            assert len(service.operations) == before + 1
            assert service.operations[0].id == found.id
    assert adopted > 450


def test_mappings_may_be_kept_in_other_words() -> None:
    """A service may write ids where names were sent."""
    ours = operation(
        "op-9",
        request_id="req-own-1",
        parameters={"flavor_mapping": {"1": "2"}, "force": False},
    )
    looks: list[list[Operation]] = [[], [ours]]

    def lost(request_id: str) -> Operation:
        raise LOST

    found = _post_once.post_action(
        _post_once.Request(
            group_id="pg-1",
            operation_type="failover",
            parameters={
                "flavor_mapping": {"m1.large": "m2.large"},
                "force": False,
            },
            request_id=OURS,
        ),
        post=lost,
        look=lambda: looks.pop(0),
        pace=search_pace(clock=lambda: 0.0, sleep=lambda _: None),
    )
    assert found is ours


@pytest.mark.parametrize(
    ("answer", "is_earlier"),
    [
        ("op-1", True),
        ("op-2", True),
        ("op-0", True),
        ("op-3", False),
        ("op-4", False),
    ],
)
def test_an_earlier_operation_has_not_begun_now(
    answer: str, is_earlier: bool
) -> None:
    """Seen before the POST, or older than what was seen."""
    stamps = {"op-0": "09", "op-1": "10", "op-2": "11", "op-4": "11"}
    known = {
        name: operation(
            name,
            status="completed",
            started_at=f"2025-11-03T{stamps[name]}:00:00Z"
            if name in stamps
            else None,
        )
        for name in ("op-0", "op-1", "op-2", "op-3", "op-4")
    }
    told: list[Operation] = []
    found = _post_once.post_action(
        _post_once.Request("pg-1", "failover", {}, OURS),
        post=lambda request_id: known[answer],
        look=lambda: [known["op-2"], known["op-1"]],
        pace=search_pace(clock=lambda: 0.0, sleep=lambda _: None),
        earlier=told.append,
    )
    assert found is known[answer]
    assert told == ([found] if is_earlier else [])
