"""Folders of older and newer versions of the sandbox."""

import contextlib
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence

import pytest

from fakeserver import compose, schema_version
from fakeserver.base.clock import ManualClock
from fakeserver.base.seed_world import ARRAY_TOKENS
from fakeserver.base.vault import Vault
from fakeserver.cli import lifecycle
from fakeserver.cli.main import main
from fakeserver.cloud.shared import schema as clouds
from fakeserver.compose import upgrade_folder
from fakeserver.engine.model import document
from fakeserver.local.both_sites import open_sandbox
from fakeserver.local.pair import LocalPair
from fakeserver.sandbox.folder import Folder
from fakeserver.schema_version import NUMBER, SchemaProblem
from fakeserver.storage import arrays
from fakeserver.store import operations, upgrade
from fakeserver.store import schema as store
from fakeserver.store.upgrade import File, copy_of
from tests.helpers.folder_parts import (
    DATABASES,
    KILLED_AT,
    OPERATION,
    dump,
    number,
    set_number,
    unpack,
)

#: all but the indexes that SQLite makes for itself
NAMES = "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"


@pytest.fixture
def old(tmp_path: pathlib.Path) -> Folder:
    return Folder(unpack(tmp_path / "old"))


@pytest.fixture
def today(tmp_path: pathlib.Path) -> Iterator[Folder]:
    """A folder that this version has made; it is down."""
    with LocalPair(tmp_path / "today") as pair:
        return pair.folder


def upgraded(folder: Folder) -> list[str]:
    config = folder.config(folder.settings(), "site-a")
    return [copy.name for copy in upgrade_folder(config, KILLED_AT)]


# -- a folder of today


