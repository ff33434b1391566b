"""Ids: random for what users create, stable for the seeded world."""

import contextlib
import contextvars
import dataclasses
import functools
import os
import random
import uuid
from collections.abc import Iterator

_NAMESPACE = uuid.UUID("6d0c0a5e-5d63-4d0c-9a3e-0b6f5d1f2c11")


@dataclasses.dataclass(frozen=True)
class _Sequence:
    """The seed and the counters of the ids made within :func:`seeded`."""

    dice: random.Random
    begun: float


_sequence: contextvars.ContextVar[_Sequence | None] = contextvars.ContextVar(
    "sequence", default=None
)


#: random ids that nobody has yet; the system is asked once for many
_random: list[str] = []
_AT_ONCE = 32
# a process that another one becomes has ids of its own
os.register_at_fork(after_in_child=_random.clear)


def _random_id() -> str:
    """Return what ``str(uuid.uuid4())`` does, in a quarter of its time."""
    try:
        return _random.pop()
    except IndexError:
        pass
    digits = os.urandom(16 * _AT_ONCE).hex()
    for start in range(0, len(digits), 32):
        one = digits[start : start + 32]
        variant = "89ab"[int(one[16], 16) & 3]
        _random.append(
            f"{one[:8]}-{one[8:12]}-4{one[13:16]}-{variant}{one[17:20]}-"
            f"{one[20:]}"
        )
    return _random_id()


def new_id() -> str:
    """Return a random UUID in its dashed form."""
    sequence = _sequence.get()
    if sequence is None:
        return _random_id()
    return str(uuid.UUID(int=sequence.dice.getrandbits(128), version=4))


def moment_id(moment: float) -> int:
    """Return the second of a moment, for the id of what was made at it."""
    sequence = _sequence.get()
    return int(moment if sequence is None else moment - sequence.begun)


@contextlib.contextmanager
def seeded(seed: int, name: str, begun: float) -> Iterator[None]:
    """Make every id in this block from the seed, the same every time.

    It holds for this thread alone: ids that another thread makes meanwhile
    are random.
    """
    dice = random.Random(f"{seed}/{name}")
    before = _sequence.set(_Sequence(dice, begun))
    try:
        yield
    finally:
        _sequence.reset(before)


@functools.lru_cache(maxsize=4096)
def stable_id(seed: int, *parts: str) -> str:
    """Return the same UUID for the same seed and parts, on every machine."""
    return str(uuid.uuid5(_NAMESPACE, "/".join((str(seed), *parts))))


def stable_hex(seed: int, *parts: str) -> str:
    """Return a stable id in Keystone's form: 32 hex digits."""
    return stable_id(seed, *parts).replace("-", "")


def derived_name(operation_id: str, source_id: str) -> str:
    """Return the name of what an operation makes from a source resource.

    The same for the same pair: a step that is repeated after a crash finds
    what its first try made, and a site that takes over the unfinished
    operation of its peer finds what the peer had made here.
    """
    value = uuid.uuid5(_NAMESPACE, f"{operation_id}/{source_id}")
    return f"pg-{value.hex[:20]}"
