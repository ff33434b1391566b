"""The file of a plan: read it, and find the groups that it names."""
