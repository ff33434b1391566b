"""One definition of a silent site, and one place for its seconds."""

from __future__ import annotations

import ast
import pathlib
import re

import protectorclient
from protectorclient import durations, exceptions
from protectorclient.polling import pace, silence

PACKAGE = pathlib.Path(protectorclient.__file__).parent
#: what a constant is called that limits a time
LIMIT = re.compile(r"TIMEOUT|PATIENCE|GRACE|NO_ANSWER|STUCK|_AFTER|_FOR$")


def constants(path: pathlib.Path) -> set[str]:
    """The names that a module gives to numbers, products included."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if not isinstance(node, ast.Assign):
            continue
        parts = [one for one in ast.walk(node.value) if hasattr(one, "value")]
        if parts and all(
            isinstance(one, ast.Constant)
            and isinstance(one.value, int | float)
            for one in parts
        ):
            found |= {ast.unparse(one) for one in node.targets}
    return found


def test_the_seconds_stand_in_one_place() -> None:
    elsewhere = [
        f"{path.relative_to(PACKAGE)}: {name}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name != "durations.py"
        for name in constants(path)
        if LIMIT.search(name)
    ]
    assert elsewhere == []
    assert {"SILENT_AFTER", "STUCK_AFTER"} <= constants(
        PACKAGE / "durations.py"
    )


def test_a_site_that_is_polled_is_heard_before_it_is_silent() -> None:
    one = pace.Pace()
    assert 3 * one.longest <= one.silent_after < one.give_up_after
    assert not silence.is_silent(durations.SILENT_AFTER)
    assert silence.is_silent(durations.SILENT_AFTER + 0.1)
    assert silence.is_silent(2.0, after=1.5)


def test_what_is_no_answer() -> None:
    late = silence.grace_exceeded("site-b", 2.0)
    assert isinstance(late, silence.NO_ANSWER)
    assert (str(late), late.brief) == (
        "site-b did not answer within 2 s",
        "no answer within 2 s",
    )
    unknown = exceptions.OutcomeUnknown("no")
    assert not isinstance(unknown, silence.NO_ANSWER)
    assert isinstance(unknown, silence.LOST_ANSWER)
    no = exceptions.NotFound("no")
    assert not isinstance(no, silence.LOST_ANSWER)


def test_a_lost_operation_is_looked_for_as_long_as_said() -> None:
    assert pace.search_pace().give_up_after == durations.SEARCH_TIMEOUT
