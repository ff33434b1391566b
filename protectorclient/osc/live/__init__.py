"""Show operations to a person while they run."""
