"""The emulated Keystone answers as the real one, but for what is recorded.

``differences.yaml`` holds each difference with the reason why it stays. A
new one fails here, and so does one that is gone and still recorded.
"""

import pathlib
from collections.abc import Iterator

import pytest
import yaml

from fakeserver.local.pair import LocalPair
from tests.interop import answers, place
from tests.interop.questions import QUESTIONS, Asker, Question

pytestmark = pytest.mark.interop
RECORDED = pathlib.Path(__file__).with_name("differences.yaml")


@pytest.fixture(scope="module")
def askers() -> Iterator[tuple[Asker, Asker]]:
    """The real Keystone of site-a, then an emulated one of the same seed."""
    run = place.find()
    with LocalPair(sockets=True, seed=run.seed) as pair:
        site = pair.site("a")
        ids = {
            "user": site.world.user_id("site-a", "demo"),
            "project": site.world.project_id("site-a", "demo"),
        }
        real = Asker(run.keystones["site-a"], ids)
        yield real, Asker(f"{site.url}/identity/v3", ids)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.name)
def test_both_answer_alike(
    question: Question, askers: tuple[Asker, Asker]
) -> None:
    recorded = yaml.safe_load(RECORDED.read_text()) or {}
    real, emulated = (answers.summary(question.ask(asker)) for asker in askers)
    if real == emulated:
        assert question.name not in recorded, "it is one no longer: remove it"
        return
    known = recorded.get(question.name, {})
    assert {"real": real, "emulated": emulated} == {
        key: known.get(key) for key in ("real", "emulated")
    }


def test_what_is_recorded_is_asked() -> None:
    recorded = yaml.safe_load(RECORDED.read_text()) or {}
    assert set(recorded) <= {question.name for question in QUESTIONS}
    assert all(entry["why"] for entry in recorded.values())
