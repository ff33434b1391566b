"""A protection group as a site holds it."""

import dataclasses
from typing import Any

from fakeserver.engine.model.group_state import GroupState


@dataclasses.dataclass
class Group:
    """The document that both sites share, and this site's own state."""

    id: str
    project_id: str
    #: with sealed tokens in it, which are not to be shown with the record
    doc: dict[str, Any] = dataclasses.field(repr=False)
    local: GroupState = dataclasses.field(
        default_factory=GroupState, repr=False
    )
    #: of the document as it was read, or written
    checksum: str = ""

    @property
    def name(self) -> str:
        return str(self.doc["name"])

    @property
    def status(self) -> str:
        return str(self.doc["status"])

    @property
    def primary_site_id(self) -> str:
        return str(self.doc["primary_site_id"])

    @property
    def secondary_site_id(self) -> str:
        return str(self.doc["secondary_site_id"])

    @property
    def version(self) -> int:
        return int(self.doc["version"])

    @property
    def rank(self) -> tuple[int, int]:
        """Count of failovers, then version: of two copies the higher is
        ahead."""
        return int(self.doc["failover_count"]), self.version
