"""The tables of the service: JSON documents beside indexed columns."""

SCHEMA = (
    """CREATE TABLE IF NOT EXISTS pg_sites (
        id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, doc TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS pg_mappings (
        id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, doc TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS pg_groups (
        id TEXT PRIMARY KEY,
        project_id TEXT NOT NULL,
        name TEXT NOT NULL,
        status TEXT NOT NULL,
        doc TEXT NOT NULL,
        local TEXT NOT NULL,
        revision TEXT NOT NULL DEFAULT '',
        checksum TEXT NOT NULL DEFAULT '',
        UNIQUE (project_id, name))""",
    """CREATE INDEX IF NOT EXISTS pg_groups_page
        ON pg_groups (project_id, name, id)""",
    # whether somebody has written a group since it was read: the document,
    # which may be long, is not touched for it
    """CREATE INDEX IF NOT EXISTS pg_groups_revision
        ON pg_groups (id, revision)""",
    # what a forced import overwrote, and what a deleted group left
    """CREATE TABLE IF NOT EXISTS pg_overwritten (
        group_id TEXT NOT NULL, version INTEGER NOT NULL,
        seq INTEGER PRIMARY KEY AUTOINCREMENT, doc TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS pg_tombstones (
        id TEXT PRIMARY KEY, project_id TEXT NOT NULL, doc TEXT NOT NULL,
        due INTEGER NOT NULL DEFAULT 0)""",
    """CREATE TABLE IF NOT EXISTS pg_operations (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        project_id TEXT NOT NULL,
        group_id TEXT NOT NULL,
        type TEXT NOT NULL,
        status TEXT NOT NULL,
        request_id TEXT NOT NULL,
        doc TEXT NOT NULL,
        work TEXT NOT NULL)""",
    """CREATE INDEX IF NOT EXISTS pg_operations_page
        ON pg_operations (project_id, seq)""",
    """CREATE INDEX IF NOT EXISTS pg_operations_group
        ON pg_operations (group_id, status)""",
    # the few that a start and the reconciler look for
    """CREATE INDEX IF NOT EXISTS pg_operations_unfinished
        ON pg_operations (seq)
        WHERE status IN ('pending', 'running', 'rolling_back')""",
    """CREATE INDEX IF NOT EXISTS pg_operations_request
        ON pg_operations (request_id, group_id)""",
    # the write-ahead record of what an operation makes or changes: written
    # as intended before the deed, as done after it, as undone by a rollback
    """CREATE TABLE IF NOT EXISTS pg_effects (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        operation_id TEXT NOT NULL,
        kind TEXT NOT NULL,
        key TEXT NOT NULL,
        state TEXT NOT NULL,
        doc TEXT NOT NULL,
        UNIQUE (operation_id, kind, key))""",
)
