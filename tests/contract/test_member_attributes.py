"""The attributes of members, from the clouds to the answers."""

import base64
import copy
import hashlib
import json
from typing import Any

import pytest

from fakeserver.base.ids import stable_id
from fakeserver.base.seed_world import SeedServer
from fakeserver.cloud.shared.schema import SERVERS, VOLUMES
from fakeserver.engine.model import attributes, sealed
from protectorclient.v1 import Member
from tests.helpers.engine_parts import WEB, A, Answer, B, Two

pytestmark = pytest.mark.decided


def server_of(two: Two, name: str) -> SeedServer:
    [found] = (
        server
        for group in two.world.groups
        for server in group.servers
        if server.name == name
    )
    return found


def change(two: Two, site: str, table: Any, id_: str, **new: Any) -> None:
    """Change a resource of a cloud, as its owner does."""
    db = two.pair.site(site).parts.db
    with db.transaction() as tx:
        table.put(tx, {**table.get(tx, id_), **new})


def members(two: Two, site: str, name: str = WEB) -> dict[str, Any]:
    found = two.ask(site, "GET", two.of(name, "/members")).told("members")
    return {one["instance_name"]: one for one in found}


def protect_again(two: Two, name: str) -> dict[str, Any]:
    """Take an instance out of its group and protect it as it is now."""
    old = members(two, A)[name]
    path = two.of(WEB, "/members")
    assert two.ask(A, "DELETE", f"{path}/{old['id']}").status == 204
    body = {"member": {"instance_id": old["instance_id"]}}
    return two.ask(A, "POST", path, body).told("member")


def test_a_seeded_member_is_as_one_that_is_added(two: Two) -> None:
    before = members(two, A)["web-1"]
    after = protect_again(two, "web-1")
    for name in ("networks", "volumes", "flavor", "image_id"):
        assert after[name] == before[name] or name == "image_id"
    same = {"power_state_at": before["attributes"]["power_state_at"]}
    assert after["attributes"] | same == before["attributes"]


def test_secret_properties_are_masked_wherever_they_are_shown(
    two: Two,
) -> None:
    web = server_of(two, "web-1")
    properties = {"role": "web", "db_password": "hunter2"}
    change(two, A, SERVERS, web.id, metadata=properties)
    change(
        two, A, VOLUMES, web.volumes[0].id, metadata={"luks_key": "hunter3"}
    )
    added = protect_again(two, "web-1")
    assert added["attributes"]["properties"] == {
        "role": "web",
        "db_password": "***",
    }
    assert added["volumes"][0]["properties"] == {"luks_key": "***"}
    for site in (A, B):
        text = json.dumps(
            [
                members(two, site),
                two.ask(site, "GET", two.of(WEB, "/metadata")).body,
                two.held(site),
            ]
        )
        assert "hunter" not in text
        assert '"role": "web"' in text
    assert two.status(A)["status"] == "IN_SYNC"


def test_user_data_travels_sealed_and_is_shown_as_a_digest(two: Two) -> None:
    clear = b"#!/bin/sh\nexport DB=hunter4\n"
    text = base64.b64encode(clear).decode()
    change(two, A, SERVERS, server_of(two, "web-1").id, user_data=text)
    added = protect_again(two, "web-1")
    digest = {"sha256": hashlib.sha256(clear).hexdigest(), "bytes": len(clear)}
    assert added["attributes"]["user_data"] == digest
    for site in (A, B):
        document = two.ask(site, "GET", two.of(WEB, "/metadata")).body
        assert text not in json.dumps([document, two.held(site)])
        assert "sealed" not in document["metadata"]
        shown = members(two, site)["web-1"]["attributes"]["user_data"]
        assert shown == digest
    held = two.held(B)
    [member] = (m for m in held["members"] if m["id"] == added["id"])
    [at_home] = member["sites"].values()
    vault = two.pair.site(B).parts.pair
    kept = sealed.open_user_data(held, vault, at_home["attributes"])
    assert kept == text


def test_the_library_tells_absent_from_none(two: Two) -> None:
    shown = members(two, A)["web-1"]
    del shown["attributes"]["tags"]
    member = Member.from_dict(shown)
    assert member.attributes is not None
    assert member.attributes.key_pair is None
    assert member.attributes.shows("key_pair")
    assert member.attributes.tags is None
    assert not member.attributes.shows("tags")
    assert member.attributes.power_state == "ACTIVE"
    assert member.networks[0].mac_address is not None
    assert member.volumes[0].properties == {}


def with_user_data(two: Two, count: int) -> dict[str, Any]:
    """The group's document with so many members, each with 64 KiB."""
    doc = copy.deepcopy(two.held(A))
    pair = two.pair.site(A).parts.pair
    template = doc["members"][0]
    doc["members"] = []
    for n in range(count):
        member = copy.deepcopy(template)
        member["id"] = stable_id(1, "member", str(n))
        [held] = member["sites"].values()
        clear = f"{n:08}".encode() * 8192
        text = base64.b64encode(clear).decode()
        held["attributes"]["user_data"] = attributes.digest(text)
        sealed.hide(doc, pair, held, text)
        doc["members"].append(member)
    doc["version"] += 1
    return doc


def put(two: Two, doc: dict[str, Any]) -> Answer:
    body = {"metadata": doc}
    return two.ask(B, "PUT", two.of(WEB, "/metadata"), body)


def test_metadata_may_be_larger_than_a_mebibyte(two: Two) -> None:
    doc = with_user_data(two, 17)
    assert len(json.dumps(doc)) > 1 << 20
    assert put(two, doc).status == 200
    assert two.held(B)["sealed"] == doc["sealed"]


@pytest.mark.thorough
def test_five_hundred_members_with_user_data_fit(two: Two) -> None:
    doc = with_user_data(two, 500)
    assert len(json.dumps(doc)) > 32 << 20
    assert put(two, doc).status == 200
    assert two.status(B, query="?local=true")["local_version"] == 2
    assert len(two.held(B)["members"]) == 500


def test_larger_metadata_is_refused_and_read_to_its_end(two: Two) -> None:
    doc = two.held(A)
    doc["description"] = "x" * (64 << 20)
    refused = put(two, doc)
    assert (refused.status, refused.reason) == (413, "too-large")
