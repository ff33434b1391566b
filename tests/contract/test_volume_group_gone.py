"""A consistency group that Cinder does not have any more."""

import pytest

from fakeserver.cloud.shared.schema import GROUPS, VOLUMES
from fakeserver.engine.cloud_client.account import CloudUnreachable
from fakeserver.engine.peer import cinder_group
from fakeserver.store import groups
from tests.helpers.engine_parts import WEB, A, B, Two

pytestmark = pytest.mark.decided


def delete(two: Two, site: str) -> str:
    """Delete it as an admin can; its volumes stay. Return its id."""
    parts = two.pair.site(site).parts
    lost = noted(two, site)
    with parts.db.transaction() as tx:
        for volume in VOLUMES.select(tx, "group_id = ?", (lost,)):
            VOLUMES.put(tx, {**volume, "group_id": None})
        GROUPS.delete(tx, lost)
    return lost


def noted(two: Two, site: str) -> str:
    found = groups.find(two.pair.site(site).parts.db, two.ids[WEB])
    assert found is not None
    return str(found.local.consistency_group_id)


def held(two: Two, site: str) -> tuple[int, int]:
    """How many groups have the group's name, and volumes in the noted one."""
    db = two.pair.site(site).parts.db.connection()
    named = GROUPS.select(db, "name = ?", (f"cg-{two.ids[WEB][:8]}",))
    return len(named), len(
        VOLUMES.select(db, "group_id = ?", (noted(two, site),))
    )


def test_a_sync_creates_it_anew(two: Two) -> None:
    lost = delete(two, A)
    assert held(two, A) == (0, 0)
    assert two.done(A, "sync_volumes")["status"] == "completed"
    assert noted(two, A) != lost
    assert two.group(A)["consistency_group_id"] == noted(two, A)
    assert held(two, A) == (1, 5)
    body = two.ask(A, "GET", two.of(WEB, "/consistency-group")).body
    assert body["consistency_group"]["id"] == noted(two, A)


def test_one_of_its_name_is_taken(two: Two) -> None:
    """An earlier try that died had made it, or a person has."""
    delete(two, A)
    two.done(A, "sync_volumes")
    made = noted(two, A)
    group = groups.find(two.pair.site(A).parts.db, two.ids[WEB])
    assert group is not None
    group.local.consistency_group_id = "gone"
    with two.pair.site(A).parts.db.transaction() as tx:
        groups.save(tx, group)
    two.done(A, "sync_volumes")
    assert noted(two, A) == made
    assert held(two, A) == (1, 5)


def test_a_move_finds_it_at_the_new_primary(two: Two) -> None:
    lost = delete(two, B)
    assert two.done(A, "failover")["status"] == "completed"
    two.pair.drain()
    assert noted(two, B) != lost
    assert held(two, B) == (1, 5)


def test_what_cannot_be_created_is_logged(
    two: Two, caplog: pytest.LogCaptureFixture
) -> None:
    lost = delete(two, A)
    parts = two.pair.site(A).parts
    with parts.db.transaction() as tx:
        tx.execute("DELETE FROM cinder_group_types")
    assert two.done(A, "sync_volumes")["status"] == "completed"
    assert noted(two, A) == lost
    [said] = [
        one.getMessage()
        for one in caplog.records
        if one.name == cinder_group.__name__
    ]
    assert lost in said and WEB in said
    assert "no group type" in said


def test_a_silent_cinder_is_asked_again(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete(two, A)
    right = cinder_group.follow

    def silent(*_: object) -> bool:
        raise CloudUnreachable(A)

    monkeypatch.setattr(cinder_group, "follow", silent)
    assert two.done(A, "sync_volumes")["status"] == "completed"
    assert held(two, A) == (0, 0)
    monkeypatch.setattr(cinder_group, "follow", right)
    two.pair.drain()
    assert held(two, A) == (1, 5)
