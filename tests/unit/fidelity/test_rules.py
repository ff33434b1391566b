"""What equal means has a row for each attribute that is compared."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from protectorclient import exceptions
from protectorclient.fidelity import rules
from protectorclient.fidelity.case import Case
from protectorclient.fidelity.compare import Comparer, paired
from protectorclient.preflight.drift import attributes
from protectorclient.preflight.drift.attributes import MISSING

#: What only a group that runs has, and a test has not.
APART = {"consistency_group"}


def test_each_attribute_has_a_meaning() -> None:
    for table, of in (
        (rules.INSTANCE, attributes.INSTANCE),
        (rules.PORT, attributes.PORT),
        (rules.VOLUME, attributes.VOLUME),
    ):
        have = {row.key for row in table}
        assert {row.key for row in of} - APART <= have
        assert all(row.equal for row in table)


def case(**more: Any) -> Case:
    nobody: Any = None
    given: dict[str, Any] = {
        "source": nobody,
        "target": nobody,
        "is_test": True,
        "networks": {},
        "flavors": {},
        **more,
    }
    return Case("web-1", "web-1", "web-1-test", **given)


def row(key: str) -> rules.Rule:
    return next(one for one in rules.INSTANCE if one.key == key)


@pytest.mark.parametrize(
    ("key", "source", "target", "is_test", "verdict"),
    [
        ("instance_name", "web-1", "web-1", True, "equal"),
        ("instance_name", "web-1", "web-1-test", True, "differs_as_mapped"),
        ("instance_name", "web-1", "web-1-test", False, "differs"),
        ("instance_name", "web-1", "web-10", True, "differs"),
        ("description", "web-1", "web-1-test", True, "differs_as_mapped"),
        ("description", "our web", "our web-2", True, "differs"),
        ("hostname", None, "web-1-test", True, "differs"),
        ("tags", ["a"], ["a"], True, "equal"),
        ("tags", MISSING, ["a"], True, "not_comparable"),
        ("locked", False, MISSING, True, "not_comparable"),
        ("key_pair", None, None, True, "equal"),
        ("key_pair", None, "bob", True, "differs"),
        ("properties", {"a": "1"}, {"a": "2"}, True, "differs"),
        ("properties", {"pw_pass": "1"}, {"pw_pass": "2"}, True, "differs"),
        ("properties", {"pass": "***"}, {"pass": "2"}, True, "equal"),
        ("properties", {"pass": "***"}, {}, True, "differs"),
        ("flavor", {"name": "a", "vcpus": 1}, None, True, "differs"),
        (
            "flavor",
            {"name": "a", "vcpus": 1},
            {"name": "b", "vcpus": 1},
            True,
            "differs_as_mapped",
        ),
        (
            "flavor",
            {"name": "a", "vcpus": 1},
            {"name": "c", "vcpus": 1},
            True,
            "differs",
        ),
    ],
)
def test_verdicts(
    key: str, source: Any, target: Any, is_test: bool, verdict: str
) -> None:
    side: Any = SimpleNamespace(lacks="x does not show it")
    found = Comparer(
        case(is_test=is_test, flavors={"a": "b"}), side, side
    )._verdict(row(key), source, target)
    assert found[0] == verdict
    assert (found[1] is not None) == (
        verdict in ("differs_as_mapped", "not_comparable")
    )


class Cloud:
    """A cloud with one security group, whose rules are given."""

    def __init__(self, identity: str, *given: dict[str, Any]) -> None:
        self._groups = [
            {
                "id": identity,
                "name": "web",
                "security_group_rules": [
                    {"remote_group_id": identity, **one} for one in given
                ],
            }
        ]

    @property
    def security_groups(self) -> list[dict[str, Any]]:
        if not self._groups[0]["id"]:
            raise exceptions.Forbidden("no", code=403)
        return self._groups


def filters(cloud: Cloud, identity: str) -> Any:
    subject: Any = SimpleNamespace(
        here=cloud, ports={"server": [{"security_groups": [identity]}]}
    )
    server = {"id": "server", "security_groups": [{"name": "web"}]}
    return row("security_group_rules").live(subject, server)


def test_rules_of_security_groups_name_groups_by_their_names() -> None:
    ssh = {
        "direction": "ingress",
        "ethertype": "IPv4",
        "protocol": "tcp",
        "port_range_min": 22,
        "port_range_max": 22,
    }
    first = filters(Cloud("a", ssh), "a")
    assert first == ["web: ingress IPv4 tcp 22-22 web"]
    assert filters(Cloud("b", ssh), "b") == first
    assert filters(Cloud("b", {**ssh, "protocol": "udp"}), "b") != first
    assert filters(Cloud("", ssh), "") is MISSING


def test_pairs_are_made_the_surest_way_first() -> None:
    pairs, gone, more = paired(
        ["a", "b", "c"],
        ["B", "a", "x", "y"],
        (str.__eq__, lambda s, t: s == t.lower()),
    )
    assert pairs == [("a", "a"), ("b", "B")]
    assert (gone, more) == (["c"], ["x", "y"])


def test_a_list_that_is_refused_is_not_comparable() -> None:
    def refused() -> Any:
        raise exceptions.Forbidden("only admins list ports", code=403)

    side: Any = SimpleNamespace()
    (found,) = Comparer(case(), side, side).shown("networks", refused)
    assert (found.attribute, found.verdict) == ("networks", "not_comparable")
    assert found.reason == "only admins list ports"
