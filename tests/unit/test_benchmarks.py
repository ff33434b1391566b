"""How figures are measured: the ratios, the goals, the runs that are kept."""

import contextlib
import http.server
import json
import os
import pathlib
import re
import sys
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from benchmarks import growth
from benchmarks.figures import FIGURES
from benchmarks.harness import (
    environments,
    in_process,
    load,
    operations,
    processes,
    results,
    seeded,
)
from benchmarks.harness.figure import Better, Figure
from benchmarks.harness.measurement import measure
from benchmarks.harness.stage import Stage
from fakeserver.base.ids import stable_id
from fakeserver.engine import power_states

README = pathlib.Path(__file__).parents[2] / "benchmarks" / "README.rst"


@pytest.fixture
def stage(tmp_path: pathlib.Path) -> Stage:
    return Stage(tmp_path, contextlib.ExitStack())


def figure(ours: list[float], peer: list[float], **more: object) -> Figure:
    mine, others = iter([9.0, *ours]), iter([9.0, *peer])
    return Figure(
        "some",
        "",
        2.0,
        lambda stage: (lambda: next(mine), lambda: next(others)),
        "a peer",
        pairs=len(ours),
        **more,  # type: ignore[arg-type]
    )


def test_a_figure_is_the_median_of_its_pairs(stage: Stage) -> None:
    found = measure(figure([2.0, 3.0, 50.0], [2.0, 1.0, 10.0]), stage, None)
    assert found.values == (1.0, 3.0, 5.0)
    assert found.value == 3.0
    assert not found.met


def test_of_rates_more_is_better(stage: Stage) -> None:
    costs = figure([2.0], [6.0], better=Better.MORE)
    found = measure(costs, stage, None)
    assert found.value == 3.0
    assert found.met


def test_who_goes_first_alternates(stage: Stage) -> None:
    order: list[str] = []

    def work(name: str, cost: float) -> float:
        order.append(name)
        return cost

    alternating = Figure(
        "some",
        "",
        1.0,
        lambda stage: (lambda: work("we", 1.0), lambda: work("they", 1.0)),
        "a peer",
    )
    measure(alternating, stage, 2)
    assert order == ["we", "they", "we", "they", "they", "we"]


def test_a_pair_is_the_mean_of_its_turns(stage: Stage) -> None:
    costs = figure([2.0, 4.0], [1.0, 2.0], turns=2)
    found = measure(costs, stage, 1)
    assert (found.ours, found.peer, found.values) == ((3.0,), (1.5,), (2.0,))


def test_in_turns_who_goes_first_alternates_too(stage: Stage) -> None:
    order: list[str] = []

    def work(name: str) -> float:
        order.append(name)
        return 1.0

    alternating = Figure(
        "some",
        "",
        1.0,
        lambda stage: (lambda: work("we"), lambda: work("they")),
        "a peer",
        turns=2,
        warm_up=False,
    )
    measure(alternating, stage, 2)
    pairs = [
        "".join(word[0] for word in order[n : n + 2]) for n in (0, 2, 4, 6)
    ]
    assert pairs == ["wt", "tw", "tw", "wt"]


def test_what_is_counted_has_no_peer(stage: Stage) -> None:
    counted = Figure("some", "", 320, lambda stage: lambda: 300.0)
    found = measure(counted, stage, None)
    assert (found.value, found.peer, found.met) == (300.0, (), True)


def test_a_kept_run_is_what_the_next_is_compared_with(
    stage: Stage, tmp_path: pathlib.Path
) -> None:
    for ours in (4.0, 6.0):
        found = measure(figure([ours], [2.0]), stage, None)
        moment = f"2026-01-0{ours:.0f}T00:00:00Z"
        document = results.document([found], moment)
        results.keep(tmp_path, document)
    assert results.last(tmp_path) == {"some": 3.0}


def test_no_two_figures_share_a_name() -> None:
    names = [figure.name for figure in FIGURES]
    assert sorted(set(names)) == sorted(names)


def test_the_page_says_what_each_figure_is() -> None:
    named = re.findall(r"^``(.+)``$", README.read_text(), re.MULTILINE)
    explained = {name for line in named for name in line.split("``, ``")}
    assert {figure.name for figure in FIGURES} - explained == set()


def test_what_is_counted_may_be_counted_less_often(stage: Stage) -> None:
    calls: list[int] = []

    def count() -> float:
        calls.append(1)
        return float(len(calls))

    counted = Figure("some", "", 9, lambda stage: count, most=3)
    assert measure(counted, stage, None).values == (1.0, 2.0, 3.0)


def test_work_that_always_begins_anew_is_not_warmed_up(stage: Stage) -> None:
    measured = figure([9.0, 8.0], [9.0, 4.0], warm_up=False)
    # the first cost of both is 9, which a warm-up would have used up
    assert measure(measured, stage, 2).values == (1.0, 1.0)


