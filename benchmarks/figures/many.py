"""Polls, and operations and groups that are many, beside bare GETs and
lists."""

import time
from collections.abc import Callable, Sequence

import requests
from keystoneauth1 import session
from keystoneauth1.identity import v3
from openstack.config import loader

from benchmarks.figures.server import (
    MANY as OPERATIONS,
)
from benchmarks.figures.server import (
    Prepare,
    headers,
    many_operations,
)
from benchmarks.harness import processes
from benchmarks.harness.figure import Figure, Work
from benchmarks.harness.operations import copied_id
from benchmarks.harness.stage import Sandbox, Stage, operation, sandbox
from benchmarks.harness.tenant import token
from protectorclient import Client, SitePair
from protectorclient.reports import overview

#: of a turn
POLLS = 25
GROUPS = 500
MANY = str(GROUPS)


def _cpu(call: Callable[[], object]) -> float:
    began = time.process_time()
    for _ in range(POLLS):
        call()
    return (time.process_time() - began) / POLLS


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


class Asker:
    """The library's client of the seeded tenant, and bare GETs beside it."""

    def __init__(self, stage: Stage) -> None:
        site = stage.once(sandbox)
        issued = token(stage, site)
        root = f"http://127.0.0.1:{site.port}"
        auth = v3.Token(
            f"{root}/identity/v3",
            issued["id"],
            project_id=issued["project_id"],
        )
        self.operations = Client(session=session.Session(auth=auth)).operations
        self._url = f"{root}/v1/{issued['project_id']}/operations"
        self._bare = requests.Session()
        self._headers = headers(stage)

    def bare(self, identifier: str) -> object:
        """Send a bare GET for an operation and parse its JSON."""
        url = f"{self._url}/{identifier}"
        answer = self._bare.get(url, headers=self._headers, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def fetch(self, ids: Sequence[str]) -> None:
        """Fetch operations by the library.

        Raises RuntimeError where one is missing.
        """
        found = self.operations.fetch(ids)
        if len(found) != len(ids):
            raise RuntimeError(f"{len(found)} of {len(ids)} operations")


def _poll(stage: Stage) -> tuple[Work, Work]:
    asker = stage.once(Asker)
    identifier = stage.once(operation)
    return (
        lambda: _cpu(lambda: asker.operations.get(identifier)),
        lambda: _cpu(lambda: asker.bare(identifier)),
    )


def _fetch(newer: int, count: int) -> Prepare:
    """Measure a fetch of some operations beside a bare GET of each; a tenth
    of those is asked for."""

    def prepare(stage: Stage) -> tuple[Work, Work]:
        stage.once(many_operations)
        asker = stage.once(Asker)
        newest = OPERATIONS - newer
        ids = [copied_id(n) for n in range(newest - count + 1, newest + 1)]
        return (
            lambda: _seconds(lambda: asker.fetch(ids)),
            lambda: 10 * _seconds(lambda: [*map(asker.bare, ids[::10])]),
        )

    return prepare


def fleet(stage: Stage) -> Sandbox:
    """Start a pair with many small groups."""
    options = ("--scenario", "fleet", "--groups", MANY)
    return stage.enter(Sandbox(stage, "fleet", *options))


def few(stage: Stage) -> Sandbox:
    """Start a pair with three of the same groups."""
    options = ("--scenario", "fleet", "--groups", "3")
    return stage.enter(Sandbox(stage, "few", *options))


def _check(stage: Stage) -> tuple[Work, Work]:
    command = [
        *(stage.program("protector"), "protection-group", "check"),
        "app-0001",
    ]
    many, three = stage.once(fleet), stage.once(few)
    return (
        lambda: processes.seconds(command, many.env),
        lambda: processes.seconds(command, three.env),
    )


def _status(stage: Stage) -> tuple[Work, Work]:
    config = loader.OpenStackConfig(
        config_files=[str(stage.once(fleet).folder / "clouds.yaml")],
        load_envvars=False,
    )
    pair = SitePair.open("site-a", "site-b", config=config, audit_log=False)
    groups = pair.primary.client.protection_groups

    def look() -> None:
        found = overview.look(pair.anew())
        if len(found.rows) != GROUPS or found.errors:
            raise RuntimeError(f"{len(found.rows)} groups, {found.errors}")

    return (
        lambda: _seconds(look),
        lambda: _seconds(lambda: list(groups.list(page_size=1000))),
    )


FIGURES = (
    Figure(
        "poll",
        "a poll by client.operations.get, CPU",
        0.85,
        _poll,
        "a bare GET of requests",
        pairs=15,
        turns=8,
    ),
    Figure(
        "operations-behind-newer",
        "200 operations behind 1000 newer ones",
        0.10,
        _fetch(1000, 200),
        "a bare GET of each",
    ),
    Figure(
        "watch-tick",
        "a tick of 1000 watched operations, the newest",
        0.03,
        _fetch(0, 1000),
        "a bare GET of each",
    ),
    Figure(
        "status-many",
        f"status of {GROUPS} groups, by the library",
        8,
        _status,
        "the library's list of them",
    ),
    Figure(
        "check-beside-many",
        f"check of one group beside {GROUPS}",
        1.2,
        _check,
        "the same beside 3",
    ),
)
