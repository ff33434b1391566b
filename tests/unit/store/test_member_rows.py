"""The members of a group in the database: a row each, in their order."""

import json
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from fakeserver.api import render
from fakeserver.base.db import Database
from fakeserver.engine.model.document import new_document
from fakeserver.store import groups, member_rows, schema
from fakeserver.store.group import Group

GROUP, PROJECT = "g", "p"


@pytest.fixture
def db(tmp_path: pathlib.Path) -> Iterator[Database]:
    made = Database(tmp_path / "site.db", schema.SCHEMA)
    yield made
    made.close()


def member(name: str, status: str = "protected") -> dict[str, Any]:
    held = {"instance_id": f"i-{name}", "volumes": []}
    return {"id": name, "status": status, "sites": {"a": held}}


def write(db: Database, group: Group) -> list[str]:
    """Save a group; return the statements that write its members."""
    said: list[str] = []
    db.connection().set_trace_callback(said.append)
    try:
        with db.transaction() as tx:
            groups.save(tx, group)
    finally:
        db.connection().set_trace_callback(None)
    return [
        one.split()[0]
        for one in said
        if not one.startswith("SELECT") and "pg_members" in one
    ]


def seeded(db: Database, *names: str) -> None:
    doc = new_document(
        group_id=GROUP,
        name="web",
        description="",
        replication_type="async",
        volume_type="t",
        primary_site_id="a",
        secondary_site_id="b",
    )
    doc["members"] = [member(name) for name in names]
    with db.transaction() as tx:
        groups.save(tx, Group(GROUP, PROJECT, doc))


def read(db: Database, way: str) -> Group:
    if way == "shared":
        return groups.shared(db, PROJECT, GROUP)
    return groups.get(db, PROJECT, GROUP)


CHANGES = {
    "added": (["a", "b", "c", "d"], ["INSERT"]),
    "first removed": (["b", "c"], ["DELETE"]),
    "replaced": (["a", "b!", "c"], ["UPDATE"]),
    "all of it": (["b!", "c", "d"], ["DELETE", "UPDATE", "INSERT"]),
    "another order": (["b", "a", "c"], ["DELETE"] * 3 + ["INSERT"] * 3),
    "before others": (["d", "a", "b", "c"], ["DELETE"] * 3 + ["INSERT"] * 4),
    "nothing": (["a", "b", "c"], []),
    "everything": ([], ["DELETE"] * 3),
}


@pytest.mark.parametrize("way", ["shared", "get"])
@pytest.mark.parametrize("kind", CHANGES)
def test_only_what_has_changed_is_written(
    db: Database, kind: str, way: str
) -> None:
    seeded(db, "a", "b", "c")
    group = read(db, way)
    held = {one["id"]: one for one in group.doc["members"]}
    wanted, statements = CHANGES[kind]
    group.doc["members"] = [
        held.get(name) or member(name.rstrip("!"), status=name)
        for name in wanted
    ]
    group.doc["version"] += 1
    assert write(db, group) == statements
    found = groups.find(db, GROUP)
    assert found is not None
    assert found.doc == group.doc
    assert found.checksum == found.new_checksum()
    instances = db.all("SELECT instance_id FROM pg_instances")
    assert {row[0] for row in instances} == member_rows.instances_of(
        group.doc["members"]
    )
    (count,) = db.all(f"SELECT {member_rows.NUMBER} FROM pg_groups")
    assert count[0] == len(wanted)


def test_one_that_gets_another_instance(db: Database) -> None:
    seeded(db, "a", "b")
    group = read(db, "shared")
    moved = member("b")
    moved["sites"]["a"]["instance_id"] = "i-new"
    group.doc["members"][1] = moved
    write(db, group)
    assert groups.holding(db, PROJECT, "i-new") == "web"
    assert groups.holding(db, PROJECT, "i-b") is None
    assert groups.holding(db, PROJECT, "i-a") == "web"


def test_what_another_one_has_written_is_compared(db: Database) -> None:
    """The members that were read are not those of the database."""
    seeded(db, "a", "b")
    group = read(db, "shared")
    other = read(db, "get")
    other.doc["members"].append(member("c"))
    write(db, other)
    group.doc["members"].append(member("d"))
    assert sorted(write(db, group)) == ["DELETE", "INSERT"]
    found = groups.find(db, GROUP)
    assert found is not None
    assert found.doc["members"] == group.doc["members"]


def test_the_times_go_with_the_group(db: Database) -> None:
    seeded(db, "a", "b")
    with db.transaction() as tx:
        for name in ("a", "b", "c"):
            member_rows.note_time(tx, GROUP, name, f"at {name}")
        member_rows.forget_time(tx, GROUP, "c")
    assert member_rows.times(db, GROUP, ["a", "b"]) == {
        "a": "at a",
        "b": "at b",
    }
    assert member_rows.times(db, GROUP, ["b"]) == {"b": "at b"}
    with db.transaction() as tx:
        groups.discard(tx, GROUP)
    for table in ("pg_members", "pg_instances", "pg_member_times"):
        assert not db.all(f"SELECT * FROM {table}")


def test_a_list_names_the_instances_of_each_group(db: Database) -> None:
    """Of members at each site, what was left of them, and of tests."""
    seeded(db, "web-1", "web-2")
    group = groups.get(db, PROJECT, GROUP)
    first, second = group.doc["members"]
    # a property of this name is none that was left
    first["sites"]["a"]["attributes"] = {"properties": {"left": "x"}}
    first["sites"]["a"]["left"] = {"instance_id": "old", "name": "web-1"}
    first["sites"]["b"] = {"instance_id": "there", "volumes": []}
    second["sites"]["b"] = {"instance_id": None, "volumes": []}
    group.doc["tests"] = [
        {"instances": [{"id": "drill"}, {"id": "i-web-1"}]},
        {"instances": []},
    ]
    write(db, group)
    record = render.protection_group((1, 2), only=["instances"])
    [found] = groups.written_page(db, record, PROJECT, 9)
    named = json.loads(found.record)
    assert named.keys() == {"id", "instances"}
    expected = ["drill", "i-web-1", "i-web-2", "old", "there"]
    assert sorted(named["instances"]) == expected
