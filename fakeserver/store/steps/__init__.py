"""The steps from an older schema to the newest: of sites, and of arrays."""
