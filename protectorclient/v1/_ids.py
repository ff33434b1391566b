"""The id of a record, or an id as it is."""

from __future__ import annotations

from protectorclient import exceptions
from protectorclient.records.base import Record


def id_of(thing: Record | str) -> str:
    """The id of a record, or the id itself.

    :raises BadArgument: it is neither, such as the None of a look-up
        that found nothing.
    """
    identity = thing if isinstance(thing, str) else getattr(thing, "id", None)
    if not isinstance(identity, str):
        given = "None" if thing is None else f"a {type(thing).__name__}"
        raise exceptions.BadArgument(f"{given} is no record, and no id")
    return identity
