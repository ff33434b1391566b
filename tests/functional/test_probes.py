"""``--probe``: the application of the rebuilt instances is asked."""

from __future__ import annotations

import pathlib

import pytest

from fakeserver.local.pair import LocalPair
from protectorclient.osc.v1._moves.after import After
from tests.helpers.clirunner import protector

WEB = "--network-mapping net-primary-web=net-secondary-web"
MOVE = f"protection-group failover prod-web-app {WEB}"
DRILL = f"protection-group test-failover prod-web-app {WEB} --retain-primary"


class Time:
    """A clock that moves when somebody rests."""

    def __init__(self) -> None:
        self.now = 100.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(autouse=True)
def no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    time = Time()
    monkeypatch.setattr(After, "clock", staticmethod(time.clock))
    monkeypatch.setattr(After, "sleep", staticmethod(time.sleep))


def test_three_moments_are_told_apart(local_pair: LocalPair) -> None:
    local_pair.answer("web-*", kind="http", port=80, text="it is OK")
    local_pair.answer("web-1", kind="tcp", port=22)
    local_pair.answer("web-2", kind="console", text="login:", site="b")
    ran = protector(
        f"{MOVE} --wait -f json --probe http:80/health=OK"
        " --probe web-1=tcp:22 --probe web-2=console=login:"
    )
    assert ran.code == 0, ran.err
    record = ran.json
    assert record["outcome"] == "completed"
    assert {
        (one["member"], one["probe"], one["result"])
        for one in record["probes"]
    } == {
        ("web-1", "http:80/health=OK", "answers"),
        ("web-2", "http:80/health=OK", "answers"),
        ("web-3", "http:80/health=OK", "answers"),
        ("web-1", "tcp:22", "answers"),
        ("web-2", "console=login:", "answers"),
    }
    assert (
        record["operation_seconds"]
        <= record["active_seconds"]
        <= record["answered_seconds"]
    )
    assert ran.err.splitlines()[-1] == (
        "failover done: 0s; instances ACTIVE: 0s; application answers: 0s"
    )
    assert "Booting" not in ran.out + ran.err


def test_one_that_fails_leaves_the_operation(local_pair: LocalPair) -> None:
    local_pair.answer("web-*", kind="tcp", port=80)
    ran = protector(
        f"{MOVE} --wait -f json --probe tcp:80 --probe tcp:81"
        " --probe-timeout 4s --probe db-*=tcp:5432"
    )
    assert ran.code == 3, ran.err
    assert ran.json["outcome"] == "completed"
    assert ran.json["answered_seconds"] is None
    assert (
        "problem: web-1 tcp:81: no answer: 10.10.0.11: connection" in ran.err
    )
    assert "problem: no member fits the probe db-*=tcp:5432" in ran.err
    shown = protector("operation list -f value -c Status")
    assert shown.out == "completed\n"


def test_tests_are_probed_too(
    local_pair: LocalPair, tmp_path: pathlib.Path
) -> None:
    """The test's instances: those of the source have nothing to say."""
    local_pair.answer("*", kind="tcp", port=443, site="b")
    file = tmp_path / "probes.yaml"
    file.write_text("web-*: [tcp:443]\n")
    ran = protector(f"{DRILL} --wait -f json --probe-file {file}")
    assert ran.code == 0, ran.err
    assert [one["result"] for one in ran.json["probes"]] == ["answers"] * 3


def test_certificates_are_checked(local_pair: LocalPair) -> None:
    local_pair.answer("web-1", kind="https", port=443)
    ran = protector(
        f"{MOVE} --wait -f json --probe-timeout 5s"
        " --probe web-1=https:443/ --probe web-1=https+insecure:443/"
    )
    assert ran.code == 3
    first, second = ran.json["probes"]
    assert (first["result"], second["result"]) == ("fails", "answers")
    assert "the certificate is not valid" in first["detail"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--probe tcp:80", "--probe goes with --wait"),
        ("--wait --probe tcp:x", "probe 'tcp:x': tcp: needs a port"),
        ("--wait --probe udp:1", "probe 'udp:1': it is not tcp:PORT"),
        ("--wait --probe-file /none", "/none: No such file or directory"),
        ("--probe-timeout 1s", "--probe-timeout goes with --probe"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_is_sent(
    options: str, said: str, local_pair: LocalPair
) -> None:
    ran = protector(f"{MOVE} {options}")
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert protector("operation list -f value").out == ""


def test_nothing_is_probed_after_a_failure(local_pair: LocalPair) -> None:
    local_pair.fault("step", match="recreate_instances", message="no host")
    ran = protector(f"{MOVE} --wait --probe tcp:80 -f json")
    assert ran.code == 10
    assert "nothing was probed: the failover has not completed" in ran.err
    assert "probes" not in ran.json


def test_the_keyboard_ends_the_probes_alone(
    local_pair: LocalPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(After, "sleep", staticmethod(stop))
    ran = protector(f"{MOVE} --wait --probe tcp:80 -f json")
    assert ran.code == 130
    assert ran.json["outcome"] == "completed"
    assert ran.told.splitlines()[-2:] == [
        "interrupted; failover op-ID has completed, and not all probes have"
        " been answered",
        "openstack protector operation show op-ID",
    ]
