"""Mappings: read strictly, looked up each half at its own site."""

import pytest

from protectorclient import exceptions
from protectorclient.mapping import model
from protectorclient.mapping.model import Resource

WEB, DB = Resource("n-1", "web"), Resource("n-2", "db")
SOURCES = (WEB, DB, Resource("n-3", "twin"), Resource("n-4", "twin"))
TARGETS = (Resource("t-1", "web-b"), Resource("t-2", "db-b"))


def resolve(
    given: dict[str, str], used: tuple[Resource, ...] = (WEB, DB)
) -> model.ResolvedMapping:
    return model.resolve(
        given,
        source=lambda name: model.pick(
            SOURCES, name, what="network", site="site-a"
        ),
        target=lambda name: model.pick(
            TARGETS, name, what="network", site="site-b"
        ),
        used=used,
        what="network",
    )


def test_parse() -> None:
    assert model.parse(["a=b", " c = d=e ", "ä/b=ö?"]) == {
        "a": "b",
        "c": "d=e",
        "ä/b": "ö?",
    }
    assert model.parse([]) == {}


@pytest.mark.parametrize("line", ["", "a", "a=", "=b", "=", " = ", "a= "])
def test_halves_may_not_be_empty(line: str) -> None:
    with pytest.raises(exceptions.MappingProblem) as caught:
        model.parse([line])
    assert f"'{line}'" in caught.value.message


@pytest.mark.parametrize("second", ["a=c", "a=b", " a =c"])
def test_a_source_is_mapped_once(second: str) -> None:
    with pytest.raises(exceptions.MappingProblem, match="'a' is mapped twice"):
        model.parse(["a=b", second])


def test_names_and_ids_become_ids() -> None:
    found = resolve({"web": "web-b", "n-2": "t-2"})
    assert found.ids() == {"n-1": "t-1", "n-2": "t-2"}
    assert found.names() == {"web": "web-b", "db": "db-b"}
    assert found.warnings == ()


def test_an_unknown_name_says_where() -> None:
    with pytest.raises(exceptions.NotFound, match="^site-a: .*'nope'"):
        resolve({"nope": "web-b"})
    with pytest.raises(exceptions.NotFound, match="^site-b: .*'nope'"):
        resolve({"web": "nope"})


def test_a_shared_name_says_both_ids() -> None:
    with pytest.raises(exceptions.NotUnique, match="n-3, n-4") as caught:
        resolve({"twin": "web-b"})
    assert caught.value.ids == ("n-3", "n-4")


def test_the_id_of_a_shared_name_is_fine() -> None:
    found = resolve({"n-4": "web-b"}, used=(Resource("n-4", "twin"),))
    assert found.ids() == {"n-4": "t-1"}


def test_name_and_id_of_one_thing_are_a_double() -> None:
    with pytest.raises(exceptions.MappingProblem, match="'n-1' is mapped"):
        resolve({"web": "web-b", "n-1": "db-b"})


def test_what_is_not_used_is_left_out_with_a_warning() -> None:
    found = resolve({"web": "web-b", "db": "db-b"}, used=(WEB,))
    assert found.ids() == {"n-1": "t-1"}
    (warning,) = found.warnings
    assert "'db'" in warning


def test_another_thing_of_the_same_name_is_not_used() -> None:
    found = resolve({"n-4": "web-b"}, used=(Resource("n-3", "twin"),))
    assert found.ids() == {}


def test_where_the_service_does_not_tell_nothing_is_left_out() -> None:
    assert resolve({"web": "web-b"}, used=()).ids() == {"n-1": "t-1"}
    nameless = (Resource("", "web"),)
    assert resolve({"web": "web-b"}, used=nameless).ids() == {"n-1": "t-1"}


def test_unmatched() -> None:
    used = (WEB, DB, Resource("n-9", "web-b"))
    assert model.unmatched(used, {"n-1": "t-1"}, TARGETS) == (DB,)
    assert model.unmatched(used, {"web": "t", "db": "t"}, TARGETS) == ()


def test_reverse() -> None:
    assert model.reverse({"a": "b", "c": "d"}) == {"b": "a", "d": "c"}
    with pytest.raises(exceptions.MappingProblem, match="'a' and 'c'"):
        model.reverse({"a": "b", "c": "b"})
