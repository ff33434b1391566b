"""The tables of the arrays' database."""

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
    """CREATE TABLE IF NOT EXISTS arr_kept (
        array TEXT NOT NULL, name TEXT NOT NULL, volume TEXT NOT NULL,
        content_at REAL NOT NULL, PRIMARY KEY (array, name))""",
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
    "kept",
    "kept_sizes",
)
