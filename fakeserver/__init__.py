"""A reference server of the protector API: two sites on one machine."""
