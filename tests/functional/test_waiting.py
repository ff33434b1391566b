"""``--wait``, ``operation wait``: the status tells how it ended."""

from __future__ import annotations

import functools
import re
import subprocess
import sys
import threading
import time

import pytest

from fakeserver.local.pair import LocalPair
from protectorclient import SitePair, exceptions
from protectorclient.osc.v1 import _wait
from protectorclient.polling import poller
from protectorclient.v1 import Client, operations
from tests.helpers.clirunner import EITHER_SHELL, SHELLS, protector
from tests.helpers.rests import Rests

WEB = "--network-mapping net-primary-web=net-secondary-web"
FAILOVER = f"protection-group failover prod-web-app {WEB}"


def until_it_runs(pair: LocalPair) -> None:
    """Rest until site-a has begun with its operation."""
    client = Client(pair.session(), region_name="RegionOne")
    while not list(client.operations.list(status="running")):
        time.sleep(0.01)


@pytest.mark.parametrize("shell", EITHER_SHELL)
def test_a_failure_that_was_rolled_back(
    shell: str, local_pair: LocalPair
) -> None:
    local_pair.fault(
        "step", match="recreate_instances", message="no host is left"
    )
    ran = SHELLS[shell](f"{FAILOVER} --wait -f json")
    assert ran.code == 10
    assert ran.json["status"] == "failed"
    assert ran.json["outcome"] == "rolled_back"
    assert ran.json["steps_failed"] == ["recreate_instances"]
    said = ran.told.splitlines()
    end = said.index(" 60% failed")
    assert said[end + 1] == (
        "site-a: failover op-ID failed at recreate_instances and was rolled "
        "back: no host is left (req-ID)"
    )
    assert said[end + 2].startswith("cause: Nova or Neutron of the target ")
    assert said[-1] == "openstack protector operation diagnose op-ID"
    operation = ran.json["id"]
    waited = SHELLS[shell](f"operation wait {operation} -f value -c status")
    assert (waited.code, waited.out) == (10, "failed\n")


def test_a_failure_that_left_something_behind(
    local_pair: LocalPair,
) -> None:
    local_pair.fault("step", match="recreate_instances", message="no host")
    local_pair.fault("step", stage="undo", message="cannot undo")
    over = threading.Event()

    def pass_time() -> None:
        """The engine tries its undo for fifteen minutes."""
        while not over.wait(0.1):
            local_pair.advance("1m")

    clock = threading.Thread(target=pass_time)
    clock.start()
    ran = protector(f"{FAILOVER} --wait -f json")
    over.set()
    clock.join()
    assert ran.code == 11
    assert ran.json["outcome"] == "leftovers"
    assert ran.json["result_data"]["leftovers"]
    said = ran.told.splitlines()
    told = said.index(
        "site-a: failover op-ID failed at recreate_instances and left "
        "something behind: no host (req-ID)"
    )
    behind = ran.json["result_data"]["leftovers"]
    assert behind
    for line, item in zip(said[told + 1 :], behind, strict=False):
        assert line.startswith(f"left behind: {item['kind']} {item['name']}")
    group = protector("protection-group show prod-web-app -f json").json
    assert group["status"] == "error"
    admin = "--os-cloud site-a-admin protection-group set prod-web-app"
    reset = protector(f"{admin} --status active -f json")
    assert (reset.code, reset.err) == (0, "")
    assert reset.json["status"] == "active"


def test_it_still_runs_when_the_time_is_over(local_pair: LocalPair) -> None:
    local_pair.fault("slow-replication", seconds=600.0)
    ran = protector(f"{FAILOVER} --wait --timeout 1s -f json")
    assert ran.code == 8
    assert ran.json["status"] in ("pending", "running")
    operation = ran.json["id"]
    assert ran.err.splitlines()[-1] == (
        f"openstack protector operation wait {operation}"
    )
    again = protector(f"operation wait {operation} --timeout 1")
    assert again.code == 8
    local_pair.clear_faults()
    local_pair.advance("15m")
    ended = protector(f"operation wait {operation} -f value -c status")
    assert (ended.code, ended.out) == (0, "completed\n")


def test_the_keyboard_interrupts_the_wait_alone(
    local_pair: LocalPair, rests: Rests
) -> None:
    local_pair.fault("slow-replication", seconds=600.0)
    rests.after(2, rests.interrupt)
    ran = protector(f"{FAILOVER} --wait -f json")
    assert ran.code == 130
    operation = ran.json["id"]
    assert ran.err.splitlines()[-2:] == [
        f"no longer waiting; {operation} goes on",
        f"openstack protector operation wait {operation}",
    ]
    shown = protector(f"operation show {operation} -f value -c status")
    assert shown.out == "running\n"
    local_pair.clear_faults()
    local_pair.advance("15m")
    assert protector(f"operation wait {operation}").code == 0


def test_the_keyboard_in_a_silence(
    local_pair: LocalPair, rests: Rests
) -> None:
    """Nobody can say then that anything goes on."""
    local_pair.fault("slow-replication", seconds=600.0)
    rests.after(1, lambda: until_it_runs(local_pair))
    rests.after(2, local_pair.site("a").kill)
    rests.after(2, rests.interrupt)
    ran = protector(f"{FAILOVER} --wait -f json")
    assert ran.code == 130, ran.err
    said = ran.told.splitlines()
    assert re.fullmatch(
        r"no longer waiting; op-ID was running when last seen \d+s ago",
        said[-2],
    )
    assert said[-1] == "openstack protector operation wait op-ID"


