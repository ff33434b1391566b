"""``drill verify`` and ``--fidelity``, in the shell."""

from __future__ import annotations

import json
import pathlib
import re

import pytest

from fakeserver.cloud.shared.schema import SERVERS
from fakeserver.local.pair import LocalPair
from tests.helpers.clirunner import protector
from tests.helpers.planted import Planter

WEB = "--network-mapping net-primary-web=net-secondary-web"
DRILL = f"protection-group test-failover prod-web-app {WEB} --retain-primary"
CLEANUP = "protection-group test-cleanup prod-web-app"
SOON = "--probe-timeout 0s"
COUNTS = re.compile(
    r"prod-web-app at site-b, compared with site-a: \d+ equal, \d+ differs as"
    r" mapped, \d+ differs, \d+ not comparable; \d+ in the baseline"
)


@pytest.fixture(autouse=True)
def state(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def test_a_drill_its_baseline_and_what_changed(local_pair: LocalPair) -> None:
    drill = protector(f"{DRILL} --wait --fidelity -f json")
    operation = drill.json["id"]
    report = drill.json["fidelity"]
    assert report["operation_id"] == operation
    assert drill.code == (3 if report["new"] else 0)
    assert COUNTS.search(drill.err)
    shown = protector(f"{CLEANUP} --wait")
    assert shown.code == 0, shown.err
    drill = protector(f"{DRILL} --wait --fidelity --probe tcp:22 {SOON}")
    operation = drill.out.split("| id ", 1)[1].split()[1]
    assert re.search(r"\| fidelity +\| \d+ equal +\|", drill.out)
    assert "| web-1 tcp:22: fails, 10.10.0.11: connection" in drill.out
    accepted = protector(f"drill verify {operation} --accept")
    assert accepted.code == 0, accepted.err
    assert accepted.err.splitlines()[-1].startswith("the baseline is in ")
    again = protector(f"drill verify {operation} -f json")
    assert again.code == 0
    assert {one["verdict"] for one in again.json} == {"not_comparable"}
    planter = Planter(local_pair)
    planter.change("b", SERVERS, "web-1-test", tags=["new"])
    ran = protector(f"drill verify {operation} --max-width 200")
    assert ran.code == 3
    (row,) = [line for line in ran.out.splitlines() if "tags" in line]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells == ["web-1", "tags", "none", "new", "differs"]
    assert ran.told.splitlines()[-1] == (
        "openstack protector drill verify op-ID --max-width 200 --accept"
    )
    whole = protector(f"drill verify {operation} --long -f json")
    assert "equal" in {one["verdict"] for one in json.loads(whole.out)}


def test_what_is_wrong_is_refused(local_pair: LocalPair) -> None:
    ran = protector(f"{DRILL} --fidelity")
    assert (ran.code, ran.out) == (2, "")
    assert "--fidelity goes with --wait" in ran.err
    ran = protector("protection-group failover x --fidelity")
    assert ran.code == 2
    assert "--fidelity belongs to" in ran.err
    sync = protector("consistency-group sync prod-web-app --wait -f json")
    ran = protector(f"drill verify {sync.json['id']}")
    assert ran.code == 2
    assert "is a sync_volumes, which builds no instances" in ran.err


def test_a_failure_and_a_silent_source(local_pair: LocalPair) -> None:
    local_pair.fault("step", match="create_test_instances", times=1)
    failed = protector(f"{DRILL} --wait --fidelity -f json")
    assert failed.code == 10
    assert "nothing was compared: the test_failover has not" in failed.err
    ran = protector(f"drill verify {failed.json['id']}")
    assert ran.code == 5
    assert "only what has completed is compared" in ran.err
