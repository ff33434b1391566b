"""Faults: what goes wrong, where, how often. Here only the interface."""

from typing import Protocol


class StepFault(Exception):
    """A step was told to fail, with this message."""


class Faults(Protocol):
    """Asked at every place where something can be made to go wrong."""

    def at(self, point: str) -> None:
        """A point the engine passes, ``before:STEP``, ``inside:STEP``,
        ``after:STEP``; raises StepFault, or ends the process there."""

    def at_each(self, point: str, name: str) -> None:
        """Such a point of a step, for one thing that it handles; only a
        fault that names both is met there."""

    def cuts(self, target: str) -> bool:
        """Whether the way from this site to that one is cut."""

    def delay(self, point: str) -> float:
        """Seconds that this point takes longer than it should."""

    def token(self, array: str) -> str | None:
        """The API token that an array takes instead of its own."""


class NoFaults:
    """A world where nothing goes wrong."""

    def at(self, point: str) -> None:
        return None

    def at_each(self, point: str, name: str) -> None:
        return None

    def cuts(self, target: str) -> bool:
        return False

    def delay(self, point: str) -> float:
        return 0.0

    def token(self, array: str) -> str | None:
        return None
