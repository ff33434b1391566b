"""What is read of many groups is kept while their rows stay as they are."""

import pathlib
from collections.abc import Iterator

import pytest

from fakeserver.base.db import Database
from fakeserver.engine.model.document import checksum
from fakeserver.store import groups, schema, summary
from fakeserver.store.group import Group
from fakeserver.store.summary import GroupSummary, Summaries
from tests.helpers.api_parts import document

PROJECT = "p"
NAMES = ("a", "b", "c")


@pytest.fixture
def db(tmp_path: pathlib.Path) -> Iterator[Database]:
    made = Database(tmp_path / "groups.db", schema.SCHEMA)
    for name in NAMES:
        save(made, Group(name, PROJECT, document(name)))
    yield made
    made.close()


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The groups whose documents are read."""
    found: list[str] = []
    of = summary.of

    def counted(group: Group) -> GroupSummary:
        found.append(group.id)
        return of(group)

    monkeypatch.setattr(summary, "of", counted)
    return found


def save(db: Database, group: Group) -> None:
    with db.transaction() as tx:
        groups.save(tx, group)


def ids(found: list[GroupSummary]) -> tuple[str, ...]:
    return tuple(one.id for one in found)


def test_a_document_is_read_when_its_row_has_changed(
    db: Database, read: list[str]
) -> None:
    kept = Summaries(db)
    assert ids(kept.page(PROJECT, 9, None, None)) == NAMES
    assert sorted(read) == [*NAMES]
    read.clear()
    group = groups.get(db, PROJECT, "b")
    group.doc["status"] = "error"
    group.local.push = "due"
    save(db, group)
    _, changed, _ = kept.page(PROJECT, 9, None, None)
    assert read == ["b"]
    assert (changed.status, changed.push) == ("error", "due")
    assert changed.checksum == checksum(group.doc)


def test_pages_and_ids(db: Database) -> None:
    kept = Summaries(db)
    assert ids(kept.page(PROJECT, 2, None, None)) == ("a", "b")
    assert ids(kept.page(PROJECT, 2, "b", None)) == ("c",)
    assert ids(kept.page(PROJECT, 9, None, ["c", "a", "x"])) == ("a", "c")
    assert kept.page("another", 9, None, None) == []


def test_no_more_are_kept_than_a_number(
    db: Database, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summary, "KEPT", 2)
    kept = Summaries(db)
    for _ in range(2):
        assert ids(kept.page(PROJECT, 9, None, None)) == NAMES
    assert len(read) > len(NAMES)
    read.clear()
    kept.page(PROJECT, 9, None, ["c"])
    assert read == []
