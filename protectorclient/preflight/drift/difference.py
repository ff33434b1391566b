"""One difference between what is protected and what is there."""

from __future__ import annotations

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class Difference:
    """What an instance of a group has, and what the group's metadata hold.

    Of a row about the target: what the instance has, and what it would have
    there.
    """

    #: The id of the check that finds it, such as ``drift``.
    check: str
    #: The cloud's name of the site where it was found.
    site: str
    #: The name of the instance; empty where it is about the whole group.
    member: str
    #: A row of the table of attributes; of a port or a volume with the name
    #: of its network or its own: ``volumes[web-1-data].size``.
    attribute: str
    #: What the metadata hold; a secret is masked.
    protected: object = None
    #: What is there, or would be there; a secret is masked.
    found: object = None
    #: What it means, as a clause: subject, verb, object.
    message: str = ""
    #: What clears it: a `ShellCommand` or a sentence a line.
    fix: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As data."""
        return {
            "check": self.check,
            "site": self.site,
            "member": self.member,
            "attribute": self.attribute,
            "protected": self.protected,
            "found": self.found,
            "message": self.message,
            "fix": "\n".join(self.fix) or None,
        }
