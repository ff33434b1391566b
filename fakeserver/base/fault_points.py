"""The interface of injected faults: the points at which one may apply."""

from typing import Protocol


class StepFault(Exception):
    """A fault makes a step fail, with this message."""


class Faults(Protocol):
    """Asked at every point where a fault can be injected."""

    def at(self, point: str) -> None:
        """Pass a point of the engine, ``before:STEP``, ``inside:STEP`` or
        ``after:STEP``; a fault raises StepFault, or ends the process there."""

    def at_each(self, point: str, name: str) -> None:
        """Pass such a point for one resource that a step handles; only a fault
        that names both applies there."""

    def cuts(self, target: str) -> bool:
        """Return whether the connection from this site to that one is cut."""

    def delay(self, point: str) -> float:
        """Return the seconds by which a fault delays this point."""

    def token(self, array: str) -> str | None:
        """Return the API token that an array accepts because of a fault."""


class NoFaults:
    """No faults at all."""

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
