"""The engine without I/O: documents, plans, rules."""
