"""The tenant mappings: the project ids of a tenant at both sites.

A record is ``{"id", "name", "projects": {site id: project id}, ...}``.
"""

from fakeserver.base.db import Database
from fakeserver.base.errors import RequestRefused
from fakeserver.store.registry import Registry

MAPPINGS = Registry("pg_mappings", "tenant mapping")


def project_at(
    db: Database, project_id: str, here: str, there: str
) -> str | None:
    """Return the project at ``there`` of the tenant of ``project_id`` here."""
    for record in MAPPINGS.all(db):
        projects = record["projects"]
        if projects.get(here) == project_id and there in projects:
            return str(projects[there])
    return None


def require_project(
    db: Database, project_id: str, here: str, there: str
) -> str:
    """Return the project like :func:`project_at`; refuse where there is no
    mapping."""
    found = project_at(db, project_id, here, there)
    if found is None:
        raise RequestRefused(
            "bad-request",
            f"Project {project_id} has no tenant mapping to site {there}; "
            "an admin has to create one first",
        )
    return found
