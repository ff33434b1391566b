"""The ground that all parts share: configuration, clock, database, ids,
keys."""
