"""How a run ends: its exit status, and its rollback."""
