"""What an operation that ends names as left."""

import types
from typing import Any

import pytest

from fakeserver.engine.cloud_client.cloud import CloudUnreachable
from fakeserver.engine.model import power
from fakeserver.engine.model.member_plan import (
    FlavorPlan,
    MemberPlan,
    NetworkPlan,
)
from fakeserver.engine.run import remove, rollback
from fakeserver.store.effects import Effect, EffectDetail

A, B = "site-a", "site-b"
PORTS = ["p-1", "p-2"]


def context(**state: Any) -> Any:
    """An operation with as much of a state as is asked for."""
    return types.SimpleNamespace(
        state=types.SimpleNamespace(**state), name=lambda site_id: site_id
    )


@pytest.mark.parametrize("id_", [None, "1d27"])
def test_an_instance_is_named_with_its_ports(id_: str | None) -> None:
    """It may never have come about, or be deleted when its site dies; and
    who deletes it by hand leaves them."""
    networks = [NetworkPlan(n, n, "10.0.0.0/24", None) for n in ("x", "y")]
    plan = MemberPlan("m-1", FlavorPlan("f", "f", 1, 1, 1), networks, [])
    other = MemberPlan("m-2", plan.flavor, networks, [])
    detail = EffectDetail(site=B, id=id_, name="web-1", member_id="m-1")
    effect = Effect("server", "pg-web-1", "intended", detail)
    left = rollback.named(context(plan=[other, plan]), effect, "Why")
    assert [(one.kind, one.name, one.site, one.why) for one in left] == [
        ("instance", "web-1", B, "Why"),
        ("port", "pg-web-1-0", B, "Why"),
        ("port", "pg-web-1-1", B, "Why"),
    ]


class Nova:
    """Has an instance, or not, or does not answer."""

    def __init__(self, there: bool | None) -> None:
        self._there = there

    def server(self, server_id: str) -> dict[str, Any] | None:
        assert server_id == "s-1"
        if self._there is None:
            raise CloudUnreachable(B, "no answer")
        return {} if self._there else None


@pytest.mark.parametrize(
    ("there", "left"), [(True, []), (False, PORTS), (None, PORTS)]
)
def test_the_ports_of_a_deletion_that_has_not_come_to_its_end(
    there: bool | None, left: list[str]
) -> None:
    """They go with an instance that is still there."""
    operation = context(ports={"s-1": PORTS})
    operation.cloud = lambda site_id: Nova(there)
    found = remove.left_ports(operation, B, "s-1", "Why")
    assert [one.id for one in found] == left
    assert {(one.kind, one.site) for one in found} <= {("port", B)}


def test_no_ports_are_looked_for_where_nothing_was_deleted() -> None:
    assert remove.left_ports(context(ports={}), B, "s-1", "Why") == []


@pytest.mark.parametrize(
    ("primary", "started"),
    [
        (A, [(A, "a-1"), (A, "a-2"), (A, "gone")]),
        # the members run at site-b; what is no member runs nowhere
        (B, [(A, "gone")]),
    ],
)
def test_what_a_clean_up_starts(
    primary: str, started: list[tuple[str, str]]
) -> None:
    doc = {
        "current_primary_site_id": primary,
        "members": [
            {"sites": {A: {"instance_id": f"a-{n}"}, B: {"instance_id": "b"}}}
            for n in (1, 2)
        ],
        "tests": [
            {"stopped_site_id": A, "stopped": ["a-1", "a-2", "gone"]},
            {"stopped_site_id": A, "stopped": []},
        ],
    }
    assert power.started_by_cleanup(doc) == started
