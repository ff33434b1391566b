"""What several threads want at the same moment is done once for all."""

import concurrent.futures
import threading

import pytest

from fakeserver.engine.combiner import Combiner

LONG = 60.0


class Work:
    """Writes down what is asked at once; the first time it waits to be let
    go on."""

    def __init__(self):
        self.done = []
        self.begun = threading.Event()
        self.go_on = threading.Event()
        self.failure = None
        self.refused = {}

    def __call__(self, several):
        self.done.append(list(several))
        if len(self.done) == 1:
            self.begun.set()
            assert self.go_on.wait(LONG)
        elif self.failure is not None:
            raise self.failure
        return [self.refused.get(one, f"for {one}") for one in several]


@pytest.fixture
def work():
    return Work()


@pytest.fixture
def threads():
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        yield pool


def until(happened):
    pause = threading.Event()
    while not happened():
        pause.wait(0.001)


def meanwhile(combiner, work, threads, several):
    """Ask for one, and for several others while it is at work."""
    first = threads.submit(combiner.ask, "first")
    assert work.begun.wait(LONG)
    others = {one: threads.submit(combiner.ask, one) for one in several}
    until(lambda: combiner.waiting == len(several))
    work.go_on.set()
    return first, others


def test_who_is_alone_is_served_at_once(work):
    work.go_on.set()
    combiner = Combiner(work)
    assert [combiner.ask("a"), combiner.ask("b")] == ["for a", "for b"]
    assert work.done == [["a"], ["b"]]


def test_those_who_come_meanwhile_are_served_together(work, threads):
    combiner = Combiner(work, patience=LONG)
    first, others = meanwhile(combiner, work, threads, ["a", "b", "c"])
    assert first.result() == "for first"
    for one, found in others.items():
        assert found.result() == f"for {one}"
    assert [sorted(batch) for batch in work.done] == [
        ["first"],
        ["a", "b", "c"],
    ]
    assert combiner.ask("d") == "for d"


def test_what_fails_fails_for_all_whose_turn_it_was(work, threads):
    work.failure = ValueError("no")
    combiner = Combiner(work, patience=LONG)
    first, others = meanwhile(combiner, work, threads, ["a", "b"])
    assert first.result() == "for first"
    for found in others.values():
        with pytest.raises(ValueError, match="no"):
            found.result()
    work.failure = None
    assert combiner.ask("c") == "for c"


def test_what_is_refused_to_one_is_served_to_the_others(work, threads):
    work.refused["a"] = KeyError("not a")
    combiner = Combiner(work, patience=LONG)
    _first, others = meanwhile(combiner, work, threads, ["a", "b"])
    with pytest.raises(KeyError, match="not a"):
        others["a"].result()
    assert others["b"].result() == "for b"


def test_who_does_not_wait_is_refused_alike(work, threads):
    work.refused["a"] = KeyError("not a")
    combiner = Combiner(work, patience=0)
    first = threads.submit(combiner.ask, "first")
    assert work.begun.wait(LONG)
    with pytest.raises(KeyError, match="not a"):
        combiner.ask("a")
    work.go_on.set()
    assert first.result() == "for first"


def test_nobody_waits_for_long(work, threads):
    """The first one may wait for a site that is silent."""
    combiner = Combiner(work, patience=0)
    first = threads.submit(combiner.ask, "first")
    assert work.begun.wait(LONG)
    assert combiner.ask("a") == "for a"
    assert not first.done()
    work.go_on.set()
    assert first.result() == "for first"
    assert work.done == [["first"], ["a"]]


def test_the_first_one_waits_for_as_many_as_came_before(work, threads):
    combiner = Combiner(work, patience=LONG, gather=LONG)
    first, others = meanwhile(combiner, work, threads, ["a", "b"])
    # three of them were there at once; the one that has its answer is back
    assert first.result() == "for first"
    assert not any(found.done() for found in others.values())
    assert combiner.ask("c") == "for c"
    assert [found.result() for found in others.values()] == ["for a", "for b"]
    assert sorted(work.done[-1]) == ["a", "b", "c"]


def test_the_first_one_does_not_wait_for_long(work, threads):
    combiner = Combiner(work, patience=LONG, gather=0)
    first, others = meanwhile(combiner, work, threads, ["a", "b"])
    concurrent.futures.wait([first, *others.values()])
    assert combiner.ask("c") == "for c"
    assert work.done[-1] == ["c"]