def test_what_was_seeded_a_moment_ago_is_not_looked_at_again(
    today: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = []
    for name in ("_upgrade", "seed"):
        monkeypatch.setattr(compose, name, lambda *_: looked.append(1))
    config = today.config(today.settings(), "site-a")
    for seeded, times in ((True, 0), (False, 2)):
        opened = compose.open_site(config, workers=0, seeded=seeded)
        assert opened.ground.db.one("SELECT 1 FROM pg_groups") is not None
        compose.close_site(opened)
        assert len(looked) == times


@pytest.mark.parametrize(
    "tables", [clouds.SCHEMA, store.SCHEMA, arrays.SCHEMA]
)
def test_what_a_schema_makes_is_known_by_its_statements(
    tables: Sequence[str], tmp_path: pathlib.Path
) -> None:
    with contextlib.closing(sqlite3.connect(":memory:")) as db:
        for statement in tables:
            db.execute(statement)
        made = {name for (name,) in db.execute(NAMES)}
    known = upgrade.made_by(File(tmp_path / "x.db", tables, {}))
    assert known == {*made, "sandbox_schema"}


def test_every_database_carries_the_number(today: Folder) -> None:
    for name in DATABASES:
        assert number(today.path / name) == NUMBER
        db = sqlite3.connect(today.path / name)
        rows = db.execute("SELECT number, version FROM sandbox_schema")
        assert rows.fetchall() == [(NUMBER, schema_version.version())]
        db.close()
    settings = json.loads(today.settings_file.read_text())
    assert settings["schema"] == NUMBER
    assert settings["written_by"] == schema_version.version()
    assert upgraded(today) == []
    assert not list(today.path.glob("*.schema-*"))


def test_a_reset_leaves_the_number(today: Folder) -> None:
    assert main(["reset", "--dir", str(today.path)]) == 0
    test_every_database_carries_the_number(today)


# -- an older one


def test_an_older_folder_is_copied_and_upgraded(old: Folder) -> None:
    before = {name: dump(old.path / name) for name in DATABASES}
    assert upgraded(old) == [f"{name}.schema-0" for name in DATABASES]
    for name in DATABASES:
        assert number(old.path / name) == NUMBER
        copy = copy_of(old.path / name, 0)
        assert copy.stat().st_mode & 0o777 == 0o600
        assert number(copy) == 0
        assert dump(copy) == before[name]
    # once is enough
    assert upgraded(old) == []


def test_the_operation_that_was_killed_ends(old: Folder) -> None:
    clock = ManualClock(KILLED_AT)
    pair = open_sandbox(old, old.settings(), clock)
    try:
        pair.drain()
        group = pair.site("a").world.groups[0]
        done = operations.get(
            pair.site("a").parts.db,
            pair.site("a").world.project_id("site-a", "demo"),
            OPERATION,
        )
        assert (done["status"], done["progress"]) == (
            "completed",
            100,
        )
        found = {}
        for name in ("site-a", "site-b"):
            parts = pair.site(name).parts
            rows = parts.db.all("SELECT doc FROM nova_servers")
            names = [json.loads(row["doc"])["name"] for row in rows]
            found[name] = sorted(n for n in names if n.startswith("web-"))
            row = parts.db.one(
                "SELECT status FROM pg_groups WHERE id = ?", group.id
            )
            assert row is not None
            assert row["status"] == "failed_over"
        # nothing was made twice, nothing was lost
        assert found == {
            "site-a": [],
            "site-b": ["web-1", "web-2", "web-3"],
        }
    finally:
        pair.close()


def test_what_the_second_schema_added(old: Folder) -> None:
    """A serial number to each array volume, an interface to each site."""
    upgraded(old)
    with contextlib.closing(sqlite3.connect(old.path / "arrays.db")) as db:
        serials = [
            one for (one,) in db.execute("SELECT serial FROM arr_volumes")
        ]
    assert all(serials) and len(set(serials)) == len(serials) > 5
    for name in ("site-a.db", "site-b.db"):
        with contextlib.closing(sqlite3.connect(old.path / name)) as db:
            rows = db.execute("SELECT doc FROM pg_sites").fetchall()
        records = [json.loads(text) for (text,) in rows]
        assert [one["interface"] for one in records] == ["public"] * 2


def test_the_members_of_the_sixth_schema(today: Folder) -> None:
    path = today.path / "site-a.db"
    db = sqlite3.connect(path, isolation_level=None)
    read = (
        "SELECT group_id, json_group_array(json(member)) AS held FROM "
        "(SELECT * FROM pg_members ORDER BY group_id, seq) GROUP BY group_id"
    )
    before = db.execute(read).fetchall()
    db.executescript(
        f"""CREATE TABLE held AS {read}; DROP TABLE pg_members;
        CREATE TABLE pg_members (group_id TEXT PRIMARY KEY,
            number INTEGER NOT NULL, members TEXT NOT NULL);
        INSERT INTO pg_members SELECT group_id, 0, held FROM held;
        DROP TABLE held; DROP TABLE pg_member_times;
        UPDATE pg_groups SET local = json_set(local,
            '$.member_created', json('{{"m": "then"}}'));
        PRAGMA user_version = 6"""
    )
    db.close()
    assert upgraded(today) == [f"{path.name}.schema-6"]
    db = sqlite3.connect(path)
    assert before and db.execute(read).fetchall() == before
    found = db.execute("SELECT id, at FROM pg_member_times").fetchall()
    assert set(found) == {("m", "then")}
    assert not db.execute(
        "SELECT 1 FROM pg_groups WHERE instr(local, 'member_created')"
    ).fetchall()
    db.close()


def test_each_site_keeps_the_least_account_from_then_on(old: Folder) -> None:
    upgraded(old)
    for site, peer in (("site-a", "site-b"), ("site-b", "site-a")):
        db = sqlite3.connect(old.path / f"{site}.db")
        records = [
            json.loads(doc)
            for (doc,) in db.execute("SELECT doc FROM pg_sites")
        ]
        db.close()
        kept = {record["name"]: record["username"] for record in records}
        assert kept == {site: "protector", peer: "protector-peer"}


def give_other_tokens(folder: Folder, token: str) -> None:
    """To the policy of one group: an array took any once."""
    pair = Vault.open(folder.path / "pair.key")
    for name in ("site-a.db", "site-b.db"):
        db = sqlite3.connect(folder.path / name)
        (text,) = db.execute(
            "SELECT doc FROM pg_groups WHERE name = 'prod-db'"
        ).fetchone()
        doc = json.loads(text)
        for field in document.TOKENS:
            doc["policy"][field] = {
                "sealed": pair.encrypt(token, doc["id"]),
                "fingerprint": pair.fingerprint(token, doc["id"]),
            }
        db.execute(
            "UPDATE pg_groups SET doc = ? WHERE id = ?",
            (json.dumps(doc), doc["id"]),
        )
        db.commit()
        db.close()


def test_policies_of_any_token_go_on_working(
    old: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    give_other_tokens(old, "of-another-day")
    with open_sandbox(old, old.settings(), ManualClock(KILLED_AT)) as pair:
        arrays = pair.site("a").parts.arrays
        for array, first in ARRAY_TOKENS.items():
            assert arrays.takes(array, first)
            assert arrays.takes(array, "of-another-day")
            assert not arrays.takes(array, "rubbish")
            assert not arrays.takes(array, None)
        # a token that is changed is the only one
        pair.fault("array-token", site="b")
        assert not arrays.takes("flasharray-b", "of-another-day")
        assert arrays.takes("flasharray-a", "of-another-day")
        pair.clear_faults()
        assert arrays.takes("flasharray-b", "of-another-day")
    assert main(["env", "--dir", str(old.path)]) == 0
    shown = capsys.readouterr().out
    for name, token in zip("AB", ARRAY_TOKENS.values(), strict=True):
        assert f"export ARRAY_TOKEN_{name}={token}\n" in shown
    # the world of the first day knows nothing of it
    assert main(["reset", "--dir", str(old.path)]) == 0
    db = sqlite3.connect(old.path / "arrays.db")
    assert db.execute("SELECT * FROM arr_also_tokens").fetchall() == []
    db.close()


@pytest.mark.parametrize("broken", ["site-a.db", "site-b.db"])
def test_one_site_that_can_be_read_is_enough_for_that(
    old: Folder, broken: str
) -> None:
    give_other_tokens(old, "of-another-day")
    (old.path / broken).write_text("no database " * 100)
    config = old.config(old.settings(), "site-a")
    own = config.of_peer() if broken == "site-a.db" else config
    upgrade_folder(own, KILLED_AT)
    db = sqlite3.connect(old.path / "arrays.db")
    rows = db.execute("SELECT array FROM arr_also_tokens").fetchall()
    db.close()
    # the seeded ones, and the other
    assert sorted(rows) == [("flasharray-a",)] * 2 + [("flasharray-b",)] * 2


def test_start_upgrades_says_so_and_then_launches(
    old: Folder,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    launched: list[tuple[str, ...]] = []

    def launch(folder: Folder, settings: object, sites: object, _: object):
        assert isinstance(sites, tuple)
        assert [number(folder.path / name) for name in DATABASES] == [
            NUMBER
        ] * 3
        launched.append(sites)

    monkeypatch.setattr(lifecycle, "launch", launch)
    monkeypatch.setattr(lifecycle, "_port_is_free", lambda *_: None)
    assert main(["start", "site-b", "--dir", str(old.path)]) == 0
    said = capsys.readouterr().err
    assert launched == [("site-b",)]
    assert said.splitlines() == [
        f"{name} is upgraded; as it was, it is {old.path}/{name}.schema-0"
        for name in DATABASES
    ]
    assert json.loads(old.settings_file.read_text())["schema"] == NUMBER
    # and the settings are those that there were
    assert old.settings().pace == 3.0
    assert main(["start", "site-a", "--dir", str(old.path)]) == 0
    assert capsys.readouterr().err == ""


def test_status_and_reset_take_an_older_folder(
    old: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--dir", str(old.path)]) == 0
    assert [number(old.path / name) for name in DATABASES] == [0] * 3
    assert main(["reset", "--dir", str(old.path)]) == 0
    assert [number(old.path / name) for name in DATABASES] == [NUMBER] * 3
    assert "site-b.db is upgraded" in capsys.readouterr().err


# -- what goes wrong with an upgrade

#: an upgrade that is killed after the copy, in the middle of its change
KILLED = """
import os, pathlib, sys
sys.path[:0] = sys.argv[3:]
from fakeserver.store.steps import site_steps
from fakeserver.sandbox.folder import Folder
from fakeserver.cloud.shared import schema as clouds
from fakeserver.compose import upgrade_folder
before = site_steps.of
def of(config, world, now):
    steps = before(config, world, now)
    def killed(db):
        steps[0](db)
        if config.site == "site-b":
            os._exit(9)
    return {**steps, 0: killed}
site_steps.of = of
folder = Folder(pathlib.Path(sys.argv[1]))
upgrade_folder(folder.config(folder.settings(), "site-a"), 1.0)
"""


def test_killed_between_the_copy_and_the_commit(old: Folder) -> None:
    before = dump(old.path / "site-b.db")
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(old.path), "-", *sys.path],
        check=False,
    )
    assert ended.returncode == 9
    assert number(old.path / "site-a.db") == NUMBER
    assert number(old.path / "site-b.db") == 0
    assert dump(old.path / "site-b.db") == before
    assert dump(copy_of(old.path / "site-b.db", 0)) == before
    test_the_operation_that_was_killed_ends(old)
    assert number(old.path / "site-b.db") == NUMBER


def at_the_end(_: object) -> None:
    raise OSError(28, "No space left on device")


@contextlib.contextmanager
def on_a_small_disk(path: pathlib.Path) -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(path)
    db.execute("PRAGMA max_page_count = 2")
    try:
        yield db
    finally:
        db.close()


@pytest.mark.parametrize(
    ("what", "instead", "why"),
    [
        ("os.fsync", at_the_end, "No space left on device"),
        ("_target", on_a_small_disk, "database or disk is full"),
    ],
)
def test_no_room_for_the_copy(
    old: Folder,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    what: str,
    instead: object,
    why: str,
) -> None:
    before = {name: dump(old.path / name) for name in DATABASES}
    monkeypatch.setattr(f"fakeserver.store.upgrade.{what}", instead)
    assert main(["start", "site-a", "--dir", str(old.path)]) == 1
    said = capsys.readouterr().err
    assert "arrays.db has to be upgraded" in said
    assert why in said
    assert f"make room in {old.path}" in said
    assert "Traceback" not in said
    assert {name: dump(old.path / name) for name in DATABASES} == before
    assert not list(old.path.glob("*.schema-*"))
    monkeypatch.undo()
    assert len(upgraded(old)) == 3


def test_a_step_that_fails_changes_nothing(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "x.db"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE t (n INTEGER)")
    db.execute("INSERT INTO t VALUES (1)")
    db.commit()
    db.close()

    def wrong(tx: sqlite3.Connection) -> None:
        tx.execute("UPDATE t SET n = 2")
        tx.execute("ALTER TABLE t ADD COLUMN m TEXT")
        tx.execute("SELECT * FROM nowhere")

    before = dump(path)
    with pytest.raises(SchemaProblem, match=r"x\.db cannot .* it is as it"):
        upgrade.upgrade([File(path, (), {0: wrong})], 1.0)
    assert dump(path) == before
    assert number(path) == 0


def test_both_processes_at_once(old: Folder) -> None:
    """One of them upgrades; the other one finds it done."""
    config = old.config(old.settings(), "site-a")
    copies: list[int] = []
    failed: list[BaseException] = []
    gate = threading.Barrier(2)

    def one(which: object) -> None:
        gate.wait()
        try:
            copies.append(len(upgrade_folder(which, KILLED_AT)))  # type: ignore[arg-type]
        except BaseException as error:
            failed.append(error)

    both = [
        threading.Thread(target=one, args=(each,))
        for each in (config, config.of_peer())
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert not failed
    assert sorted(copies) == [0, 3]
    test_each_site_keeps_the_least_account_from_then_on(old)


def test_what_is_no_database_is_named(
    today: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    (today.path / "site-a.db").write_text("no database " * 100)
    with pytest.raises(SchemaProblem, match=r"site-a\.db cannot be opened"):
        upgraded(today)
    assert main(["reset", "--dir", str(today.path)]) == 1
    assert "file is not a database" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("snapshots",), ("copy", "x", "y")])
def test_arrays_that_nobody_can_read(
    today: Folder, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    (today.path / "arrays.db").write_text("no database " * 100)
    assert main(["array", *words, "--dir", str(today.path)]) == 1
    assert capsys.readouterr().err == (
        f"protector-sandbox: {today.path}/arrays.db cannot be opened or "
        "upgraded: file is not a database; it is as it was.\n"
    )


def test_a_site_starts_although_the_other_ones_file_is_broken(
    old: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    (old.path / "site-b.db").write_text("no database " * 100)
    launched: list[object] = []
    monkeypatch.setattr(
        lifecycle, "launch", lambda *told: launched.append(told[2])
    )
    monkeypatch.setattr(lifecycle, "_port_is_free", lambda *_: None)
    for site in ("site-a", "site-b"):
        assert main(["start", site, "--dir", str(old.path)]) == 0
    # the process of site-b, not this command, says what is wrong with it
    assert launched == [("site-a",), ("site-b",)]
    assert number(old.path / "site-a.db") == NUMBER
    with pytest.raises(SchemaProblem, match=r"site-b\.db cannot be opened"):
        upgrade_folder(old.config(old.settings(), "site-b"), 1.0)


# -- a newer one

COMMANDS = (
    ("up",),
    ("start", "site-a"),
    ("reset",),
    ("array", "snapshots"),
)


@pytest.mark.parametrize("name", DATABASES)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_newer_database_is_refused_before_anything_is_touched(
    today: Folder,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
    name: str,
) -> None:
    set_number(today.path / name, NUMBER + 1, "9.9.1")
    before = {one: dump(today.path / one) for one in DATABASES}
    settings = today.settings_file.read_text()
    assert main([*command, "--dir", str(today.path)]) == 1
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert f"{today.path / name} was written by" in said
    assert f"python-protectorclient 9.9.1 (schema {NUMBER + 1})" in said
    assert f"reads schemas up to {NUMBER}" in said
    assert {one: dump(today.path / one) for one in DATABASES} == before
    assert today.settings_file.read_text() == settings


@pytest.mark.parametrize(
    "command",
    [*COMMANDS, ("status",), ("env",), ("down",), ("fault", "list")],
    ids=" ".join,
)
def test_settings_of_a_newer_version_are_refused(
    today: Folder,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
) -> None:
    held = json.loads(today.settings_file.read_text())
    held |= {"schema": NUMBER + 1, "written_by": "9.9.1", "something": "new"}
    today.settings_file.write_text(json.dumps(held))
    assert main([*command, "--dir", str(today.path)]) == 1
    said = capsys.readouterr().err
    assert (
        f"was written by python-protectorclient 9.9.1 (schema {NUMBER + 1})"
        in said
    )
    assert len(said.splitlines()) == 1


def test_a_process_of_a_site_refuses_it_in_one_line(today: Folder) -> None:
    set_number(today.path / "arrays.db", NUMBER + 1, "9.9.1")
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "fakeserver.cli.serve",
            str(today.path),
            "site-a",
        ],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert (
        f"python-protectorclient 9.9.1 (schema {NUMBER + 1})" in ended.stderr
    )
    assert "Traceback" not in ended.stderr
