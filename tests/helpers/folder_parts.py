"""A sandbox's folder of a version that had no schema numbers."""

import json
import lzma
import pathlib
import sqlite3

HERE = pathlib.Path(__file__).parent
#: a planned failover of prod-web-app was at 70 % when both sites were killed
PACKED = HERE / "folder_without_schema.json.xz"
OPERATION = "op-d3965074-7419-4acc-995e-a314ffb6974d"
#: the clock of that moment, seconds since the epoch
KILLED_AT = 1_795_749_730.0
DATABASES = ("arrays.db", "site-a.db", "site-b.db")


def unpack(place: pathlib.Path) -> pathlib.Path:
    """Write the folder down; its databases are as they were."""
    place.mkdir(mode=0o700)
    for name, held in json.loads(lzma.decompress(PACKED.read_bytes())).items():
        path = place / name
        if isinstance(held, str):
            path.write_text(held)
            path.chmod(0o600)
            continue
        db = sqlite3.connect(path, isolation_level=None)
        db.executescript("\n".join(held))
        db.execute("PRAGMA journal_mode=WAL")
        db.close()
    return place


def number(path: pathlib.Path) -> int:
    db = sqlite3.connect(path)
    try:
        (found,) = db.execute("PRAGMA user_version").fetchone()
        return int(found)
    finally:
        db.close()


def set_number(path: pathlib.Path, wanted: int, wrote: str) -> None:
    """As if a newer version had written it."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute(f"PRAGMA user_version = {wanted}")
    db.execute(
        "INSERT OR REPLACE INTO sandbox_schema VALUES (?, ?, '2030')",
        (wanted, wrote),
    )
    db.close()


def dump(path: pathlib.Path) -> list[str]:
    """All that is in a database."""
    db = sqlite3.connect(path)
    try:
        return list(db.iterdump())
    finally:
        db.close()
