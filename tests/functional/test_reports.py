"""Reports of operations and plans, and their evidence, in the shell."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import stat

import jsonschema
import pytest

from fakeserver.local.pair import LocalPair
from protectorclient import evidence
from tests.helpers import evidence_keys
from tests.helpers.clirunner import protector

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
WEB = "--network-mapping net-primary-web=net-secondary-web"
DRILL = f"protection-group test-failover prod-web-app {WEB} --retain-primary"


@pytest.fixture
def folder(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> pathlib.Path:
    """Return an empty folder, in which the commands run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def data_of(report: str) -> dict[str, object]:
    found = json.loads((pathlib.Path(report) / "drill.json").read_bytes())
    jsonschema.Draft202012Validator(evidence.schema()).validate(found)
    return dict(found)


def test_an_operation_is_reported_signed_verified_and_attested(
    local_pair: LocalPair,
    folder: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    evidence_keys.make(folder / "mine", "hush")
    evidence_keys.make(folder / "jane")
    monkeypatch.setenv("HUSH", "hush")
    drill = protector(f"{DRILL} --wait --reason quarterly -f json").json["id"]
    sign = "--sign-key mine --sign-passphrase env:HUSH"
    ran = protector(f"operation report {drill} {sign} --rto 15m -f json")
    assert ran.code == 0, ran.err
    # the test is still there
    assert (ran.json["verdict"], ran.json["signed"]) == ("failed", True)
    found = data_of(ran.json["report"])
    assert found["scenario_type"] == "test_failover"
    assert found["reason"] == "quarterly"
    (group,) = found["groups"]  # type: ignore[misc]
    (failure,) = group["failures"]
    assert failure["part"] == "clean_up"
    assert [one["source"] for one in group["mapped"]] == ["net-primary-web"]
    assert {one["member"] for one in group["instances"]} == {
        "web-1",
        "web-2",
        "web-3",
    }
    assert group["fidelity"]["counts"]["equal"] > 50
    assert group["rpo"]["objective_seconds"] == 900
    cleaned = protector("protection-group test-cleanup prod-web-app --wait")
    assert cleaned.code == 0
    again = protector(f"operation report {drill} {sign} -f json")
    assert (again.code, again.json["verdict"]) == (0, "passed")
    (group,) = data_of(again.json["report"])["groups"]  # type: ignore[misc]
    assert [one["type"] for one in group["operations"]] == [
        "test_failover",
        "test_cleanup",
    ]
    head = again.json["head"]
    assert again.told.splitlines()[-1] == (
        f"openstack protector evidence verify reports --head {head}"
    )

    ran = protector("drill history --html history.html -f json")
    assert ran.code == 0, ran.err
    page = (folder / "history.html").read_text()
    assert page.count('cx="50.0%"') == 1
    assert [one["operation_id"] for one in ran.json] == [drill]
    assert protector("drill history --html history.html").code == 0
    (folder / "other.html").write_text("mine")
    ran = protector("drill history --html other.html")
    assert (ran.code, ran.out) == (1, "")
    assert "is not a page of drill history" in ran.err

    key = "--public-key mine.pub --public-key jane.pub"
    attest = f"drill attest {again.json['report']} --result pass --note ok"
    assert protector(f"{attest} --sign-key jane").code == 0
    assert protector(f"{attest} --sign-key jane").code == 1
    ran = protector(f"evidence verify reports --head {head} {key} -f json")
    assert (ran.code, ran.json) == (0, []), ran.err
    (pathlib.Path(again.json["report"]) / "drill.html").write_text("fine")
    ran = protector(f"evidence verify reports --head {head} {key} -f json")
    assert (ran.code, [one["kind"] for one in ran.json]) == (3, ["altered"])


def test_a_plan_is_reported_from_its_journal(
    local_pair: LocalPair, folder: pathlib.Path
) -> None:
    shutil.copytree(EXAMPLES, folder / "x")
    for path in (folder / "x").iterdir():
        path.chmod(path.stat().st_mode & ~0o022)
    plan = folder / "x" / "plan.yaml"
    plan.write_text(
        "\n".join(
            one for one in plan.read_text().splitlines() if "gate" not in one
        )
    )
    assert protector(f"plan run {plan} --journal run.jsonl").code == 0
    ran = protector("plan report run.jsonl --no-values -f json")
    assert (ran.code, ran.json["verdict"]) == (0, "passed"), ran.err
    found = data_of(ran.json["report"])
    assert found["scenario_type"] == "planned_failover"
    assert found["without_values"] is True
    for group in found["groups"]:  # type: ignore[attr-defined]
        (operation,) = group["operations"]
        assert operation["request_id"].startswith("req-")
        assert operation["status"] == "completed"
        assert group["rto"]["operation_seconds"] is not None
        assert group["instances"][0]["target_id"]
        assert group["rpo"]["is_met"] is True
    # a site that is gone leaves gaps, and the journal has the rest
    local_pair.site("b").stop()
    ran = protector("plan report run.jsonl -f json")
    assert (ran.code, ran.json["verdict"]) == (0, "passed"), ran.err
    gaps = [one["message"] for one in data_of(ran.json["report"])["gaps"]]  # type: ignore[attr-defined]
    assert any("site-b did not answer" in one for one in gaps)
    # a run that was cut has not ended
    lines = (folder / "run.jsonl").read_text().splitlines()
    (folder / "cut.jsonl").touch(0o600)
    (folder / "cut.jsonl").write_text("\n".join(lines[:-1]) + "\n")
    ran = protector("plan report cut.jsonl")
    assert (ran.code, ran.out) == (5, "")
    assert "plan resume cut.jsonl" in ran.err


#: What is typed, the exit status, and what is said.
REFUSED = {
    "a key that is missing": (
        "operation report op-x --sign-key nope",
        1,
        "the key nope cannot be read: No such file or directory",
    ),
    "a key that others can read": (
        "operation report op-x --sign-key open",
        1,
        "the key open can be read by others: its mode is 0644",
    ),
    "a passphrase that is missing": (
        "operation report op-x --sign-key locked",
        2,
        "has a passphrase: give --sign-passphrase env:NAME",
    ),
    "a passphrase on the command line": (
        "operation report op-x --sign-key locked --sign-passphrase hush",
        2,
        "a passphrase is never an argument",
    ),
    "a passphrase that is not set": (
        "operation report op-x --sign-key locked --sign-passphrase env:NOPE",
        2,
        "Environment variable NOPE is empty or not set.",
    ),
    "a passphrase without a key": (
        "operation report op-x --sign-passphrase env:NOPE",
        2,
        "--sign-passphrase goes with --sign-key",
    ),
    "a directory that is a file": (
        "operation report op-x --report open",
        1,
        "no report can be written in open: File exists",
    ),
    "a journal that is none": (
        "plan report open.txt",
        1,
        "cannot read the journal open.txt",
    ),
    "no reports": ("evidence verify .", 1, "there is no report in ."),
    "a head that is none": (
        "evidence verify . --head abc",
        1,
        "'abc' is not the hash of a report",
    ),
    "no report to attest": (
        "drill attest . --result pass --note x --sign-key locked",
        1,
        ". is not a report: it has no manifest.json",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_done_is_said_before_anything(
    what: str, folder: pathlib.Path
) -> None:
    """No cloud is configured: nothing was asked of a site."""
    evidence_keys.make(folder / "locked", "hush")
    (folder / "open").touch(0o644)
    line, code, said = REFUSED[what]
    ran = protector(line)
    assert (ran.code, ran.out) == (code, ""), ran.err
    assert said in ran.err
    assert "hush" not in ran.err
    assert stat.S_IMODE(os.stat("locked").st_mode) == 0o600
    assert not (folder / "reports").exists()


def test_what_runs_is_not_reported(
    local_pair: LocalPair, folder: pathlib.Path
) -> None:
    # it stays under way, however busy the machine is
    local_pair.fault("slow-replication", seconds=600.0)
    failover = f"protection-group failover prod-web-app {WEB} -f json"
    begun = protector(failover).json["id"]
    ran = protector(f"operation report {begun}")
    assert (ran.code, ran.out) == (5, "")
    assert f"operation wait {begun}" in ran.err
    ran = protector("operation report op-nosuch")
    assert ran.code == 1
    assert list((folder / "reports").iterdir()) == []
