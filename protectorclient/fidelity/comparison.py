"""The result of comparing one attribute of a member."""

from __future__ import annotations

import dataclasses
from typing import Any

EQUAL = "equal"
#: It differs because the move maps it, or because it is a test.
AS_MAPPED = "differs_as_mapped"
DIFFERS = "differs"
#: One side does not show it: it is never called equal.
NOT_COMPARABLE = "not_comparable"
VERDICTS = (EQUAL, AS_MAPPED, DIFFERS, NOT_COMPARABLE)


@dataclasses.dataclass(frozen=True)
class Comparison:
    """One attribute of a member, at its source and where it was rebuilt."""

    #: The name of the source.
    member: str
    #: As in `MemberAttributes`; of a port or a volume with its name:
    #: ``volumes[web-1-data].size``.
    attribute: str
    #: Who shows it: ``Nova``, ``Neutron``, ``Cinder``.
    service: str
    #: One of `VERDICTS`.
    verdict: str
    #: What the source has; a secret is masked.
    source: object = None
    #: What the rebuilt instance has; a secret is masked.
    target: object = None
    #: Why it differs, or is not comparable, where that is known.
    reason: str | None = None
    #: Whether the baseline of the group has it.
    is_accepted: bool = False

    @property
    def is_new(self) -> bool:
        """Return whether it differs, and the baseline has it not."""
        return self.verdict == DIFFERS and not self.is_accepted

    def to_dict(self) -> dict[str, Any]:
        """As data."""
        return dataclasses.asdict(self)
