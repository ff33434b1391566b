"""Check an action before it is sent: facts, rows, findings."""
