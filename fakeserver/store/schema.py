"""The tables of the service: JSON documents beside indexed columns."""

#: an operation: what it is found by, and what a restart goes on from
OPERATIONS = """CREATE TABLE IF NOT EXISTS pg_operations (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    project_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    request_id TEXT NOT NULL,
    work TEXT NOT NULL)"""
#: the members of the groups' documents, which are most of them
MEMBERS = """CREATE TABLE IF NOT EXISTS pg_members (
    seq INTEGER PRIMARY KEY, group_id TEXT NOT NULL, id TEXT NOT NULL,
    member TEXT NOT NULL)"""
RECORDS = """CREATE TABLE IF NOT EXISTS pg_records (
    seq INTEGER PRIMARY KEY, doc TEXT NOT NULL)"""

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
    """CREATE INDEX IF NOT EXISTS pg_groups_by_status
        ON pg_groups (project_id, status, name, id)""",
    # what the reconciler looks for each second
    """CREATE INDEX IF NOT EXISTS pg_groups_push
        ON pg_groups (json_extract(local, '$.push'))""",
    """CREATE INDEX IF NOT EXISTS pg_groups_look
        ON pg_groups (json_extract(local, '$.look'))""",
    # whether somebody has written a group since it was read: the document,
    # which may be long, is not touched for it
    """CREATE INDEX IF NOT EXISTS pg_groups_revision
        ON pg_groups (id, revision)""",
    MEMBERS,
    # the order of a group's members in its document is that of their seq
    """CREATE INDEX IF NOT EXISTS pg_members_order
        ON pg_members (group_id, seq, id)""",
    # when they were added at this site
    """CREATE TABLE IF NOT EXISTS pg_member_times (
        group_id TEXT NOT NULL, id TEXT NOT NULL, at TEXT NOT NULL,
        PRIMARY KEY (group_id, id)) WITHOUT ROWID""",
    # whose instances they are: no other group may have one
    """CREATE TABLE IF NOT EXISTS pg_instances (
        group_id TEXT NOT NULL, instance_id TEXT NOT NULL,
        PRIMARY KEY (group_id, instance_id)) WITHOUT ROWID""",
    """CREATE INDEX IF NOT EXISTS pg_instances_instance
        ON pg_instances (instance_id)""",
    # what a forced import overwrote, and what a deleted group left
    """CREATE TABLE IF NOT EXISTS pg_overwritten (
        group_id TEXT NOT NULL, version INTEGER NOT NULL,
        seq INTEGER PRIMARY KEY AUTOINCREMENT, doc TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS pg_tombstones (
        id TEXT PRIMARY KEY, project_id TEXT NOT NULL, doc TEXT NOT NULL,
        due INTEGER NOT NULL DEFAULT 0)""",
    OPERATIONS,
    # the ports of the instances that an operation deletes, since its state
    # was written last
    """CREATE TABLE IF NOT EXISTS pg_operation_ports (
        operation_id TEXT NOT NULL, server_id TEXT NOT NULL,
        ports TEXT NOT NULL,
        PRIMARY KEY (operation_id, server_id)) WITHOUT ROWID""",
    # what the API shows of each: apart from what a restart needs, which is
    # long, so that a list reads few pages of the file
    RECORDS,
    """CREATE INDEX IF NOT EXISTS pg_operations_page
        ON pg_operations (project_id, seq)""",
    # each filter with the columns of the others: no list reads a row that
    # it does not show
    """CREATE INDEX IF NOT EXISTS pg_operations_by_status
        ON pg_operations (project_id, status, seq, group_id, type)""",
    """CREATE INDEX IF NOT EXISTS pg_operations_by_type
        ON pg_operations (project_id, type, seq, group_id, status)""",
    """CREATE INDEX IF NOT EXISTS pg_operations_by_group
        ON pg_operations (project_id, group_id, seq, type, status)""",
    """CREATE INDEX IF NOT EXISTS pg_operations_group
        ON pg_operations (group_id, status)""",
    # the few that a start and the reconciler look for
    """CREATE INDEX IF NOT EXISTS pg_operations_open
        ON pg_operations (status)
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
