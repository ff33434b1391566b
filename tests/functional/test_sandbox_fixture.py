"""The fixture that the package gives to its users."""

import importlib
import pathlib
import sys
import time

import pytest
import requests

import protectorclient
from protectorclient.testing import Sandbox, protector_sandbox

__all__ = ["protector_sandbox"]

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
sys.path.insert(0, str(EXAMPLES))
example = importlib.import_module("test_leave_site")
sys.path.remove(str(EXAMPLES))
#: The worked example of the page for users' own tests, as it is.
pair = example.pair
test_a_partition = example.test_a_partition
test_a_dead_site = example.test_a_dead_site
test_a_step_that_fails = example.test_a_step_that_fails


def test_a_runbook(protector_sandbox: Sandbox) -> None:
    client = protectorclient.connect("site-a")
    group = client.protection_groups.find("prod-web-app")
    assert group.status == "active"
    started = client.protection_groups.test_failover(
        group,
        network_mapping=_network_mapping(protector_sandbox),
        retain_primary=True,
    )
    until = time.monotonic() + 60
    while client.operations.get(started.id).status != "completed":
        assert time.monotonic() < until
        time.sleep(0.02)


def test_the_peer_can_be_lost(protector_sandbox: Sandbox) -> None:
    client = protectorclient.connect("site-a")
    group = client.protection_groups.find("prod-web-app")
    protector_sandbox.site("b").stop()
    with pytest.raises(protectorclient.exceptions.PeerUnreachable):
        client.protection_groups.test_failover(group)


def test_faults_and_time(protector_sandbox: Sandbox) -> None:
    url = protector_sandbox.site("a").url
    rule = protector_sandbox.fault("503", site="a")
    assert requests.get(url, timeout=5).status_code == 503
    protector_sandbox.clear_faults(rule)
    assert requests.get(url, timeout=5).status_code == 200
    protector_sandbox.advance("15m")
    protector_sandbox.reset()
    assert protector_sandbox.clouds_yaml.is_file()


def _network_mapping(sandbox: Sandbox) -> dict[str, str]:
    from fakeserver.base.seed_world import build

    world = build("default", 1)
    source = world.network_id("site-a", "net-primary-web")
    return {source: world.network_id("site-b", "net-secondary-web")}
