"""What one member costs beside many others, and what the peer is sent."""

import pytest

from fakeserver.engine.peer.answers import PeerRefused
from fakeserver.engine.peer.client import Peer
from fakeserver.store import group as group_module
from fakeserver.store import groups
from tests.helpers.engine_parts import WEB, A, B, Two


@pytest.fixture
def pushed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The query of each push, and how many members it carries."""
    found: list[tuple[str, int]] = []
    call = Peer._call

    def seen(self, method, url, *rest, **options):
        if method == "PUT":
            members = options["json"]["metadata"]["members"]
            found.append((url.partition("?")[2], len(members)))
        return call(self, method, url, *rest, **options)

    monkeypatch.setattr(Peer, "_call", seen)
    return found


def take_out_and_add(two: Two) -> None:
    """Remove the first member, and add its instance again."""
    path = two.of(WEB, "/members")
    first = two.ask(A, "GET", path).told("members")[0]
    gone = two.ask(A, "DELETE", f"{path}/{first['id']}")
    assert gone.status == 204, gone.body
    added = {"member": {"instance_id": first["instance_id"]}}
    two.ask(A, "POST", path, added).told("member")


def same(two: Two) -> bool:
    held = [
        groups.find(two.pair.site(site).parts.db, two.ids[WEB])
        for site in (A, B)
    ]
    assert held[0] is not None and held[1] is not None
    return held[0].doc == held[1].doc


def test_a_member_goes_to_the_peer_alone(two, pushed, monkeypatch):
    take_out_and_add(two)
    assert [members for _, members in pushed] == [0, 1]
    assert all(query.startswith("since=") for query, _ in pushed)
    assert "&removed=" in pushed[0][0]
    assert same(two)
    encoded = []
    encode = group_module._encoded
    monkeypatch.setattr(
        group_module,
        "_encoded",
        lambda one: encoded.append(one["id"]) or encode(one),
    )
    take_out_and_add(two)
    # the new one, at each site; the others are as they were encoded
    assert len(encoded) == 2 and len(set(encoded)) == 1


def test_an_older_peer_is_asked_once(two, pushed, monkeypatch):
    call = Peer._call

    def refuse(self, method, url, *rest, **options):
        if "since=" in url:
            pushed.append(("refused", 0))
            raise PeerRefused(
                self.site, 400, "bad-request", "since is not a query parameter"
            )
        return call(self, method, url, *rest, **options)

    monkeypatch.setattr(Peer, "_call", refuse)
    take_out_and_add(two)
    assert pushed == [("refused", 0), ("", 2), ("", 3)]
    assert same(two)


def test_a_peer_with_another_document_takes_the_whole_one(two, pushed):
    """The change is refused there; the whole document is then taken or
    refused by itself."""
    take_out_and_add(two)
    pushed.clear()
    db = two.pair.site(B).parts.db
    found = groups.find(db, two.ids[WEB])
    found.doc["description"] = "written here alone"
    with db.transaction() as tx:
        groups.save(tx, found)
    body = {"protection_group": {"description": "another"}}
    refused = two.ask(A, "PATCH", two.of(WEB), body)
    # the sites are compared before anything is changed
    assert (refused.status, refused.reason) == (409, "out-of-sync")
    assert not pushed


@pytest.mark.parametrize(
    "query",
    ["since={0}", "becomes={0}", "since={0}&becomes={0}&force=true"],
)
def test_a_change_names_both_versions(two, query):
    path = two.of(WEB, "/metadata")
    doc = two.ask(A, "GET", path).told("metadata")
    answer = two.ask(
        B, "PUT", f"{path}?{query.format('0' * 64)}", {"metadata": doc}
    )
    assert (answer.status, answer.reason) == (400, "bad-request")


def test_a_change_of_another_version_is_refused(two):
    path = two.of(WEB, "/metadata")
    doc = two.ask(A, "GET", path).told("metadata")
    total = two.ask(A, "GET", two.of(WEB, "/sync-status")).told("sync_status")
    held = total["local_checksum"]
    for since, becomes in (("0" * 64, held), (held, "0" * 64)):
        asked = f"{path}?since={since}&becomes={becomes}"
        answer = two.ask(B, "PUT", asked, {"metadata": doc})
        assert (answer.status, answer.reason) == (409, "metadata-conflict")
    assert two.versions() == (1, 1)
