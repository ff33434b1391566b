"""schemathesis over a fresh pair of sites, the same way every time."""

from __future__ import annotations

import collections
import dataclasses
import json
import pathlib
import re
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.helpers.fuzzed_world import FuzzedWorld

if TYPE_CHECKING:
    from schemathesis.engine import events

CONFIGURATION = pathlib.Path(__file__).with_name("schemathesis.toml")
VERSION = "OpenStack-API-Version"
#: the only check that asks for more than a description can say
SEMANTIC = "positive_data_acceptance"
#: how often a request names what there is; else it names anything
KNOWN = 0.9


@dataclasses.dataclass(frozen=True)
class Refusal:
    """Well-formed requests that are refused all the same, and why."""

    operations: tuple[str, ...]
    message: str
    reason: str

    def fits(self, operation: str, message: str) -> bool:
        named = operation in self.operations
        return named and re.match(self.message, message) is not None


def configuration() -> tuple[dict[str, Any], list[Refusal]]:
    """What schemathesis is told, and the refusals that it cannot know."""
    settings = tomllib.loads(CONFIGURATION.read_text())
    rows = settings.pop("refusals")
    refusals = [
        Refusal(tuple(row["operations"]), row["message"], row["reason"])
        for row in rows
    ]
    return settings, refusals


@dataclasses.dataclass
class Run:
    """What has been tried, and what came of it."""

    operations: dict[str, collections.Counter[int]] = dataclasses.field(
        default_factory=lambda: collections.defaultdict(collections.Counter)
    )
    cases: collections.Counter[str] = dataclasses.field(
        default_factory=collections.Counter
    )
    checks: collections.Counter[str] = dataclasses.field(
        default_factory=collections.Counter
    )
    refused: collections.Counter[Refusal] = dataclasses.field(
        default_factory=collections.Counter
    )
    problems: list[str] = dataclasses.field(default_factory=list)

    def take(self, event: events.EngineEvent) -> None:
        from schemathesis.engine import events

        if isinstance(event, events.ScenarioFinished):
            self._scenario(event)
        elif isinstance(event, events.NonFatalError):
            self.problems.append(f"{event.label}: {event.value}")
        elif isinstance(event, events.FatalError):
            self.problems.append(str(event.exception))

    def _scenario(self, event: events.ScenarioFinished) -> None:
        recorder = event.recorder
        for key, node in recorder.cases.items():
            label = node.value.operation.label
            found = recorder.interactions.get(key)
            if found is None or found.response is None:
                continue
            self.cases[event.phase.value] += 1
            self.operations[label][found.response.status_code] += 1
            for check in recorder.checks.get(key, ()):
                self.checks[check.name] += 1
                if check.failure_info is not None:
                    self.problems.append(
                        f"{label}: {check.name}: "
                        f"{check.failure_info.failure.message}\n"
                        f"{check.failure_info.code_sample[:1500]}\n"
                        f"{found.response.text[:1000]}"
                    )

    def figures(self) -> dict[str, Any]:
        """Of a run, for whoever reads the report."""
        statuses: collections.Counter[int] = sum(
            self.operations.values(), collections.Counter()
        )
        return {
            "operations": len(self.operations),
            "cases": self.cases.total(),
            "by phase": dict(self.cases),
            "checks": len(self.checks),
            "checked": self.checks.total(),
            "statuses": dict(sorted(statuses.items())),
            "listed refusals": self.refused.total(),
        }


def fuzz(version: str, share: float) -> Run:
    """Run every phase over every operation of one version."""
    from schemathesis.engine import from_schema

    run = Run()
    with pytest.MonkeyPatch.context() as patch:
        world = FuzzedWorld(patch)
        try:
            schema = _schema(world, version, share)
            _watch(schema, world, run, patch)
            for event in from_schema(schema).execute():
                run.take(event)
        finally:
            world.close()
    return run


def _schema(world: FuzzedWorld, version: str, share: float) -> Any:
    import schemathesis

    settings, _ = configuration()
    for phase in settings["phases"].values():
        generation = phase["generation"]
        drawn = int(generation["max-examples"] * share)
        generation["max-examples"] = max(1, drawn)
    settings["auth"] = {"openapi": {"token": {"api_key": world.token}}}
    settings["dictionaries"] = {
        place.replace(".", "-"): {"values": values}
        for place, values in world.known.items()
    }
    settings["parameters"] = {"path.tenant_id": world.project} | {
        place: {"dictionary": place.replace(".", "-"), "probability": KNOWN}
        for place in world.known
    }
    asked = {VERSION: f"protector {version}"}
    if version != "1.0":
        # without the header every answer would be one of version 1.0
        settings["headers"] = asked
    settings["base-url"] = world.url
    described = requests.get(
        f"{world.url}/v1/openapi.json", headers=asked, timeout=30
    )
    # loaded by its address, the description itself would not be tried
    return schemathesis.openapi.from_dict(
        described.json(), config=schemathesis.Config.from_dict(settings)
    )


def _whole_change(query: dict[str, Any]) -> None:
    """Leave out what only a whole change of metadata may have: nearly every
    document would be refused, and none taken over."""
    if not query.keys() >= {"since", "becomes"}:
        for name in ("since", "becomes", "removed"):
            query.pop(name, None)


def _watch(
    schema: Any, world: FuzzedWorld, run: Run, patch: pytest.MonkeyPatch
) -> None:
    from schemathesis.engine import events

    _, refusals = configuration()

    class Started(events.ScenarioStarted):
        """A scenario starts from the first moment of the world. Events are
        read in another thread, which would be too late to see to that."""

        def __init__(self, **values: Any) -> None:
            world.restore()
            super().__init__(**values)

    patch.setattr(events, "ScenarioStarted", Started)

    def after_call(context: Any, case: Any, response: Any) -> None:
        alone = case.meta is None or case.meta.phase.name.value != "stateful"
        if alone and case.method != "GET" and response.status_code < 300:
            world.restore()

    def map_case(context: Any, case: Any) -> Any:
        if case.meta is None or case.meta.generation.mode.is_positive:
            address, body = case.path_parameters or {}, case.body
            if case.meta and case.meta.phase.name.value == "coverage":
                world.address(case.method, address)
            world.make_whole(_operation(case), address, body)
            _whole_change(case.query or {})
        return case

    def filter_failure(
        context: Any, failure: Any, case: Any, response: Any
    ) -> bool:
        if SEMANTIC not in failure.checks or response.status_code != 400:
            return True
        operation = _operation(case)
        message = json.loads(response.content)["error"]["message"]
        for refusal in refusals:
            if refusal.fits(operation, message):
                run.refused[refusal] += 1
                return False
        return True

    for hook in (after_call, map_case, filter_failure):
        schema.hook(hook)


def _operation(case: Any) -> str:
    return str(case.operation.definition.raw["operationId"])
