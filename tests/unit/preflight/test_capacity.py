"""How much of a quota a group needs, and how much is left."""

import pytest

from protectorclient.preflight.drift.capacity import Room


@pytest.mark.parametrize(
    ("more", "allowed", "taken", "short", "text"),
    [
        (3, -1, 99, False, "cores without limit"),
        (3, 10, 7, False, "3 of 3 cores"),
        (3, 10, 8, True, "3 cores, and 2 are left"),
        (3, 0, 0, True, "3 cores, and 0 are left"),
        # a quota that somebody has lowered below what is used
        (3, 5, 8, True, "3 cores, and 0 are left"),
        (0, 5, 8, False, "0 of 0 cores"),
    ],
)
def test_room(
    more: int, allowed: int, taken: int, short: bool, text: str
) -> None:
    room = Room("cores", more, allowed, taken)
    assert (room.short, str(room)) == (short, text)
