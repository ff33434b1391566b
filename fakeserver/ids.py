"""Ids: random ones for what users make, stable ones for the seeded world."""

import uuid

_NAMESPACE = uuid.UUID("6d0c0a5e-5d63-4d0c-9a3e-0b6f5d1f2c11")


def new_id() -> str:
    """A random UUID in its dashed form."""
    return str(uuid.uuid4())


def stable_id(seed: int, *parts: str) -> str:
    """The same UUID for the same seed and parts, on every machine."""
    return str(uuid.uuid5(_NAMESPACE, "/".join((str(seed), *parts))))


def stable_hex(seed: int, *parts: str) -> str:
    """Like :func:`stable_id`, in Keystone's form: 32 hex digits."""
    return stable_id(seed, *parts).replace("-", "")


def derived_name(operation_id: str, source_id: str) -> str:
    """The name of what an operation makes out of a source resource.

    The same for the same pair: a step that is repeated after a crash finds
    what its first try made, and a site that takes over the unfinished
    operation of its peer finds what the peer had made here.
    """
    value = uuid.uuid5(_NAMESPACE, f"{operation_id}/{source_id}")
    return f"pg-{value.hex[:20]}"
