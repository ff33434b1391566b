"""The engine without I/O: documents, state, plans, rules."""
