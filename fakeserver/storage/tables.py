"""The tables of the arrays' database."""

#: the id of Cinder's volume in the name of its volume on the array
CINDER_ID = "substr(name, instr(name, 'volume-') + 7, 36)"

SCHEMA = (
    """CREATE TABLE IF NOT EXISTS arr_tokens (
        array TEXT PRIMARY KEY, token TEXT NOT NULL)""",
    # beside the first one: of policies that are older than this check
    """CREATE TABLE IF NOT EXISTS arr_also_tokens (
        array TEXT NOT NULL, token TEXT NOT NULL,
        PRIMARY KEY (array, token))""",
    """CREATE TABLE IF NOT EXISTS arr_volumes (
        array TEXT NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL,
        snapshot_id TEXT, writing INTEGER NOT NULL,
        written_at REAL NOT NULL, content_at REAL NOT NULL,
        serial TEXT, PRIMARY KEY (array, name))""",
    """CREATE INDEX IF NOT EXISTS arr_volumes_serial
        ON arr_volumes (array, serial)""",
    # a driver of Cinder puts the id of its volume into the name
    f"""CREATE INDEX IF NOT EXISTS arr_volumes_cinder
        ON arr_volumes (array, {CINDER_ID})""",
    """CREATE TABLE IF NOT EXISTS arr_links (
        pg TEXT PRIMARY KEY, source TEXT NOT NULL, target TEXT NOT NULL,
        running INTEGER NOT NULL, interval REAL NOT NULL,
        synchronous INTEGER NOT NULL, volumes TEXT NOT NULL,
        last_tick REAL NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS arr_points (
        id TEXT PRIMARY KEY, pg TEXT NOT NULL, key TEXT NOT NULL,
        source TEXT NOT NULL, target TEXT NOT NULL,
        created_at REAL NOT NULL, complete_at REAL,
        size INTEGER NOT NULL, volumes TEXT NOT NULL)""",
    """CREATE INDEX IF NOT EXISTS arr_points_group
        ON arr_points (pg, created_at)""",
    # which groups have ever replicated a volume: only their points hold it
    """CREATE TABLE IF NOT EXISTS arr_holders (
        array TEXT NOT NULL, name TEXT NOT NULL, pg TEXT NOT NULL,
        PRIMARY KEY (array, name, pg)) WITHOUT ROWID""",
    """CREATE INDEX IF NOT EXISTS arr_holders_group ON arr_holders (pg)""",
    """CREATE TRIGGER IF NOT EXISTS arr_links_delete
        AFTER DELETE ON arr_links BEGIN
        DELETE FROM arr_holders WHERE pg = old.pg;
        END""",
    # each group under the number of its last change
    """CREATE TABLE IF NOT EXISTS arr_changes (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, pg TEXT NOT NULL UNIQUE)""",
    *(
        f"""CREATE TRIGGER IF NOT EXISTS arr_{table}_{when.lower()}s
            AFTER {when} ON arr_{table} BEGIN
            INSERT OR REPLACE INTO arr_changes (pg) VALUES (new.pg);
            END"""
        for table in ("links", "points")
        for when in ("INSERT", "UPDATE")
    ),
    """CREATE TABLE IF NOT EXISTS arr_kept (
        array TEXT NOT NULL, name TEXT NOT NULL, volume TEXT NOT NULL,
        content_at REAL NOT NULL, PRIMARY KEY (array, name))""",
    """CREATE INDEX IF NOT EXISTS arr_kept_volume
        ON arr_kept (array, volume)""",
    """CREATE TABLE IF NOT EXISTS arr_kept_sizes (
        array TEXT NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL,
        PRIMARY KEY (array, name))""",
)

#: all of them, without their prefix
TABLES = (
    "tokens",
    "also_tokens",
    "volumes",
    "links",
    "points",
    "holders",
    "changes",
    "kept",
    "kept_sizes",
)
