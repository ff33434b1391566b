"""What foresees, suggestions and words things, without a site."""

from __future__ import annotations

from typing import Any

import pytest

from protectorclient.mapping import files, forecast, suggest
from protectorclient.osc.v1.mapping import quoted
from protectorclient.preflight.findings import Finding, Severity, summary
from protectorclient.preflight.run import exit_code

A, B = "id-a", "id-b"


def document(**more: Any) -> dict[str, Any]:
    """Two instances at site a, on one network each."""
    flavor = {"id": "f1", "name": "small", "vcpus": 2, "ram": 2, "disk": 2}
    members = [
        {
            "id": f"m{n}",
            "sites": {
                A: {
                    "instance_name": f"vm-{n}",
                    "networks": [
                        {"id": f"n{n}", "name": f"net-{n}", "cidr": cidr}
                    ],
                    "flavor": flavor,
                    "volumes": [{"size": 10}],
                }
            },
        }
        for n, cidr in ((1, "10.1.0.0/24"), (2, "10.2.0.5/24"))
    ]
    return {"primary_site_id": A, "members": members, **more}


def view(**more: Any) -> forecast.Forecast:
    return forecast.Forecast(document(**more), A, B)


def grounds(matches: list[forecast.Match]) -> list[str]:
    return [match.ground for match in matches]


def test_given_comes_before_stored_and_stored_before_names() -> None:
    targets = [{"id": "t1", "name": "net-1"}, {"id": "t2", "name": "other"}]
    assert grounds(view().networks({}, targets)) == ["same name", "no match"]
    stored = view(network_mapping={"n2": "t2"})
    assert grounds(stored.networks({}, targets)) == [
        "same name",
        "stored mapping",
    ]
    # as the service has it: a mapping that is given replaces the stored one
    assert grounds(stored.networks({"n1": "t2"}, targets)) == [
        "mapped",
        "no match",
    ]
    gone = view(network_mapping={"n2": "t9"}).networks({}, targets)
    assert (gone[1].ground, gone[1].matched) == ("not there", False)


def test_the_way_home_gives_back_what_it_had() -> None:
    found = document(network_mapping={"x": "y"})
    found["members"][0]["sites"][B] = {
        "networks": [{"id": "b1", "name": "far"}],
        "flavor": {"id": "f2", "name": "big"},
    }
    home = forecast.Forecast(found, B, A)
    assert home.is_failback
    assert not home.stored("network")
    matches = home.networks({}, [{"id": "n1", "name": "net-1"}])
    assert [str(match) for match in matches] == ["far -> net-1 (as before)"]


def test_two_targets_of_one_name_are_no_match() -> None:
    targets = [{"id": "t1", "name": "net-1"}, {"id": "t2", "name": "net-1"}]
    matches = view().networks({}, targets)
    assert matches[0].ground == "several of this name"
    suggestions = suggest.networks(
        view(), targets, [{"network_id": "t2", "cidr": "10.1.0.0/24"}]
    )
    assert suggestions[0].target is not None
    assert suggestions[0].target.id == "t2"


@pytest.mark.parametrize(
    ("subnets", "ground"),
    [
        ([], "none has this name, or 10.2.0.0/24"),
        ([("t1", "10.2.0.0/24")], "same range, 10.2.0.0/24"),
        (
            [("t1", "10.2.0.0/24"), ("t2", "10.2.0.0/24")],
            "several have the range 10.2.0.0/24: x (t1), y (t2)",
        ),
    ],
)
def test_a_range_decides_when_it_is_one_networks(
    subnets: list[tuple[str, str]], ground: str
) -> None:
    targets = [{"id": "t1", "name": "x"}, {"id": "t2", "name": "y"}]
    rows = [{"network_id": one, "cidr": cidr} for one, cidr in subnets]
    suggestion = suggest.networks(view(), targets, rows)[1]
    assert suggestion.ground == ground
    assert (suggestion.target is not None) is ground.startswith("same")


@pytest.mark.parametrize(
    ("sizes", "chosen"),
    [
        ({"a": (4, 4, 4), "b": (2, 2, 3)}, "b"),
        ({"a": (1, 9, 9)}, None),
        ({"small": (2, 2, 9), "b": (2, 2, 2)}, "small"),
        ({"small": (1, 1, 1), "b": (8, 8, 8)}, "b"),
    ],
)
def test_the_nearest_flavor_that_fits(
    sizes: dict[str, tuple[int, int, int]], chosen: str | None
) -> None:
    targets = [
        {"id": name, "name": name, "vcpus": v, "ram": r, "disk": d}
        for name, (v, r, d) in sizes.items()
    ]
    (suggestion,) = suggest.flavors(view(), targets)
    assert (suggestion.target.name if suggestion.target else None) == chosen


def finding(severity: Severity) -> Finding:
    return Finding("x", severity, "site-a", "message")


def test_the_last_line_and_the_exit_status() -> None:
    ok, warning, problem, skipped = map(
        finding,
        (
            Severity.OK,
            Severity.WARNING,
            Severity.PROBLEM,
            Severity.SKIPPED,
        ),
    )
    assert summary([ok] * 17 + [warning]) == "17 ok, 1 warning, 0 problems"
    assert summary([skipped, problem]) == (
        "0 ok, 0 warnings, 1 problem, 1 skipped"
    )
    assert exit_code([ok, skipped], strict=True) == 0
    assert exit_code([ok, warning]) == 0
    assert exit_code([ok, warning], strict=True) == 4
    assert exit_code([warning, problem], strict=True) == 3


@pytest.mark.parametrize("name", ["a", "no", "10", "n", "net: x", "ü", "~"])
def test_any_name_is_read_back_from_a_suggestion(name: str) -> None:
    text = f"networks:\n  {quoted(name)}: {quoted(name)}\n"
    assert files.parse(text).networks == {name: name}


def test_the_way_back_drops_what_is_for_drills() -> None:
    file = files.MappingFile({"a": "b"}, {"c": "d"}, {"a": "z"})
    assert file.networks_for("failover") == {"a": "b"}
    assert file.networks_for("test_failover") == {"a": "z"}
    assert file.reversed() == files.MappingFile({"b": "a"}, {"d": "c"})
