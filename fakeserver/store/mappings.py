"""The tenant mappings: which project at one site is which at the other.

A record is ``{"id", "name", "projects": {site id: project id}, ...}``.
"""

from fakeserver.base.db import Database
from fakeserver.base.errors import Refused
from fakeserver.store.registry import Registry

MAPPINGS = Registry("pg_mappings", "tenant mapping")


def project_at(
    db: Database, project_id: str, here: str, there: str
) -> str | None:
    """The project at site ``there`` of the tenant of ``project_id`` here."""
    for record in MAPPINGS.all(db):
        projects = record["projects"]
        if projects.get(here) == project_id and there in projects:
            return str(projects[there])
    return None


def require_project(
    db: Database, project_id: str, here: str, there: str
) -> str:
    """Like :func:`project_at`; without a mapping the request is refused."""
    found = project_at(db, project_id, here, there)
    if found is None:
        raise Refused(
            "bad-request",
            f"Project {project_id} has no tenant mapping to site {there}; "
            "an admin has to create one first",
        )
    return found
