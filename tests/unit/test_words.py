"""Sentences, names and headings keep clear of the words given up."""

import ast
import pathlib

import pytest

from tests.helpers import words

PARTS = words.parts()


@pytest.mark.parametrize("part", PARTS)
def test_no_word_that_is_given_up(part: str) -> None:
    found = [str(text) for text in words.texts(part) if text.given_up()]
    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize("part", PARTS)
def test_a_class_is_called_by_what_it_is(part: str) -> None:
    found = list(words.class_names(part))
    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize("part", words.parts())
def test_a_docstring_of_a_function_begins_with_a_verb(part: str) -> None:
    found = list(words.without_verb(part))
    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("class Started: pass", True),
        ("class _Lost: pass", True),
        ("class Changed(base.Event): pass", False),
        ("class StepFailed(Exception): pass", False),
        ("class Finding: pass", False),
        ("class Dates:\n def __call__(self, environ, start): pass", True),
        ("class XMiddleware:\n def __call__(self, environ, s): pass", False),
    ],
)
def test_the_name_of_a_class_is_judged(source: str, wrong: bool) -> None:
    node = ast.parse(source).body[0]
    assert isinstance(node, ast.ClassDef)
    assert bool(list(words.wrong_name(node))) is wrong


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("What is left is told at once", ["What is left", "told"]),
        ("two untold stakeholders at Settles", ["Settles"]),
        ("run protector-sandbox journal; the journal says", ["journal"]),
        ("in journal.jsonl", []),
        ("resume a plan from its journal", []),
        ("a planned journal", ["journal"]),
    ],
)
def test_words_are_found_whole(said: str, found: list[str]) -> None:
    assert words.Text("here", 1, said).given_up() == found


def test_what_a_module_says_to_people_is_read(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "TREE", tmp_path)
    module = tmp_path / "told_fates.py"
    module.write_text(
        '"""Tell ``told`` all.\n\nNot this: fate."""\n'
        "class FateOf:\n"
        "    def is_settled(self, n):\n"
        '        key = "told"\n'
        '        raise ValueError(f"no word of {n} " "at night")\n'
    )
    found = {w for text in words.of_module(module) for w in text.given_up()}
    assert found == {
        *("told", "fates", "Tell", "fate", "settled", "no word", "night")
    }


def test_what_a_page_says_is_read(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "TREE", tmp_path)
    page = tmp_path / "page.rst"
    page.write_text(
        "After the fire\n==============\n\nRun ``told``::\n\n    told\n\n"
        "    told again\n\nThe story.\n\n.. code-block:: sh\n\n   night\n\n"
        "* one\n\n  night\n"
    )
    found = [
        (text.line, word)
        for text in words.of_page(page)
        for word in text.given_up()
    ]
    assert found == [(1, "fire"), (10, "story"), (18, "night")]