def test_the_keyboard_before_anybody_knew_of_it(
    local_pair: LocalPair, rests: Rests
) -> None:
    local_pair.site("b").kill()
    rests.after(2, rests.interrupt)
    ran = protector("operation wait op-abc")
    assert (ran.code, ran.out) == (130, "")
    assert ran.err.splitlines()[-2:] == [
        "no longer waiting; whether there is an operation op-abc is not known",
        "openstack protector operation wait op-abc",
    ]


def test_a_site_that_goes_away_and_comes_back(
    local_pair: LocalPair, rests: Rests
) -> None:
    local_pair.fault("slow-replication", seconds=600.0)
    site = local_pair.site("a")

    def away() -> None:
        site.stop()
        local_pair.clear_faults()
        local_pair.advance("15m")

    rests.after(2, away)
    rests.after(2, site.start)
    ran = protector(f"{FAILOVER} --wait -f json")
    assert ran.code == 0, ran.err
    assert ran.json["status"] == "completed"
    said = ran.told.splitlines()
    assert any(line.startswith("site-a does not answer") for line in said)
    assert any(line.startswith("site-a answers again") for line in said)


def test_quiet_leaves_the_result_alone(local_pair: LocalPair) -> None:
    ran = protector(f"-q {FAILOVER} --wait -f value -c status")
    assert (ran.code, ran.out, ran.err) == (0, "completed\n", "")


def test_what_was_seen_last_is_printed_when_all_goes_dark(
    local_pair: LocalPair, monkeypatch: pytest.MonkeyPatch, rests: Rests
) -> None:
    impatient = functools.partial(poller.Pace, give_up_after=2.0)
    monkeypatch.setattr(poller, "Pace", impatient)
    local_pair.fault("slow-replication", seconds=600.0)
    rests.after(2, local_pair.site("a").kill)
    ran = protector(f"{FAILOVER} --wait -f json")
    assert ran.code == 12, ran.err
    assert ran.json["status"] in ("pending", "running")
    assert ran.json["outcome"] == "unknown"
    operation = ran.json["id"]
    said = ran.told.splitlines()
    assert said[-1] == "openstack protector operation diagnose op-ID"
    assert said[-2] == "openstack protector operation wait op-ID"
    assert "the outcome of op-ID is not known" in said[-3]
    assert "last seen" in said[-3]
    local_pair.site("a").start()
    local_pair.clear_faults()
    local_pair.advance("15m")
    assert protector(f"operation wait {operation}").code == 0


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (exceptions.AuthenticationFailed("no more", site="site-a"), 7),
        (RuntimeError("a mistake in the client"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_one_document_whatever_happens(
    error: BaseException,
    code: int,
    local_pair: LocalPair,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(operations.OperationManager, "fetch", fail)
    ran = protector(f"{FAILOVER} --wait -f json")
    assert ran.code == code, ran.err
    assert ran.json["id"].startswith("op-")


def stop(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("holder", "name"),
    [
        (SitePair, "prepare"),
        # before the POST what there is is looked at
        (operations.OperationManager, "list"),
    ],
)
def test_the_keyboard_before_anything_was_sent(
    holder: type,
    name: str,
    local_pair: LocalPair,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(holder, name, stop)
        for run in SHELLS.values():
            ran = run(f"{FAILOVER} --wait")
            assert (ran.code, ran.out) == (130, "")
            said, again = ran.err.splitlines()[-2:]
            assert said == "interrupted; nothing was started"
            assert again == f"openstack protector {FAILOVER} --wait"
    assert protector("operation list -f value").out == ""


def test_the_keyboard_when_it_has_begun(
    local_pair: LocalPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the answer to the POST and the first poll."""
    monkeypatch.setattr(_wait.Wait, "follow", stop)
    ran = protector(f"{FAILOVER} --wait")
    assert (ran.code, ran.out) == (130, "")
    assert ran.told.splitlines()[-2:] == [
        "no longer waiting; op-ID goes on",
        "openstack protector operation wait op-ID",
    ]


#: Moments before the first poll -> commands that come to them.
EARLY = {
    "sites": (
        "wait op-1 op-2",
        "watch op-1",
        "watch --all",
        "watch --protection-group prod-db",
    ),
    # a wait asks for names when a site has said which group it is
    "names_of": ("watch op-1",),
}


@pytest.mark.parametrize(
    ("where", "command"),
    [(where, one) for where, some in EARLY.items() for one in some],
)
def test_the_keyboard_before_the_first_poll(
    where: str,
    command: str,
    local_pair: LocalPair,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_wait, where, stop)
    for run in SHELLS.values():
        ran = run(f"operation {command}")
        assert (ran.code, ran.out) == (130, "")
        said, hint = ran.err.splitlines()
        assert said.startswith("no longer w")
        assert hint == f"openstack protector operation {command}"


@pytest.mark.parametrize("closed", ["2>&-", ">&-", "2>&- >&- <&-"])
@pytest.mark.parametrize(
    "code",
    [
        pytest.param(
            "import sys; from protectorclient.shell import main; "
            "sys.exit(main())",
            id="protector",
        ),
        pytest.param(
            "import sys; sys.argv[0] = 'openstack';"
            "from openstackclient.shell import main; sys.exit(main())",
            id="openstack",
            marks=pytest.mark.processes,
        ),
    ],
)
def test_nobody_listens(code: str, closed: str, local_pair: LocalPair) -> None:
    """What it ends with does not depend on a stream."""
    ours = "openstack" not in code
    words = f"{FAILOVER} --wait -f value -c status"
    command = words if ours else f"protector {words}"
    ran = subprocess.run(
        ["sh", "-c", f'exec "$0" -c "$1" {command} {closed}', sys.executable]
        + [code],
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == ("" if ">&-" in closed.split() else "completed\n")
    assert "Traceback" not in ran.stderr