def test_of_several_runs_the_newest_of_each_figure_is_shown(
    stage: Stage, tmp_path: pathlib.Path
) -> None:
    for day, name in ((1, "one"), (1, "other"), (2, "one")):
        found = measure(figure([float(day)], [1.0]), stage, None)
        moment = f"2026-01-0{day}T00:00:00Z"
        document = results.document([found], moment)
        entry = document["figures"].pop("some")
        document["figures"][name] = entry
        results.write(tmp_path / f"{day}-{name}.json", document)
    newest = results.newest(tmp_path)
    assert {name: row["value"] for name, row in newest.items()} == {
        "one": 2.0,
        "other": 1.0,
    }
    assert newest["one"]["measured_at"] == "2026-01-02T00:00:00Z"
    assert newest["one"]["machine"]["cores"]


class Server:
    """Answers what it is asked with a status, and remembers it."""

    def __init__(self, status: int) -> None:
        self.asked: list[tuple[str, str, bytes]] = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(size)
                server.asked.append((self.command, self.path, body))
                self.send_response(status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *_of: object) -> None:
                return None

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.http.server_port


@pytest.fixture
def serve() -> Iterator[Callable[[int], Server]]:
    with contextlib.ExitStack() as stack:

        def start(status: int) -> Server:
            made = Server(status)
            thread = threading.Thread(
                target=made.http.serve_forever, args=(0.01,)
            )
            thread.start()
            stack.callback(thread.join)
            stack.callback(made.http.server_close)
            stack.callback(made.http.shutdown)
            return made

        yield start


def test_each_request_is_sent_once(serve: Callable[[int], Server]) -> None:
    server = serve(202)
    asked = [
        load.Request(f"/{n}", "POST", {"sync": {}}, 202) for n in range(20)
    ]
    spent = load.cpu_of_all((os.getpid(),), server.port, asked, {})
    assert spent > 0
    assert sorted(server.asked) == sorted(
        ("POST", f"/{n}", b'{"sync": {}}') for n in range(20)
    )


def test_an_answer_with_another_status_is_no_figure(
    serve: Callable[[int], Server],
) -> None:
    server = serve(409)
    with pytest.raises(RuntimeError, match="GET /x answers 409"):
        load.ask(server.port, [load.Request("/x")], {})


def test_a_command_that_fails_is_no_figure() -> None:
    command = [sys.executable, "-c", "raise SystemExit(3)"]
    with pytest.raises(RuntimeError, match="ended with 3"):
        processes.cpu_seconds(command, dict(os.environ))


def test_the_environments_differ_by_ours_alone(tmp_path: pathlib.Path) -> None:
    found = {}
    for ours in (True, False):
        python = environments.make(tmp_path / str(ours), with_ours=ours)
        (packages,) = python.parents[1].glob("lib/python*/site-packages")
        found[ours] = {path.name for path in packages.iterdir()}
    more = found[True] - found[False]
    assert found[False] < found[True]
    assert {"protectorclient", "fakeserver"} < more
    assert len(more) == 3


def test_a_world_has_the_members_that_are_asked_for(
    tmp_path: pathlib.Path,
) -> None:
    world = in_process.World(tmp_path, {"one": 1, "three": 3}, networks=2)
    with world.pair() as pair:
        client = in_process.client_of(pair)
        groups = client.protection_groups.list()
        members = {g.name: len([*client.members.list(g)]) for g in groups}
        assert members == {"one": 1, "three": 3}
    assert world.cpu_of_failover("one") > 0


def test_no_other_group_is_looked_after_while_a_failover_is_measured(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    look = power_states.PowerStates._look

    def noted(self: Any, group_id: str) -> None:
        events.append(group_id)
        look(self, group_id)

    def clock() -> float:
        events.append("clock")
        return 0.0

    monkeypatch.setattr(power_states.PowerStates, "_look", noted)
    monkeypatch.setattr(power_states, "MOST", 1)
    monkeypatch.setattr(
        in_process, "time", types.SimpleNamespace(process_time=clock)
    )
    names = ("one", "two", "three")
    world = in_process.World(tmp_path, dict.fromkeys(names, 1))
    world.cpu_of_failover("one")
    began = events.index("clock")
    ended = events.index("clock", began + 1)
    assert len({*events[:began]}) == len(names)
    mine = stable_id(seeded.SEED, "group", "one")
    assert {*events[began + 1 : ended]} <= {mine}


def test_a_curve_is_kept_with_its_points(
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    curve = growth.Curve(
        "some", "things", (1, 10, 99), ("cost",), lambda _place, n: (n * 2.0,)
    )
    monkeypatch.setattr(growth, "CURVES", (curve,))
    monkeypatch.setattr(growth, "KEPT", tmp_path)
    assert growth.main(["--keep", "--most", "10"]) == 0
    kept = json.loads((tmp_path / "some.json").read_text())
    assert kept["points"] == [[1.0, 2.0], [10.0, 20.0]]
    assert capsys.readouterr().out.splitlines() == [
        "things | cost",
        "1 | 2",
        "10 | 20",
    ]


def test_the_last_page_of_copies_begins_behind_its_marker(
    tmp_path: pathlib.Path,
) -> None:
    world = in_process.World(tmp_path, {"one": 1})
    with world.pair() as pair:
        client = in_process.client_of(pair)
        group = client.protection_groups.find("one")
        first = client.consistency_groups.sync(group)
        pair.drain()
        operations.copy(pair.directory / "site-a.db", first.id, 5)
        marker = operations.last_page(2).removeprefix("marker=")
        found = [one.id[-1] for one in client.operations.list(marker=marker)]
        assert found == ["2", "1", first.id[-1]]
