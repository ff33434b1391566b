"""``protector evidence``, and the reports of operations and plans."""
