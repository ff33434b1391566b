"""Both sites of a pair, and what is asked of them together."""
