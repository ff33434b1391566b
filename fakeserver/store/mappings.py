"""The table of the tenant mappings: the project ids of a tenant at both sites.

A record is ``{"id", "name", "projects": {site id: project id}, ...}``.
"""

from fakeserver.store.registry import Registry

MAPPINGS = Registry("pg_mappings", "tenant mapping")
