"""Measure the curves: what more members, groups, operations and networks
cost. ``make growth`` runs it.

All is processor time, of both sites and the one who asks, in one process:
the median of a few runs. ``--keep`` writes the run for the documentation.
"""

import argparse
import contextlib
import dataclasses
import pathlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

from benchmarks.harness import operations, results
from benchmarks.harness.in_process import World, client_of, cpu_of_add
from benchmarks.harness.table import number
from fakeserver.local.pair import LocalPair
from protectorclient import Client

KEPT = pathlib.Path(__file__).parent / "results" / "growth"
LATEST = {"OpenStack-API-Version": "protector latest"}
#: of a figure that is not a failover
REPEATS = 5
FAILOVERS = 3
#: of a page of operations: a request of half a millisecond is soon disturbed
PAGES = 101
#: of the group that is failed over beside others, and of that beside networks
MEMBERS = 30


@dataclasses.dataclass(frozen=True)
class Curve:
    """What grows, its sizes, and what is measured at each of them."""

    name: str
    of: str
    sizes: tuple[int, ...]
    #: milliseconds of processor time, but where they say otherwise
    columns: tuple[str, ...]
    measure: Callable[[pathlib.Path, int], tuple[float, ...]]


def cpu_ms(call: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the processor time of a call, in ms, after a first one."""
    call()
    return statistics.median(_once(call) for _ in range(repeats))


def _once(call: Callable[[], object]) -> float:
    began = time.process_time()
    call()
    return (time.process_time() - began) * 1000


def _failover(world: World, members: int) -> float:
    """Return the ms a member."""
    runs = [world.cpu_of_failover("many") for _ in range(FAILOVERS)]
    return statistics.median(runs) * 1000 / members


def _members(place: pathlib.Path, size: int) -> tuple[float, ...]:
    world = World(place, {"many": size})
    with _asked(world) as (_, client, _ask):
        group = client.protection_groups.find("many")
        adding = statistics.median(
            cpu_of_add(client, group) for _ in range(REPEATS)
        )
    posts = [_post(world) for _ in range(FAILOVERS)]
    return _failover(world, size), statistics.median(posts), adding * 1000


def _post(world: World) -> float:
    """Return the ms of the POST of a failover until its 202."""
    with world.pair() as pair:
        client = client_of(pair)
        group = client.protection_groups.find("many")
        client.protection_groups.sync_status(group)
        return _once(lambda: client.protection_groups.failover(group))


@contextlib.contextmanager
def _asked(
    world: World,
) -> Iterator[tuple[LocalPair, Client, Callable[[str], object]]]:
    """Open both sites; yield them, a client, and what GETs from site-a."""
    with world.pair() as pair:
        session, root = pair.session("site-a"), pair.site("a").url
        project = session.get_project_id()

        def get(path: str) -> object:
            url = root + path.format(project=project)
            return session.get(url, headers=LATEST).content

        yield pair, client_of(pair), get


def _groups(place: pathlib.Path, size: int) -> tuple[float, ...]:
    others = {f"other-{n:04d}": 1 for n in range(size - 1)}
    world = World(place, {"many": MEMBERS, **others})
    with _asked(world) as (_, client, get):
        one = client.protection_groups.find("many").id
        spent = (
            cpu_ms(lambda: get("/v1/{project}/protection-groups?limit=1000")),
            cpu_ms(lambda: get("/v1/health?limit=1000")),
            cpu_ms(lambda: get(f"/v1/health?protection_group_id={one}")),
        )
    return *spent, _failover(world, MEMBERS)


def _operations(place: pathlib.Path, size: int) -> tuple[float, ...]:
    world = World(place, {"many": 1})
    with _asked(world) as (pair, client, get):
        group = client.protection_groups.find("many")
        begun = client.consistency_groups.sync(group)
        pair.drain()
        operations.copy(pair.directory / "site-a.db", begun.id, size)
        pages = ("", operations.last_page(100), "status=failed")
        paths = [f"/v1/{{project}}/operations?{page}" for page in pages]
        spent = [
            cpu_ms(lambda p=path: get(p), PAGES)  # type: ignore[misc]
            for path in paths
        ]
        site = pair.site("a")

        def restart() -> None:
            site.stop()
            site.start()

        return *spent, cpu_ms(restart)


def _networks(place: pathlib.Path, size: int) -> tuple[float, ...]:
    world = World(place, {"many": MEMBERS}, networks=size)
    posts = [_post(world) for _ in range(FAILOVERS)]
    return statistics.median(posts), _failover(world, MEMBERS)


CURVES = (
    Curve(
        "members",
        "members of a group",
        (3, 30, 100, 200, 500),
        ("failover, a member", "its POST", "member add"),
        _members,
    ),
    Curve(
        "groups",
        "groups",
        (10, 100, 500, 1000, 2000),
        (
            "list, a page of 1000",
            "health, a page of 1000",
            "health of one",
            f"failover of {MEMBERS}, a member",
        ),
        _groups,
    ),
    Curve(
        "operations",
        "operations",
        (1_000, 10_000, 100_000),
        (
            "first page",
            "last page",
            "one in 1000 by status",
            "start of a site",
        ),
        _operations,
    ),
    Curve(
        "networks",
        "networks of each site",
        (10, 100, 1000, 5000),
        (
            "POST of a failover",
            f"failover of {MEMBERS}, a member",
        ),
        _networks,
    ),
)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.growth", description=__doc__
    )
    known = [curve.name for curve in CURVES]
    parser.add_argument("names", nargs="*", metavar="CURVE", help=str(known))
    parser.add_argument("--keep", action="store_true")
    parser.add_argument(
        "--most", type=int, default=sys.maxsize, help="leave out larger sizes"
    )
    options = parser.parse_args(argv)
    if strangers := set(options.names) - set(known):
        parser.error(f"{', '.join(strangers)}: not one of {', '.join(known)}")
    for curve in CURVES:
        if options.names and curve.name not in options.names:
            continue
        points: list[list[float]] = []
        for point in _points(curve, options.most):
            points.append(point)
            if options.keep:
                keep(KEPT, curve, points)
    return 0


def _points(curve: Curve, most: int) -> Iterator[list[float]]:
    """Measure a curve; print and yield each size with what it costs."""
    print(" | ".join((curve.of, *curve.columns)))
    for size in curve.sizes:
        if size > most:
            continue
        with tempfile.TemporaryDirectory(prefix="growth-") as place:
            found = curve.measure(pathlib.Path(place), size)
        print(f"{size} | {' | '.join(map(number, found))}", flush=True)
        yield [float(size), *(float(f"{value:.4g}") for value in found)]


def keep(
    folder: pathlib.Path, curve: Curve, points: list[list[float]]
) -> pathlib.Path:
    """Write what a curve was measured to be, over what it was before."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{curve.name}.json"
    document = {
        "measured_at": results.now(),
        "machine": results.machine(),
        "columns": list(curve.columns),
        "points": points,
    }
    results.write(path, document)
    return path


if __name__ == "__main__":
    sys.exit(main())
