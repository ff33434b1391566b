"""A protection group as a site holds it.

``doc`` is the site-neutral document that both sites share; ``local`` is what
only this site knows: its own ids of types and groups, and how the last push
went.
"""

import dataclasses
from typing import Any


@dataclasses.dataclass
class Group:
    id: str
    project_id: str
    #: with sealed tokens in it, which are not to be shown with the record
    doc: dict[str, Any] = dataclasses.field(repr=False)
    local: dict[str, Any] = dataclasses.field(repr=False)

    @property
    def name(self) -> str:
        return str(self.doc["name"])

    @property
    def status(self) -> str:
        return str(self.doc["status"])

    @property
    def version(self) -> int:
        return int(self.doc["version"])

    @property
    def rank(self) -> tuple[int, int]:
        """What decides which of two copies is ahead."""
        return int(self.doc["failover_count"]), self.version
