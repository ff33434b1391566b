"""``drill.json`` and ``drill.junit.xml``, read back by others."""

import dataclasses
import importlib.util
import json
import pathlib
import types
import typing
from typing import Any

import jsonschema
import junitparser
import pytest

from protectorclient.evidence import document, judge, junit
from protectorclient.evidence import record as r
from tests.helpers import evidence_samples as samples

ROOT = pathlib.Path(__file__).resolve().parents[3]


def validate(record: r.Record) -> Any:
    data = json.loads(document.text(record))
    jsonschema.Draft202012Validator(
        document.schema(),
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    ).validate(data)
    return data


def test_the_schema_is_made_of_the_record() -> None:
    path = ROOT / "tools" / "evidence_schema.py"
    spec = importlib.util.spec_from_file_location("evidence_schema", path)
    assert spec is not None
    assert spec.loader is not None
    tool: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert document.schema() == tool.make()


def test_a_drill_has_what_supervisors_ask_for() -> None:
    data = validate(judge.judged(samples.drill()))
    assert list(data)[:15] == [
        "format",
        "kind",
        "id",
        "name",
        "scenario_type",
        "test_date",
        "began_at",
        "ended_at",
        "verdict",
        "rto",
        "rpo",
        "gaps",
        "failures",
        "attestation",
        "groups",
    ]
    assert data["test_date"] == "2026-03-04"
    assert data["began_at"] == "2026-03-04T02:30:00Z"
    assert data["rto"] == {
        "objective_seconds": 900.0,
        "achieved_seconds": 112.5,
        "is_met": True,
    }
    assert data["groups"][0]["rpo"]["achieved_seconds"] == 120.0
    assert data["groups"][0]["steps"][2]["seconds"] == 21.0
    assert data["verdict"] == data["groups"][0]["verdict"] == "passed"


def every_class() -> list[type]:
    return [
        one
        for one in vars(r).values()
        if isinstance(one, type) and dataclasses.is_dataclass(one)
    ]


@pytest.mark.parametrize("cls", every_class())
def test_what_may_be_missing_has_a_default(cls: type) -> None:
    for field in dataclasses.fields(cls):
        hint = typing.get_type_hints(cls)[field.name]
        optional = isinstance(hint, types.UnionType) and type(None) in (
            typing.get_args(hint)
        )
        if optional:
            assert field.default is not dataclasses.MISSING, field.name


def test_the_least_and_the_most_fit_the_schema() -> None:
    validate(
        r.Record(
            kind=r.Kind.PLAN,
            id="",
            name="",
            began_at=samples.BEGAN,
            scenario_type=r.Scenario.OTHER,
        )
    )
    validate(judge.judged(samples.worst()))


def test_the_file_is_ascii_whatever_the_names_are() -> None:
    name = "x\x1b[31m\u202e\ud800\n<script>é"
    record = samples.drill(samples.group(name), name=name)
    text = document.text(record)
    assert text.isascii()
    assert json.loads(text)["groups"][0]["name"] == name


def test_numbers_that_json_has_not_are_left_out() -> None:
    point = r.RecoveryPoint(age_seconds=float("nan"))
    data = validate(samples.drill(samples.group(rpo=point)))
    assert data["groups"][0]["rpo"]["age_seconds"] is None


def test_values_are_left_out_wherever_they_are() -> None:
    group = samples.group(
        fidelity=r.Fidelity(
            differences=(
                r.Difference(
                    member="web-1",
                    attribute="properties",
                    service="Nova",
                    verdict="differs",
                    source="HUSH",
                    target={"x": ["HUSH"]},
                    reason="because of HUSH",
                ),
            )
        ),
        not_kept=(
            r.NotKept(member="m", attribute="a", value="HUSH", reason="HUSH"),
        ),
        verify=(r.Verify(command=("v",), passed=True, output="HUSH"),),
        failures=(
            r.Failure(
                part=r.Part.FIDELITY,
                subject="web-1 properties",
                message="HUSH",
            ),
        ),
    )
    record = samples.drill(group)
    assert "HUSH" in document.text(judge.judged(record))
    found = judge.judged(document.without_values(record))
    assert "HUSH" not in document.text(found) + junit.text(found)
    assert validate(found)["without_values"] is True
    assert found.verdict is r.Verdict.FAILED


# -- JUnit


def read(record: r.Record, folder: pathlib.Path) -> junitparser.JUnitXml:
    path = folder / "drill.junit.xml"
    path.write_text(junit.text(record), encoding="utf-8")
    return junitparser.JUnitXml.fromfile(str(path))


def outcome(case: junitparser.TestCase) -> str:
    (found,) = case.result or [None]
    return type(found).__name__ if found is not None else "passed"


def test_each_check_step_probe_and_verdict_is_a_case(
    tmp_path: pathlib.Path,
) -> None:
    found = read(judge.judged(samples.drill()), tmp_path)
    suites = {one.name: [(c.classname, c.name) for c in one] for one in found}
    assert suites[junit.WHOLE] == [(f"{junit.WHOLE}.verdict", "verdict")]
    name = "prod-web-app"
    assert suites[name] == [
        (f"{name}.check", "peer-reachable"),
        *((f"{name}.step", step) for step, _ in samples.STEPS),
        (f"{name}.probe", "web-1 tcp:443"),
        (f"{name}.verify", "./verify.sh"),
        (f"{name}.fidelity", "comparison"),
        (f"{name}.clean_up", f"op-clean-{name}"),
        (f"{name}.verdict", "verdict"),
    ]
    assert {outcome(case) for suite in found for case in suite} == {"passed"}
    assert (found.tests, found.failures, found.errors) == (13, 0, 0)


def test_failures_errors_and_skips_are_told_apart(
    tmp_path: pathlib.Path,
) -> None:
    record = judge.judged(samples.worst())
    found = read(record, tmp_path)
    cases = {
        (suite.name, case.classname.rpartition(".")[2], case.name): case
        for suite in found
        for case in suite
    }
    results = {key: outcome(case) for key, case in cases.items()}
    assert results["bad", "check", "quota"] == "Failure"
    assert results["bad", "step", "create_test_instances"] == "Failure"
    assert results["bad", "step", "record_test_resources"] == "Skipped"
    assert results["lost", "verdict", "verdict"] == "Error"
    assert results["left-out", "verdict", "verdict"] == "Skipped"
    assert results[junit.WHOLE, "verdict", "verdict"] == "Failure"
    # no failure of the record is missing, and none is there twice
    for group in record.groups:
        for failure in group.failures:
            key = (group.name, str(failure.part), failure.subject)
            assert results[key] == "Failure", key
    counted = sum(result == "Failure" for result in results.values())
    assert found.failures == counted
    advice = cases["bad", "check", "quota"].result[0].text
    assert "ask for more" in advice


def test_hostile_names_make_xml_that_can_be_read(
    tmp_path: pathlib.Path,
) -> None:
    hostile = "a\x00\x1b]0;x\x07\ud800\ufffe\u202e]]><&\"'\n<script>"
    record = judge.judged(samples.hostile(hostile))
    found = read(record, tmp_path)
    names = [one.name for one in found]
    assert "\\x00\\x1b]0;x\\x07\\ud800\\ufffe\\u202e]]><&\"'" in names[1]
