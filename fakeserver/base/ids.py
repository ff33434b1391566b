"""Ids: random ones for what users make, stable ones for the seeded world."""

import contextlib
import contextvars
import dataclasses
import random
import uuid
from collections.abc import Iterator

_NAMESPACE = uuid.UUID("6d0c0a5e-5d63-4d0c-9a3e-0b6f5d1f2c11")


@dataclasses.dataclass(frozen=True)
class _Story:
    """What ids are made of while a story is told."""

    dice: random.Random
    begun: float


_story: contextvars.ContextVar[_Story | None] = contextvars.ContextVar(
    "story", default=None
)


def new_id() -> str:
    """A random UUID in its dashed form."""
    story = _story.get()
    if story is None:
        return str(uuid.uuid4())
    return str(uuid.UUID(int=story.dice.getrandbits(128), version=4))


def moment_id(moment: float) -> int:
    """The second of a moment, for the id of what was made at it."""
    story = _story.get()
    return int(moment if story is None else moment - story.begun)


@contextlib.contextmanager
def told(seed: int, name: str, begun: float) -> Iterator[None]:
    """Tell a story: its ids are of the seed, the same every time.

    It holds for this thread alone: a story is told without any other, and
    what is made meanwhile elsewhere has ids that nobody can foresee.
    """
    dice = random.Random(f"{seed}/{name}")
    before = _story.set(_Story(dice, begun))
    try:
        yield
    finally:
        _story.reset(before)


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
