"""The ground: configuration, clock, database, ids, keys."""
