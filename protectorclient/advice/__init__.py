"""Find the likely cause, the fix and the next command for a failure."""
