"""Find what was altered in the reports of a directory."""
