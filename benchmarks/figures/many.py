"""Polls beside a bare GET, and one group beside many others."""

import time
from collections.abc import Callable

import requests
from keystoneauth1 import session
from keystoneauth1.identity import v3

from benchmarks.figures.server import headers
from benchmarks.harness import processes
from benchmarks.harness.figure import Figure, Work
from benchmarks.harness.stage import Sandbox, Stage, operation, sandbox
from benchmarks.harness.tenant import token
from protectorclient import Client

POLLS = 100
GROUPS = 500
MANY = str(GROUPS)


def _cpu(call: Callable[[], object]) -> float:
    began = time.process_time()
    for _ in range(POLLS):
        call()
    return (time.process_time() - began) / POLLS


def _poll(stage: Stage) -> tuple[Work, Work]:
    site = stage.once(sandbox)
    identifier = stage.once(operation)
    issued = token(stage, site)
    root = f"http://127.0.0.1:{site.port}"
    auth = v3.Token(
        f"{root}/identity/v3",
        issued["id"],
        project_id=issued["project_id"],
    )
    client = Client(session=session.Session(auth=auth))
    url = f"{root}/v1/{issued['project_id']}/operations/{identifier}"
    bare = requests.Session()
    same = headers(stage)
    return (
        lambda: _cpu(lambda: client.operations.get(identifier)),
        lambda: _cpu(lambda: bare.get(url, headers=same, timeout=30).json()),
    )


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


FIGURES = (
    Figure(
        "poll",
        "a poll by client.operations.get, CPU",
        0.85,
        _poll,
        "a bare GET of requests",
        pairs=15,
    ),
    Figure(
        "check-beside-many",
        f"check of one group beside {GROUPS}",
        1.2,
        _check,
        "the same beside 3",
    ),
)
