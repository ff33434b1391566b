"""The replication of the arrays follows each change of a group."""

import threading

import pytest

from fakeserver.base.errors import RequestRefused
from fakeserver.engine import array_links
from fakeserver.engine.peer import cinder_group
from fakeserver.store import groups
from tests.helpers.engine_parts import WEB, A, B, Two

URLS = {
    "primary_fa_url": "https://flasharray-a.example.com",
    "secondary_fa_url": "https://flasharray-b.example.com",
}
OFTEN = {"replication_interval": 60}


def dies_of_a_policy(two: Two, site: str = A) -> None:
    two.pair.fault("crash", match="replicate", stage="array")
    body = {"policy": {**URLS, **OFTEN}}
    assert two.ask(site, "POST", two.of(WEB, "/policy"), body).status == 0
    two.pair.clear_faults()


def is_locked(two: Two, site: str) -> bool:
    """Whether another thread would wait for the group."""
    found = []

    def look() -> None:
        locks = two.pair.site(site).service.locks
        try:
            with locks.hold(two.ids[WEB], timeout=0.0):
                found.append(False)
        except RequestRefused:
            found.append(True)

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return found[0]


def test_it_follows_one_change_after_the_other(two, monkeypatch):
    """Nobody changes the group before its replication and Cinder's group
    have followed: what an older change asks for would else come last."""
    arrays = two.pair.site(A).parts.arrays
    locked = []

    def watch(owner, name):
        real = getattr(owner, name)

        def call(*args, **kwargs):
            locked.append((name, is_locked(two, A)))
            return real(*args, **kwargs)

        monkeypatch.setattr(owner, name, call)

    watch(arrays, "replicate")
    watch(arrays, "stop_replication")
    watch(cinder_group, "change")
    members, policy = two.of(WEB, "/members"), two.of(WEB, "/policy")
    *_, member = two.ask(A, "GET", members).body["members"]
    added = {"member": {"instance_id": member["instance_id"]}}
    for method, path, body in (
        ("POST", policy, {"policy": {**URLS, **OFTEN}}),
        ("DELETE", f"{members}/{member['id']}", None),
        ("POST", members, added),
        ("DELETE", policy, None),
    ):
        answer = two.ask(A, method, path, body)
        assert answer.status < 300, answer.body
    assert locked == [
        ("replicate", True),
        # the volumes leave Cinder's group, and come into it
        ("change", True),
        ("replicate", True),
        ("change", True),
        ("replicate", True),
        ("stop_replication", True),
    ]
    assert not is_locked(two, A)


def test_a_start_that_is_owed_is_not_given_up_for_a_later_change(two):
    found = groups.find(two.pair.site(A).parts.db, two.ids[WEB])
    array_links.owe(found, array_links.START)
    array_links.owe(found, array_links.FOLLOW)
    assert found.local.replicate == array_links.START
    # but that of a primary that is it no more is
    found.doc["current_primary_site_id"] = found.doc["secondary_site_id"]
    array_links.owe(found, array_links.FOLLOW)
    assert found.local.replicate == array_links.FOLLOW


def test_a_secondary_dies_before_the_replication_follows(two):
    """A policy may be set at either site, and counts wherever it was."""
    dies_of_a_policy(two, B)
    two.pair.site(B).start()
    two.pair.drain()
    assert two.versions() == (2, 2)
    assert two.pair.site(A).parts.arrays.link(two.ids[WEB]).interval == 60


@pytest.mark.parametrize("action", ["", "sync_volumes"])
def test_a_site_dies_before_the_replication_follows(two, action):
    """The client got no answer, and the change is there: so is all that
    follows from it, at the latest with the next operation."""
    arrays = two.pair.site(A).parts.arrays
    path = two.of(WEB, "/members")
    *_, member = two.ask(A, "GET", path).body["members"]
    two.ask(A, "DELETE", f"{path}/{member['id']}")
    assert len(arrays.link(two.ids[WEB]).volumes) == 4
    changes = (
        (path, {"member": {"instance_id": member["instance_id"]}}),
        (two.of(WEB, "/policy"), {"policy": {**URLS, **OFTEN}}),
    )
    for where, body in changes:
        two.pair.fault("crash", match="replicate", stage="array")
        assert two.ask(A, "POST", where, body).status == 0
        two.pair.clear_faults()
        two.pair.site(A).start()
        if action:
            assert two.act(A, action).status == 202
        two.pair.drain()
    assert two.versions() == (4, 4)
    link = two.pair.site(A).parts.arrays.link(two.ids[WEB])
    assert (len(link.volumes), link.interval) == (5, 60)
    local = groups.find(two.pair.site(A).parts.db, two.ids[WEB]).local
    assert local.replicate is None and not local.look


def test_a_site_dies_before_a_stopped_replication_starts(two):
    """A policy that is set starts it; once another site has the group, it
    is for that one to say."""
    two.done(A, "failover")
    two.done(B, "failback")
    arrays = two.pair.site(B).parts.arrays
    assert not arrays.link(two.ids[WEB]).running
    dies_of_a_policy(two)
    two.pair.site(A).start()
    two.pair.drain()
    assert arrays.link(two.ids[WEB]).running
    two.pair.advance(301)
    dies_of_a_policy(two)
    assert two.forced(B)["status"] == "completed"
    two.pair.site(A).start()
    assert two.sync(B).status == 200
    two.pair.drain()
    assert not arrays.link(two.ids[WEB]).running
    local = groups.find(two.pair.site(A).parts.db, two.ids[WEB]).local
    assert local.replicate is None
