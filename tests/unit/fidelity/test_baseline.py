"""The baseline of a group: whose it is, and in which form."""

import json
import pathlib
from typing import Any

import pytest

from protectorclient import exceptions
from protectorclient.fidelity import baseline
from protectorclient.fidelity.comparison import Comparison

GROUP, OTHER = "pg-1", "pg-2"


def accepted(**changes: Any) -> pathlib.Path:
    """Write a baseline of the group, with some of it changed."""
    path = baseline.write(GROUP, "op-1", [])
    held = {**json.loads(path.read_text()), **changes}
    given = {key: value for key, value in held.items() if value is not None}
    path.write_text(json.dumps(given))
    return path


def test_what_was_accepted_is_read_again() -> None:
    found = Comparison(
        member="web-1",
        attribute="tags",
        service="nova",
        verdict="differs",
        source=["a"],
        target=["b"],
    )
    baseline.write(GROUP, "op-1", [found])
    [marked] = baseline.marked([found], baseline.read(GROUP))
    assert marked.is_accepted
    assert baseline.read(OTHER) == frozenset()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"protection_group_id": OTHER},
            "is that of protection group pg-2, not of pg-1",
        ),
        ({"version": 2}, "has version 2; this client reads 1"),
        # it is older than the versions are
        ({"version": None}, "has version 0; this client reads 1"),
        ({"protection_group_id": None}, "cannot be read: it is no baseline"),
        ({"accepted": None}, "cannot be read: it is no baseline"),
        ({"accepted": 1}, "cannot be read: it is no baseline"),
    ],
)
def test_a_foreign_one_is_not_read_as_the_group_s_own(
    changes: dict[str, Any], why: str
) -> None:
    path = accepted(**changes)
    with pytest.raises(exceptions.ProtectorError) as caught:
        baseline.read(GROUP)
    assert caught.value.message == f"the baseline {path} {why}"
    assert caught.value.next[-1] == f"rm {path}"


@pytest.mark.parametrize("text", ["[]", "1", "null", "{"])
def test_what_is_no_baseline(text: str) -> None:
    accepted().write_text(text)
    with pytest.raises(exceptions.ProtectorError, match="it is no baseline"):
        baseline.read(GROUP)
