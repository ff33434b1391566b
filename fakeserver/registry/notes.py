"""Values that one site keeps of a group, beside the shared document."""

from fakeserver.base.db import dump
from fakeserver.site import Site


def note(site: Site, group_id: str, *path_value: str) -> None:
    """Set one value of ``Group.local``; keep the others.

    One statement, because the engine writes the others at any moment.
    """
    *path, value = path_value
    where = "$" + "".join(f'."{part}"' for part in path)
    with site.db.transaction() as tx:
        tx.execute(
            "UPDATE pg_groups SET local = json_set(local, ?, json(?)) "
            "WHERE id = ?",
            (where, dump(value), group_id),
        )
