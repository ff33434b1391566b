"""Mapping files of strangers: one sentence each, with the file in it."""

from __future__ import annotations

import pathlib
import random

import pytest

from protectorclient import exceptions
from protectorclient.mapping import files

#: What a file may be made of, right and wrong.
PIECES = (
    *("networks:", "flavors:", "test_networks:", "a: b", "- a", "{", "}"),
    *("[", "]", "*x", "&x", "!!python/object:os.system", "<<: *x", "? "),
    *("| ", ">", "'", '"', "\t", "%YAML 9", "---", "...", "null", "1: 2"),
    *("true: y", "2026-01-01: z", "a:", "\x00", "\ufeff", "=: 1", "\u2028"),
    *("!!binary x", "!!timestamp 2026-13-45", "!!timestamp x", "!!int x"),
    *("!!bool q", "!!set {a}", "!!omap [a: b]", "9" * 500, "? [a]\n: b"),
    *("? {a: b}\n: c", "? !!set {a}\n: b", "1e999: x", "!!merge x"),
)
SMALLEST = (
    "networks: !!bool q",
    "networks: !!timestamp x",
    "networks:\n  ? !!set {a}\n  : b",
    "networks: [a]",
    "networks: {a: [b]}",
    "networks: {a: ''}",
    "networks: {a: b, a: c}",
    "nets: {}",
    "- a",
    "a" * 9000 + ": {",
)


@pytest.mark.parametrize("text", SMALLEST, ids=lambda text: text[:30])
def test_one_sentence(text: str) -> None:
    with pytest.raises(exceptions.MappingProblem) as raised:
        files.parse(text, "map.yaml")
    said = str(raised.value)
    assert said.startswith("map.yaml: ")
    assert "\n" not in said
    assert len(said) < 400
    assert "object has no" not in said


@pytest.mark.parametrize("seed", range(4))
def test_only_sentences_come_of_a_file_of_strangers(seed: int) -> None:
    chance = random.Random(seed)
    refused = 0
    for _ in range(200):
        text = "".join(
            chance.choice(["", "  ", "    "])
            + chance.choice(PIECES)
            + chance.choice(["\n", " ", ": ", ""])
            for _ in range(chance.randint(1, 7))
        )
        for name in ("map.yaml", "map.json"):
            try:
                files.parse(text, name)
            except exceptions.MappingProblem as error:
                refused += 1
                said = str(error)
                assert said.startswith(f"{name}: "), text
                assert "\n" not in said, text
                assert len(said) < 400, text
    assert refused > 100


def test_a_mark_of_the_byte_order(tmp_path: pathlib.Path) -> None:
    for name in ("map.yaml", "map.json"):
        path = tmp_path / name
        path.write_bytes(b'\xef\xbb\xbf{"networks": {"a": "b"}}')
        assert files.load(str(path)).networks == {"a": "b"}


def test_a_name_that_is_no_path() -> None:
    for path in ("a\0b", "/no/such", "/"):
        with pytest.raises(exceptions.MappingProblem, match="cannot read"):
            files.load(path)
