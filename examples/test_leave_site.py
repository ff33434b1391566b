"""The runbook against two sites, a partition, a dead site, a failing step."""

import pytest
from leave_site import leave

from protectorclient import SitePair
from protectorclient.testing import Sandbox

GROUP = "prod-web-app"


@pytest.fixture
def pair(protector_sandbox: Sandbox) -> SitePair:
    return SitePair.open("site-a", "site-b")


def status(pair: SitePair) -> str:
    return pair.locate(GROUP, unplanned=True).group.status


def test_both_sites_are_well(pair: SitePair) -> None:
    assert leave(pair, GROUP) == "moved"
    assert status(pair) == "failed_over"


def test_a_partition(protector_sandbox: Sandbox, pair: SitePair) -> None:
    protector_sandbox.fault("partition")
    assert leave(pair, GROUP).startswith("stayed")
    assert status(pair) == "active"


def test_a_dead_site(protector_sandbox: Sandbox, pair: SitePair) -> None:
    protector_sandbox.site("a").kill()
    assert leave(pair, GROUP) == "moved unplanned"
    assert status(pair) == "failed_over"


def test_a_step_that_fails(protector_sandbox: Sandbox, pair: SitePair) -> None:
    protector_sandbox.fault("step", match="recreate_instances")
    assert leave(pair, GROUP).startswith("stayed")
    assert status(pair) == "active"
