"""A request id that was used before starts nothing, and none says so."""

from __future__ import annotations

import uuid

import pytest

from fakeserver.local.pair import LocalPair
from tests.helpers.clirunner import EITHER_SHELL, SHELLS

GROUP = "protection-group"
DRILL = (
    f"{GROUP} test-failover prod-web-app --retain-primary"
    " --network-mapping net-primary-web=net-secondary-web"
)
SYNC = "consistency-group sync prod-web-app"


@pytest.fixture
def one_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request of the client has the same id."""
    same = uuid.UUID("7c2b0f1e-0000-4000-8000-000000000001")
    monkeypatch.setattr("uuid.uuid4", lambda: same)


@pytest.mark.usefixtures("one_id")
@pytest.mark.parametrize("shell", EITHER_SHELL)
@pytest.mark.parametrize("wait", ["", " --wait"])
def test_what_had_ended_before_does_not_begin(
    shell: str, wait: str, local_pair: LocalPair
) -> None:
    run = SHELLS[shell]
    assert run(f"{SYNC} --wait").code == 0
    first = run("operation list -f value -c ID").out.split()
    again = run(f"{SYNC}{wait} -f json")
    assert again.code == 1
    assert again.json["id"] in first
    assert "begun" not in again.err
    assert (
        "site-a: nothing was started: the answer is the earlier sync_volumes"
        " op-ID, which ended completed"
    ) in again.told
    assert "protector operation show op-" in again.err
    assert run("operation list -f value -c ID").out.split() == first


@pytest.mark.usefixtures("one_id")
def test_another_action_is_refused(local_pair: LocalPair) -> None:
    run = SHELLS["protector"]
    assert run(f"{SYNC} --wait").code == 0
    refused = run(DRILL)
    assert (refused.code, refused.out) == (1, "")
    assert "has started operation op-ID (sync_volumes, completed)" in (
        refused.told
    )
    assert "begun" not in refused.err
