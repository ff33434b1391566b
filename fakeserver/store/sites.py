"""The table of the registered sites."""

from fakeserver.store.registry import Registry

SITES = Registry("pg_sites", "site")
