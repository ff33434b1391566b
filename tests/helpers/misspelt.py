"""Calls with a misspelt keyword, each of which mypy must refuse.

It is never run. An ignored error that is none is an error in strict mode:
a method that took any keyword would fail ``make lint`` here.
"""

from __future__ import annotations

from protectorclient import Client, SitePair

WEB = "prod-web-app"


def moves(pair: SitePair, names: dict[str, str]) -> None:
    """The actions of a pair."""
    pair.failover(WEB, netwrok_mapping=names)  # type: ignore[call-arg]
    pair.failback(WEB, reverse_replicaton=True)  # type: ignore[call-arg]
    pair.test_failover(WEB, retain_primry=True)  # type: ignore[call-arg]
    pair.test_cleanup(WEB, reson="done")  # type: ignore[call-arg]
    pair.sync_volumes(WEB, reson="done")  # type: ignore[call-arg]
    pair.prepare("failover", WEB, unplaned=True)  # type: ignore[call-arg]
    pair.operations(grup=WEB)  # type: ignore[call-arg]
    pair.wait("op-1", timout=5)  # type: ignore[call-arg]
    pair.update_site("site-a", usrname="it")  # type: ignore[call-arg]
    # a mapping that the action does not take
    pair.test_cleanup(WEB, network_mapping=names)  # type: ignore[call-arg]
    # a value of another type
    pair.failover(WEB, unplanned="yes")  # type: ignore[arg-type]


def managers(client: Client, names: dict[str, str]) -> None:
    """What changes something at one site."""
    groups = client.protection_groups
    groups.failover(WEB, netwrok_mapping=names)  # type: ignore[call-arg]
    groups.failback(WEB, reverse_replicaton=True)  # type: ignore[call-arg]
    groups.test_failover(WEB, retain_primry=True)  # type: ignore[call-arg]
    groups.test_cleanup(WEB, reson="done")  # type: ignore[call-arg]
    groups.sync_volumes(WEB, reson="done")  # type: ignore[call-arg]
    groups.update(WEB, descripton="for people")  # type: ignore[call-arg]
    client.sites.update("site-a", usrname="protector")  # type: ignore[call-arg]
    client.operations.list(stauts="failed")  # type: ignore[call-arg]
