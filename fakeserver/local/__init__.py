"""Both sites in this process, and what changes their world."""
