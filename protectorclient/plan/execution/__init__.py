"""The run of a plan: its journal, its scripts, its orders."""
