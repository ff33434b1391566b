"""The two sites of a pair, and all that needs both."""
