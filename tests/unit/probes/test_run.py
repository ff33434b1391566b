"""The loop over the probes, on a clock of the test's own."""

from __future__ import annotations

import pathlib
import socket
from typing import Any

import pytest

from protectorclient import exceptions
from protectorclient.probes import network, run, sandbox, spec
from protectorclient.probes.run import Target


class World:
    """A Nova whose instances become ACTIVE, and ports that open."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.active_at = 0.0
        self.open_at: dict[str, float] = {}
        self.texts: dict[str, str | Exception] = {}
        self.looks = 0
        self.names = ["web-1", "web-2"]
        self.stopped = ""

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def servers(self) -> list[dict[str, Any]]:
        self.looks += 1
        up = self.now - 1000.0 >= self.active_at
        return [
            {
                "id": name,
                "status": "SHUTOFF"
                if name == self.stopped
                else "ACTIVE"
                if up
                else "BUILD",
                "addresses": {
                    "net": [
                        {"addr": f"fixed-{name}", "OS-EXT-IPS:type": "fixed"},
                        {"addr": name, "OS-EXT-IPS:type": "floating"},
                    ]
                },
            }
            for name in self.names
        ]

    def console(self, server_id: str) -> str:
        found = self.texts[server_id]
        if isinstance(found, Exception):
            raise found
        return found

    def dial(self, address: str, port: int, seconds: float) -> socket.socket:
        if self.now - 1000.0 < self.open_at.get(address, 1e9):
            raise ConnectionRefusedError
        return socket.socket()

    def until(self, timeout: float, *texts: str) -> run.Report:
        return run.Run(
            [Target(name, name, is_new=True) for name in ("web-1", "web-2")],
            spec.parse_all(texts),
            servers=self.servers,
            console=self.console,
            since=990.0,
            dial=self.dial,
            clock=self.clock,
            sleep=self.sleep,
        ).until(timeout)


def test_three_moments() -> None:
    world = World()
    world.active_at, world.open_at = 6.0, {"web-1": 8.0, "fixed-web-2": 20.0}
    report = world.until(60.0, "tcp:22")
    assert report.active_seconds == 16.0
    assert [one.seconds for one in report.results] == [18.0, 30.0]
    assert report.answered_seconds == 30.0
    assert report.all_answer
    # Nova is asked until they are ACTIVE, and not again
    assert world.looks == 4


def test_the_time_is_over() -> None:
    world = World()
    world.open_at = {"web-1": 0.0}
    report = world.until(10.0, "tcp:22")
    assert world.now == 1010.0
    assert [one.result for one in report.results] == ["answers", "fails"]
    assert report.results[1].detail == "fixed-web-2: connection refused"
    assert report.answered_seconds is None
    assert not report.all_answer


def test_instances_that_do_not_run_are_named() -> None:
    world = World()
    world.active_at = 1e9
    world.open_at = {"web-1": 0.0, "web-2": 0.0}
    report = world.until(5.0, "tcp:22")
    assert report.active_seconds is None
    assert report.inactive == {"web-1": "BUILD", "web-2": "BUILD"}
    world.names = ["web-1"]
    report = world.until(5.0, "web-2=tcp:22")
    assert report.inactive["web-2"] == "not there"
    assert report.results[0].detail == "the instance has no address"


def test_a_member_that_stays_stopped_is_not_waited_for() -> None:
    world = World()
    world.stopped = "web-2"
    world.open_at = {"web-1": 4.0}
    report = world.until(300.0, "web-1=tcp:22")
    assert report.all_answer
    assert (report.active_seconds, report.answered_seconds) == (10.0, 14.0)
    assert (report.inactive, report.stopped) == ({}, ("web-2",))
    report = world.until(300.0, "tcp:22")
    assert world.now < 1010.0
    assert [one.result for one in report.results] == ["answers", "fails"]
    assert report.results[1].detail == "the instance is SHUTOFF"


def test_what_nova_does_not_show_is_not_known_and_not_asked_again() -> None:
    world = World()
    world.texts = {
        "web-1": exceptions.Forbidden("no", code=403),
        "web-2": "up",
    }
    report = world.until(60.0, "console=up")
    assert [one.result for one in report.results] == ["not_known", "answers"]
    assert world.now == 1000.0
    assert not report.all_answer


def test_a_nova_that_is_silent_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    monkeypatch.setattr(world, "servers", fail)
    report = world.until(4.0, "tcp:22")
    assert set(report.inactive.values()) == {"silent"}


def fail() -> list[dict[str, Any]]:
    raise exceptions.SiteUnreachable("silent")


def test_a_probe_that_fits_nobody_is_no_success() -> None:
    world = World()
    world.open_at = {"web-1": 0.0, "web-2": 0.0}
    report = world.until(5.0, "tcp:22", "db-*=tcp:1")
    assert report.unused == ("db-*=tcp:1",)
    assert not report.all_answer
    assert report.answered_seconds is None


def test_the_sandbox_is_asked_for_its_own_instances_alone(
    tmp_path: pathlib.Path,
) -> None:
    assert sandbox.dial(None) is network.direct
    with pytest.raises(network.NoAnswer, match="the sandbox does not run"):
        sandbox.dial(str(tmp_path / "none"))("10.0.0.1", 80, 1.0)
