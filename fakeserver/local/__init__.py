"""Both sites in this process."""
