"""The records of the service (sites, groups, members ...), and their
checks."""
