"""A pytest plugin: two sites to test a runbook against.

The fixture ``protector_sandbox`` is a pair of sites in threads of the test's
own process, on free ports, with the seeded world of ``protector-sandbox``
and a clock that the test can move. The environment points at its clouds, so
what the test calls finds ``site-a`` and ``site-b`` by name::

    def test_we_can_leave_site_a(protector_sandbox):
        protector_sandbox.site("a").stop()
        with pytest.raises(PeerUnreachable):
            my_runbook.planned_failover("prod-web-app")

It needs the extra ``python-protectorclient[fakeserver]``.
"""

import os
import pathlib
from collections.abc import Iterator
from typing import Protocol

import pytest

__all__ = ["Sandbox", "SandboxSite", "protector_sandbox"]


class SandboxSite(Protocol):
    """One of the two sites."""

    #: ``site-a`` or ``site-b``, and where it answers
    name: str
    url: str

    def start(self) -> None:
        """Start again with the data it had."""

    def stop(self) -> None:
        """Stop cleanly."""

    def kill(self) -> None:
        """End at once, in the middle of any request."""


class Sandbox(Protocol):
    """What the fixture gives to a test."""

    @property
    def clouds_yaml(self) -> pathlib.Path:
        """Return the clouds.yaml with every user of the seeded world."""

    def site(self, name: str) -> SandboxSite:
        """Return a site by ``a``, ``b`` or its whole name."""

    def fault(
        self,
        kind: str,
        *,
        site: str | None = None,
        match: str | None = None,
        times: int | None = None,
        probability: float = 1.0,
        stage: str | None = None,
        message: str | None = None,
        seconds: float | None = None,
    ) -> str:
        """Add a fault, as ``protector-sandbox fault add``."""

    def clear_faults(self, rule_id: str | None = None) -> None:
        """Remove one fault, or all."""

    def advance(self, duration: float | str) -> None:
        """Move the clock forward: seconds, or a text such as ``15m``."""

    def reset(self) -> None:
        """Restore the seeded world."""


@pytest.fixture
def protector_sandbox(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sandbox]:
    """Start two protector sites, with their clouds, for one test."""
    try:
        from fakeserver.local.pair import LocalPair
    except ImportError as error:
        pytest.fail(
            "The fixture protector_sandbox needs the extra "
            f"python-protectorclient[fakeserver]: {error}.",
            pytrace=False,
        )
    for name in [name for name in os.environ if name.startswith("OS_")]:
        monkeypatch.delenv(name)
    with LocalPair(tmp_path / "protector-sandbox", sockets=True) as pair:
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(pair.clouds_yaml))
        monkeypatch.setenv("OS_CLOUD", "site-a")
        yield pair
