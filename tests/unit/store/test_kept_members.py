"""A document whose members are encoded one by one, and what changes it."""

import dataclasses
import json
from typing import Any

import pytest

from fakeserver.base.db import dump
from fakeserver.engine.model.document import (
    checksum,
    current_array_names,
    new_document,
)
from fakeserver.engine.model.group_state import SharedVersion
from fakeserver.engine.peer import delta
from fakeserver.store import group as group_module
from fakeserver.store.group import Group, KeptMembers

SITE = "site"


def member(name: str, *, digest: str | None = None) -> dict[str, Any]:
    attributes: dict[str, Any] = {"power_state": "ACTIVE", "tags": ["ä", '"']}
    if digest is not None:
        attributes["user_data"] = {"sha256": digest}
    held = {
        "instance_id": name,
        "instance_name": name,
        "networks": [],
        "volumes": [{"array_name": f"disk-{name}", "properties": {}}],
        "attributes": attributes,
    }
    return {"id": name, "status": "protected", "sites": {SITE: held}}


def group(*names: str) -> Group:
    doc = new_document(
        group_id="g",
        name='with "members":[] in its name',
        description="ß",
        replication_type="async",
        volume_type="t",
        primary_site_id=SITE,
        secondary_site_id="other",
    )
    doc["members"] = [member(name) for name in names]
    made = Group("g", "p", doc, checksum=checksum(doc))
    made.kept = KeptMembers.of(doc["members"])
    made.local.base = SharedVersion(1, made.checksum)
    return made


def test_the_same_json_and_the_same_checksum() -> None:
    made = group("a", "b")
    assert made.new_checksum() == checksum(made.doc)
    made.doc["members"].append(member("c"))
    made.doc["version"] += 1
    assert made.new_checksum() == checksum(made.doc)
    assert made.kept is not None
    for one in made.doc["members"]:
        assert made.kept.text(one) == dump(one)
    assert group().new_checksum() == checksum(group().doc)


@pytest.mark.parametrize("kind", ["added", "removed", "replaced", "other"])
@pytest.mark.parametrize("again", ["added", "removed", "replaced", "none"])
def test_what_was_hashed_and_named_before_is_not_taken_for_more(
    kind: str, again: str
) -> None:
    made = group("a", "b", "c")
    for each in (kind, again):
        changes(made, each)
        made.doc["description"] = "as before"
        assert made.new_checksum() == checksum(made.doc)
        assert made.array_names() == current_array_names(made.doc)


def test_a_power_state_is_in_the_json_alone() -> None:
    made = group("a")
    before = made.new_checksum()
    changed = json.loads(dump(made.doc["members"]))
    changed[0]["sites"][SITE]["attributes"]["power_state"] = "SHUTOFF"
    made.doc["members"] = changed
    assert made.new_checksum() == before
    assert made.kept is not None
    assert "SHUTOFF" in made.kept.text(changed[0])


def test_only_what_is_new_is_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    made = group(*(f"m-{n}" for n in range(50)))
    encoded: list[str] = []
    encode = group_module._encoded
    monkeypatch.setattr(
        group_module,
        "_encoded",
        lambda one: encoded.append(one["id"]) or encode(one),  # type: ignore[func-returns-value]
    )
    before = made.copy()
    made.doc["members"].append(member("new"))
    made.doc["tests"].append({"site_id": SITE})
    made.new_checksum()
    assert encoded == ["new"]
    assert len(before.doc["members"]) == 50
    assert before.doc["tests"] == []


def changes(made: Group, kind: str) -> None:
    members = made.doc["members"]
    if kind == "added":
        members.append(member("new", digest="d"))
        made.doc["sealed"] = {"d": "secret of d"}
    elif kind == "removed":
        made.doc["members"] = members[1:]
    elif kind == "replaced":
        members[1] = member("b", digest="e")
        made.doc["sealed"] = {"e": "secret of e"}
    made.doc["description"] = kind
    made.doc["version"] += 1


@pytest.mark.parametrize("kind", ["added", "removed", "replaced", "other"])
def test_a_change_makes_the_same_document_there(kind: str) -> None:
    here, there = group("a", "b", "c"), group("a", "b", "c")
    before = here.copy()
    changes(here, kind)
    change = delta.between(before, here)
    assert change is not None
    sent = dataclasses.replace(change, doc=json.loads(dump(change.doc)))
    assert len(sent.doc["members"]) == (kind in ("added", "replaced"))
    taken = delta.applied(there, sent)
    assert taken == here.doc
    assert checksum(taken) == change.becomes


def test_a_change_of_another_document_is_not_applied() -> None:
    here, there = group("a", "b"), group("a")
    before = here.copy()
    changes(here, "added")
    change = delta.between(before, here)
    assert change is not None
    assert delta.applied(there, change) is None


def test_where_the_whole_document_is_pushed() -> None:
    here = group("a", "b")
    before = here.copy()
    changes(here, "added")
    assert delta.between(before, here) is not None
    # the peer is not known to hold what was changed
    before.local.base = SharedVersion(1, "another")
    assert delta.between(before, here) is None
    before = group(*(f"m-{n}" for n in range(60)))
    here = before.copy()
    here.doc["members"] = []
    assert delta.between(before, here) is None
    here = before.copy()
    here.doc["deleted"] = True
    assert delta.between(before, here) is None
